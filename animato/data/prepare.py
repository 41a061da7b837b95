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
from animato.data.manifest import build_manifest
from animato.data.plan import ClipBatch, check_folder_settings, extend_plan, unfinished
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
        unlisted: skipped files in the sources that are not listed in the manifest CSV.
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
    prepared = Folder(folder)
    prepared.make()
    check_folder_settings(prepared, settings)
    batches = extend_plan(prepared, found.clips, settings)
    # Process.
    count = _ProgressCounter(batches, prepared, progress)
    process = _process_serially if settings.workers == 1 else _process_in_pool
    remaining = unfinished(prepared, batches)
    while remaining:
        process(prepared, remaining, settings, count)
        # Retry shards locked by another process, which may have been killed.
        previous, remaining = len(remaining), unfinished(prepared, remaining)
        if len(remaining) == previous:
            break
    # Write manifest.
    written = build_manifest(prepared, settings, found)
    return Prepared(folder, written, found.unlisted, len(remaining))


class _ProgressCounter:
    """Counts finished source files for the progress line."""

    def __init__(self, batches: Sequence[ClipBatch], folder: Folder, progress: Progress | None) -> None:
        self._all = sum(len(batch.clips) for batch in batches)
        self._done = self._all - sum(len(batch.clips) for batch in unfinished(folder, batches))
        self._progress = progress
        self.add(0)

    def add(self, clips: int) -> None:
        self._done = min(self._all, self._done + clips)
        if self._progress is not None:
            self._progress(self._done, self._all)


def _process_serially(
    folder: Folder, batches: Sequence[ClipBatch], settings: PrepareSettings, count: _ProgressCounter
) -> None:
    finder = FaceFinder(Engine(1))
    for batch in batches:
        make_shard(folder, batch, settings, finder, lambda _clip: count.add(1))


def _process_in_pool(
    folder: Folder, batches: Sequence[ClipBatch], settings: PrepareSettings, count: _ProgressCounter
) -> None:
    """Process the batches in a process pool; restart it after a crash, which counts as an attempt for the file."""
    context = multiprocessing.get_context("spawn")
    previous: object = None
    while True:
        remaining = unfinished(folder, batches)
        pool = ProcessPoolExecutor(min(settings.workers, len(remaining) or 1), context, _init_worker)
        try:
            running: dict[Future[bool], ClipBatch] = {
                pool.submit(_process_batch, folder.path, batch, settings): batch for batch in remaining
            }
            while running:
                done, _ = wait(running, return_when=FIRST_COMPLETED)
                for future in done:
                    batch = running.pop(future)
                    count.add(len(batch.clips) if future.result() else 0)
            return
        except BrokenProcessPool as error:
            current = _state_on_disk(folder)
            if current == previous:
                raise AnimatoError(
                    "the worker processes crash at start-up",
                    where=str(error),
                    hint="`workers=1`; a script that calls `prepare` needs `if __name__ == '__main__':`",
                ) from error
            previous = current
        finally:
            pool.shutdown(cancel_futures=True)


def _state_on_disk(folder: Folder) -> set[tuple[str, int]]:
    """Return names and sizes of the files on disk, to detect whether any worker made progress."""
    return {(str(path), path.stat().st_size) for path in (*folder.parts.rglob("*.*"), *folder.shards.iterdir())}


_finder: FaceFinder | None = None


def _init_worker() -> None:
    """Initialise a worker process: single-threaded, and exiting when the parent exits."""
    cv2.setNumThreads(1)  # parallelism comes from the worker processes
    threading.Thread(target=_exit_with_parent, daemon=True).start()


def _exit_with_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)


def _process_batch(path: Path, batch: ClipBatch, settings: PrepareSettings) -> bool:
    """Prepare one batch in a worker process, with the process's own networks."""
    global _finder
    _finder = _finder or FaceFinder(Engine(1))
    return make_shard(Folder(path), batch, settings, _finder, lambda _clip: None)
