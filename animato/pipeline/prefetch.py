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
"""Default queue length: enough to smooth out uneven stages while memory stays bounded."""

THREAD_NAME = "animato-prefetch"
"""Name of the worker threads."""

POLL_INTERVAL = 0.1
"""Seconds between two checks of a blocked worker for its stop event."""


_open: weakref.WeakKeyDictionary[threading.Thread, threading.Event] = weakref.WeakKeyDictionary()
"""Worker threads that feed the program itself rather than another worker, with their stop events."""


class _End:
    """Sentinel at the end of the queue; carries the exception that the iterator raised, if any."""

    def __init__(self, error: BaseException | None) -> None:
        self.error = error

    def take(self) -> BaseException | None:
        """Return the exception and drop it: its traceback refers to this object, which would be a reference cycle."""
        error, self.error = self.error, None
        return error


def prefetch(items: Iterator[T], depth: int = PREFETCH_DEPTH, threads: int = 2) -> Generator[T]:
    """Yield the items of an iterator that runs in another thread.

    One frame can then be tracked while the previous one is painted. Order and values are unchanged, exceptions
    propagate, and closing this generator closes the iterator.

    Args:
        items: consumed in the worker thread only.
        depth: maximum number of prefetched items.
        threads: of the whole render; with 1 there is no worker thread, and items are produced on demand.
    """
    items = bounded_items(items, threads)
    return items if threads == 1 else _prefetched(items, depth)


def _prefetched(items: Generator[T], depth: int) -> Generator[T]:
    ready: queue.Queue[T | _End] = queue.Queue(depth)
    stop = threading.Event()
    worker = threading.Thread(target=_produce, args=(items, ready, stop), name=THREAD_NAME, daemon=True)
    try:
        # Inside the try: Ctrl-C may arrive during the start, and exiting while the worker runs may crash.
        worker.start()
        if threading.current_thread().name != THREAD_NAME:
            _open[worker] = stop
        while True:
            item = ready.get()
            if isinstance(item, _End):
                break
            yield item
            del item  # keep no reference while waiting for the next item
    finally:
        stop.set()
        if worker.ident is not None:
            worker.join()
        with contextlib.suppress(queue.Empty):  # an unread error would keep its traceback and this queue alive
            while True:
                ready.get_nowait()
    error = item.take()
    if error is not None:
        try:
            raise error
        finally:
            del error


def _produce(items: Generator[T], ready: queue.Queue[T | _End], stop: threading.Event) -> None:
    """Put the items and then the end into a queue; runs in the worker thread."""
    end = _End(None)
    try:
        # Check first: if stopped before the start, produce nothing.
        while not stop.is_set():
            try:
                item = next(items)
            except StopIteration:
                break
            _put(ready, item, stop)
            del item
    except BaseException as error:
        end.error = error
    try:
        items.close()
    except BaseException as error:
        end.error = end.error or error
    _put(ready, end, stop)
    del end  # the traceback of its error refers to this frame


def _put(ready: queue.Queue[T], item: T, stop: threading.Event) -> None:
    while not stop.is_set():
        with contextlib.suppress(queue.Full):
            ready.put(item, timeout=POLL_INTERVAL)
            return


def _stop_all() -> None:
    """Join the remaining workers at exit: a thread that is torn down inside OpenVINO aborts the process."""
    for worker, stop in list(_open.items()):
        stop.set()
        worker.join()


atexit.register(_stop_all)
