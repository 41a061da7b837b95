"""Frames appear at once or not at all, replace frames only, and an error puts back what was there."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from main_job import contents

from animato.errors import UsageError
from animato.pipeline.frame_folder import FrameFolder
from animato.pipeline.output import check_replaces_no_input


def frames(folder: Path, count: int, text: str, name: str = "frame_{:06d}.png") -> Path:
    """Write files that are called like frames."""
    folder.mkdir(exist_ok=True)
    for number in range(1, count + 1):
        (folder / name.format(number)).write_text(text)
    return folder


def written(folder: Path) -> dict[str, str]:
    return {path.name: path.read_text() for path in folder.glob("*.png")}


@pytest.mark.parametrize("before", [None, 0, 5])
def test_a_folder_is_replaced_whole(out: Path, before: int | None) -> None:
    target = out / "frames"
    if before is not None:
        frames(target, before, "old")
    made = frames(out / ".made", 3, "new")
    folder = FrameFolder(target)
    folder.check(overwrite=True)
    folder.publish(made, out / ".old")
    assert written(target) == {f"frame_{number:06d}.png": "new" for number in (1, 2, 3)}
    assert contents(out) == ([".old", "frames"] if before is not None else ["frames"])
    if before:
        assert set(written(out / ".old").values()) == {"old"}


def test_frames_of_an_earlier_run_are_replaced_when_asked_only(out: Path) -> None:
    folder = FrameFolder(frames(out / "frames", 2, "old"))
    with pytest.raises(UsageError, match="exists already"):
        folder.check(overwrite=False)
    folder.check(overwrite=True)
    (out / "empty").mkdir()
    FrameFolder(out / "empty").check(overwrite=False)


@pytest.mark.parametrize("name", ["me.jpg", "frame_1.txt", "xframe_000001.png", "sub"])
def test_a_folder_with_anything_else_in_it_is_never_replaced(out: Path, name: str) -> None:
    folder = FrameFolder(frames(out / "frames", 2, "old"))
    (out / "frames" / name).write_text("mine")
    with pytest.raises(UsageError, match="contains other files"):
        folder.check(overwrite=True)
    with pytest.raises(UsageError, match="contains other files"):  # it was added while the frames were made
        folder.publish(frames(out / ".made", 1, "new"), out / ".old")
    assert set(written(out / "frames").values()) <= {"old", "mine"}


def test_the_folder_one_is_in_is_not_replaced(out: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(out)
    with pytest.raises(UsageError, match="the working folder"):
        FrameFolder(Path()).check(overwrite=True)
    FrameFolder(Path("frame_%03d.png")).check(overwrite=False)


def failing(rename: Callable[[Path, Path], Path], at: int, problem: BaseException) -> Callable[[Path, Path], Path]:
    """Return a rename that fails once."""
    calls = []

    def counted(source: Path, target: Path) -> Path:
        calls.append(source)
        if len(calls) == at:
            raise problem
        return rename(source, target)

    return counted


@pytest.mark.parametrize("problem", [OSError("disk"), KeyboardInterrupt()])
@pytest.mark.parametrize(("name", "at"), [("frames", 1), ("frames", 2), ("frames/f_%d.png", 2), ("frames/f_%d.png", 5)])
def test_an_error_in_between_puts_back_what_was_there(
    out: Path, name: str, at: int, problem: BaseException, monkeypatch: pytest.MonkeyPatch
) -> None:
    numbered = "%" in name
    pattern = "f_{}.png" if numbered else "frame_{:06d}.png"
    target = frames(out / "frames", 3, "old", pattern)
    folder = FrameFolder(out / name)
    made = frames(folder.scratch / ".made", 4, "new", pattern)
    before = written(target)
    monkeypatch.setattr(Path, "rename", failing(Path.rename, at, problem))
    with pytest.raises(type(problem)):
        folder.publish(made, folder.scratch / ".old")
    assert written(target) == before
    assert ".old" not in contents(folder.scratch)


def test_numbered_names_leave_everything_else_where_it_is(out: Path) -> None:
    frames(out, 3, "old", "f_{}.png")
    (out / "f_one.png").write_text("mine")
    (out / "notes.txt").write_text("mine")
    folder = FrameFolder(out / "f_%d.png")
    with pytest.raises(UsageError, match=r"f_1\.png exists already"):
        folder.check(overwrite=False)
    folder.check(overwrite=True)
    folder.publish(frames(out / ".made", 2, "new", "f_{}.png"), out / ".old")
    assert written(out) == {"f_1.png": "new", "f_2.png": "new", "f_one.png": "mine"}
    assert (out / "notes.txt").read_text() == "mine"


def test_a_link_to_a_folder_stays_a_link(out: Path) -> None:
    frames(out / "real", 3, "old")
    (out / "link").symlink_to(out / "real", target_is_directory=True)
    folder = FrameFolder(out / "link")
    folder.publish(frames(folder.scratch / ".made", 1, "new"), folder.scratch / ".old")
    assert (out / "link").is_symlink()
    assert written(out / "real") == {"frame_000001.png": "new"}


@pytest.mark.parametrize(("output", "photo"), [("frames", "frames/frame_000900.png"), ("shot_%03d.png", "shot_7.png")])
def test_an_input_is_neither_replaced_nor_removed(out: Path, output: str, photo: str) -> None:
    (out / photo).parent.mkdir(exist_ok=True)
    (out / photo).write_text("me")
    with pytest.raises(UsageError, match="which is an input"):
        check_replaces_no_input(out / output, [None, out / photo])
    check_replaces_no_input(out / output, [out / "frames" / "me.png", out / "shot_one.png"])
