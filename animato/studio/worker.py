"""Child side of `studio.worker_process`: runs tasks one after another, and sends their values or errors."""

from __future__ import annotations

import json
import os
import queue
import tempfile
import time
import traceback
from collections.abc import Mapping
from pathlib import Path
from typing import IO, Any

from animato.errors import AnimatoError
from animato.runtime.memory_errors import is_out_of_memory, out_of_memory

PROGRESS_INTERVAL = 0.1
"""Least seconds between two messages of progress."""


class Reporter:
    """Sends messages to the parent.

    Args:
        stream: to the parent.
    """

    def __init__(self, stream: IO[bytes]) -> None:
        self._stream = stream
        self._last = 0.0

    def send(self, kind: str, **values: Any) -> None:
        """Send a message of plain JSON types."""
        self._stream.write(json.dumps({"kind": kind, **values}).encode() + b"\n")
        self._stream.flush()

    def progress(self, done: int, expected: int | None) -> None:
        """Send the number of frames done, unless the last message was a moment ago."""
        now = time.monotonic()
        if done == expected or now - self._last >= PROGRESS_INTERVAL:
            self._last = now
            self.send("progress", done=done, expected=expected)


def main(lines: queue.Queue[bytes]) -> None:
    """Run tasks for ever; the process ends when its standard input closes (`runtime.parent_pipe`)."""
    stream = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # whatever a library prints must not reach the parent as a message
    reporter = Reporter(stream)
    first = json.loads(lines.get())
    tempfile.tempdir = first["scratch"]
    from animato.animator import Animator
    from animato.studio.tasks import Tasks

    tasks = Tasks(Animator(**first["engine"]), reporter.progress)
    while True:
        task = json.loads(lines.get())
        tasks.names = names = task["arguments"].pop("names", {})
        try:
            value = getattr(tasks, task["task"])(**task["arguments"])
        except AnimatoError as problem:
            _send_error(reporter, problem, names)
        except Exception as problem:
            _send_error(reporter, _explained(problem), names)
        else:
            reporter.send("done", value=value)


def _explained(problem: Exception) -> AnimatoError:
    if is_out_of_memory(problem):
        return out_of_memory("for this file", problem)
    last = traceback.extract_tb(problem.__traceback__)[-1]
    traceback.print_exception(problem)
    return AnimatoError(
        f"this is a bug: {type(problem).__name__}: {problem}",
        where=f"{Path(last.filename).name}, line {last.lineno}",
        hint="report it with what the terminal shows",
    )


def _send_error(reporter: Reporter, problem: AnimatoError, names: Mapping[str, str]) -> None:
    texts = {name: getattr(problem, name) for name in ("what", "where", "hint", "more")}
    fields = {name: None if text is None else named(text, names) for name, text in texts.items()}
    reporter.send("error", name=type(problem).__name__, fields=fields)


def named(text: str, names: Mapping[str, str]) -> str:
    """Return a text in which the names that clients gave stand for the paths of their files.

    Args:
        text: of a message.
        names: path to display name.
    """
    for path, name in names.items():
        text = text.replace(path, name).replace(Path(path).name, name)
    return text
