"""Prepare videos and stills as face crops in shards: find, plan, process, write the manifest."""

from __future__ import annotations

import multiprocessing
import os
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2

from animato.data.batch import make_shard
from animato.data.folder import Folder
from animato.data.manifest import gather
from animato.data.plan import Batch, agree_on_settings, extend_plan, unfinished
from animato.data.sources import find_sources
from animato.errors import AnimatoError
from animato.runtime.engine import Engine
from animato.settings.data import PrepareSettings
from animato.tracking.face_finder import FaceFinder

Progress = Callable[[int, int], None]
"""Called with (files finished, total files)."""


@dataclass(frozen=True)
class Prepared:
    """Result of a run of `prepare`.

    Attributes:
        folder: the prepared folder.
        manifest: its manifest.
        unlisted: files in the sources that the manifest CSV does not list; they were skipped.
        elsewhere: number of shards that another process is working on.
    """

    folder: Path
    manifest: dict[str, Any]
    unlisted: tuple[str, ...]
    elsewhere: int


def prepare(
    sources: Sequence[Path],
    folder: Path,
    settings: PrepareSettings | None = None,
    manifest: Path | None = None,
    progress: Progress | None = None,
) -> Prepared:
    """Prepare videos and stills for training and evaluation.

    Resumes an interrupted run and adds new files of the sources. Several processes, on one machine or on several with a
    shared disk, can prepare into one folder concurrently.

    Args:
        sources: files and folders in any layout.
        folder: output folder of the shards and `manifest.json`.
        settings: crop size, limits, splits; None for the defaults.
        manifest: CSV with a column `path` and any of person, kind, group, source, licence, attribution, consent, split.
        progress: called with (files finished, total files).

    Returns:
        The content of the folder, and dropped files with reasons. A broken file is dropped, not fatal.

    Raises:
        InputError: a source does not exist, or contains no files.
        FileFormatError: the manifest CSV cannot be used.
        UsageError: the folder was started with other settings.
        OutputError: the folder cannot be written.
    """
    settings = settings or PrepareSettings()
    # Find sources.
    found = find_sources(sources, settings, manifest)
    # Plan.
    place = Folder(folder)
    place.make()
    agree_on_settings(place, settings)
    batches = extend_plan(place, found.clips, settings)
    # Process.
    count = _Count(batches, place, progress)
    work = _work_here if settings.workers == 1 else _work_in_processes
    left = unfinished(place, batches)
    while left:
        work(place, left, settings, count)
        # Retry shards locked by another process, which may have been killed.
        before, left = len(left), unfinished(place, left)
        if len(left) == before:
            break
    # Write manifest.
    written = gather(place, settings, found)
    return Prepared(folder, written, found.unlisted, len(left))


class _Count:
    """Counts finished source files for the progress line."""

    def __init__(self, batches: Sequence[Batch], folder: Folder, progress: Progress | None) -> None:
        self._all = sum(len(batch.clips) for batch in batches)
        self._done = self._all - sum(len(batch.clips) for batch in unfinished(folder, batches))
        self._progress = progress
        self.add(0)

    def add(self, clips: int) -> None:
        self._done = min(self._all, self._done + clips)
        if self._progress is not None:
            self._progress(self._done, self._all)


def _work_here(folder: Folder, batches: Sequence[Batch], settings: PrepareSettings, count: _Count) -> None:
    finder = FaceFinder(Engine(1))
    for batch in batches:
        make_shard(folder, batch, settings, finder, lambda _clip: count.add(1))


def _work_in_processes(folder: Folder, batches: Sequence[Batch], settings: PrepareSettings, count: _Count) -> None:
    """Process the batches in a process pool; restart it after a crash, which is counted against the file."""
    context = multiprocessing.get_context("spawn")
    before: object = None
    while True:
        left = unfinished(folder, batches)
        pool = ProcessPoolExecutor(min(settings.workers, len(left) or 1), context, _begin_worker)
        try:
            running: dict[Future[bool], Batch] = {
                pool.submit(_work_there, folder.path, batch, settings): batch for batch in left
            }
            while running:
                done, _ = wait(running, return_when=FIRST_COMPLETED)
                for future in done:
                    batch = running.pop(future)
                    count.add(len(batch.clips) if future.result() else 0)
            return
        except BrokenProcessPool as error:
            now = _traces(folder)
            if now == before:
                raise AnimatoError(
                    "the worker processes end before they begin",
                    where=str(error),
                    hint="`workers=1`; a script that calls `prepare` needs `if __name__ == '__main__':`",
                ) from error
            before = now
        finally:
            pool.shutdown(cancel_futures=True)


def _traces(folder: Folder) -> set[tuple[str, int]]:
    """Return the state of the work on disk, to detect whether any worker made progress."""
    return {(str(path), path.stat().st_size) for path in (*folder.parts.rglob("*.*"), *folder.shards.iterdir())}


_finder: FaceFinder | None = None


def _begin_worker() -> None:
    """Initialise a worker process: single-threaded, and exiting when the parent exits."""
    cv2.setNumThreads(1)  # the workers are the parallelism
    threading.Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)


def _work_there(path: Path, batch: Batch, settings: PrepareSettings) -> bool:
    """Prepare one batch in a worker process, with the process's own networks."""
    global _finder
    _finder = _finder or FaceFinder(Engine(1))
    return make_shard(Folder(path), batch, settings, _finder, lambda _clip: None)
