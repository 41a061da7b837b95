"""`animato batch` in worker processes: a job that kills its worker fails alone, a killed worker loses nothing."""

from __future__ import annotations

import multiprocessing
import os
import random
import signal
from pathlib import Path

from batch_jobs import logged, write_jobs

from animato.batch.jobs_file import read_jobs
from animato.batch.run import ATTEMPTS, BatchResult, run_batch
from animato.runtime.executors.processes import ProcessExecutor
from animato.settings.animate import AnimateSettings
from animato.settings.batch import BatchSettings


def run(jobs: Path, workers: int = 2, kill: bool = False) -> BatchResult:
    """Run a batch; with `kill`, end a worker after every fourth job."""
    chance = random.Random(5)

    def progress(done: int, _total: int) -> None:
        living = multiprocessing.active_children()
        if kill and done % 4 == 1 and living:
            os.kill(chance.choice(living).pid or 0, signal.SIGKILL)

    found, problems = read_jobs(jobs, jobs.parent, AnimateSettings())
    assert not problems
    return run_batch(found, jobs.parent, ProcessExecutor(workers), BatchSettings(), progress=progress)


def outputs(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in (folder / "out").iterdir()}


def test_a_job_that_kills_its_worker_fails_alone(tmp_path: Path) -> None:
    jobs = write_jobs(tmp_path / "in", {"a": b"A", "poison": b"kill", "c": b"C", "d": b"D"})
    result = run(jobs)
    assert (result.done, len(result.failed)) == (3, 1)
    assert result.failed[0]["error"]["what"] == f"the process crashed {ATTEMPTS} times"
    assert logged().count("poison.mp4") == ATTEMPTS
    assert sorted(outputs(jobs.parent)) == ["a.mp4", "c.mp4", "d.mp4"]


def test_workers_killed_at_random_lose_nothing(tmp_path: Path) -> None:
    jobs = write_jobs(tmp_path / "in", {f"j{number:02d}": b"%d" % number for number in range(16)})
    result = run(jobs, kill=True)
    assert (result.done, result.failed) == (16, ())
    assert outputs(jobs.parent) == {f"j{number:02d}.mp4": b"me%d" % number for number in range(16)}
    assert not multiprocessing.active_children()
    assert run(jobs).skipped == 16
