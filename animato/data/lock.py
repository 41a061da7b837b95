"""File locks that the operating system releases when the process ends, so that no lock becomes stale."""

from __future__ import annotations

import os
from pathlib import Path
from types import TracebackType

import filelock

from animato.errors import OutputError


class FileLock:
    """A lock between all processes that use the same file.

    Use it as a context manager to wait for the lock, or call `try_acquire` to acquire it without waiting.

    Args:
        path: the lock file; created when absent and never removed, which would let two processes hold the lock.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        # Not thread-local: the object holds the lock, whichever thread acquired it.
        # No soft lock: its file remains when the process is killed.
        self._lock = filelock.FileLock(path, thread_local=False, fallback_to_soft=False)

    def try_acquire(self) -> bool:
        """Acquire the lock without waiting; return whether it was acquired.

        Raises:
            OutputError: the lock file cannot be created, or the file system does not support locks.
        """
        return self._acquire(blocking=False)

    def release(self) -> None:
        """Release the lock, if it is held."""
        self._lock.release(force=True)

    def acquire_or_raise(self, doing: str) -> FileLock:
        """Acquire the lock without waiting, or raise.

        Args:
            doing: description of the work for the message, such as "trains in run".

        Raises:
            OutputError: another process holds it, or `try_acquire` raises.
        """
        if not self._lock.is_locked and not self.try_acquire():
            raise OutputError(
                f"another process {doing}",
                where=str(self._path),
                hint="wait until it finishes, or use another output folder",
            )
        return self

    def _acquire(self, *, blocking: bool) -> bool:
        try:
            # Separate from the lock, to distinguish an unwritable folder from a file system without locks.
            os.close(os.open(self._path, os.O_RDWR | os.O_CREAT, 0o644))
        except OSError as error:
            raise OutputError(f"{self._path} cannot be created", where=str(error)) from error
        try:
            self._lock.acquire(blocking=blocking)
        except filelock.Timeout:
            return False
        except (OSError, RuntimeError) as error:
            raise OutputError(
                f"the file system of {self._path.parent} does not support file locks",
                where=str(error),
                hint="use a local folder",
            ) from error
        return True

    def __enter__(self) -> FileLock:
        if not self._lock.is_locked:
            self._acquire(blocking=True)
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.release()
