"""Run a batch: check all jobs, skip those that are done, render the rest, and sum up."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Container, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from animato.batch.job import Job
from animato.batch.jobs_file import Problem
from animato.batch.journal import Journal, Record, read_journal
from animato.batch.render import RenderTask, version_of
from animato.errors import AnimatoError, InputError, PartlyDoneError, UsageError
from animato.media.probe import read_head
from animato.media.storage import is_url, size_of, url_suffix
from animato.media.writer import check_alpha, output_format
from animato.runtime.executors.base import Executor
from animato.settings.batch import BatchSettings
from animato.trust.key_folder import check_home

ATTEMPTS = 3
"""Workers that one job may end before it counts as failed, as for a clip in `animato data prepare`."""

MOST_SHOWN = 10
"""Problems and failures listed in a message."""

Progress = Callable[[int, int], None]
"""Called with (jobs finished, total jobs)."""


@dataclass(frozen=True)
class BatchResult:
    """Result of a batch, or of one part of it.

    Attributes:
        folder: of the batch.
        jobs: number of jobs of the part.
        done: rendered in this run.
        skipped: done by earlier runs.
        failed: records of failed jobs, also of those that failed earlier and were not tried again.
    """

    folder: Path
    jobs: int
    done: int
    skipped: int
    failed: tuple[Record, ...]

    def to_json(self) -> dict[str, Any]:
        """Return the result as plain JSON types."""
        errors = [{"output": record["output"], **record["error"]} for record in self.failed]
        counts = {"jobs": self.jobs, "done": self.done, "skipped": self.skipped, "failed": len(errors)}
        return {"folder": str(self.folder), **counts, "errors": errors}

    def problem(self) -> AnimatoError | None:
        """Return the error the command ends with; None if all jobs are done.

        If some jobs are done, its exit code is 6; if all failed, it is the code that all failures share, else 3.
        """
        if not self.failed:
            return None
        where = ", ".join(Path(record["output"]).name for record in self.failed[:MOST_SHOWN])
        where += ", ..." if len(self.failed) > MOST_SHOWN else ""
        hint = "`retry` runs the failed jobs again"
        if len(self.failed) < self.jobs:
            return PartlyDoneError(f"{len(self.failed)} of {self.jobs} jobs failed", where=where, hint=hint)
        problem = InputError(f"all {self.jobs} jobs failed", where=where, hint=hint)
        codes = {int(record["error"]["exit_code"]) for record in self.failed}
        problem.exit_code = codes.pop() if len(codes) == 1 else InputError.exit_code
        return problem


def run_batch(
    jobs: Sequence[Job],
    folder: Path,
    executor: Executor,
    settings: BatchSettings,
    *,
    problems: Sequence[Problem] = (),
    threads: int = 2,
    overwrite: bool = False,
    progress: Progress | None = None,
) -> BatchResult:
    """Render the jobs that are not done.

    Args:
        jobs: all jobs of the batch; `settings.shard` selects a part.
        folder: holds the journal.
        executor: runs the renders.
        settings: part of the jobs, and whether failed ones run again.
        problems: of lines that are no jobs; reported with those of the jobs.
        threads: CPU threads of each worker.
        overwrite: whether outputs that no earlier run of this batch made may be replaced.
        progress: called with (jobs finished, total jobs).

    Raises:
        UsageError: something is wrong with the jobs; nothing was rendered.
        InputError: files do not exist; nothing was rendered.
        OutputError: the disk is full, or the folder cannot be written; what is done stays done.
        InterruptedRunError: Ctrl-C or another signal.
    """
    known = read_journal(folder)
    _raise_problems([*problems, *check_jobs(jobs, known, overwrite=overwrite)])
    check_home()
    part, parts = settings.part
    mine = jobs[part::parts]
    with Journal(folder, part, parts) as journal:
        wanted = {job.output: _wanted(job) for job in mine}
        failed = {
            job.output: known[job.output]
            for job in mine
            if not settings.retry and _matches(known.get(job.output), "failed", wanted[job.output])
        }
        skipped = {job.output for job in mine if _is_done(known.get(job.output), wanted[job.output])}
        waiting = [job for job in mine if job.output not in failed and job.output not in skipped]
        journal.append({**wanted[job.output], "state": "planned"} for job in waiting)
        done = 0
        _report(progress, len(mine) - len(waiting), len(mine))
        with closing(executor.run(RenderTask(threads), waiting, ATTEMPTS)) as outcomes:
            for outcome in outcomes:
                output = outcome.item.output
                record = {**wanted[output], **(_crashed() if outcome.lost else outcome.result)}
                journal.append([record])
                if record["state"] == "failed":
                    failed[output] = record
                else:
                    done += 1
                _report(progress, len(skipped) + done + len(failed), len(mine))
    in_order = tuple(failed[job.output] for job in mine if job.output in failed)
    return BatchResult(folder, len(mine), done, len(skipped), in_order)


def check_jobs(jobs: Sequence[Job], known: Mapping[str, Record], *, overwrite: bool) -> list[Problem]:
    """Return what is wrong with jobs, as far as it can be told without reading their inputs.

    Args:
        jobs: all jobs.
        known: records of earlier runs; their outputs may be replaced.
        overwrite: whether any output may be replaced.
    """
    problems: list[Problem] = []
    outputs = Counter(job.output for job in jobs)
    inputs: dict[str, str] = {}  # each file once, with the first job that reads it
    for job in jobs:
        for path in job.inputs():
            inputs.setdefault(path, job.name)
    for path, name in inputs.items():
        if not is_url(path):
            try:
                read_head(Path(path))
            except InputError as problem:
                problems.append((name, problem))
    for job in jobs:
        try:
            _check_output(job, outputs, inputs)
            if not overwrite and job.output not in known and not is_url(job.output) and Path(job.output).exists():
                raise UsageError(f"{job.output} exists already", hint="`overwrite=True`, or another name")
        except AnimatoError as problem:
            problems.append((job.name, problem))
    return problems


def _check_output(job: Job, outputs: Mapping[str, int], inputs: Container[str]) -> None:
    if outputs[job.output] > 1:
        raise UsageError(f"{outputs[job.output]} jobs write {job.output}", hint="give each an output of its own")
    if job.output in inputs:
        raise UsageError(f"the output would replace {job.output}, which is an input", hint="another name")
    target = Path(f"name{url_suffix(job.output)}") if is_url(job.output) else Path(job.output)
    kind = output_format(target)
    if kind == "png" and is_url(job.output):
        raise UsageError("frames are not written to a URL", where=job.output, hint=".mp4, .webm, .mov or .gif")
    if job.settings.background == "none":
        check_alpha(target, kind)


def _raise_problems(problems: Sequence[Problem]) -> None:
    """Raise one error for all problems; its class is that of the first one that is no missing file."""
    if not problems:
        return
    lines = [f"{name}: {problem.what}" for name, problem in problems[:MOST_SHOWN]]
    more = len(problems) - len(lines)
    first = next((problem for _, problem in problems if isinstance(problem, UsageError)), problems[0][1])
    kind = UsageError if isinstance(first, UsageError) else InputError
    if len(problems) == 1:
        raise kind(lines[0], where=first.where, hint=first.hint, more=first.more)
    listed = "\n              ".join([*lines, *([f"and {more} more"] if more else [])])
    raise kind(f"{len(problems)} jobs cannot be run, so nothing was rendered", where=listed, hint=first.hint)


def _wanted(job: Job) -> Record:
    versions = {path: version_of(path) for path in job.inputs()}
    return {"output": job.output, "fingerprint": job.fingerprint(), "versions": versions}


def _matches(record: Record | None, state: str, wanted: Record) -> bool:
    return record is not None and all(record.get(key) == value for key, value in {**wanted, "state": state}.items())


def _is_done(record: Record | None, wanted: Record) -> bool:
    """Return whether a record says that the output was made of the same inputs, and the output is still there."""
    if record is None or not _matches(record, "done", wanted):
        return False
    return record.get("bytes") is not None and size_of(wanted["output"]) == record["bytes"]


def _crashed() -> dict[str, Any]:
    problem = InputError(f"the process crashed {ATTEMPTS} times", hint="`workers=1`, or a smaller photo or driver")
    return {"state": "failed", "error": problem.to_json()}


def _report(progress: Progress | None, done: int, total: int) -> None:
    if progress is not None:
        progress(done, total)
