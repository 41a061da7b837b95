"""Render jobs in a worker: one animator, whose networks are compiled once, and the last head."""

from __future__ import annotations

import errno
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from animato.animator import Animator
from animato.batch.job import Job
from animato.errors import AnimatoError, InterruptedRunError
from animato.head.head import Head
from animato.media.disk import output_error
from animato.media.storage import fetch, is_url, publish, size_of
from animato.runtime.scratch import ScratchFolder
from animato.settings.animate import AnimateSettings
from animato.trust.credentials import BESIDE, sidecar_of

NO_ROOM = frozenset({errno.ENOSPC, getattr(errno, "EDQUOT", errno.ENOSPC)})
"""Every further job would meet these too, so they end the run instead of failing the job."""


@dataclass(frozen=True)
class RenderTask:
    """Renders jobs.

    Attributes:
        threads: CPU threads of each worker.
    """

    threads: int

    def open(self) -> Callable[[Job], dict[str, Any]]:
        """Return a function that renders a job and returns what goes into its record."""
        return _Worker(self.threads).render


class _Worker:
    def __init__(self, threads: int) -> None:
        self._animator = Animator(threads=threads)
        self._head: tuple[object, Head, ScratchFolder] | None = None

    def render(self, job: Job) -> dict[str, Any]:
        """Render a job; whatever is wrong with it is returned, and does not end the worker.

        Raises:
            OutputError: the disk is full.
            InterruptedRunError: a signal asks to stop.
        """
        try:
            result = self._rendered(job)
        except InterruptedRunError:
            raise
        except AnimatoError as problem:
            if _no_room(problem):
                raise
            return {"state": "failed", "error": problem.to_json()}
        except OSError as problem:
            if problem.errno in NO_ROOM:
                raise output_error(job.output, problem) from problem
            return {"state": "failed", "error": output_error(job.output, problem).to_json()}
        except Exception as problem:
            bug = AnimatoError(
                f"this is a bug: {type(problem).__name__}: {problem}",
                hint="run this job alone with animato animate, and report the output",
            )
            return {"state": "failed", "error": bug.to_json()}
        return {"state": "done", "bytes": size_of(job.output), "result": result}

    def _rendered(self, job: Job) -> dict[str, Any]:
        with ScratchFolder() as name:
            scratch = Path(name)
            settings = _local_settings(job.settings, scratch)
            target = scratch / Path(job.output).name if is_url(job.output) else Path(job.output)
            target.parent.mkdir(parents=True, exist_ok=True)
            result = self._animator.animate(
                self._head_of(job), _local(job.driver, scratch), target, settings, overwrite=True
            )
            if is_url(job.output):
                if target.suffix.lower() in BESIDE:
                    publish(sidecar_of(target), job.output.removesuffix(target.suffix) + sidecar_of(target).suffix)
                publish(target, job.output)
        return {**result.to_json(), "path": job.output}

    def _head_of(self, job: Job) -> Head:
        """Return the head of a job, analysed anew only if the job before had another one."""
        key = (job.head, job.settings.face, job.consent, tuple(version_of(path) for path in job.head))
        if self._head is None or self._head[0] != key:
            self._head = None
            scratch = ScratchFolder()  # kept with the head: its photos are read again when an output is signed
            photos = [_local(path, Path(scratch.name)) for path in job.head]
            self._head = (key, self._animator.head(photos, job.settings.face, consent=job.consent), scratch)
        return self._head[1]


def version_of(text: str) -> str:
    """Return a text that changes when a local file is written again; that of a URL is the URL."""
    if is_url(text):
        return text
    try:
        facts = Path(text).stat()
    except OSError:
        return "missing"
    return f"{facts.st_size} {facts.st_mtime_ns}"


def _local(text: str, scratch: Path) -> str:
    return str(fetch(text, scratch)) if is_url(text) else text


def _local_settings(settings: AnimateSettings, scratch: Path) -> AnimateSettings:
    """Return settings with a local background."""
    if not is_url(settings.background):
        return settings
    return replace(settings, background=_local(settings.background, scratch))


def _no_room(problem: BaseException | None) -> bool:
    while problem is not None:
        if isinstance(problem, OSError) and problem.errno in NO_ROOM:
            return True
        problem = problem.__cause__
    return False
