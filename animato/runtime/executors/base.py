"""What an executor is: it runs one task over many items and survives the loss of any worker."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from animato.errors import AnimatoError

START_FAILURES = 3
"""Workers lost while starting, with no answer of any worker in between, after which the run ends.

One loss may be a coincidence (no memory for a moment); an installation that cannot start a worker fails every time.
"""


class Task(Protocol):
    """Work that is sent to the workers. It must be picklable, and so must its items and results."""

    def open(self) -> Callable[[Any], Any]:
        """Return the function to call with each item; called once in each worker, so that it can keep networks."""


@dataclass(frozen=True)
class Outcome:
    """What became of one item.

    Attributes:
        item: the item.
        result: what the task returned; None if every worker that had the item was lost.
        lost: whether every worker that had the item was lost.
    """

    item: Any
    result: Any = None
    lost: bool = False


class Executor(Protocol):
    """Runs a task over items, in any order."""

    def run(self, task: Task, items: Sequence[Any], attempts: int) -> Generator[Outcome]:
        """Yield the outcome of each item as it finishes; closing the generator stops the workers.

        An exception of the task ends the run and is raised here, so a task returns what may go wrong with one item.

        Args:
            task: called with each item.
            items: each is given to one worker at a time.
            attempts: number of workers that may be lost over one item before it is given up.

        Raises:
            AnimatoError: workers cannot be started.
        """


class SerialExecutor:
    """Runs the task in the calling process and thread."""

    def run(self, task: Task, items: Sequence[Any], attempts: int) -> Generator[Outcome]:  # noqa: ARG002
        """See `Executor.run`; the loss of this process ends the run, and the next run resumes from what is on disk."""
        if not items:
            return
        call = task.open()
        for item in items:
            yield Outcome(item, call(item))


class WorkerLost(Exception):  # noqa: N818 (an event that the pool handles)
    """A worker ended without an answer."""


class Worker(Protocol):
    """One worker: a process or an actor."""

    def send(self, item: Any) -> None:
        """Give it an item. If the worker is lost, `receive` reports it."""

    def receive(self) -> tuple[str, Any]:
        """Return its answer: ("started", None) once, then ("done", result) for each item.

        Raises:
            WorkerLost: it ended.
            Exception: what the task raised.
        """


class WorkerPool(ABC):
    """Executor with workers that have one item each; of a lost worker, only that item is given out again.

    Args:
        workers: number of workers.
    """

    def __init__(self, workers: int) -> None:
        self.workers = workers

    @abstractmethod
    def start(self, task: Task) -> Worker:
        """Start a worker."""

    @abstractmethod
    def wait(self, workers: Sequence[Any]) -> Sequence[Any]:
        """Wait until some of the workers have answered or are lost, and return those."""

    @abstractmethod
    def stop(self, workers: Sequence[Any]) -> None:
        """End workers, also those that have an item."""

    def run(self, task: Task, items: Sequence[Any], attempts: int) -> Generator[Outcome]:
        """See `Executor.run`."""
        waiting = deque((item, 1) for item in items)
        busy: dict[Worker, tuple[Any, int]] = {}
        idle: list[Worker] = []
        started: set[Worker] = set()
        failed_starts = 0
        try:
            while waiting or busy:
                while waiting and len(busy) < self.workers:
                    worker = idle.pop() if idle else self.start(task)
                    busy[worker] = waiting.popleft()
                    if worker in started:
                        worker.send(busy[worker][0])
                for worker in self.wait(list(busy)):
                    item, attempt = busy[worker]
                    try:
                        answer, result = worker.receive()
                    except WorkerLost as problem:
                        del busy[worker]
                        if worker in started:
                            attempt += 1
                        else:
                            failed_starts += 1
                            _check_starts(failed_starts, problem)
                        if attempt <= attempts:
                            # Last in the queue, so that an item that ends its workers does not delay the others.
                            waiting.append((item, attempt))
                        else:
                            yield Outcome(item, lost=True)
                        continue
                    if answer == "started":
                        started.add(worker)
                        failed_starts = 0
                        worker.send(item)  # not before, so that a loss at the start is none over the item
                        continue
                    del busy[worker]
                    idle.append(worker)
                    failed_starts = 0
                    yield Outcome(item, result)
        finally:
            self.stop([*idle, *busy])


def _check_starts(failures: int, problem: WorkerLost) -> None:
    if failures >= START_FAILURES:
        raise AnimatoError(
            "the worker processes crash at start-up",
            where=str(problem),
            hint="`workers=1`; a script that calls this needs `if __name__ == '__main__':`",
        ) from problem
