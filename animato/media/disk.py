"""Files that appear whole or not at all, and sentences for a disk that cannot be written to."""

from __future__ import annotations

import contextlib
import errno
import os
import secrets
from collections.abc import Iterator
from pathlib import Path

from animato.errors import OutputError

_REASONS: dict[int, tuple[str, str]] = {
    errno.ENOSPC: ("there is no room left on that disk", "free some space, or write to another disk"),
    getattr(errno, "EDQUOT", -1): ("your quota on that disk is used up", "free some space, or write to another disk"),
    errno.EFBIG: ("the file grew past the largest size allowed there", "a shorter clip, or write to another disk"),
    errno.EACCES: ("you may not write there", "a folder of your own, with -o"),
    errno.EPERM: ("you may not write there", "a folder of your own, with -o"),
    errno.EROFS: ("that disk is read-only", "a folder of your own, with -o"),
    errno.ENOENT: ("the folder does not exist", "make the folder first"),
    errno.ENOTDIR: ("a part of the path is a file, not a folder", "another path, with -o"),
    errno.EISDIR: ("that is a folder", "the path of a file, with -o"),
    errno.ENAMETOOLONG: ("the name is too long", "a shorter name, with -o"),
    errno.EIO: ("the disk reports an error", "write to another disk"),
}


def output_error(path: Path | str, problem: Exception) -> OutputError:
    """Return the error that says why `path` cannot be written.

    Args:
        path: the file or folder that was being written, or words for it.
        problem: what the system or the encoder reported; its `errno` chooses the sentence.
    """
    number = getattr(problem, "errno", None)
    reason, hint = _REASONS.get(
        number if isinstance(number, int) else 0, (str(getattr(problem, "strerror", None) or problem), None)
    )
    return OutputError(f"the output cannot be written: {reason}", where=str(path), hint=hint)


@contextlib.contextmanager
def whole_file(path: Path) -> Iterator[Path]:
    """Yield a new, empty file beside `path`; when the block ends well it becomes `path`, else it is removed.

    The temporary file keeps the suffix of `path`, is hidden, and is never one that existed before.

    Raises:
        OutputError: the file cannot be made, written or renamed.
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
