"""Cache of compiled networks on disk: compiling takes most of the time to the first frame.

An entry is OpenVINO's export of a compiled network, found by a hash of everything that it depends on. The folder must
belong to this user alone, because entries are executed; each begins with its checksum. Nothing of a person is cached:
only networks of the package, never adapted ones.
"""

from __future__ import annotations

import contextlib
import hashlib
import inspect
import os
import stat
import tempfile
from pathlib import Path
from types import ModuleType

import platformdirs

from animato.version import __version__

VARIABLE = "ANIMATO_CACHE"
"""Environment variable with another folder for the cache; empty: no cache."""

MAX_ENTRIES = 40
"""Entries kept, the most recently used: two versions of the package with all their networks."""

_SUFFIX = ".network"
_CHECKSUM_BYTES = hashlib.sha256().digest_size


def cache_folder() -> Path | None:
    """Return the folder of the cache, which need not exist; None for no cache."""
    chosen = os.environ.get(VARIABLE)
    if chosen is not None:
        return Path(chosen) if chosen else None
    folder = platformdirs.user_cache_path("animato", appauthor=False) / "networks"
    return folder if folder.is_absolute() else None


def code_key(module: ModuleType) -> str:
    """Return a hash of a module's text, and of the version of the package."""
    text = __version__
    with contextlib.suppress(OSError, TypeError):  # a package without its source: its version has to do
        text += inspect.getsource(module)
    return hashlib.sha256(text.encode()).hexdigest()


def load(key: str) -> bytes | None:
    """Return an entry of the cache; None if there is none, it is damaged, or the folder is not this user's alone."""
    folder = cache_folder()
    if folder is None or not _is_private(folder):
        return None
    path = folder / (key + _SUFFIX)
    try:
        content = path.read_bytes()
    except OSError:
        return None
    checksum, entry = content[:_CHECKSUM_BYTES], content[_CHECKSUM_BYTES:]
    if hashlib.sha256(entry).digest() != checksum:
        return None
    with contextlib.suppress(OSError):
        os.utime(path)
    return entry


def store(key: str, entry: bytes) -> None:
    """Write an entry whole or not at all, and remove the least recently used; problems are ignored."""
    folder = cache_folder()
    if folder is None:
        return
    with contextlib.suppress(OSError):
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        if not _is_private(folder):
            return
        handle, name = tempfile.mkstemp(dir=folder)
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(hashlib.sha256(entry).digest() + entry)
            Path(name).replace(folder / (key + _SUFFIX))
        except BaseException:
            Path(name).unlink(missing_ok=True)
            raise
        _remove_oldest(folder)


def _remove_oldest(folder: Path) -> None:
    """Remove entries beyond `MAX_ENTRIES`, and temporary files of killed runs, which count as entries."""
    entries = sorted(folder.iterdir(), key=lambda path: path.stat().st_mtime, reverse=True)
    for path in entries[MAX_ENTRIES:]:
        path.unlink(missing_ok=True)


def _is_private(folder: Path) -> bool:
    """Return whether only this user can write to a folder; elsewhere than on POSIX this is not checked."""
    if os.name != "posix":
        return True
    try:
        status = folder.lstat()
    except OSError:
        return False
    writable_by_others = status.st_mode & (stat.S_IWGRP | stat.S_IWOTH)
    return stat.S_ISDIR(status.st_mode) and status.st_uid == os.getuid() and not writable_by_others
