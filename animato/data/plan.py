"""Assignment of clips to shards; append-only, so that concurrent processes use the same plan."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, fields

from animato.data.folder import Folder, read_json, write_json
from animato.data.listing import as_line, read_listing, write_listing
from animato.data.sources import SourceClip
from animato.errors import UsageError
from animato.media.untrusted import parsing
from animato.settings.base import as_json
from animato.settings.data import FOLDER_SETTINGS, PrepareSettings


@dataclass(frozen=True)
class ClipBatch:
    """The clips of one shard.

    Attributes:
        name: name of the shard, six digits.
        clips: the source files.
    """

    name: str
    clips: tuple[SourceClip, ...]


def check_folder_settings(folder: Folder, settings: PrepareSettings) -> None:
    """Store the settings that affect the output, or check them against those of an earlier run.

    Raises:
        UsageError: the folder was started with other settings, or its work folder is missing.
    """
    values = {name: value for name, value in as_json(settings).items() if name in FOLDER_SETTINGS}
    with folder.lock("plan"):
        if not folder.settings.is_file():
            if any(folder.shards.glob("*.json")):
                raise UsageError(
                    f"{folder.path} is complete and its work folder was removed, so no files can be added",
                    hint="use another `output`",
                )
            write_json(folder.settings, values, indent=1)
            return
        stored = read_json(folder.settings)
    for name, value in values.items():
        if stored.get(name) != value:
            raise UsageError(
                f"{folder.path} was started with `{name}={stored.get(name)}`, not {value}",
                where=f"prepare.{name}",
                hint=f"use `{name}={stored.get(name)}`, or another `output`",
            )


def extend_plan(folder: Folder, clips: Sequence[SourceClip], settings: PrepareSettings) -> list[ClipBatch]:
    """Assign new clips to shards and return all batches.

    Args:
        folder: the prepared folder.
        clips: clips found in this run; their paths replace those of an earlier run.
        settings: clips per shard, workers.
    """
    with folder.lock("plan"):
        batches = list(read_plan(folder, {clip.clip: clip for clip in clips}))
        planned = {clip.clip for batch in batches for clip in batch.clips}
        if settings.retry:
            planned -= _dropped_files(folder, batches)
        new_clips = [clip for clip in clips if clip.clip not in planned]
        if new_clips:
            # Use smaller shards for small sets, so that the load is balanced over the workers.
            size = min(settings.clips_per_shard, max(1, math.ceil(len(new_clips) / (4 * settings.workers))))
            new_batches = [
                ClipBatch(f"{len(batches) + number:06d}", tuple(new_clips[start : start + size]))
                for number, start in enumerate(range(0, len(new_clips), size))
            ]
            _write_plan(folder, new_batches)
            batches += new_batches
    return batches


def read_plan(folder: Folder, found: Mapping[str, SourceClip]) -> Iterator[ClipBatch]:
    """Yield the batches planned so far, in order.

    Args:
        folder: the prepared folder.
        found: clips found in this run by name; they stand for the planned ones, so that a million are held once.

    Raises:
        FileFormatError: a plan is damaged.
    """
    for path in sorted(folder.work.glob("plan-*.json")):
        for batch in read_listing(path, "batches"):
            with parsing(path, "is not a plan of shards, or it is damaged", hint="prepare the folder again"):
                clips = tuple(found.get(clip["clip"]) or SourceClip(**clip) for clip in batch["clips"])
                planned = ClipBatch(str(batch["name"]), clips)
            yield planned


def unfinished(folder: Folder, batches: Sequence[ClipBatch]) -> list[ClipBatch]:
    """Return the batches with incomplete shards."""
    return [batch for batch in batches if not folder.index(batch.name).is_file()]


def _dropped_files(folder: Folder, batches: Sequence[ClipBatch]) -> set[str]:
    """Return the files dropped by finished batches, except those another batch has prepared or will try."""
    dropped: set[str] = set()
    prepared: set[str] = set()
    for batch in batches:
        if not folder.index(batch.name).is_file():
            prepared |= {clip.clip for clip in batch.clips}
            continue
        for source in read_json(folder.index(batch.name))["sources"]:
            (prepared if source["clips"] else dropped).add(source["clip"])
    return dropped - prepared


def _write_plan(folder: Folder, batches: Sequence[ClipBatch]) -> None:
    number = len(list(folder.work.glob("plan-*.json"))) + 1
    names = [field.name for field in fields(SourceClip)]
    lines = (
        as_line({"name": batch.name, "clips": [{name: getattr(clip, name) for name in names} for clip in batch.clips]})
        for batch in batches
    )
    write_listing(folder.work / f"plan-{number:04d}.json", {"shards": len(batches)}, "batches", lines)
