"""Jobs for the batch tests, and an animator that copies the driver instead of rendering, or fails on request.

It stands in for the real one, whose renders have tests of their own.
"""

from __future__ import annotations

import errno
import json
import os
import signal
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from animato.errors import FaceError, OutputError


@dataclass(frozen=True)
class FakeResult:
    """What a render tells."""

    path: str

    def to_json(self) -> dict[str, Any]:
        return {"path": self.path, "frames": 1}


class FakeAnimator:
    """Writes the head's and the driver's bytes as the output, and a line of its log for each call."""

    def __init__(self, *, threads: int) -> None:
        self.threads = threads

    def head(self, photos: list[str], face: str, *, consent: object) -> Any:
        _log("head")
        return b"".join(Path(photo).read_bytes() for photo in photos)

    def animate(self, head: bytes, driver: str, output: Path, settings: Any, *, overwrite: bool) -> FakeResult:
        _log(output.name)
        content = Path(driver).read_bytes()
        if content.startswith(b"no face"):
            raise FaceError("no face found", hint="another clip")
        if content.startswith(b"bug"):
            raise ZeroDivisionError("division by zero")
        if content.startswith(b"kill"):
            os.kill(os.getpid(), signal.SIGKILL)
        if content.startswith(b"full"):
            raise OutputError("no space is left") from OSError(errno.ENOSPC, "No space left on device")
        temporary = output.with_name(f".{output.name}")
        temporary.write_bytes(head + content)
        temporary.replace(output)
        return FakeResult(str(output))


class FakeTask:
    """The task of a worker process, with the animator above."""

    def __init__(self, threads: int) -> None:
        self.threads = threads

    def open(self) -> Any:
        from animato.batch import render

        render.Animator = FakeAnimator  # type: ignore[assignment, misc]
        return render._Worker(self.threads).render


def _log(word: str) -> None:
    with Path(os.environ["BATCH_TEST_LOG"]).open("a") as file:
        file.write(f"{word}\n")


def logged() -> list[str]:
    """The calls of the animator so far: "head", or the name of the output."""
    path = Path(os.environ["BATCH_TEST_LOG"])
    return path.read_text().split() if path.exists() else []


def write_jobs(folder: Path, drivers: Mapping[str, bytes], **more: object) -> Path:
    """Write a head file, drivers and jobs.jsonl, one job per driver, in that order."""
    folder.mkdir(exist_ok=True)
    (folder / "me.animato").write_bytes(b"me")
    lines = []
    for name, content in drivers.items():
        (folder / f"{name}.mp4").write_bytes(content)
        lines.append({"head": "me.animato", "driver": f"{name}.mp4", "output": f"out/{name}.mp4", **more})
    path = folder / "jobs.jsonl"
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))
    return path
