from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from animato.errors import InputError
from animato.evaluation import protocols
from animato.evaluation.footage import Footage, find_footage, select_balanced
from animato.evaluation.protocols import cross_pairs, plan, twin_pairs
from animato.settings.evaluation import EvaluateSettings
from animato.weights.parts import read_parts

from .conftest import DrawnFootage


def clip(name: str, person: str) -> Footage:
    return DrawnFootage(name, person, lambda _: np.zeros((8, 8, 3), np.uint8))


COUNTS = {"a": 5, "b": 1, "c": 2}
PEOPLE = [clip(f"{person}_{number}", person) for person, count in COUNTS.items() for number in range(count)]


def touch(folder: Path, *names: str) -> Path:
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).touch()
    return folder


def test_a_limit_is_dealt_over_people_first() -> None:
    assert [item.name for item in select_balanced(PEOPLE, 3)] == ["a_0", "b_0", "c_0"]
    assert [item.name for item in select_balanced(PEOPLE, 5)] == ["a_0", "a_1", "b_0", "c_0", "c_1"]
    assert len(select_balanced(PEOPLE, None)) == len(PEOPLE)


def test_a_limit_counts_after_known_people_are_left_out(tmp_path: Path) -> None:
    data = touch(tmp_path, *(f"{person}/v/{number}.mp4" for person in "abcd" for number in range(2)))

    def is_training_person(item: Footage) -> bool:
        return item.person in ("a", "b")

    (part,) = plan(data, EvaluateSettings(limit=2), is_training_person)
    assert [source.person for source, _ in part.samples] == ["c", "d"]
    (part,) = plan(data, EvaluateSettings(protocol="cross"), is_training_person)
    assert {driver.person for _, driver in part.samples} == {"c", "d"}


def test_nobody_drives_themselves_in_the_cross_protocol() -> None:
    pairs = cross_pairs(PEOPLE)
    assert len(pairs) == len(PEOPLE)
    assert all(source.person != driver.person for source, driver in pairs)
    assert {source.name for source, _ in pairs} == {item.name for item in PEOPLE}
    assert cross_pairs(PEOPLE[:2]) == ()


def test_a_twin_drives_the_other_one_and_clips_alone_are_not_used(tmp_path: Path) -> None:
    data = touch(tmp_path, *(f"{name}.mp4" for name in ("t0a", "t0b", "t1a", "t2b", "t3a", "t3b", "t4a", "t4b")))
    pairs = twin_pairs(find_footage(data))
    assert [(source.name, driver.name) for source, driver in pairs] == [("t0b", "t0a"), ("t3b", "t3a"), ("t4b", "t4a")]
    parts = plan(data, EvaluateSettings(protocol="twins"))
    assert [part.name for part in parts] == ["self T=1", "twins T=1"]
    assert parts[0].samples == tuple((source, source) for source, _ in pairs) and parts[1].samples == pairs
    near, far = parts[0].bands
    assert parts[1].bands == parts[0].bands and near.high == far.low == 18
    (_, few) = plan(data, EvaluateSettings(protocol="twins", limit=2))
    assert few.samples == (pairs[0], pairs[2]), "spread over all"
    (_, left) = plan(data, EvaluateSettings(protocol="twins"), lambda item: item.person == "t3a")
    assert left.samples == (pairs[0], pairs[2])
    with pytest.raises(InputError, match="no pair of twins") as caught:
        plan(touch(tmp_path / "other", "one.mp4", "two.mp4"), EvaluateSettings(protocol="twins"))
    assert "`protocol=cross`" in str(caught.value)


def test_views_leave_out_heads_that_the_parts_network_learned(tmp_path: Path) -> None:
    trained = read_parts().header["recipe"]["people"][0]
    data = touch(tmp_path, "parts/p0.mp4", "parts/p1.mp4", "parts/p2.mp4")
    rows = (
        f"parts/p{number}.mp4,p{number},rendered parts,mixed from head {name}"
        for number, name in enumerate((trained, "New_1", "New_2"))
    )
    (data / "manifest.csv").write_text("\n".join(["path,person,kind,source", *rows]), encoding="utf-8")
    one, eight = plan(data, EvaluateSettings(protocol="views", subset="parts", shots="1,8"))
    assert [source.person for source, _ in one.samples] == ["p1", "p2"] and eight.samples == one.samples
    assert all(source is driver for source, driver in one.samples) and one.labels
    assert [(band.low, band.high) for band in one.bands] == [(0, 18), (18, 30), (30, 45)]


