"""Bound the arenas of glibc's allocator, which keeps up to eight per core: what one thread frees, others then reuse."""

from __future__ import annotations

import contextlib
import ctypes
import os
import sys

ARENAS = 2
"""Arenas of a process. A render in which all threads had their own took 30 MB more and was as fast."""

_M_ARENA_MAX = -8
"""Of `mallopt` in <malloc.h>."""


def bound_arenas() -> None:
    """Bound them for this process, before it starts threads; without effect on other C libraries.

    For processes of our own: a program that uses this package as a library decides for itself. `MALLOC_ARENA_MAX` in
    the environment has precedence.
    """
    if sys.platform == "linux" and "MALLOC_ARENA_MAX" not in os.environ:
        with contextlib.suppress(OSError, AttributeError):
            ctypes.CDLL(None).mallopt(_M_ARENA_MAX, ARENAS)
