"""Folders for temporary files are gone after any end, at the latest with the next process."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

LEAVE = "import os, signal; from animato.runtime.scratch import ScratchFolder; a = ScratchFolder(); "
KILLED = LEAVE + "os.kill(os.getpid(), signal.SIGKILL)"
ENDED = LEAVE + "print(os.path.isdir(a.name))"


def run(program: str, folder: Path) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "TMPDIR": str(folder), "PYTHONPATH": os.pathsep.join(sys.path)}
    return subprocess.run(
        [sys.executable, "-c", program], env=environment, capture_output=True, text=True, timeout=60, check=False
    )


def test_a_folder_ends_with_its_process(tmp_path: Path) -> None:
    assert run(ENDED, tmp_path).stdout == "True\n"
    assert not list(tmp_path.iterdir())


@pytest.mark.skipif(os.name != "posix", reason="whether a process exists cannot be asked without harm")
def test_what_a_killed_process_left_is_removed_by_the_next(tmp_path: Path) -> None:
    assert run(KILLED, tmp_path).returncode == -signal.SIGKILL
    (left,) = tmp_path.iterdir()
    other = tmp_path / "animato-of-somebody"
    other.mkdir()
    minute_ago = time.time() - 60
    os.utime(left, (minute_ago, minute_ago))
    assert run(ENDED, tmp_path).stdout == "True\n"
    assert list(tmp_path.iterdir()) == [other]
