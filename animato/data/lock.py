"""Locks that the operating system lets go of when their process ends, however it ends: no lock is ever stale."""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path
from types import TracebackType

from animato.errors import OutputError

if sys.platform == "win32":
    import msvcrt
else:
    import fcntl


class FileLock:
    """A lock shared by all processes that name the same file.

    Use as a context manager to wait for it; call `try_take` to learn at once whether it is free.

    Args:
        path: the lock file; made when absent, and left in place (removing it would let two processes hold it).
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._handle: int | None = None

    def try_take(self) -> bool:
        """Take the lock if it is free.

        Raises:
            OutputError: the lock file cannot be made, or the file system knows no locks.
        """
        try:
            handle = os.open(self._path, os.O_RDWR | os.O_CREAT, 0o644)
        except OSError as error:
            raise OutputError(f"{self._path} cannot be made", where=str(error)) from error
        try:
            _lock(handle)
        except (BlockingIOError, PermissionError):
            os.close(handle)
            return False
        except OSError as error:
            os.close(handle)
            raise OutputError(
                f"the file system of {self._path.parent} knows no locks", where=str(error), hint="use a local folder"
            ) from error
        self._handle = handle
        return True

    def release(self) -> None:
        """Let go of the lock; does nothing when it is not held."""
        if self._handle is not None:
            os.close(self._handle)
            self._handle = None

    def alone(self, doing: str) -> FileLock:
        """Take the lock, or refuse at once: for work that two processes would spoil for each other.

        Args:
            doing: what the other process does, for the message, such as "trains in run".

        Raises:
            OutputError: another process holds it, or `try_take` raises.
        """
        if self._handle is None and not self.try_take():
            raise OutputError(
                f"another process {doing}", where=str(self._path), hint="wait for it, or choose another output folder"
            )
        return self

    def __enter__(self) -> FileLock:
        if self._handle is not None:
            return self
        while not self.try_take():
            time.sleep(0.05)
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.release()


if sys.platform == "win32":

    def _lock(handle: int) -> None:
        msvcrt.locking(handle, msvcrt.LK_NBLCK, 1)

else:

    def _lock(handle: int) -> None:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
