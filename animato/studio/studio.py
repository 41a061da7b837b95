"""Everything one studio consists of."""

from __future__ import annotations

import functools
import threading
from collections.abc import Mapping
from typing import Annotated, Any

from fastapi import Depends
from starlette.requests import HTTPConnection

from animato.errors import AnimatoError
from animato.runtime.engine import Engine
from animato.settings.media import PictureSettings, ReaderSettings
from animato.settings.studio import StudioSettings
from animato.studio.events import Events
from animato.studio.folder import DataFolder
from animato.studio.jobs import JobQueue
from animato.studio.problems import ApiError, api_error
from animato.studio.schemas import Limits
from animato.studio.sources import Sources
from animato.studio.store import Store
from animato.studio.worker_process import WorkerProcess

MAX_EDITORS = 4
"""Editors that may be open at once; each has a thread and the networks' memory."""


MAX_READERS = 8
"""Requests that may wait for the process that reads files: fewer than the server has threads, so that it stays
responsive."""

READ_SECONDS = 600.0
"""Longest that a request may wait for it; a crafted file could keep it busy for ever."""


class Studio:
    """State of a running studio; a context manager that opens the data folder and ends the processes.

    Args:
        settings: of the studio.

    Attributes:
        token: what callers must know.
        store: rows.
        folder: files.
        sources: paths by id.
        events: changes of jobs.
        jobs: the queue.
        reader: process that reads what clients send.
        editors: counts the open editors.

    Raises:
        UsageError: another studio uses the data folder.
        OutputError: it cannot be written.
    """

    def __init__(self, settings: StudioSettings) -> None:
        self.settings = settings
        self.folder = DataFolder(settings.data)
        self.token = self.folder.token()
        self.folder.sweep()
        self.store = Store(self.folder.database)
        self.sources = Sources(self.store, self.folder)
        self.events = Events()
        self.reader = WorkerProcess(settings.threads, settings)
        renderer = WorkerProcess(settings.threads, settings)
        self.jobs = JobQueue(self.store, self.folder, self.sources, self.events, settings.threads, renderer)
        self._readers = threading.BoundedSemaphore(MAX_READERS)
        self.editors = threading.BoundedSemaphore(MAX_EDITORS)
        self.stopping = threading.Event()

    @functools.cached_property
    def engine(self) -> Engine:
        """Runs the networks of the editors."""
        return Engine(self.settings.threads, self.settings.device, self.settings.backend)

    def __enter__(self) -> Studio:
        self.jobs.start()
        return self

    def __exit__(self, *_problem: object) -> None:
        self.close()

    @property
    def limits(self) -> Limits:
        """What is accepted."""
        pixels = int(PictureSettings().max_megapixels * 1e6)
        return Limits(bytes=self.settings.max_upload * 1_000_000, pixels=pixels, seconds=ReaderSettings().max_seconds)

    def read(self, task: str, arguments: Mapping[str, Any], field: str) -> Any:
        """Run a task of the process that reads what clients send, and return its value.

        Args:
            task: see `studio.tasks`.
            arguments: of the task.
            field: of the request, to which an error belongs.

        Raises:
            ApiError: the task failed, took too long, or too many wait already.
        """
        if not self._readers.acquire(blocking=False):
            raise ApiError(503, "busy", "too many files are being read", hint="try again in a moment", field=field)
        limit = threading.Timer(READ_SECONDS, self.reader.kill)
        limit.daemon = True
        try:
            limit.start()
            return self.reader.run(task, arguments)
        except AnimatoError as problem:
            raise api_error(problem, field) from problem
        finally:
            limit.cancel()
            self._readers.release()

    def end_streams(self) -> None:
        """End what would keep connections open: events and sockets."""
        self.stopping.set()
        self.events.close()

    def close(self) -> None:
        """End the processes and close the data folder."""
        self.end_streams()
        self.jobs.close()
        self.reader.kill()
        self.store.close()
        self.folder.close()


def current_studio(connection: HTTPConnection) -> Studio:
    """Return the studio of a request or socket."""
    studio: Studio = connection.app.state.studio
    return studio


StudioOf = Annotated[Studio, Depends(current_studio)]
"""Parameter of an endpoint."""
