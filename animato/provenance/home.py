"""Where this installation keeps its own files: the signing key and the notes on what it has marked."""

from __future__ import annotations

import contextlib
import os
import secrets
import sys
from pathlib import Path

from animato.errors import OutputError

APPLICATION = "animato"


def data_home() -> Path:
    """Return the folder of this installation's data; it may not exist yet.

    `ANIMATO_HOME` decides where it is set. Otherwise the platform's usual place: `XDG_DATA_HOME` or `~/.local/share` on
    Linux, `~/Library/Application Support` on macOS, `LOCALAPPDATA` on Windows.
    """
    chosen = os.environ.get("ANIMATO_HOME")
    if chosen:
        return Path(chosen)
    if sys.platform == "win32":
        local = os.environ.get("LOCALAPPDATA")
        return (Path(local) if local else Path.home() / "AppData" / "Local") / APPLICATION
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Application Support" / APPLICATION
    shared = os.environ.get("XDG_DATA_HOME")
    return (Path(shared) if shared else Path.home() / ".local" / "share") / APPLICATION


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
            hint="set ANIMATO_HOME to a folder you can write to",
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
