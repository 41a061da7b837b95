"""A worker process: everything that reads files of a client or renders happens there, and can be killed.

Protocol: the parent writes one line of JSON per task to the child's standard input; the child writes lines of JSON to
its standard output, any number of "progress" and one "done" or "error". The child keeps its networks between tasks,
and ends when its standard input closes, and so when the parent is killed.
"""

from __future__ import annotations

import contextlib
import json
import subprocess
import sys
import threading
import weakref
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import animato
from animato import errors
from animato.errors import AnimatoError, OutputError
from animato.runtime.scratch import ScratchFolder
from animato.settings.engine import EngineSettings

_BOOTSTRAP = (
    "import sys; sys.path[:] = [entry for entry in sys.path if entry] + [sys.argv.pop()]; import signal; "
    "[signal.signal(getattr(signal, name), signal.SIG_IGN) for name in ('SIGINT', 'SIGTERM', 'SIGHUP') "
    "if hasattr(signal, name)]; from animato.runtime.arenas import bound_arenas; bound_arenas(); "
    "from animato.runtime.parent_pipe import lines_from_parent; "
    "lines = lines_from_parent(None); from animato.studio.worker import main; main(lines)"
)
"""Code that the child runs. It imports nothing from the working directory and leaves signals to the parent."""

Progress = Callable[[int, int | None], None]
"""Called with (frames done, frames expected or None)."""


class WorkerEndedError(AnimatoError):
    """The worker process ended before it had finished its task."""


class WorkerProcess:
    """A process that runs one task at a time; started at the first task, and again after it was killed.

    Args:
        threads: CPU threads of its engine.
        engine: where its networks run.
    """

    def __init__(self, threads: int, engine: EngineSettings | None = None) -> None:
        engine = engine or EngineSettings()
        self._engine = {"threads": threads, "device": engine.device, "backend": engine.backend}
        self._busy = threading.Lock()
        self._child: subprocess.Popen[bytes] | None = None
        self._end: weakref.finalize[Any, Any] | None = None

    @property
    def pid(self) -> int | None:
        """Process id, or None while it is not running."""
        child = self._child
        return None if child is None or child.poll() is not None else child.pid

    def run(self, task: str, arguments: Mapping[str, Any], progress: Progress | None = None) -> Any:
        """Run a task and return its value; waits while another one runs.

        Args:
            task: name of a function of `studio.tasks`.
            arguments: plain JSON types.
            progress: called in this thread.

        Raises:
            AnimatoError: raised by the task.
            WorkerEndedError: the process was killed or crashed.
        """
        with self._busy:
            child = self._started()
            try:
                return _converse(child, {"task": task, "arguments": dict(arguments)}, progress)
            except (EOFError, OSError, ValueError) as problem:
                self.kill()
                raise WorkerEndedError(
                    "the process that does this ended unexpectedly",
                    hint="free some memory, and try again",
                ) from problem

    def kill(self) -> None:
        """Kill the process and what it has started; the running task, if any, raises `WorkerEndedError`."""
        if self._end is not None:
            self._end()

    def _started(self) -> subprocess.Popen[bytes]:
        if self._child is not None and self._child.poll() is None:
            return self._child
        self.kill()
        scratch = ScratchFolder()
        command = [sys.executable, "-c", _BOOTSTRAP, str(Path(animato.__file__).resolve().parent.parent)]
        try:
            # A session of its own: Ctrl-C must reach only the parent.
            self._child = subprocess.Popen(
                command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, start_new_session=True
            )
        except OSError as problem:
            scratch.cleanup()
            raise OutputError(
                "no further process can be started", where=problem.strerror, hint="close other programs"
            ) from problem
        self._end = weakref.finalize(self, _kill, self._child, scratch)
        _write(self._child, {"scratch": scratch.name, "engine": self._engine})
        return self._child


def _converse(child: subprocess.Popen[bytes], task: dict[str, Any], progress: Progress | None) -> Any:
    _write(child, task)
    assert child.stdout is not None
    while True:
        line = child.stdout.readline()
        if not line.endswith(b"\n"):
            raise EOFError
        message = json.loads(line)
        if message["kind"] == "done":
            return message["value"]
        if message["kind"] == "error":
            raise getattr(errors, message.pop("name"))(**message["fields"])
        if progress is not None:
            progress(message["done"], message["expected"])


def _write(child: subprocess.Popen[bytes], value: dict[str, Any]) -> None:
    assert child.stdin is not None
    with contextlib.suppress(BrokenPipeError):  # reading its answer raises the error
        child.stdin.write(json.dumps(value).encode() + b"\n")
        child.stdin.flush()


def _kill(child: subprocess.Popen[bytes], scratch: ScratchFolder) -> None:
    child.kill()
    child.wait()
    for pipe in (child.stdin, child.stdout):
        with contextlib.suppress(OSError):  # what was not sent any more
            assert pipe is not None
            pipe.close()
    scratch.cleanup()
