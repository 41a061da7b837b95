"""The queue of jobs with a worker that the test controls: cancel, retry, restarts, and what is kept."""

from __future__ import annotations

import json
import queue
import threading
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from animato.errors import FaceError
from animato.settings.studio import StudioSettings
from animato.studio.events import Events
from animato.studio.folder import RESULT_FILE, DataFolder
from animato.studio.jobs import JobQueue
from animato.studio.problems import ApiError
from animato.studio.sources import Sources
from animato.studio.store import Row, Store
from animato.studio.studio import Studio
from animato.studio.worker_process import Progress, WorkerEndedError

FIELDS: Row = {"media_type": "video/mp4", "bytes": 1, "width": 2, "height": 2, "fps": 25.0, "frames": 4}


class FakeWorker:
    """A worker whose tasks end when the test says so; killing it ends the running one."""

    def __init__(self) -> None:
        self.started: queue.Queue[Mapping[str, Any]] = queue.Queue()
        self.answers: queue.Queue[Any] = queue.Queue()

    def run(self, task: str, arguments: Mapping[str, Any], progress: Progress) -> Any:
        self.started.put(arguments)
        while True:
            answer = self.answers.get()
            if isinstance(answer, Exception):
                raise answer
            if isinstance(answer, tuple):
                progress(*answer)
                continue
            return answer

    def kill(self) -> None:
        self.answers.put(WorkerEndedError("the process ended"))


class Rig:
    """A queue with a fake worker, and the states that its jobs go through."""

    def __init__(self, folder: Path) -> None:
        self.folder = DataFolder(folder)
        self.store = Store(self.folder.database)
        self.states: queue.Queue[tuple[str, str]] = queue.Queue()
        rig = self

        class Recorder(Events):
            def send(self, kind: str, value: Any) -> None:
                if kind == "job":
                    rig.states.put((value["id"], value["state"]))

        sources = Sources(self.store, self.folder)
        self.jobs = JobQueue(self.store, self.folder, sources, Recorder(), threads=1)
        self.worker = FakeWorker()
        self.jobs.worker = self.worker  # type: ignore[assignment]
        if self.store.get("heads", "head") is None:
            self.store.add("heads", "head", {"name": "Demo"})

    def add(self, **settings: Any) -> str:
        shared = {"kind": "animate", "head": "head", "driver": "nod", "offset": None, "format": "mp4"}
        return str(self.jobs.add({**shared, "settings": settings})["id"])

    def reach(self, number: str, state: str) -> Row:
        while (event := self.states.get(timeout=10)) != (number, state):
            assert event[0]
        row = self.store.get("jobs", number)
        assert row is not None
        return row

    def close(self) -> None:
        self.jobs.close()
        self.store.close()
        self.folder.close()


@pytest.fixture
def rig(tmp_path: Path) -> Iterator[Rig]:
    made = Rig(tmp_path)
    made.jobs.start()
    yield made
    made.close()


def test_jobs_run_one_after_another_oldest_first_and_leave_results(rig: Rig) -> None:
    first, second = rig.add(), rig.add(mouth=0.5)
    arguments = rig.worker.started.get(timeout=10)
    assert rig.store.get("jobs", second)["state"] == "queued"  # type: ignore[index]
    assert Path(arguments["target"]).parent.parent == rig.folder.results and arguments["settings"]["mouth"] == 1.0
    rig.worker.answers.put((2, 4))
    rig.worker.answers.put(FIELDS)
    job = rig.reach(first, "done")
    assert job["progress"] == 1.0 and job["error"] is None
    result = rig.store.get("results", job["result"])
    assert result is not None and result["name"] == "Demo, nod" and result["frames"] == 4
    assert rig.worker.started.get(timeout=10)["settings"]["mouth"] == 0.5
    rig.worker.answers.put(FIELDS)
    rig.reach(second, "done")


def test_progress_is_a_share_with_the_seconds_that_are_left(rig: Rig) -> None:
    number = rig.add()
    rig.worker.started.get(timeout=10)
    rig.reach(number, "running")
    rig.worker.answers.put((3, 4))
    job = rig.reach(number, "running")
    assert job["progress"] == 0.75 and job["frames"] == 3 and job["seconds_left"] >= 0
    rig.worker.answers.put((3, None))  # a driver of unknown length
    job = rig.reach(number, "running")
    assert job["progress"] == 0.0 and job["seconds_left"] is None


def test_a_failure_is_the_library_s_sentence_and_can_be_tried_again(rig: Rig) -> None:
    number = rig.add()
    rig.worker.started.get(timeout=10)
    rig.worker.answers.put(FaceError("no face in me.png", hint="a larger face"))
    job = rig.reach(number, "failed")
    assert job["error"]["what"] == "no face in me.png" and job["error"]["code"] == "face"
    assert not list(rig.folder.results.iterdir())
    rig.jobs.retry(number)
    rig.worker.started.get(timeout=10)
    rig.worker.answers.put(FIELDS)
    assert rig.reach(number, "done")["error"] is None


