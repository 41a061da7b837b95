"""Data folder of this installation: the signing key and the records of its outputs."""

from __future__ import annotations

import contextlib
import os
import secrets
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import filelock
import platformdirs

from animato.errors import OutputError

APPLICATION = "animato"

PROBE_BYTES = 1_000
"""Bytes of the write test: the size of a key, enough to detect a full disk."""

LOCK_FILE, LOCK_SECONDS = ".lock", 30.0

REMEDY = "set ANIMATO_HOME to a folder you can write to"


def data_home() -> Path:
    """Return the data folder of this installation, which need not exist.

    `ANIMATO_HOME` takes precedence, then an existing folder of earlier versions, then the platformdirs default.

    Raises:
        OutputError: this user has no home folder.
    """
    chosen = os.environ.get("ANIMATO_HOME")
    if chosen:
        return Path(chosen)
    earlier = _earlier_home()
    if earlier is not None and earlier.is_dir():
        return earlier
    home = platformdirs.user_data_path(APPLICATION, appauthor=False)
    if not home.is_absolute():  # a container user without a passwd entry
        raise OutputError("this user has no home folder to keep the signing key in", where=str(home), hint=REMEDY)
    return home


def _earlier_home() -> Path | None:
    """Return the folder used before platformdirs, on platforms where it can differ."""
    variable = {"win32": "LOCALAPPDATA", "darwin": "HOME"}.get(sys.platform, "XDG_DATA_HOME")
    base = os.environ.get(variable)
    if not base:
        return None
    return (Path(base) / "Library" / "Application Support" if sys.platform == "darwin" else Path(base)) / APPLICATION


def check_home() -> Path:
    """Return the data home after checking that keys and records can be written there; no folder is created.

    Raises:
        OutputError: the folder cannot be written.
    """
    home = data_home()
    for folder in (home / "keys", home / "marks"):
        place = next((path for path in (folder, *folder.absolute().parents) if path.exists()), folder)
        try:
            with tempfile.TemporaryFile(dir=place) as file:
                file.write(bytes(PROBE_BYTES))
                file.flush()
        except OSError as problem:
            raise OutputError(
                f"the folder {home}, where the signing key and notes on outputs are kept, cannot be written",
                where=f"{place}: {problem.strerror}",
                hint=REMEDY,
            ) from problem
    return home


def private_folder(name: str) -> Path:
    """Return a folder below the data home with mode 0700, creating or closing it if needed.

    Raises:
        OutputError: the folder cannot be created.
    """
    folder = data_home() / name
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        if os.name == "posix" and folder.stat().st_mode & 0o077:
            with contextlib.suppress(OSError):  # a file system without modes
                folder.chmod(0o700)
    except OSError as error:
        raise OutputError(
            f"cannot make the folder {folder}",
            where=error.strerror,
            hint=REMEDY,
        ) from error
    return folder


@contextlib.contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Hold the lock of a folder, which the system releases when the process ends.

    Raises:
        OutputError: another process holds it for longer than `LOCK_SECONDS`, or the file system has no locks.
    """
    # No soft lock: its file remains when the process is killed.
    lock = filelock.FileLock(folder / LOCK_FILE, timeout=LOCK_SECONDS, mode=0o600, fallback_to_soft=False)
    try:
        lock.acquire()
    except filelock.Timeout as problem:
        raise OutputError(f"another process keeps {folder} locked", hint="wait until it ends") from problem
    except (OSError, RuntimeError) as problem:
        reason = getattr(problem, "strerror", None) or str(problem)
        raise OutputError(f"cannot lock {folder}", where=reason, hint=REMEDY) from problem
    try:
        yield
    finally:
        lock.release()


def remove_partial_files(path: Path) -> None:
    """Remove what killed processes left of a file; only while its folder is `locked`."""
    for partial in path.parent.glob(f".*{path.name}.*"):
        partial.unlink(missing_ok=True)


def write_whole(path: Path, content: bytes) -> None:
    """Write a small file atomically with mode 0600.

    Raises:
        OutputError: no permission, or the disk is full.
    """
    partial = path.with_name(f".{path.name}.{secrets.token_hex(6)}")
    try:
        descriptor = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())  # otherwise a power failure can leave an empty file under the final name
        partial.replace(path)
    except OSError as error:
        raise OutputError(f"cannot write {path}", where=error.strerror, hint="check room and permissions") from error
    finally:
        partial.unlink(missing_ok=True)
