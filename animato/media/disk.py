"""Atomic file writes, and error messages for failed writes."""

from __future__ import annotations

import contextlib
import errno
import os
from collections.abc import Iterable, Iterator
from pathlib import Path

from animato.errors import OutputError, UsageError
from animato.runtime.partial_files import partial_path

_REASONS: dict[int, tuple[str, str]] = {
    errno.ENOSPC: ("no space is left on the disk", "free some space, or write to another disk"),
    getattr(errno, "EDQUOT", -1): ("the quota on the disk is used up", "free some space, or write to another disk"),
    errno.EFBIG: ("the file exceeds the largest size allowed", "a shorter clip, or write to another disk"),
    errno.EACCES: ("permission denied", "a folder of your own, with -o"),
    errno.EPERM: ("permission denied", "a folder of your own, with -o"),
    errno.EROFS: ("the disk is read-only", "a folder of your own, with -o"),
    errno.ENOENT: ("the folder does not exist", "make the folder first"),
    errno.ENOTDIR: ("a part of the path is a file, not a folder", "another path, with -o"),
    errno.EISDIR: ("the path is a folder", "the path of a file, with -o"),
    errno.ENAMETOOLONG: ("the name is too long", "a shorter name, with -o"),
    errno.EIO: ("the disk reports an error", "write to another disk"),
}


def output_error(path: Path | str, problem: Exception) -> OutputError:
    """Return an `OutputError` explaining why `path` cannot be written.

    Args:
        path: the file or folder being written, or a description of it.
        problem: the exception from the system or the encoder; its `errno` selects the message.
    """
    number = getattr(problem, "errno", None)
    reason, hint = _REASONS.get(
        number if isinstance(number, int) else 0, (str(getattr(problem, "strerror", None) or problem), None)
    )
    return OutputError(f"the output cannot be written: {reason}", where=str(path), hint=hint)


@contextlib.contextmanager
def whole_file(path: Path) -> Iterator[Path]:
    """Yield a temporary file beside `path` that replaces it if the block succeeds and is removed otherwise.

    The temporary file is newly created (O_EXCL), hidden, and has the suffix of `path`.

    Raises:
        OutputError: the file cannot be created, written or renamed.
    """
    temporary = partial_path(path, path.suffix)
    try:
        os.close(os.open(temporary, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o666))
    except (OSError, ValueError) as problem:
        raise output_error(path, problem) from problem
    try:
        yield temporary
        temporary.replace(path)
    except OSError as problem:
        raise output_error(path, problem) from problem
    finally:
        temporary.unlink(missing_ok=True)


def check_not_input(output: Path, inputs: Iterable[Path | str | None]) -> None:
    """Check that writing a file does not replace an input.

    Args:
        output: the file to write.
        inputs: files that are read; None is skipped.

    Raises:
        UsageError: the output is one of the inputs, under this or another name.
    """
    for path in inputs:
        with contextlib.suppress(OSError):  # a missing file is reported where it is read
            if path is not None and output.samefile(path):
                raise UsageError(f"the output would replace {path}, which is an input", hint="another name")
