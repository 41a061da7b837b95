"""The worker pool: a worker lost while it starts is replaced, an installation that cannot start one is reported."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Callable, Sequence
from typing import Any

import pytest

from animato.errors import AnimatoError
from animato.runtime.executors.base import START_FAILURES, WorkerLost, WorkerPool
from animato.runtime.executors.processes import ProcessExecutor


class FakeWorker:
    """A worker that is lost while it starts, or answers with its item."""

    def __init__(self, starts: bool) -> None:
        self.starts = starts
        self.told = False
        self.item: Any = None

    def send(self, item: Any) -> None:
        self.item = item

    def receive(self) -> tuple[str, Any]:
        if not self.starts:
            raise WorkerLost("exit code -9")
        if not self.told:
            self.told = True
            return "started", None
        return "done", self.item


class FakePool(WorkerPool):
    """Two workers; `starts` says for each in turn whether it starts, and the last entry holds for all further ones."""

    def __init__(self, starts: Sequence[bool]) -> None:
        super().__init__(workers=2)
        self.starts = list(starts)

    def start(self, task: object) -> FakeWorker:
        return FakeWorker(self.starts.pop(0) if len(self.starts) > 1 else self.starts[0])

    def wait(self, workers: Sequence[FakeWorker]) -> Sequence[FakeWorker]:
        return workers

    def stop(self, workers: Sequence[FakeWorker]) -> None:
        del workers


class NoTask:
    """The fake workers call nothing."""

    def open(self) -> Callable[[Any], Any]:
        raise AssertionError


def results(starts: Sequence[bool]) -> list[int]:
    return sorted(outcome.result for outcome in FakePool(starts).run(NoTask(), range(30), attempts=3))


def test_workers_lost_at_start_are_replaced_while_another_one_answers() -> None:
    assert results([True, *[False] * (2 * START_FAILURES), True]) == list(range(30))


def test_an_installation_that_starts_no_worker_is_reported() -> None:
    with pytest.raises(AnimatoError, match="crash at start-up"):
        results([False])


def test_workers_that_never_start_beside_a_living_one_leave_it_the_work() -> None:
    assert results([True, False]) == list(range(30))


class HalfAnswer:
    """A task whose worker is killed when the first bytes of its answer are in the pipe."""

    def open(self) -> Callable[[Any], Any]:
        return write_half


def write_half(item: Any) -> bytes:
    def kill_itself() -> None:
        time.sleep(0.5)  # the answer is larger than a pipe, and the parent does not read it yet
        os.kill(os.getpid(), signal.SIGKILL)

    threading.Thread(target=kill_itself, daemon=True).start()
    return bytes(item)


def test_a_worker_that_dies_in_the_middle_of_its_answer_is_lost() -> None:
    pool = ProcessExecutor(1)
    worker = pool.start(HalfAnswer())
    assert worker.receive() == ("started", None)
    worker.send(10_000_000)
    worker.process.join(30)
    with pytest.raises(WorkerLost, match="exit code -9"):
        worker.receive()
