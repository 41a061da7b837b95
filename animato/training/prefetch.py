"""Make batches ahead of time, in threads or processes, in deterministic order."""

from __future__ import annotations

import sys
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from types import TracebackType
from typing import Generic, TypeVar

import cv2
import torch
from torch.utils.data import DataLoader, Dataset

T = TypeVar("T")

_START_METHOD = "fork" if sys.platform == "linux" else "spawn"
"""Forked processes share the list of a million clips. Where forking is unsafe or impossible, each has a copy."""


class Prefetch(Generic[T]):
    """The values of a function of consecutive numbers, computed ahead of time, in order.

    Args:
        load: the function; several threads or processes call it. Where processes
            are not forked, it is pickled for each.
        numbers: the numbers.
        workers: number of threads or processes; one value more than that is computed ahead.
        processes: whether to start processes, for functions that hold Python's lock.
    """

    def __init__(self, load: Callable[[int], T], numbers: range, workers: int, *, processes: bool = False) -> None:
        self._load, self._numbers = load, iter(numbers)
        self._values: Iterator[T] | None = None
        self._pool: ThreadPoolExecutor | None = None
        self._pending: deque[Future[T]] = deque()
        if processes:
            self._values = iter(
                DataLoader(
                    _Values(load),
                    sampler=numbers,
                    batch_size=None,
                    num_workers=workers,
                    collate_fn=_unchanged,
                    worker_init_fn=_one_thread,
                    multiprocessing_context=_START_METHOD,
                    generator=torch.Generator(),  # else it would draw from the generator that a checkpoint saves
                )
            )
            return
        self._pool = ThreadPoolExecutor(workers, thread_name_prefix="batches")
        for _ in range(workers + 1):
            self._submit()

    def take(self) -> T:
        """Return the next value.

        Raises:
            Exception: whatever the function raised.
        """
        if self._values is not None:
            return next(self._values)
        value = self._pending.popleft().result()
        self._submit()
        return value

    def __enter__(self) -> Prefetch[T]:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._values = None  # ends the processes
        for future in self._pending:
            future.cancel()
        if self._pool is not None:
            self._pool.shutdown(wait=True)

    def _submit(self) -> None:
        number = next(self._numbers, None)
        if number is not None and self._pool is not None:
            self._pending.append(self._pool.submit(self._load, number))


class _Values(Dataset[T]):
    """The function as a data set."""

    def __init__(self, load: Callable[[int], T]) -> None:
        self._load = load

    def __getitem__(self, number: int) -> T:
        return self._load(number)


def _unchanged(value: T) -> T:
    return value


def _one_thread(_: int) -> None:
    cv2.setNumThreads(0)  # there are as many processes as cores
