"""Prepare videos and stills as face crops in shards: find, plan, process, write the manifest."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2

from animato.data.batch import ATTEMPTS, Report, make_shard
from animato.data.folder import Folder
from animato.data.manifest import build_manifest
from animato.data.plan import ClipBatch, check_folder_settings, extend_plan, unfinished
from animato.data.sources import find_sources
from animato.errors import AnimatoError
from animato.runtime.engine import Engine
from animato.runtime.executors.base import Executor, SerialExecutor
from animato.runtime.executors.choice import executor_of
from animato.settings.data import PrepareSettings
from animato.tracking.face_finder import FaceFinder

Progress = Callable[[int, int], None]
"""Called with (files finished, total files)."""


@dataclass(frozen=True)
class Prepared:
    """Result of a run of `prepare`.

    Attributes:
        folder: the prepared folder.
        manifest: its manifest without the clips, see `manifest.read_clips`.
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
    executor: Executor | None = None,
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
        executor: what runs the work; by default worker processes or Ray, as the settings say.

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
    executor = executor or executor_of(settings.workers, settings.ray)
    remaining = unfinished(prepared, batches)
    while remaining:
        _process(prepared, remaining, settings, executor, count)
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


def _process(
    folder: Folder, batches: Sequence[ClipBatch], settings: PrepareSettings, executor: Executor, count: _ProgressCounter
) -> None:
    """Process the batches; those that another process is working on stay unfinished."""
    # In this process each clip is reported, elsewhere each finished batch.
    here = isinstance(executor, SerialExecutor)
    if here:
        task = PrepareTask(folder.path, settings, open_finder, lambda _clip: count.add(1))
    else:
        task = PrepareTask(folder.path, settings, open_worker_finder, ignore_clip)
    # Each loss is counted on disk against the clip being read, which is dropped after `ATTEMPTS`; the other clips of
    # the batch then follow. The one more is for a worker killed between two clips.
    attempts = 1 + ATTEMPTS * max(len(batch.clips) for batch in batches)
    with closing(executor.run(task, batches, attempts)) as outcomes:
        for outcome in outcomes:
            if outcome.lost:
                raise AnimatoError(
                    f"the worker processes crash on shard {outcome.item.name}",
                    where=", ".join(clip.file for clip in outcome.item.clips[:5]),
                    hint="run the same command again to resume; more memory or fewer `workers`",
                )
            count.add(len(outcome.item.clips) if outcome.result and not here else 0)


def open_finder() -> FaceFinder:
    """Return the face networks, single-threaded."""
    return FaceFinder(Engine(1))


def open_worker_finder() -> FaceFinder:
    """Return the face networks of a worker process, which is single-threaded throughout."""
    cv2.setNumThreads(1)
    return open_finder()


def ignore_clip(_clip: str) -> None:
    """Report nothing: a worker has nobody to report clips to."""


@dataclass(frozen=True)
class PrepareTask:
    """Prepares batches of clips.

    Attributes:
        folder: the prepared folder, on a disk that all workers share.
        settings: crop size, limits.
        finder: opens the face networks.
        report: called with the name of each finished clip.
    """

    folder: Path
    settings: PrepareSettings
    finder: Callable[[], FaceFinder]
    report: Report

    def open(self) -> Callable[[ClipBatch], bool]:
        """Return a function that prepares a batch and returns whether its shard is complete."""
        folder, finder = Folder(self.folder), self.finder()
        return lambda batch: make_shard(folder, batch, self.settings, finder, self.report)
