"""What the main function of every child process does: open its output, and send results and errors."""

from __future__ import annotations

import contextlib
import os
import traceback
from collections.abc import Iterator
from pathlib import Path
from typing import IO

from animato.errors import AnimatoError, InputError
from animato.runtime.child_process import error_values
from animato.runtime.memory_errors import is_out_of_memory, out_of_memory
from animato.runtime.messages import send


def open_output() -> IO[bytes]:
    """Return the stream to the parent, and redirect standard output so that no library writes into it."""
    stream = os.fdopen(os.dup(1), "wb")
    try:
        os.dup2(2, 1)
    except OSError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    return stream


@contextlib.contextmanager
def errors_sent(stream: IO[bytes], purpose: str, path: str) -> Iterator[None]:
    """Send exceptions of a block to the parent, as messages of the kind "error".

    Args:
        stream: of `open_output`.
        purpose: what the block does with the file: "track".
        path: of the file.
    """
    try:
        yield
    except AnimatoError as problem:
        send(stream, "error", error_values(problem))
    except BrokenPipeError:  # the parent has exited: discard the buffered output
        os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())
    except Exception as problem:
        if is_out_of_memory(problem):
            send(stream, "error", error_values(_memory_error(f"to {purpose} {path}", problem)))
            return
        last = traceback.extract_tb(problem.__traceback__)[-1]
        bug = AnimatoError(
            f"this is a bug: {type(problem).__name__}: {problem}",
            where=f"{Path(last.filename).name}, line {last.lineno}, in the process that {purpose}s {path}",
            hint="report it; `threads=1` works without a separate process",
        )
        send(stream, "error", error_values(bug))


def _memory_error(purpose: str, problem: Exception) -> InputError:
    """Return the error for a lack of memory, which names the limit of this process if it has one."""
    error = out_of_memory(purpose, problem)
    try:
        import resource
    except ImportError:  # Windows
        return error
    limit, _ = resource.getrlimit(resource.RLIMIT_DATA)
    if limit != resource.RLIM_INFINITY:
        error.where = f"{error.where}; limit: {limit // 1_000_000} MB"
    return error
