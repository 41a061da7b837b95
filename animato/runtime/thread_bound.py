"""Bound the threads of every library that a render uses, and restore them afterwards.

`threads` of an engine (`threads` in the settings) reaches every library that starts threads of its own:

- OpenVINO: a property of each compiled network (`runtime.engine`);
- OpenCV: one count per process, lowered during a render and restored afterwards (`bounded`, here);
- PyAV: a property of each decoder and encoder (`ReaderSettings.decode_threads`, `WriterSettings.encode_threads`);
- torch, in the paper renderer: `runtime.torch_threads`;
- the stages of a render, which otherwise run concurrently: with one thread they run sequentially
  (`pipeline.prefetch`), the driver is tracked in this process, and nothing is compiled in advance.

numpy's BLAS is not bounded: it splits only products far larger than those of a render. To bound it for other code, set
`OPENBLAS_NUM_THREADS` before numpy is imported.
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
    """Bound OpenCV's threads in a block; the lowest bound of all open blocks, in any thread, applies.

    Args:
        threads: at least 1.
    """
    _OPENCV.enter(threads)
    try:
        yield
    finally:
        _OPENCV.leave(threads)


def bounded_items(items: Iterator[T], threads: int) -> Generator[T]:
    """Yield the items of an iterator, bounded while it produces them, not while the caller uses them.

    Args:
        items: closed with this generator if it has a `close` method.
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
            del item  # so that only the caller holds it while the next one is produced


class _OpenCvThreads:
    """OpenCV's thread count and its active bounds."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._bounds: list[int] = []
        self._original = 0

    def enter(self, threads: int) -> None:
        """Add a bound."""
        with self._lock:
            if not self._bounds:
                self._original = cv2.getNumThreads()
            self._bounds.append(threads)
            self._apply()

    def leave(self, threads: int) -> None:
        """Remove a bound; without any, the original count is restored."""
        with self._lock:
            self._bounds.remove(threads)
            self._apply()

    def _apply(self) -> None:
        count = min([self._original, *self._bounds])
        if cv2.getNumThreads() != count:
            cv2.setNumThreads(count)


_OPENCV = _OpenCvThreads()
"""One per process, as OpenCV's count is."""
