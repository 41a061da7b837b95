"""Videos and stills in any layout become face crops in shards: look, plan, work, gather."""

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
"""Is called with the number of source files finished, and of all."""


@dataclass(frozen=True)
class Prepared:
    """What a run of `prepare` left behind.

    Attributes:
        folder: the prepared folder.
        manifest: its manifest, as written.
        unlisted: files in the sources that the manifest CSV does not list; they were left alone.
        elsewhere: shards that another process is still working on.
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

    Running it again goes on where it stopped, however it stopped; files that are new in the sources are added.
    Several processes, on one machine or on several that share a disk, may prepare into one folder at once: each
    shard is made by one of them.

    Args:
        sources: files and folders in any layout.
        folder: where the shards and `manifest.json` go.
        settings: crop size, limits, splits; None for the defaults.
        manifest: CSV with a column `path` and any of person, kind, group, source, licence, attribution, consent, split.
        progress: is called with (files finished, files of all).

    Returns:
        What is in the folder now and what was dropped, with reasons. A broken file is dropped, never fatal.

    Raises:
        InputError: a source is not there, or nothing is in it.
        FileFormatError: the manifest CSV cannot be used.
        UsageError: the folder was begun with other settings.
        OutputError: the folder cannot be written.
    """
    settings = settings or PrepareSettings()
    # Look.
    found = find_sources(sources, settings, manifest)
    # Plan.
    place = Folder(folder)
    place.make()
    agree_on_settings(place, settings)
    batches = extend_plan(place, found.clips, settings)
    # Work.
    count = _Count(batches, place, progress)
    work = _work_here if settings.workers == 1 else _work_in_processes
    left = unfinished(place, batches)
    while left:
        work(place, left, settings, count)
        # What another process held is looked at again: it may have been killed since.
        before, left = len(left), unfinished(place, left)
        if len(left) == before:
            break
    # Gather.
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
    """Spread the batches over processes; when a file brings one down, start again: the file's tries are counted."""
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
    """Return what the work so far has left on the disk: it differs whenever a process got as far as a file."""
    return {(str(path), path.stat().st_size) for path in (*folder.parts.rglob("*.*"), *folder.shards.iterdir())}


_finder: FaceFinder | None = None


def _begin_worker() -> None:
    """Set up a worker process: one thread, and an end when the parent ends, however that ends."""
    cv2.setNumThreads(1)  # the workers are the parallelism
    threading.Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)


def _work_there(path: Path, batch: Batch, settings: PrepareSettings) -> bool:
    """Run in a worker process: prepare one batch with this process's own networks."""
    global _finder
    _finder = _finder or FaceFinder(Engine(1))
    return make_shard(Folder(path), batch, settings, _finder, lambda _clip: None)
