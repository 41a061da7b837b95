"""Bound the threads of torch, whose setting is partly per thread and partly per process."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterator


class _Users:
    """How many blocks are open, and torch's thread count before the first of them."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.count = 0
        self.before = 1


_USERS = _Users()


@contextlib.contextmanager
def torch_bounded(threads: int) -> Iterator[None]:
    """Bound the threads that torch uses in this thread while a block runs, then put them back.

    Each thread keeps a count of its own once it has used torch; a thread that has not takes the last one that was
    set anywhere. So every block puts back what was there before the first of those that are open at once.

    Args:
        threads: at least 1.
    """
    import torch

    with _USERS.lock:
        if _USERS.count == 0:
            _USERS.before = torch.get_num_threads()
        _USERS.count += 1
        torch.set_num_threads(min(threads, _USERS.before))
    try:
        yield
    finally:
        with _USERS.lock:
            _USERS.count -= 1
            torch.set_num_threads(_USERS.before)
