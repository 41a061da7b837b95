"""Atomic file writes, and error messages for failed writes."""

from __future__ import annotations

import contextlib
import errno
import os
import secrets
from collections.abc import Iterator
from pathlib import Path

from animato.errors import OutputError

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
    temporary = path.parent / f".{path.stem[:80]}-{secrets.token_hex(6)}{path.suffix}"
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
