"""Where this installation keeps its own files: the signing key and the notes on what it has marked."""

from __future__ import annotations

import contextlib
import os
import secrets
import sys
import tempfile
from pathlib import Path

from animato.errors import OutputError

APPLICATION = "animato"

NEEDED = 1_000
"""Bytes that are written to try it: as many as a key, and enough to find a disk full."""

REMEDY = "set ANIMATO_HOME to a folder you can write to"


def data_home() -> Path:
    """Return the folder of this installation's data; it may not exist yet.

    `ANIMATO_HOME` decides where it is set. Otherwise the platform's usual place: `XDG_DATA_HOME` or `~/.local/share` on
    Linux, `~/Library/Application Support` on macOS, `LOCALAPPDATA` on Windows.

    Raises:
        OutputError: this user has no home folder.
    """
    chosen = os.environ.get("ANIMATO_HOME")
    if chosen:
        return Path(chosen)
    if sys.platform == "win32":
        local = os.environ.get("LOCALAPPDATA")
        return (Path(local) if local else _user_home() / "AppData" / "Local") / APPLICATION
    if sys.platform == "darwin":
        return _user_home() / "Library" / "Application Support" / APPLICATION
    shared = os.environ.get("XDG_DATA_HOME")
    return (Path(shared) if shared else _user_home() / ".local" / "share") / APPLICATION


def _user_home() -> Path:
    try:
        return Path.home()
    except RuntimeError as problem:  # a container whose user is in no list of users
        raise OutputError(
            "this user has no home folder to keep the signing key in", where=str(problem), hint=REMEDY
        ) from problem


def check_home() -> Path:
    """Return the data home if keys and notes can be written there; nothing is made.

    Raises:
        OutputError: no permission, no room, or something else is in the way.
    """
    home = data_home()
    for folder in (home / "keys", home / "marks"):
        place = next((path for path in (folder, *folder.absolute().parents) if path.exists()), folder)
        try:
            with tempfile.TemporaryFile(dir=place) as file:
                file.write(bytes(NEEDED))
                file.flush()
        except OSError as problem:
            raise OutputError(
                f"the folder {home}, where the signing key and notes on outputs are kept, cannot be written",
                where=f"{place}: {problem.strerror}",
                hint=REMEDY,
            ) from problem
    return home


def private_folder(name: str) -> Path:
    """Return a folder below the data home that only its owner can enter, made when missing.

    Raises:
        OutputError: the folder cannot be made.
    """
    folder = data_home() / name
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    except OSError as error:
        raise OutputError(
            f"cannot make the folder {folder}",
            where=error.strerror,
            hint=REMEDY,
        ) from error
    return folder


def write_whole(path: Path, content: bytes, unless_there: bool = False) -> None:
    """Write a small private file: whole or not at all, readable by its owner only from the first byte on.

    Args:
        unless_there: keep a file that another process has put there meanwhile.

    Raises:
        OutputError: no permission or no room.
    """
    partial = path.with_name(f".{path.name}.{secrets.token_hex(6)}")
    try:
        descriptor = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
        if not unless_there:
            partial.replace(path)
            return
        with contextlib.suppress(FileExistsError):
            os.link(partial, path)
    except OSError as error:
        raise OutputError(f"cannot write {path}", where=error.strerror, hint="check room and permissions") from error
    finally:
        partial.unlink(missing_ok=True)
