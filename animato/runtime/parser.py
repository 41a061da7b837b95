"""Run functions that parse files of strangers in a sealed child process, one child for all files of a run.

A task is a module-level function of this package: it takes JSON values and returns JSON values and arrays. The child
imports it by name and calls it; its result is plain data, which the caller checks as it would check the file.
"""

from __future__ import annotations

import contextlib
import json
import threading
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from animato.runtime.child_process import ChildProcess, can_start
from animato.runtime.messages import Arrays, Message
from animato.runtime.seal import AVAILABLE, Limits

Result = tuple[dict[str, Any], Arrays]
Task = Callable[[dict[str, Any]], Result]

MAX_RESULT_BYTES = 300_000_000
"""Size of a result, at most: the largest picture (64 megapixels) takes 192 MB, a motion file 256 MB."""

MAX_SECONDS = 300.0
"""Longest wait for a result; processor time is limited much more narrowly (`Limits`)."""


class Parser:
    """Runs tasks one after another, in a sealed child process where possible and else in this process.

    The child starts at the first task or at `start`, and again after it was ended by a limit. It ends with this object
    and with this process.

    Args:
        in_process: whether to run tasks in this process, as with a single thread.
        limits: of the child.
    """

    def __init__(self, *, in_process: bool = False, limits: Limits | None = None) -> None:
        self.limits = limits or Limits()
        self.in_process = in_process or not AVAILABLE or not can_start()
        self._child: ChildProcess | None = None
        self._parts: tuple[str, ...] | None = None
        self._lock = threading.Lock()

    def start(self) -> None:
        """Start the child, so that it is ready when the first task comes."""
        with self._lock:
            self._started()

    def close(self) -> None:
        """End the child; a later task starts another."""
        with self._lock:
            self._drop()

    def parse(self, task: Task, name: str, values: Mapping[str, Any], max_bytes: int = MAX_RESULT_BYTES) -> Result:
        """Run a task.

        Args:
            task: a module-level function.
            name: of the file, for errors.
            values: JSON values.
            max_bytes: of the arrays of the result, at most.

        Raises:
            AnimatoError: as raised by the task.
            InputError: the child was ended by a limit, or crashed.
        """
        with self._lock:
            child = self._started()
            if child is not None:
                return self._asked(child, task, name, values, max_bytes)
        return task(dict(values))

    def sealed_parts(self) -> tuple[str, ...]:
        """Return the parts of the seal that hold in the child (`runtime.seal.ALL_PARTS`); none without a child.

        Raises:
            AnimatoError: the child does not work.
        """
        with self._lock:
            child = self._started()
            if child is None:
                return ()
            self._wait_ready(child, "starts")
            return self._parts or ()

    def _started(self) -> ChildProcess | None:
        if self._child is None and not self.in_process:
            try:
                self._child = ChildProcess("animato.runtime.parser_main", self.limits)
            except OSError:  # a limit on processes
                self.in_process = True
        return self._child

    def _wait_ready(self, child: ChildProcess, purpose: str) -> None:
        if self._parts is None:
            message = self._next(child, "ready", purpose, 0)
            self._parts = tuple(str(part) for part in message.values.get("parts", ()))

    def _asked(self, child: ChildProcess, task: Task, name: str, values: Mapping[str, Any], max_bytes: int) -> Result:
        self._wait_ready(child, f"reads {name}")
        request = {"module": task.__module__, "function": task.__name__, "name": name, "values": dict(values)}
        with contextlib.suppress(OSError):  # paths may be relative; the folder may be gone
            request["folder"] = str(Path.cwd())
        child.write_line(json.dumps({**request, "cpu_seconds": self.limits.cpu_seconds}).encode() + b"\n")
        message = self._next(child, "result", f"reads {name}", max_bytes)
        return message.values, message.arrays

    def _next(self, child: ChildProcess, kind: str, purpose: str, max_bytes: int) -> Message:
        try:
            return child.next(kind, purpose=purpose, max_bytes=max_bytes, seconds=MAX_SECONDS)
        finally:
            if child.closed:
                self._drop()

    def _drop(self) -> None:
        if self._child is not None:
            self._child.close()
            self._child = self._parts = None
