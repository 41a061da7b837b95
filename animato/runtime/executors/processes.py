"""Executor of worker processes on this machine."""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import signal
import threading
from collections.abc import Sequence
from multiprocessing.connection import Connection, wait
from multiprocessing.context import SpawnProcess
from types import FrameType
from typing import Any

from animato.runtime.executors.base import Task, WorkerLost, WorkerPool

STOP_SECONDS = 10.0
"""Time for a worker to remove its temporary files after SIGTERM, before it is killed.

A worker reacts between two calls into a library; the longest, compiling a network on a busy machine, takes seconds.
"""


class ProcessExecutor(WorkerPool):
    """Worker processes, started afresh (spawn) and ended with this one."""

    def start(self, task: Task) -> _ProcessWorker:
        """Start a worker process."""
        return _ProcessWorker(task)

    def wait(self, workers: Sequence[_ProcessWorker]) -> Sequence[_ProcessWorker]:
        """Wait for answers; the pipe of a process that ended is readable too."""
        ready = wait([worker.pipe for worker in workers])
        return [worker for worker in workers if worker.pipe in ready]

    def stop(self, workers: Sequence[_ProcessWorker]) -> None:
        """Ask all workers to end, then wait for each."""
        for worker in workers:
            worker.process.terminate()
        for worker in workers:
            worker.end(STOP_SECONDS)


class _ProcessWorker:
    """A process and the pipe to it."""

    def __init__(self, task: Task) -> None:
        context = multiprocessing.get_context("spawn")
        self.pipe, theirs = context.Pipe()
        self.process: SpawnProcess = context.Process(target=_serve, args=(theirs, task))
        self.process.start()
        theirs.close()  # only the process holds it, so that the pipe ends with the process

    def send(self, item: Any) -> None:
        """See `Worker.send`."""
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):
            self.pipe.send(item)

    def receive(self) -> tuple[str, Any]:
        """See `Worker.receive`."""
        try:
            answer, value = self.pipe.recv()
        except (EOFError, OSError):  # OSError: it was killed in the middle of an answer
            self.end(STOP_SECONDS)
            raise WorkerLost(f"exit code {self.process.exitcode}") from None
        if answer == "raised":
            raise value
        return answer, value

    def end(self, seconds: float) -> None:
        """Wait for the process to end, and kill it if it does not."""
        self.process.join(seconds)
        if self.process.is_alive():
            self.process.kill()
            self.process.join()
        self.pipe.close()


class _Stopped(KeyboardInterrupt):
    """Raised in a worker on SIGTERM, so that `with` and `finally` blocks remove temporary files."""


def _serve(pipe: Connection, task: Task) -> None:
    """Answer items until the pipe closes; runs in the worker process."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches the whole group; the parent ends its workers
    signal.signal(signal.SIGTERM, _stop)
    threading.Thread(target=_exit_with_parent, daemon=True).start()
    with contextlib.suppress(_Stopped, EOFError, BrokenPipeError):
        try:
            call = task.open()
            pipe.send(("started", None))
            while True:
                pipe.send(("done", call(pipe.recv())))
        except (EOFError, BrokenPipeError):
            raise
        except Exception as problem:
            problem.__cause__ = problem.__context__ = None
            pipe.send(("raised", problem))


def _stop(_number: int, _frame: FrameType | None) -> None:
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    raise _Stopped


def _exit_with_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)