def test_clips_are_found_by_folder_with_their_people(tmp_path: Path) -> None:
    data = touch(tmp_path, "one/ann/v1/a.mp4", "one/ann/v2/b.mp4", "two/bob/v1/c.mp4", "two/bob/v1/face.jpg")
    assert len(find_footage(data)) == 3, "stills are not clips"
    assert {item.file for item in find_footage(data, "two")} == {"two/bob/v1/c.mp4"}
    with pytest.raises(InputError, match="'three'") as caught:
        find_footage(data, "three")
    assert "one, two" in str(caught.value)


def test_a_part_for_each_number_of_photos_shares_its_clips(tmp_path: Path) -> None:
    parts = plan(touch(tmp_path, "a.mp4", "b.mp4"), EvaluateSettings(shots="1,8,32"))
    assert [part.name for part in parts] == ["self T=1", "self T=8", "self T=32"]
    assert all(part.samples == parts[0].samples and part.max_shots == 32 for part in parts)


def test_voxceleb_without_its_data_says_what_is_missing(tmp_path: Path) -> None:
    settings = EvaluateSettings(protocol="voxceleb-2019")
    names = [f"id{person:05d}/v{video}/0000{number}.mp4" for person in (1, 2) for video in (1, 2) for number in (1, 2)]
    with pytest.raises(InputError, match=r"scores 50 videos, and .* holds 4") as caught:
        plan(touch(tmp_path, *names), settings)
    assert "id00012/video/clip.mp4" in str(caught.value)
    (tmp_path / "empty").mkdir()
    with pytest.raises(InputError, match="no VoxCeleb videos"):
        plan(tmp_path / "empty", settings)


def test_voxceleb_draws_fifty_videos_once_for_all_three_numbers_of_photos(tmp_path: Path) -> None:
    names = [
        f"id{person:05d}/v{video}/0000{number}.mp4" for person in range(20) for video in range(4) for number in (1, 2)
    ]
    data = touch(tmp_path, *names)
    parts = plan(data, EvaluateSettings(protocol="voxceleb-2019"))
    again = plan(data, EvaluateSettings(protocol="voxceleb-2019"))
    other = plan(data, EvaluateSettings(protocol="voxceleb-2019", seed=1))
    assert [part.shots for part in parts] == [1, 8, 32]
    files = [[source.file for source, _ in part.samples] for part in parts]
    assert len(set(files[0])) == 50 and files[0] == files[1] == files[2]
    assert len({str(Path(name).parent) for name in files[0]}) == 50, "one clip a video"
    assert files[0] == [source.file for source, _ in again[0].samples]
    assert files[0] != [source.file for source, _ in other[0].samples]


def test_the_projects_own_set_says_which_folder_is_missing(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="talking and rendered") as caught:
        plan(touch(tmp_path, "talking/a.mp4"), EvaluateSettings(protocol="animato-shared"))
    assert "missing: rendered" in str(caught.value)


def test_the_projects_own_set_is_four_ways_of_looking(shared_data: Path) -> None:
    parts = plan(shared_data, EvaluateSettings(protocol="animato-shared", limit=18))
    assert [part.name for part in parts] == [
        "self talking T=1",
        "half talking T=1",
        "half talking T=8",
        "half talking T=32",
        "self rendered T=1",
        "cross talking T=1",
    ]
    assert len({source.person for source, _ in parts[0].samples}) == 18
    assert protocols.VOXCELEB_HOLDOUT == 32


def test_the_projects_own_set_is_planned_from_its_folders(tmp_path: Path) -> None:
    """With empty files of the names that the set has."""
    talking = (f"talking/g{person:02}_0{number}.mp4" for person in range(1, 19) for number in (1, 2))
    data = touch(tmp_path, *talking, *(f"rendered/r{number:03}.mp4" for number in range(20)))
    parts = plan(data, EvaluateSettings(protocol="animato-shared", limit=18))
    assert [f"{part.name.split()[0]} {part.name.split()[1]}" for part in parts] == [
        *("self talking", "half talking", "half talking", "half talking", "self rendered", "cross talking")
    ]
    assert all(part.samples for part in parts)
