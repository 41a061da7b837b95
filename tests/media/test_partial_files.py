"""Temporary files of killed runs are removed by the next run; those of others are not."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from animato.errors import UsageError
from animato.media.disk import check_not_input, whole_file
from animato.runtime.partial_files import partial_path, sweep_partials
from animato.weights.io import write_arrays

pytestmark = pytest.mark.skipif(os.name != "posix", reason="asking whether a process exists needs POSIX")


@pytest.fixture(scope="module")
def dead() -> int:
    """The number of a process that no longer exists."""
    child = subprocess.Popen([sys.executable, "-c", ""])
    child.wait()
    return child.pid


def leftover(path: Path, process: int, suffix: str) -> Path:
    made = partial_path(path, suffix)
    made = made.with_name(made.name.replace(f"-{os.getpid()}-", f"-{process}-"))
    made.write_bytes(b"half")
    os.utime(made, (time.time() - 60,) * 2)
    return made


def test_files_of_a_dead_process_are_removed_and_no_others(tmp_path: Path, dead: int) -> None:
    names = (("me.mp4", ".part.mp4"), ("a~b 100%d.png", ".signed"), ("me.motion", ".motion"), ("frames", ".part"))
    gone = [leftover(tmp_path / name, dead, suffix) for name, suffix in names]
    folder = partial_path(tmp_path / "frames", ".part")
    folder = folder.with_name(folder.name.replace(f"-{os.getpid()}-", f"-{dead}-"))
    folder.mkdir()
    (folder / "0001.png").write_bytes(b"half")
    os.utime(folder, (time.time() - 60,) * 2)
    kept = [
        leftover(tmp_path / "me.mp4", os.getpid(), ".part.mp4"),
        leftover(tmp_path / "me.mp4", dead, ".old"),  # may be the only copy of earlier frames
        tmp_path / ".me-0123456789ab.mp4",
        tmp_path / f".me~00000000-{dead}-0123456789ab.mp4",  # another computer's
        tmp_path / "me.mp4",
    ]
    for path in kept:
        path.write_bytes(b"whole")
    young = leftover(tmp_path / "me.mp4", dead, ".part.mp4")
    os.utime(young)
    sweep_partials(tmp_path)
    assert not any(path.exists() for path in (*gone, folder))
    assert all(path.exists() for path in (*kept, young))


def test_a_missing_folder_is_no_problem(tmp_path: Path) -> None:
    sweep_partials(tmp_path / "none")


def test_saving_sweeps_and_leaves_nothing(tmp_path: Path, dead: int) -> None:
    leftover(tmp_path / "me.animato", dead, ".part")
    write_arrays(tmp_path / "me.animato", {"a": np.zeros(1, np.float32)}, {"kind": "x", "schema": 1})
    with pytest.raises(ValueError, match="oh"), whole_file(tmp_path / "me.png"):
        raise ValueError("oh")
    assert [path.name for path in tmp_path.iterdir()] == ["me.animato"]
    assert (tmp_path / "me.animato").stat().st_mode & 0o777 == 0o666 & ~_umask()


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask


def test_an_output_over_its_input_is_refused_by_any_name(tmp_path: Path) -> None:
    photo = tmp_path / "me.jpg"
    photo.write_bytes(b"x")
    (tmp_path / "link.jpg").symlink_to(photo)
    os.link(photo, tmp_path / "hard.jpg")
    for output in (photo, tmp_path / "link.jpg", tmp_path / "hard.jpg", tmp_path / "." / "me.jpg"):
        with pytest.raises(UsageError, match="which is an input"):
            check_not_input(output, [None, tmp_path / "none.jpg", str(photo)])
    check_not_input(tmp_path / "new.animato", [photo])


def test_names_fit_the_file_system_whatever_the_script(tmp_path: Path) -> None:
    for letter in ("x", "語", "😀"):
        name = partial_path(tmp_path / f"{letter * 60}.webm", ".signed.webm").name
        assert len(name.encode()) <= 255
