"""Prefetch: run an iterator in a thread, a few items ahead of its consumer."""

from __future__ import annotations

import atexit
import contextlib
import queue
import threading
import weakref
from collections.abc import Generator, Iterator
from typing import TypeVar

from animato.runtime.thread_bound import bounded_items

T = TypeVar("T")

PREFETCH_DEPTH = 4
"""Queue length: enough to even out the stages at bounded memory."""

NAME = "animato-ahead"
"""Name of the threads."""

POLL = 0.1
"""Interval in seconds at which a blocked thread checks whether it was stopped."""


_open: weakref.WeakKeyDictionary[threading.Thread, threading.Event] = weakref.WeakKeyDictionary()
"""Threads whose items the program itself takes, not another such thread, and what stops each."""


class _End:
    """Marks the end of the items; carries what the iterator raised."""

    def __init__(self, problem: BaseException | None) -> None:
        self.problem = problem

    def take(self) -> BaseException | None:
        """Return what was raised, once: an exception that its own traceback leads to would outlive who handles it."""
        problem, self.problem = self.problem, None
        return problem


def prefetch(items: Iterator[T], depth: int = PREFETCH_DEPTH, threads: int = 2) -> Generator[T]:
    """Yield the items of an iterator that runs in another thread.

    Two cores are then busy at once: the driver is tracked while the frame before it is painted. Order and values are
    the iterator's own; what it raises is raised here; when this generator is closed, the iterator is closed, too.

    Args:
        items: consumed in the thread only.
        depth: most items made ahead.
        threads: of the whole render; with one there is no other thread, and every item is made when it is asked for.
    """
    items = bounded_items(items, threads)
    return items if threads == 1 else _made_ahead(items, depth)


def _made_ahead(items: Generator[T], depth: int) -> Generator[T]:
    made: queue.Queue[T | _End] = queue.Queue(depth)
    stop = threading.Event()
    worker = threading.Thread(target=_make, args=(items, made, stop), name=NAME, daemon=True)
    try:
        # Within: Ctrl-C may come while the thread starts, and a program that ends beside it may crash.
        worker.start()
        if threading.current_thread().name != NAME:
            _open[worker] = stop
        while True:
            item = made.get()
            if isinstance(item, _End):
                break
            yield item
            del item  # while the next one is awaited, only the caller holds this one
    finally:
        stop.set()
        if worker.ident is not None:
            worker.join()
        with contextlib.suppress(queue.Empty):  # what nobody takes would keep itself: error, traceback, this queue
            while True:
                made.get_nowait()
    problem = item.take()
    if problem is not None:
        try:
            raise problem
        finally:
            del problem


def _make(items: Generator[T], made: queue.Queue[T | _End], stop: threading.Event) -> None:
    """Put the items, then any exception, into a queue; runs in the thread."""
    end = _End(None)
    try:
        # Stopped before the start: produce nothing.
        while not stop.is_set():
            try:
                item = next(items)
            except StopIteration:
                break
            _put(made, item, stop)
            del item
    except BaseException as error:
        end.problem = error
    try:
        items.close()
    except BaseException as error:
        end.problem = end.problem or error
    _put(made, end, stop)
    del end  # the traceback of what it carries leads here


def _put(made: queue.Queue[T], item: T, stop: threading.Event) -> None:
    while not stop.is_set():
        with contextlib.suppress(queue.Full):
            made.put(item, timeout=POLL)
            return


def _stop_all() -> None:
    """End what a program leaves open when it ends: a thread that is torn down inside OpenVINO aborts the process."""
    for worker, stop in list(_open.items()):
        stop.set()
        worker.join()


atexit.register(_stop_all)
