"""List the media files of folders. Works on strings: a million `Path` objects take a gigabyte and half a minute."""

# ruff: noqa: PTH118, PTH122

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path

VIDEO_SUFFIXES = frozenset({".mp4", ".m4v", ".mov", ".avi", ".mkv", ".webm", ".mpg", ".mpeg", ".wmv", ".flv", ".gif"})
PICTURE_SUFFIXES = frozenset(
    {".jpg", ".jpeg", ".png", ".webp", ".bmp", ".tif", ".tiff", ".jfif", ".heic", ".heif", ".avif"}
)
"""Includes formats that cannot be read, so that they are reported instead of ignored."""

SUFFIXES = VIDEO_SUFFIXES | PICTURE_SUFFIXES


def resolved(path: Path | str) -> str:
    """Return the key of a file: its path without links, and in lower case where the system ignores case."""
    return os.path.normcase(os.path.realpath(path))


class Walk:
    """Lists media files. A file that is reached twice, through links or two sources, is listed once."""

    def __init__(self) -> None:
        self._folders: set[str] = set()
        self._files: set[str] = set()  # only those listed through a link or by name, which are few

    def files(self, source: Path) -> Iterator[tuple[str, str]]:
        """Yield (path relative to the source folder, with `/`; resolved path) of each file, in a fixed order.

        Args:
            source: a folder, searched with its subfolders except hidden ones, or a file.
        """
        if source.is_dir():
            yield from self._folder(str(source), resolved(source), "")
        elif self._is_new(resolved(source)):
            yield source.name, resolved(source)

    def _folder(self, path: str, real: str, relative: str) -> Iterator[tuple[str, str]]:
        if real in self._folders:
            return
        self._folders.add(real)
        entries: list[os.DirEntry[str]] = []
        with contextlib.suppress(OSError), os.scandir(path) as found:
            entries = sorted((entry for entry in found if not entry.name.startswith(".")), key=lambda item: item.name)
        for entry in entries:
            if not entry.is_dir() and suffix_of(entry.name) in SUFFIXES:
                key = resolved(entry.path) if entry.is_symlink() else os.path.join(real, os.path.normcase(entry.name))
                if self._is_new(key) if entry.is_symlink() else key not in self._files:
                    yield relative + entry.name, key
        for entry in entries:
            if entry.is_dir():
                inner = resolved(entry.path) if entry.is_symlink() else os.path.join(real, os.path.normcase(entry.name))
                yield from self._folder(entry.path, inner, f"{relative}{entry.name}/")

    def _is_new(self, key: str) -> bool:
        folder, name = os.path.split(key)
        listed_in_folder = folder in self._folders and suffix_of(name) in SUFFIXES and not name.startswith(".")
        if listed_in_folder or key in self._files:
            return False
        self._files.add(key)
        return True


def suffix_of(name: str) -> str:
    """Return the suffix of a file name in lower case, with its dot."""
    return os.path.splitext(name)[1].lower()
