"""Handle closed, full or broken standard streams."""

from __future__ import annotations

import contextlib
import errno
import os
import sys

from animato.errors import OutputError
from animato.media.disk import output_error


def open_missing() -> None:
    """Open the null device in place of standard streams that are closed.

    Otherwise the first file that is opened takes their number, and what a library prints ends up in a video.
    """
    for number, name in enumerate(("stdin", "stdout", "stderr")):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # takes the lowest free number, which is this one
        if getattr(sys, name) is None:
            setattr(sys, name, open(number, "r" if number == 0 else "w", encoding="utf-8", closefd=False))  # noqa: SIM115


def flush_output() -> OutputError | None:
    """Hand over what was printed; return why that cannot be done, if it cannot. A reader that has left is no error."""
    try:
        sys.stdout.flush()
    except OSError as problem:
        with contextlib.suppress(OSError, ValueError):
            # What is still buffered goes nowhere, or Python would try again at its end and call that a failure.
            null = os.open(os.devnull, os.O_WRONLY)
            os.dup2(null, sys.stdout.fileno())
            os.close(null)
        if problem.errno == errno.EPIPE:
            return None
        return output_error("standard output", problem)
    return None
