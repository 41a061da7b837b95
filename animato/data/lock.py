"""Locks that the operating system lets go of when their process ends, however it ends: no lock is ever stale."""

from __future__ import annotations

import os
from pathlib import Path
from types import TracebackType

import filelock

from animato.errors import OutputError


class FileLock:
    """A lock shared by all processes that name the same file.

    Use as a context manager to wait for it; call `try_take` to learn at once whether it is free.

    Args:
        path: the lock file; made when absent, and left in place (removing it would let two processes hold it).
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        # Held by the object, whichever thread took it.
        # No fallback: the soft lock of filelock is a file that a killed process leaves behind.
        self._lock = filelock.FileLock(path, thread_local=False, fallback_to_soft=False)

    def try_take(self) -> bool:
        """Take the lock if it is free.

        Raises:
            OutputError: the lock file cannot be made, or the file system knows no locks.
        """
        return self._take(blocking=False)

    def release(self) -> None:
        """Let go of the lock; does nothing when it is not held."""
        self._lock.release(force=True)

    def alone(self, doing: str) -> FileLock:
        """Take the lock, or refuse at once: for work that two processes would spoil for each other.

        Args:
            doing: what the other process does, for the message, such as "trains in run".

        Raises:
            OutputError: another process holds it, or `try_take` raises.
        """
        if not self._lock.is_locked and not self.try_take():
            raise OutputError(
                f"another process {doing}", where=str(self._path), hint="wait for it, or choose another output folder"
            )
        return self

    def _take(self, *, blocking: bool) -> bool:
        try:
            # Apart from the lock, so that a folder that cannot be written is told from one without locks.
            os.close(os.open(self._path, os.O_RDWR | os.O_CREAT, 0o644))
        except OSError as error:
            raise OutputError(f"{self._path} cannot be made", where=str(error)) from error
        try:
            self._lock.acquire(blocking=blocking)
        except filelock.Timeout:
            return False
        except (OSError, RuntimeError) as error:
            raise OutputError(
                f"the file system of {self._path.parent} knows no locks", where=str(error), hint="use a local folder"
            ) from error
        return True

    def __enter__(self) -> FileLock:
        if not self._lock.is_locked:
            self._take(blocking=True)
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.release()
