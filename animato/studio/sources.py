"""Paths of heads, drivers and uploaded files by their ids."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

from animato.motion.bundled import bundled
from animato.studio.folder import DataFolder
from animato.studio.job_settings import animate_settings
from animato.studio.problems import ApiError, not_found
from animato.studio.store import Row, Store
from animato.studio.uploads import file_path


class Source(NamedTuple):
    """A file, and the display names that stand for its path in sentences."""

    path: Path
    names: dict[str, str]


class Sources:
    """Looks up what ids stand for.

    Args:
        store: keeps the rows.
        folder: keeps the files.
    """

    def __init__(self, store: Store, folder: DataFolder) -> None:
        self._store, self._folder = store, folder
        self._lock = threading.Lock()
        self._bundled: list[Row] | None = None

    def row(self, table: Any, number: str, what: str) -> Row:
        """Return a row.

        Args:
            table: of the store.
            number: its id.
            what: for the message, such as "head".

        Raises:
            ApiError: there is none.
        """
        row = self._store.get(table, number)
        if row is None:
            raise not_found(what, number)
        return row

    def file(self, number: str, field: str | None = None) -> Source:
        """Return an uploaded file; `field` of the request names it.

        Raises:
            ApiError: there is none.
        """
        row = self._store.get("files", number)
        if row is None:
            problem = not_found("file", number)
            problem.field = field
            raise problem
        path = file_path(self._folder, row)
        return Source(path, {str(path): row["name"]})

    def head(self, number: str, field: str | None = "head") -> Source:
        """Return a head file.

        Raises:
            ApiError: there is none.
        """
        row = self._store.get("heads", number)
        if row is None:
            problem = not_found("head", number)
            problem.field = field
            raise problem
        path = self._folder.heads / f"{number}.animato"
        return Source(path, {str(path): row["name"]})

    def driver(self, number: str, field: str | None = "driver") -> Source:
        """Return the file of a driver, which may be a bundled motion.

        Raises:
            ApiError: there is none.
        """
        if number in bundled():
            return Source(bundled()[number], {})
        row = self._store.get("drivers", number)
        if row is None:
            problem = not_found("driver", number)
            problem.field = field
            raise problem
        path = self.driver_path(row)
        return Source(path, {str(path): row["name"]})

    def driver_path(self, row: Row) -> Path:
        """Return the path of a driver that is not bundled: an upload, or a motion that was made here."""
        if row["file"] is None or row["kind"] == "picture":
            return self._folder.drivers / f"{row['id']}.motion"
        file = self._store.get("files", row["file"])
        if file is None:
            raise ApiError(404, "not-found", "the file of this driver was deleted", where=row["name"], field="driver")
        return file_path(self._folder, file)

    def head_name(self, number: str) -> str:
        """Return the name of a head, or "head" if it was deleted."""
        row = self._store.get("heads", number)
        return "head" if row is None else str(row["name"])

    def driver_name(self, number: str) -> str:
        """Return the name of a driver, or "driver" if it was deleted."""
        row = self._store.get("drivers", number)
        return number if number in bundled() else "driver" if row is None else str(row["name"])

    def bundled_drivers(self) -> list[Row]:
        """Return the bundled motions as drivers."""
        with self._lock:
            if self._bundled is None:
                self._bundled = [_bundled_row(name, path) for name, path in bundled().items()]
            return self._bundled

    def settings_of(self, job: Mapping[str, Any], threads: int) -> tuple[dict[str, Any], dict[str, str]]:
        """Return the settings of a job as plain JSON types with paths for ids, and the names of these paths.

        Raises:
            ApiError: a file is missing, or settings exclude each other.
        """
        values = job["settings"]
        named: dict[str, Source] = {}
        for field in ("audio", "background"):
            number = values.get(field)
            if number is not None and number not in ("keep", "blur"):
                named[number] = self.file(number, f"settings.{field}")
        settings = animate_settings(job, {key: item.path for key, item in named.items()}, threads)
        plain = {name: str(value) if isinstance(value, Path) else value for name, value in vars(settings).items()}
        return plain, {path: name for item in named.values() for path, name in item.names.items()}


def _bundled_row(name: str, path: Path) -> Row:
    """Return a bundled motion as a driver."""
    from animato.appearance.channels import CHANNELS
    from animato.motion.motion_file import load_motion

    clip = load_motion(path, CHANNELS)
    times = {"duration": clip.duration, "fps": float(clip.fps)}
    return {"id": name, "name": clip.name or name, "kind": "bundled", **times, "frames": 0, "warnings": []}
