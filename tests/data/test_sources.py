"""Any layout is understood, names are safe, and a manifest decides what is taken."""

from __future__ import annotations

from pathlib import Path

import pytest

from animato.data.sources import find_sources, person_of, slug
from animato.errors import FileFormatError, InputError, UsageError
from animato.settings.data import PrepareSettings


def touch(root: Path, *names: str) -> Path:
    for name in names:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_bytes(b"x")
    return root


def people(root: Path, **settings: object) -> dict[str, str]:
    found = find_sources([root], PrepareSettings(**settings))  # type: ignore[arg-type]
    return {clip.file: clip.person for clip in found.clips}


def test_voxceleb_folders_name_their_people_at_any_depth(tmp_path: Path) -> None:
    root = touch(tmp_path, "dev/mp4/id00012/21Uxsk56VDQ/00001.mp4", "dev/mp4/id00015/0fijmz4vTVU/00001.mp4")
    assert set(people(root).values()) == {"id00012", "id00015"}
    assert set(people(root / "dev/mp4/id00012").values()) == {"id00012"}


def test_person_video_clip_folders_and_loose_files_are_told_apart(tmp_path: Path) -> None:
    root = touch(tmp_path, "anna/tape1/01.mp4", "anna/tape2/01.mp4", "loose.mov", "stills/a.jpg", "stills/b.png")
    assert people(root) == {
        "anna/tape1/01.mp4": "anna",
        "anna/tape2/01.mp4": "anna",
        "loose.mov": "loose",
        "stills/a.jpg": "stills-a",
        "stills/b.png": "stills-b",
    }


def test_the_rule_for_people_can_be_chosen(tmp_path: Path) -> None:
    root = touch(tmp_path, "x/g01_01.mp4", "x/g01_02.mp4")
    assert set(people(root, person_from="prefix").values()) == {"g01"}
    assert set(people(root, person_from="folder").values()) == {"x"}
    assert set(people(root, person_from="file").values()) == {"x-g01_01", "x-g01_02"}
    assert person_of(("a.mp4",), "folder", "root") == "root"


def test_a_manifest_beside_the_files_gives_people_licences_and_groups(tmp_path: Path) -> None:
    root = touch(tmp_path, "v/a.mp4", "v/b.mp4", "v/extra.mp4")
    (root / "manifest.csv").write_text(
        "path,person,kind,source,licence,consent\n"
        "v/a.mp4,Anna,video,corpus,CC BY 4.0,signed\n"
        "v/b.mp4,r1,rendered video,mixed from head AIAN_M_2_Casual,MIT,\n"
        "v/gone.mp4,Carl,video,corpus,CC0,\n"
    )
    found = find_sources([root], PrepareSettings(group_pattern=r"head (\w+_[FM]_\d+)"))
    a, b = found.clips
    assert (a.person, a.licence, a.consent, a.group) == ("Anna", "CC BY 4.0", "signed", "Anna")
    assert (b.kind, b.group, b.consent) == ("rendered video", "AIAN_M_2", "not stated")
    assert found.missing == ("v/gone.mp4",)
    assert found.unlisted == ("v/extra.mp4",)


def test_a_manifest_above_the_folder_is_found_when_it_speaks_of_it(tmp_path: Path) -> None:
    root = touch(tmp_path, "v/a.mp4", "w/b.mp4")
    (root / "manifest.csv").write_text("path,person\nv/a.mp4,Anna\n")
    assert people(root / "v") == {"a.mp4": "Anna"}
    assert people(root / "w") == {"b.mp4": "b"}
    (root / "manifest.csv").write_text("some,thing,else\n")
    assert people(root / "v") == {"a.mp4": "a"}


def test_rendered_heads_group_by_their_source_and_a_column_can_be_named(tmp_path: Path) -> None:
    root = touch(tmp_path, "b.mp4")
    (root / "manifest.csv").write_text("path,kind,source,family\nb.mp4,rendered video,head 7,f3\n")
    assert find_sources([root], PrepareSettings()).clips[0].group == "head 7"
    assert find_sources([root], PrepareSettings(group_by="family")).clips[0].group == "f3"
    with pytest.raises(FileFormatError, match="nowhere"):
        find_sources([root], PrepareSettings(group_by="nowhere"))


def test_equal_names_in_different_folders_make_different_clips(tmp_path: Path) -> None:
    one, two = touch(tmp_path / "one", "a.mp4"), touch(tmp_path / "two", "a.mp4")
    clips = find_sources([one, two, one / "a.mp4"], PrepareSettings()).clips
    assert len({clip.clip for clip in clips}) == len(clips) == 2


def test_names_of_clips_are_safe_in_files_and_shards() -> None:
    assert slug("My clip (1).final__cut") == "My-clip-1-final_cut"
    assert slug("åß/..") == "clip"
    long = [slug("x" * 300 + tail) for tail in "ab"]
    assert all(len(name) <= 120 for name in long) and long[0] != long[1]


def test_nothing_to_prepare_is_said_plainly(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="does not exist"):
        find_sources([tmp_path / "nowhere"], PrepareSettings())
    with pytest.raises(InputError, match="no video or still"):
        find_sources([touch(tmp_path, "notes.txt")], PrepareSettings())
    (tmp_path / "manifest.csv").write_text("file\na.mp4\n")
    with pytest.raises(FileFormatError, match="no column `path`"):
        find_sources([tmp_path], PrepareSettings())


def test_a_pattern_without_a_capturing_group_is_refused() -> None:
    with pytest.raises(UsageError, match="no capturing group"):
        PrepareSettings(group_pattern="head")
    with pytest.raises(UsageError, match="not a regular expression"):
        PrepareSettings(group_pattern="(")
