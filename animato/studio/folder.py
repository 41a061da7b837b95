"""Data folder of the studio: files under random ids, never under names that a client chose."""

from __future__ import annotations

import os
import re
import secrets
import shutil
from contextlib import suppress
from pathlib import Path

import filelock

from animato.errors import OutputError, UsageError
from animato.media.disk import output_error
from animato.trust.key_folder import data_home

ID = r"^[0-9a-f]{16}$"
"""Pattern of an id."""

PARTIAL = ".part"
"""Suffix of an upload that is not complete."""

RESULT_FILE = "result.json"
"""Fields of a result, beside its video. It is written last, so a folder that has it is complete."""

MAX_NAME = 200
"""Longest display name, characters."""

_SEPARATORS = re.compile(r"[/\\]")


class DataFolder:
    """The folders of one studio, created if needed; only one process may have them open.

    Args:
        root: data folder, or None for the one of this user.

    Attributes:
        files: uploads.
        heads: head files and thumbnails.
        drivers: film strips and motion files made here.
        results: one folder for each result.

    Raises:
        UsageError: another studio uses the folder.
        OutputError: it cannot be created or written.
    """

    def __init__(self, root: Path | None = None) -> None:
        self.root = root or data_home() / "studio"
        parts = ("files", "heads", "drivers", "results")
        self.files, self.heads, self.drivers, self.results = (self.root / name for name in parts)
        try:
            self.root.mkdir(parents=True, exist_ok=True, mode=0o700)
            for folder in (self.files, self.heads, self.drivers, self.results):
                folder.mkdir(exist_ok=True, mode=0o700)
            self._lock = filelock.FileLock(self.root / "lock", timeout=0, mode=0o600, fallback_to_soft=False)
            self._lock.acquire()
        except filelock.Timeout as problem:
            raise UsageError(
                "another studio uses this data folder",
                where=str(self.root),
                hint="close it, or another folder with `data`",
            ) from problem
        except OSError as problem:
            raise output_error(self.root, problem) from problem

    @property
    def database(self) -> Path:
        """Path of the database."""
        return self.root / "studio.sqlite3"

    def token(self) -> str:
        """Return the token of this folder. It is kept, so that an open page goes on after a restart of the studio.

        Raises:
            OutputError: it cannot be written.
        """
        path = self.root / "token"
        try:
            if path.is_file() and (kept := path.read_text(encoding="ascii", errors="replace").strip()):
                return kept
            token = secrets.token_urlsafe(24)
            with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
                file.write(token)
        except OSError as problem:
            raise output_error(path, problem) from problem
        return token

    def free_bytes(self) -> int:
        """Return the free space of the disk, bytes."""
        return shutil.disk_usage(self.root).free

    def sweep(self) -> None:
        """Remove what a killed server left: half uploads and half results."""
        for partial in self.files.glob(f"*{PARTIAL}"):
            partial.unlink(missing_ok=True)
        for result in self.results.iterdir():
            if not (result / RESULT_FILE).is_file():
                remove(result)

    def close(self) -> None:
        """Let another process use the folder."""
        self._lock.release()


def new_id() -> str:
    """Return a new random id, 16 hexadecimal digits."""
    return secrets.token_hex(8)


def display_name(text: str, default: str) -> str:
    """Return a name that a client gave as one printable line without folders; it is shown, and never used as a path.

    Args:
        text: any text.
        default: used where nothing is left of it.
    """
    last = _SEPARATORS.split(text)[-1]
    printable = "".join(letter if letter.isprintable() else " " for letter in last)
    return " ".join(printable.split())[:MAX_NAME] or default


def remove(path: Path) -> None:
    """Remove a file or folder; problems are ignored, as the row is gone."""
    with suppress(OSError):
        if path.is_dir():
            shutil.rmtree(path, ignore_errors=True)
        else:
            path.unlink(missing_ok=True)


def check_room(folder: DataFolder, needed: int) -> None:
    """Check that the disk has room for a file.

    Raises:
        OutputError: it has not.
    """
    if folder.free_bytes() < needed:
        raise OutputError(
            "no space is left on the disk",
            where=f"{needed / 1e6:.0f} MB needed, {folder.free_bytes() / 1e6:.0f} MB free",
            hint="delete results that you do not need, or another folder with `data`",
        )
