"""Handle closed, full or broken standard streams."""

from __future__ import annotations

import contextlib
import errno
import os
import sys

from animato.errors import OutputError
from animato.media.disk import output_error


def open_missing() -> None:
    """Replace closed standard streams by the null device.

    Otherwise the next file to be opened would get their file descriptor, and library output could end up in a video.
    """
    for number, name in enumerate(("stdin", "stdout", "stderr")):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # gets the lowest free descriptor, which is this one
        if getattr(sys, name) is None:
            setattr(sys, name, open(number, "r" if number == 0 else "w", encoding="utf-8", closefd=False))  # noqa: SIM115


def flush_output() -> OutputError | None:
    """Flush standard output; return the error if that fails. A closed pipe is not an error."""
    try:
        sys.stdout.flush()
    except OSError as problem:
        with contextlib.suppress(OSError, ValueError):
            # Discard the buffer; otherwise Python flushes it again at exit, and fails.
            null = os.open(os.devnull, os.O_WRONLY)
            os.dup2(null, sys.stdout.fileno())
            os.close(null)
        if problem.errno == errno.EPIPE:
            return None
        return output_error("standard output", problem)
    return None
