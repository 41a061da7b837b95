"""People are dealt to splits by hash, and what belongs together stays together."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from animato.data.split import joined_groups, split_of


def test_a_split_never_changes_from_version_to_version() -> None:
    # sha256(b"animato:<name>") as a share of 2**256: g08 0.151, g03 0.035, g01 0.62 and so on.
    names = ["g01", "g03", "g07", "g08", "g11", "g12", "g15", "g18"]
    assert [split_of(name) for name in names] == ["train", "test", "test", "val", "test", "val", "test", "train"]


def test_the_shares_are_those_asked_for() -> None:
    splits = [split_of(f"person {number}", 0.2, 0.1) for number in range(4000)]
    assert abs(splits.count("val") / 4000 - 0.2) < 0.02
    assert abs(splits.count("test") / 4000 - 0.1) < 0.02


def test_another_word_deals_anew() -> None:
    names = [f"person {number}" for number in range(200)]
    assert [split_of(name) for name in names] != [split_of(name, salt="other") for name in names]


def test_a_person_never_leaves_the_test_set_when_it_grows() -> None:
    for number in range(300):
        if split_of(f"p{number}", 0.1, 0.1) == "test":
            assert split_of(f"p{number}", 0.1, 0.3) == "test"


@given(st.lists(st.tuples(st.sampled_from("abcdefgh"), st.sampled_from("UVWXYZ")), min_size=1, max_size=20))
def test_joined_groups_are_the_connected_parts(pairs: list[tuple[str, str]]) -> None:
    joined = joined_groups(pairs)
    # The slow twin: spread labels over the pairs until nothing changes.
    label = {person: {group} for person, group in pairs}
    for _ in range(len(pairs)):
        for person, group in pairs:
            for other, other_group in pairs:
                if person == other or group == other_group or label[person] & label[other]:
                    label[person] |= {group, other_group} | label[other]
                    label[other] |= label[person]
    for person in label:
        for other in label:
            assert (joined[person] == joined[other]) == bool(label[person] & label[other])
