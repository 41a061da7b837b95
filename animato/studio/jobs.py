"""The queue of jobs: one render at a time in a worker process, with progress, cancel and retry.

States: queued -> running -> done, failed or cancelled; interrupted if the server or the worker was killed. Queued jobs
go on after a restart; interrupted ones wait for a retry. A render whose files are complete counts as done, even if the
server was killed before it took note.
"""

from __future__ import annotations

import json
import logging
import threading
import time
from pathlib import Path
from typing import Any

from animato.errors import AnimatoError
from animato.studio.events import Events
from animato.studio.folder import RESULT_FILE, DataFolder, new_id, remove
from animato.studio.problems import ApiError, api_error, error_json, not_found
from animato.studio.schemas import Job
from animato.studio.sources import Sources
from animato.studio.store import Row, Store
from animato.studio.worker_process import WorkerEndedError, WorkerProcess

ENDED = ("done", "failed", "cancelled", "interrupted")
RETRIED = ("failed", "cancelled", "interrupted")

RETRY_SECONDS = 5.0
"""Wait of a retry for the end of the attempt before."""

MAX_JOBS = 10_000
"""Jobs that are kept at most; more are refused."""

_LOG = logging.getLogger(__name__)


class JobQueue:
    """Runs the jobs of a store, oldest first, in a thread that waits for a worker process.

    Args:
        store: keeps the jobs.
        folder: gets the results.
        sources: paths of heads, drivers and files.
        events: told about every change.
        threads: CPU threads of a render.
        worker: renders; closed with the queue.
    """

    def __init__(
        self,
        store: Store,
        folder: DataFolder,
        sources: Sources,
        events: Events,
        threads: int,
        worker: WorkerProcess | None = None,
    ) -> None:
        self._store, self._folder, self._sources, self._events = store, folder, sources, events
        self._threads = threads
        self.worker = worker or WorkerProcess(threads)
        # The lock of the store: with one of its own, one thread could hold each of them and wait for the other.
        self._changed = threading.Condition(store.lock)
        self._running: str | None = None
        self._cancelled = self._closed = False
        self._thread = threading.Thread(target=self._work, name="jobs", daemon=True)

    def start(self) -> None:
        """Take up what an earlier server left, and start working."""
        for job in self._store.jobs_in("running"):
            self._recover(job)
        self._thread.start()

    def close(self) -> None:
        """Kill the worker; a running job becomes interrupted."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()
        self.worker.kill()
        if self._thread.ident is not None:
            self._thread.join(timeout=5)

    def add(self, fields: Row) -> Row:
        """Add a job and return it.

        Args:
            fields: kind, head, driver, settings, offset and format.

        Raises:
            ApiError: too many jobs are kept.
        """
        if self._store.count("jobs") >= MAX_JOBS:
            raise ApiError(429, "busy", f"{MAX_JOBS:,} jobs are kept", hint="delete some")
        fresh = {"state": "queued", "progress": 0.0, "frames": 0, "seconds_left": None}
        fresh |= {"started": None, "ended": None, "error": None, "result": None}
        job = self._store.add("jobs", new_id(), {**fields, **fresh})
        self._tell(job)
        return job

    def cancel(self, number: str) -> Row:
        """Cancel a job; a running one ends at once, as its process is killed.

        Raises:
            ApiError: no such job, or it has ended.
        """
        with self._store.transaction():
            job = self._job(number)
            if job["state"] in ENDED:
                raise ApiError(409, "state", f"the job is {job['state']} already", where=number)
            if job["state"] == "running" and self._running == number:
                self._cancelled = True
                self.worker.kill()
            return self._set(number, state="cancelled", seconds_left=None, ended=time.time())

    def retry(self, number: str) -> Row:
        """Queue a job again that failed, was cancelled or interrupted.

        Raises:
            ApiError: no such job, or it is in another state.
        """
        with self._changed:
            if self._job(number)["state"] in RETRIED:  # its worker was killed, and its thread notes that in a moment
                self._changed.wait_for(lambda: self._running != number, RETRY_SECONDS)
            job = self._job(number)
            if job["state"] not in RETRIED or self._running == number:
                raise ApiError(409, "state", f"a job that is {job['state']} cannot be tried again", where=number)
            again: dict[str, Any] = {"state": "queued", "progress": 0.0, "frames": 0, "error": None, "ended": None}
            return self._set(number, **again)

    def delete(self, number: str) -> None:
        """Delete a job that has ended; its result stays.

        Raises:
            ApiError: no such job, or it is waiting or running.
        """
        with self._store.transaction():
            if self._job(number)["state"] not in ENDED:
                raise ApiError(409, "state", "the job has not ended", where=number, hint="cancel it first")
            self._store.remove("jobs", number)
        self._events.send("job-deleted", {"id": number})

    def _job(self, number: str) -> Row:
        job = self._store.get("jobs", number)
        if job is None:
            raise not_found("job", number)
        return job

    def _set(self, number: str, **fields: Any) -> Row:
        job = self._store.change("jobs", number, **fields)
        assert job is not None
        self._tell(job)
        return job

    def _tell(self, job: Row) -> None:
        self._events.send("job", Job(**job).model_dump())
        with self._changed:
            self._changed.notify_all()

    def _work(self) -> None:
        while (job := self._next()) is not None:
            try:
                self._run(job)
            except Exception:  # a bug, or the disk is full: the other jobs go on
                _LOG.exception("job %s", job["id"])
                self._end(job["id"], "failed", ApiError(500, "internal", "the job could not be run"))
            with self._changed:
                self._running = None
                self._changed.notify_all()

    def _next(self) -> Row | None:
        """Wait for the oldest queued job and make it the running one; None once the queue is closed."""
        with self._changed:
            while not self._closed:
                waiting = self._store.jobs_in("queued")
                if waiting:
                    self._running, self._cancelled = waiting[0]["id"], False
                    return self._set(waiting[0]["id"], state="running", started=time.time(), result_id=new_id())
                self._changed.wait()
        return None

    def _run(self, job: Row) -> None:
        number, result = job["id"], job["result_id"]
        folder = self._folder.results / result
        try:
            arguments = self._arguments(job, folder / f"video.{job['format']}")
            fields = self.worker.run("animate", arguments, lambda done, of: self._progress(number, done, of))
        except WorkerEndedError as problem:
            remove(folder)
            if not self._cancelled:
                self._end(number, "interrupted", problem)
        except AnimatoError as problem:
            remove(folder)
            if not self._cancelled:
                self._end(number, "failed", problem)
        else:
            with self._changed:
                if not self._cancelled:
                    self._finish(job, fields)
                    return
            remove(folder)

    def _arguments(self, job: Row, target: Path) -> dict[str, Any]:
        settings, names = self._sources.settings_of(job, self._threads)
        head, driver = self._sources.head(job["head"]), self._sources.driver(job["driver"])
        names |= head.names | driver.names
        paths = {"head": str(head.path), "driver": str(driver.path), "target": str(target)}
        return {**paths, "settings": settings, "names": names}

    def _progress(self, number: str, done: int, expected: int | None) -> None:
        with self._store.transaction():
            job = self._store.get("jobs", number)
            if job is None or job["state"] != "running":
                self.worker.kill()  # cancelled before the worker had started
                return
            spent = time.time() - job["started"]
            # The last percent is left for signing.
            progress = 0.0 if not expected else min(0.99, done / expected)
            left = None if not expected or not done else spent / done * max(0, expected - done)
            self._set(number, progress=progress, frames=done, seconds_left=left)

    def _finish(self, job: Row, fields: Row) -> None:
        """Record a finished render."""
        names = {"head": self._sources.head_name(job["head"]), "driver": self._sources.driver_name(job["driver"])}
        shared = {name: job[name] for name in ("kind", "head", "driver", "format")}
        with self._store.transaction():
            title = f"{names['head']}, {names['driver']}"
            self._store.add("results", job["result_id"], {"name": title, **shared, **fields})
            ended: dict[str, Any] = {"state": "done", "progress": 1.0, "seconds_left": 0.0, "ended": time.time()}
            self._set(job["id"], **ended, frames=fields["frames"], result=job["result_id"])

    def _end(self, number: str, state: str, problem: AnimatoError) -> None:
        error = error_json(api_error(problem))["error"]
        with self._store.transaction():
            if self._store.get("jobs", number) is not None:
                self._set(number, state=state, error=error, seconds_left=None, ended=time.time())

    def _recover(self, job: Row) -> None:
        """Take note of a job that was running when the server was killed."""
        folder = self._folder.results / job["result_id"]
        try:
            fields = json.loads((folder / RESULT_FILE).read_text(encoding="utf-8"))
        except (OSError, ValueError):
            remove(folder)
            what = "the studio was closed while this job was running"
            self._end(job["id"], "interrupted", ApiError(503, "interrupted", what, hint="try it again"))
        else:
            self._finish(job, fields)
