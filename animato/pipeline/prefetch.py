"""Working ahead: an iterator runs in a thread of its own, a few items before the one who consumes it."""

from __future__ import annotations

import atexit
import queue
import threading
import weakref
from collections.abc import Generator, Iterator
from typing import TypeVar

T = TypeVar("T")

PREFETCH_DEPTH = 4
"""Items made ahead: enough to even out the stages, few enough that memory stays flat."""

NAME = "animato-ahead"
"""Name of the threads."""

POLL = 0.1
"""Seconds after which a waiting thread looks whether anybody still wants its items."""


_open: weakref.WeakKeyDictionary[threading.Thread, threading.Event] = weakref.WeakKeyDictionary()
"""Threads whose items the program itself takes, not another such thread, and what stops each."""


class _End:
    """Marks the end of the items; carries what the iterator raised."""

    def __init__(self, problem: BaseException | None) -> None:
        self.problem = problem


def prefetch(items: Iterator[T], depth: int = PREFETCH_DEPTH) -> Generator[T]:
    """Yield the items of an iterator that runs in another thread.

    Two cores are then busy at once: the driver is tracked while the frame before it is painted. Order and values are
    the iterator's own; what it raises is raised here; when this generator is closed, the iterator is closed, too.

    Args:
        items: consumed in the thread only.
        depth: most items made ahead.
    """
    made: queue.Queue[T | _End] = queue.Queue(depth)
    stop = threading.Event()

    def put(item: T | _End) -> bool:
        while not stop.is_set():
            try:
                made.put(item, timeout=POLL)
            except queue.Full:
                continue
            return True
        return False

    def work() -> None:
        problem: BaseException | None = None
        try:
            # Stopped before it began: nothing is made that nobody would wait for.
            for item in items if not stop.is_set() else ():
                if not put(item):
                    break
        except BaseException as error:
            problem = error
        close = getattr(items, "close", None)
        if close is not None:
            close()
        put(_End(problem))

    worker = threading.Thread(target=work, name=NAME, daemon=True)
    try:
        # Within: Ctrl-C may come while the thread starts, and a program that ends beside it may crash.
        worker.start()
        if threading.current_thread().name != NAME:
            _open[worker] = stop
        while True:
            item = made.get()
            if isinstance(item, _End):
                if item.problem is not None:
                    raise item.problem
                return
            yield item
    finally:
        stop.set()
        if worker.ident is not None:
            worker.join()


def _stop_all() -> None:
    """End what a program leaves open when it ends: a thread that is torn down inside OpenVINO aborts the process."""
    for worker, stop in list(_open.items()):
        stop.set()
        worker.join()


atexit.register(_stop_all)
