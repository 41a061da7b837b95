"""Where this installation keeps its own files: the signing key and the notes on what it has marked."""

from __future__ import annotations

import contextlib
import os
import secrets
import sys
import tempfile
from pathlib import Path

import platformdirs

from animato.errors import OutputError

APPLICATION = "animato"

NEEDED = 1_000
"""Bytes that are written to try it: as many as a key, and enough to find a disk full."""

REMEDY = "set ANIMATO_HOME to a folder you can write to"


def data_home() -> Path:
    """Return the folder of this installation's data; it may not exist yet.

    `ANIMATO_HOME` decides where it is set. Otherwise the platform's usual place, as platformdirs has it; a folder where
    versions before platformdirs kept keys goes on being used.

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
    if not home.is_absolute():  # a container whose user is in no list of users
        raise OutputError("this user has no home folder to keep the signing key in", where=str(home), hint=REMEDY)
    return home


def _earlier_home() -> Path | None:
    """Return the folder that versions before platformdirs used, where it can be another one."""
    variable = {"win32": "LOCALAPPDATA", "darwin": "HOME"}.get(sys.platform, "XDG_DATA_HOME")
    base = os.environ.get(variable)
    if not base:
        return None
    return (Path(base) / "Library" / "Application Support" if sys.platform == "darwin" else Path(base)) / APPLICATION


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
