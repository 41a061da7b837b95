"""Bound the threads of every library that a render uses, and restore them afterwards.

`threads` of an engine (`threads` in the settings) reaches every library that starts threads of its own:

- OpenVINO: a property of each compiled network (`runtime.engine`);
- OpenCV: one number of the process, lowered while a render works and put back afterwards (`bounded`, here);
- PyAV: a property of each decoder and encoder (`ReaderSettings.decode_threads`, `WriterSettings.encode_threads`);
- torch, in the paper renderer: `runtime.torch_threads`;
- the stages of a render, which otherwise run at once: with one thread they run one after the other
  (`pipeline.prefetch`), the driver is tracked in this process, and nothing is compiled ahead.

The BLAS behind numpy is not bounded: it splits only products far larger than those of a render. Where a program's own
products are to be bounded too, `OPENBLAS_NUM_THREADS` is read when numpy is imported.
"""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Generator, Iterator
from typing import TypeVar

import cv2

T = TypeVar("T")


@contextlib.contextmanager
def bounded(threads: int) -> Iterator[None]:
    """Bound OpenCV's threads while this block runs; of several open blocks, in any threads, the lowest bound counts.

    Args:
        threads: at least 1.
    """
    _OPENCV.enter(threads)
    try:
        yield
    finally:
        _OPENCV.leave(threads)


def bounded_items(items: Iterator[T], threads: int) -> Generator[T]:
    """Yield the items of an iterator; it is bounded while it makes them, not while the caller uses them.

    Args:
        items: closed when this generator is, if it can be.
        threads: at least 1.
    """
    with contextlib.ExitStack() as stack:
        stack.callback(getattr(items, "close", lambda: None))
        while True:
            with bounded(threads):
                try:
                    item = next(items)
                except StopIteration:
                    return
            yield item
            del item  # while the next one is made, only the caller holds this one


class _OpenCvThreads:
    """OpenCV's thread count, with the bounds that are on it."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._bounds: list[int] = []
        self._before = 0

    def enter(self, threads: int) -> None:
        """Add a bound."""
        with self._lock:
            if not self._bounds:
                self._before = cv2.getNumThreads()
            self._bounds.append(threads)
            self._apply()

    def leave(self, threads: int) -> None:
        """Take a bound away; without any, the count is what it was."""
        with self._lock:
            self._bounds.remove(threads)
            self._apply()

    def _apply(self) -> None:
        wanted = min([self._before, *self._bounds])
        if cv2.getNumThreads() != wanted:
            cv2.setNumThreads(wanted)


_OPENCV = _OpenCvThreads()
"""Of the process, because the count is."""
