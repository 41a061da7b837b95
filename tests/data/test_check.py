"""A check finds every kind of damage, a sheet shows what is there, and the commands end in the right code."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from drawn_faces import prepare_drawn, write_clip
from PIL import Image
from typer.testing import CliRunner

from animato.cli.data import app
from animato.cli.option_names import in_options
from animato.data.check import check_folder
from animato.data.clips import ClipEntry
from animato.data.show import contact_sheet, show_folder, spread, with_points
from animato.errors import FileFormatError, InputError, PartlyDoneError, UsageError
from animato.settings.data import CheckSettings, PrepareSettings, ShowSettings


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("check")
    for number, person in enumerate(("anna", "anna", "bert", "carl", "dora")):
        write_clip(root / "in" / person / "tape" / f"{number}.mp4", 6, 80 + 12 * number)
    prepare_drawn(root / "out", [root / "in"])
    return root / "out"


@pytest.fixture
def prepared(made: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(made, tmp_path / "out"))


def edit(folder: Path, change: Callable[[dict[str, Any]], None]) -> None:
    manifest = json.loads((folder / "manifest.json").read_text())
    change(manifest)
    (folder / "manifest.json").write_text(json.dumps(manifest))


def test_a_whole_folder_has_no_problems(prepared: Path) -> None:
    result = check_folder(prepared)
    assert result.problems == ()
    assert (result.clips, result.frames, result.decoded) == (5, 30, 20)
    assert check_folder(prepared, CheckSettings(decode=0)).decoded == 0


def test_one_flipped_byte_is_found(prepared: Path) -> None:
    path = next((prepared / "shards").glob("*.tar"))
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)
    (problem,) = check_folder(prepared, CheckSettings(decode=0)).problems
    assert path.name in problem and "sha256" in problem


def test_a_cut_or_missing_shard_is_found(prepared: Path) -> None:
    first, second = sorted((prepared / "shards").glob("*.tar"))[:2]
    first.write_bytes(first.read_bytes()[:-5000])
    second.unlink()
    problems = " ".join(check_folder(prepared).problems)
    assert f"{first.name} differs from the manifest" in problems and f"{second.stem} cannot be read" in problems


def test_people_groups_and_files_in_two_splits_are_found(prepared: Path) -> None:
    def move(manifest: dict[str, Any]) -> None:
        for clip in manifest["clips"]:
            clip["split"] = "train"
        manifest["clips"][0]["split"] = "test"
        manifest["clips"][2]["group"] = manifest["clips"][3]["group"] = "one family"
        manifest["clips"][2]["split"] = "val"
        manifest["clips"][4]["sha256"] = manifest["clips"][2]["sha256"]

    edit(prepared, move)
    problems = check_folder(prepared).problems
    assert any("person anna is in test and train" in problem for problem in problems)
    assert any("group one family is in train and val" in problem for problem in problems)
    assert any(problem.startswith("file bert/") for problem in problems)


def test_wrong_counts_and_offsets_are_found(prepared: Path) -> None:
    edit(prepared, lambda manifest: manifest["clips"][0].update(frames=5))
    index = prepared / "shards" / "000001.json"
    value = json.loads(index.read_text())
    value["sources"][0]["clips"][0]["picture_at"][1] += 512
    index.write_text(json.dumps(value))
    problems = " ".join(check_folder(prepared).problems)
    assert "has 6 frames in 000000.tar, but 5 in the manifest" in problems
    assert "is not in 000001.tar at the offset in its index" in problems


def test_an_unfinished_folder_and_an_unknown_split_are_found(prepared: Path) -> None:
    edit(prepared, lambda manifest: manifest["summary"].update(shards_planned=9))
    edit(prepared, lambda manifest: manifest["clips"][1].update(split="exam"))
    problems = " ".join(check_folder(prepared).problems)
    assert "shards are missing" in problems and "'exam'" in problems


def test_a_manifest_of_another_version_is_refused(prepared: Path) -> None:
    edit(prepared, lambda manifest: manifest.update(schema=99))
    with pytest.raises(FileFormatError, match="schema 99"):
        check_folder(prepared)


def test_a_sheet_shows_frames_of_each_clip(prepared: Path, tmp_path: Path) -> None:
    sheet = contact_sheet(prepared, ShowSettings(tile=64, frames=3))
    plain = (sheet == 245).all(axis=2).mean()
    assert sheet.dtype == np.uint8 and plain < 0.6
    size = show_folder(prepared, tmp_path / "deep" / "sheet.png", ShowSettings(tile=64, frames=3))
    with Image.open(tmp_path / "deep" / "sheet.png") as picture:
        assert picture.size == size == (sheet.shape[1], sheet.shape[0])
    dotted = contact_sheet(prepared, ShowSettings(tile=64, frames=3, points=True))
    assert (dotted != sheet).any(axis=2).sum() > 15 * 100
    with pytest.raises(UsageError):
        show_folder(prepared, tmp_path / "sheet.txt")
    edit(prepared, lambda manifest: [clip.update(split="train") for clip in manifest["clips"]] and None)
    with pytest.raises(InputError, match="no clip in split val"):
        contact_sheet(prepared, ShowSettings(split="val"))


def test_dots_lie_on_the_points_and_outside_ones_are_left_out() -> None:
    image = np.zeros((10, 10, 3), np.uint8)
    points = np.array([[2.4, 3.6, 0], [-1, 4, 0], [4, 10, 0]], np.float32)
    drawn = with_points(image, points)
    assert np.argwhere(drawn.any(axis=2)).tolist() == [[4, 2]] and not image.any()


def test_a_sheet_shows_many_people_before_many_clips_of_one() -> None:
    clips = [ClipEntry(f"a{i}", "anna", 5, "train", "video") for i in range(20)]
    clips += [ClipEntry(name, name, 1, "val", "photo") for name in ("bert", "carl")]
    assert {clip.person for clip in spread(clips, 3)} == {"anna", "bert", "carl"}
    assert len(spread(clips, 100)) == 22 and spread(clips, 7) == spread(list(reversed(clips)), 7)


def test_the_commands_say_what_they_did(prepared: Path, tmp_path: Path) -> None:
    run = CliRunner().invoke
    good = run(app, ["check", str(prepared)])
    assert good.exit_code == 0 and "5 clips, 30 frames" in good.output
    sheet = run(app, ["show", str(prepared), "-o", str(tmp_path / "s.jpg"), "--tile", "64"])
    assert sheet.exit_code == 0 and (tmp_path / "s.jpg").is_file()
    edit(prepared, lambda manifest: manifest["clips"][0].update(split="test"))
    edit(prepared, lambda manifest: manifest["clips"][1].update(split="train"))
    bad = run(app, ["check", str(prepared), "--json"])
    assert bad.exit_code == FileFormatError.exit_code
    assert "person anna" in json.loads(bad.stdout)["problems"][0]


def test_preparing_ends_in_the_code_of_its_result(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from drawn_faces import DrawnFinder

    monkeypatch.setattr("animato.data.prepare.FaceFinder", lambda threads: DrawnFinder())
    small = ["--size", "64", "--min-face", "16", "--min-frames", "4"]
    write_clip(tmp_path / "in" / "a.mp4", 6)
    good = CliRunner().invoke(app, ["prepare", str(tmp_path / "in"), "-o", str(tmp_path / "out"), *small])
    assert good.exit_code == 0 and "1 clips, 6 frames of 1 people" in good.output
    (tmp_path / "in" / "b.mp4").write_bytes(b"broken")
    part = CliRunner().invoke(app, ["prepare", str(tmp_path / "in"), "-o", str(tmp_path / "out"), *small])
    assert isinstance(part.exception, PartlyDoneError) and "dropped 1: unreadable" in part.output
    write_clip(tmp_path / "none" / "c.mp4", [None] * 6)
    none = CliRunner().invoke(app, ["prepare", str(tmp_path / "none"), "-o", str(tmp_path / "out2"), *small])
    assert isinstance(none.exception, InputError)


def test_every_option_shows_the_help_and_default_of_its_setting() -> None:
    import dataclasses

    import typer

    command = typer.main.get_command(app).commands["prepare"]  # type: ignore[attr-defined]
    options = {parameter.name: parameter for parameter in command.params}
    for field in dataclasses.fields(PrepareSettings):
        assert options[field.name].help == in_options(field.metadata["help"])
        assert options[field.name].default == field.default
