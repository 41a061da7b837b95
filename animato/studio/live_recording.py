"""Recordings of the Live view: written beside other results, and listed among them once they are finished."""

from __future__ import annotations

import threading
from pathlib import Path

from animato.live.browser import BrowserSession
from animato.studio.folder import new_id, remove
from animato.studio.problems import ApiError
from animato.studio.result_fields import save_fields
from animato.studio.schemas import Result
from animato.studio.store import Row
from animato.studio.studio import Studio

FORMAT = "mp4"


class LiveRecorder:
    """Records one live session, any number of times one after another.

    Args:
        studio: gets the results.
        head: id of the head that is moved.
    """

    def __init__(self, studio: Studio, head: str) -> None:
        self._studio, self._head = studio, head
        self._lock = threading.Lock()
        self._number: str | None = None
        self._warnings: list[str] = []

    def begin(self, session: BrowserSession) -> None:
        """Record from the next frame on.

        Raises:
            ApiError: a recording runs already.
            OutputError: the disk cannot be written.
        """
        with self._lock:
            if self._number is not None:
                raise ApiError(409, "state", "a recording runs already", hint="end it first")
            number = new_id()
            path = self._path(number)
            path.parent.mkdir()
            try:
                session.record(path)
            except BaseException:
                remove(path.parent)
                raise
            self._number, self._warnings = number, session.opened["warnings"]

    def end(self, session: BrowserSession) -> Row:
        """Finish the recording, and return its result.

        Raises:
            ApiError: nothing is recorded, or no frame was.
            OutputError, RefusedError: the file cannot be written or signed.
        """
        with self._lock:
            if self._number is None:
                raise ApiError(409, "state", "nothing is being recorded")
            try:
                session.finish_recording()
            finally:
                kept = self._keep()
        if kept is None:
            raise ApiError(409, "state", "nothing was recorded", hint="wait until the head moves")
        return Result(**kept).model_dump()

    def keep(self) -> None:
        """Add the recording of a session that has ended, if there is one, to the results."""
        with self._lock:
            self._keep()

    def _keep(self) -> Row | None:
        number, self._number = self._number, None
        if number is None:
            return None
        path = self._path(number)
        if not path.is_file():
            remove(path.parent)
            return None
        fields = save_fields(path, warnings=self._warnings, report={})
        shared = {"kind": "live", "head": self._head, "driver": "camera", "format": FORMAT}
        name = f"{self._studio.sources.head_name(self._head)}, live"
        return self._studio.store.add("results", number, {"name": name, **shared, **fields})

    def _path(self, number: str) -> Path:
        return self._studio.folder.results / number / f"video.{FORMAT}"
