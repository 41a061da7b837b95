"""Bound the threads of torch, whose setting is partly per thread and partly per process."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterator


class _OpenBlocks:
    """Number of open blocks, and torch's thread count before the first of them."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.count = 0
        self.original_threads = 1


_OPEN_BLOCKS = _OpenBlocks()


@contextlib.contextmanager
def torch_bounded(threads: int) -> Iterator[None]:
    """Bound the threads that torch uses in this thread while a block runs, then restore them.

    A thread that has used torch keeps its own count; others take the last one set in any thread. Every block therefore
    restores the count from before the first of the open blocks.

    Args:
        threads: at least 1.
    """
    import torch

    with _OPEN_BLOCKS.lock:
        if _OPEN_BLOCKS.count == 0:
            _OPEN_BLOCKS.original_threads = torch.get_num_threads()
        _OPEN_BLOCKS.count += 1
        torch.set_num_threads(min(threads, _OPEN_BLOCKS.original_threads))
    try:
        yield
    finally:
        with _OPEN_BLOCKS.lock:
            _OPEN_BLOCKS.count -= 1
            torch.set_num_threads(_OPEN_BLOCKS.original_threads)
