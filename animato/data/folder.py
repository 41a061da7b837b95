"""Layout of a prepared folder, and atomic file writes.

manifest.json            clips, shards and dropped files; written last
shards/000000.tar        the frames of a batch of clips
shards/000000.json       offsets of the members and records of the clips; marks a complete shard
work/settings.json       settings shared by all runs into this folder
work/plan-0001.json      assignment of clips to shards; a later run with new files adds another plan
work/parts/000000/       finished clips of an unfinished shard; protected by its lock
work/locks/              one lock for each shard in progress
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO

from animato.data.lock import FileLock
from animato.errors import FileFormatError
from animato.media.disk import output_error, whole_file
from animato.media.probe import read_head
from animato.media.untrusted import parsing

SCHEMA = 1
"""Version of the manifest and of the shard index."""


class Folder:
    """Paths inside one prepared folder.

    Args:
        path: the folder.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.manifest = path / "manifest.json"
        self.shards = path / "shards"
        self.work = path / "work"
        self.settings = self.work / "settings.json"
        self.parts = self.work / "parts"
        self.locks = self.work / "locks"

    def make(self) -> None:
        """Create the folders.

        Raises:
            OutputError: they cannot be created.
        """
        try:
            for folder in (self.shards, self.parts, self.locks):
                folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise output_error(self.path, error) from error

    def shard(self, name: str) -> Path:
        """Return the tar of a shard."""
        return self.shards / f"{name}.tar"

    def part(self, name: str) -> Path:
        """Return the folder of the finished clips of an unfinished shard."""
        return self.parts / name

    def lock(self, name: str) -> FileLock:
        """Return the lock of a shard, of the plan ("plan") or of the manifest ("manifest")."""
        return FileLock(self.locks / f"{name}.lock")

    def index(self, name: str) -> Path:
        """Return the index of a shard."""
        return self.shards / f"{name}.json"


@contextmanager
def whole_binary(path: Path) -> Iterator[BinaryIO]:
    """Open a file for atomic writing: it is synced and renamed to `path` at the end of the block.

    Args:
        path: the final path; its folder must exist.

    Raises:
        OutputError: it cannot be written.
    """
    with whole_file(path) as temporary, temporary.open("w+b") as file:
        yield file
        file.flush()
        os.fsync(file.fileno())


def write_json(path: Path, value: Any, indent: int | None = None) -> None:
    """Write JSON atomically.

    Raises:
        OutputError: it cannot be written.
    """
    with whole_binary(path) as file:
        file.write(json.dumps(value, indent=indent, ensure_ascii=False).encode())


def read_json(path: Path) -> dict[str, Any]:
    """Read a JSON object.

    Raises:
        FileFormatError: the file is missing or not a JSON object.
    """
    read_head(path, FileFormatError)
    with parsing(path, "is not a file of a prepared folder, or it is damaged", hint="prepare the folder again"):
        value = json.loads(path.read_text(encoding="utf-8"))
    if not isinstance(value, dict):
        raise FileFormatError(f"{path} does not contain a JSON object", hint="prepare the folder again")
    return value