def test_a_retry_that_comes_while_the_end_is_being_told_neither_blocks_nor_is_refused(rig: Rig) -> None:
    answers: queue.Queue[Any] = queue.Queue()

    def retry(number: str) -> None:
        try:
            answers.put(rig.jobs.retry(number))
        except ApiError as problem:
            answers.put(problem)

    def told(event: tuple[str, str], put: Any = rig.states.put) -> None:
        put(event)
        if event[1] == "interrupted":  # in the thread of the jobs, before it has noted that the job has ended
            threading.Thread(target=retry, args=(event[0],), daemon=True).start()
            time.sleep(0.2)

    number = rig.add()
    rig.worker.started.get(timeout=10)
    rig.states.put = told  # type: ignore[method-assign]
    rig.worker.kill()
    assert answers.get(timeout=10)["state"] == "queued"
    rig.worker.started.get(timeout=10)
    rig.worker.answers.put(FIELDS)
    assert rig.reach(number, "done")["error"] is None


def test_a_cancelled_job_ends_at_once_and_the_next_one_runs(rig: Rig) -> None:
    first, second = rig.add(), rig.add()
    rig.worker.started.get(timeout=10)
    assert rig.jobs.cancel(first)["state"] == "cancelled"
    rig.worker.started.get(timeout=10)
    rig.worker.answers.put(FIELDS)
    rig.reach(second, "done")
    assert rig.store.get("jobs", first)["state"] == "cancelled"  # type: ignore[index]


def test_a_waiting_job_is_cancelled_without_ever_running(rig: Rig) -> None:
    first, second = rig.add(), rig.add()
    rig.worker.started.get(timeout=10)
    rig.jobs.cancel(second)
    rig.worker.answers.put(FIELDS)
    rig.reach(first, "done")
    assert rig.worker.started.empty()


def test_a_job_whose_worker_was_killed_is_interrupted_and_can_be_tried_again(rig: Rig) -> None:
    number = rig.add()
    rig.worker.started.get(timeout=10)
    rig.worker.kill()
    assert rig.reach(number, "interrupted")["error"]["what"]
    rig.jobs.retry(number)
    rig.worker.started.get(timeout=10)
    rig.worker.answers.put(FIELDS)
    rig.reach(number, "done")


def test_only_what_makes_sense_can_be_done_with_a_job(rig: Rig) -> None:
    number = rig.add()
    rig.worker.started.get(timeout=10)
    for refused in (rig.jobs.retry, rig.jobs.delete):
        with pytest.raises(ApiError) as problem:
            refused(number)
        assert problem.value.status == 409
    rig.worker.answers.put(FIELDS)
    done = rig.reach(number, "done")
    for refused in (rig.jobs.retry, rig.jobs.cancel):
        with pytest.raises(ApiError) as problem:
            refused(number)
        assert problem.value.status == 409
    rig.jobs.delete(number)
    assert rig.store.get("results", done["result"]) is not None
    with pytest.raises(ApiError) as problem:
        rig.jobs.delete(number)
    assert problem.value.status == 404


def killed_while_running(folder: Path, *, finished: bool) -> tuple[str, str, str]:
    """Leave a data folder as a killed server does; return a running job, a waiting one, and the result's id."""
    rig = Rig(folder)
    number, waiting = rig.add(), rig.add()
    rig.store.change("jobs", number, state="running", started=1.0, result_id="0123456789abcdef")
    result = rig.folder.results / "0123456789abcdef"
    result.mkdir()
    (result / "video.mp4").write_bytes(b"half of a video")
    if finished:
        (result / RESULT_FILE).write_text(json.dumps(FIELDS))
    rig.store.close()
    rig.folder.close()
    return number, waiting, "0123456789abcdef"


@pytest.mark.parametrize("finished", [False, True])
def test_after_a_restart_a_running_job_is_interrupted_or_done_and_waiting_ones_go_on(
    tmp_path: Path, finished: bool
) -> None:
    number, waiting, result = killed_while_running(tmp_path, finished=finished)
    rig = Rig(tmp_path)
    rig.jobs.start()
    job = rig.store.get("jobs", number)
    assert job is not None
    if finished:
        assert job["state"] == "done" and job["result"] == result
        assert rig.store.get("results", result) is not None and (rig.folder.results / result).exists()
    else:
        assert job["state"] == "interrupted" and "closed" in job["error"]["what"]
        assert not (rig.folder.results / result).exists()
    rig.worker.started.get(timeout=10)
    rig.worker.answers.put(FIELDS)
    rig.reach(waiting, "done")
    rig.close()


def test_closing_interrupts_the_running_job(tmp_path: Path) -> None:
    rig = Rig(tmp_path)
    rig.jobs.start()
    number = rig.add()
    rig.worker.started.get(timeout=10)
    rig.jobs.close()
    assert rig.store.get("jobs", number)["state"] == "interrupted"  # type: ignore[index]
    rig.store.close()
    rig.folder.close()


def test_jobs_may_be_added_from_many_threads(rig: Rig) -> None:
    added: list[str] = []
    threads = [threading.Thread(target=lambda: added.append(rig.add())) for _ in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for _ in added:
        rig.worker.started.get(timeout=10)
        rig.worker.answers.put(FIELDS)
    for number in added:
        while rig.store.get("jobs", number)["state"] != "done":  # type: ignore[index]
            rig.states.get(timeout=10)
    assert rig.store.count("results") == 20


def test_the_studio_opens_and_closes_its_queue(tmp_path: Path) -> None:
    with Studio(StudioSettings(data=tmp_path)) as studio:
        assert studio.jobs.worker.pid is None  # no process before the first job
    Studio(StudioSettings(data=tmp_path)).close()  # before its queue was started
