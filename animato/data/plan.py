"""Assignment of clips to shards; append-only, so that several processes agree without communication."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from animato.data.folder import Folder, read_json, write_json
from animato.data.sources import SourceClip
from animato.errors import UsageError
from animato.settings.base import as_json
from animato.settings.data import FOLDER_SETTINGS, PrepareSettings


@dataclass(frozen=True)
class Batch:
    """The clips of one shard.

    Attributes:
        name: name of the shard, six digits.
        clips: the source files.
    """

    name: str
    clips: tuple[SourceClip, ...]


def agree_on_settings(folder: Folder, settings: PrepareSettings) -> None:
    """Store the settings that affect the output, or check them against those of an earlier run.

    Raises:
        UsageError: the folder was started with other settings, or its work folder is missing.
    """
    values = {name: value for name, value in as_json(settings).items() if name in FOLDER_SETTINGS}
    with folder.lock("plan"):
        if not folder.settings.is_file():
            if any(folder.shards.glob("*.json")):
                raise UsageError(
                    f"{folder.path} was finished and its work folder removed: nothing can be added to it",
                    hint="another `output`",
                )
            write_json(folder.settings, values, indent=1)
            return
        begun = read_json(folder.settings)
    for name, value in values.items():
        if begun.get(name) != value:
            raise UsageError(
                f"{folder.path} was begun with `{name}={begun.get(name)}`, not {value}",
                where=f"prepare.{name}",
                hint=f"`{name}={begun.get(name)}`, or another `output`",
            )


def extend_plan(folder: Folder, clips: Sequence[SourceClip], settings: PrepareSettings) -> list[Batch]:
    """Assign new clips to shards and return all batches.

    Args:
        folder: the prepared folder.
        clips: clips found in this run; their paths replace those of an earlier run.
        settings: clips per shard, workers.
    """
    current = {clip.clip: clip for clip in clips}
    with folder.lock("plan"):
        batches = read_plan(folder)
        planned = {clip.clip for batch in batches for clip in batch.clips}
        if settings.retry:
            planned -= _given_up(folder, batches)
        fresh = [clip for clip in clips if clip.clip not in planned]
        if fresh:
            # Use smaller shards for small sets, so that the load is balanced over the workers.
            size = min(settings.clips_per_shard, max(1, math.ceil(len(fresh) / (4 * settings.workers))))
            added = [
                Batch(f"{len(batches) + number:06d}", tuple(fresh[start : start + size]))
                for number, start in enumerate(range(0, len(fresh), size))
            ]
            _write_part(folder, added)
            batches += added
    return [replace(batch, clips=tuple(current.get(clip.clip, clip) for clip in batch.clips)) for batch in batches]


def read_plan(folder: Folder) -> list[Batch]:
    """Return the batches planned so far, in order.

    Raises:
        FileFormatError: a plan is damaged.
    """
    batches = []
    for path in sorted(folder.work.glob("plan-*.json")):
        for name, clips in read_json(path)["batches"].items():
            batches.append(Batch(name, tuple(SourceClip(**{**clip, "path": Path(clip["path"])}) for clip in clips)))
    return batches


def unfinished(folder: Folder, batches: Sequence[Batch]) -> list[Batch]:
    """Return the batches with incomplete shards."""
    return [batch for batch in batches if not folder.index(batch.name).is_file()]


def _given_up(folder: Folder, batches: Sequence[Batch]) -> set[str]:
    """Return the files dropped by finished batches, except those another batch has prepared or will try."""
    dropped: set[str] = set()
    kept: set[str] = set()
    for batch in batches:
        if not folder.index(batch.name).is_file():
            kept |= {clip.clip for clip in batch.clips}
            continue
        for source in read_json(folder.index(batch.name))["sources"]:
            (kept if source["clips"] else dropped).add(source["clip"])
    return dropped - kept


def _write_part(folder: Folder, batches: Sequence[Batch]) -> None:
    number = len(list(folder.work.glob("plan-*.json"))) + 1
    value = {
        batch.name: [{**asdict(clip), "path": str(clip.path.resolve())} for clip in batch.clips] for batch in batches
    }
    write_json(folder.work / f"plan-{number:04d}.json", {"batches": value})
