"""The manifest of a prepared folder: clips with person, licence, hash and split, and dropped files."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from animato.data.folder import SCHEMA, Folder, read_json, write_json
from animato.data.plan import ClipBatch, read_plan
from animato.data.sources import FoundSources
from animato.data.split import joined_groups, split_of
from animato.errors import FileFormatError
from animato.settings.base import as_json
from animato.settings.data import PrepareSettings
from animato.version import __version__

Json = dict[str, Any]


NOTES = ("group", "licence", "source", "attribution", "consent", "prescribed")
"""Columns of the manifest CSV that are updated by a later run."""


def build_manifest(folder: Folder, settings: PrepareSettings, found: FoundSources) -> Json:
    """Build the manifest from the finished shards, write it, and return it.

    Splits are assigned over all people so far. A byte-identical duplicate of a source file is listed as dropped.
    Licences, groups and other notes are those of the last run that included the file.

    Args:
        folder: the prepared folder.
        settings: shares and salt of the split.
        found: result of the source search.

    Raises:
        OutputError: it cannot be written.
    """
    with folder.lock("manifest"):
        batches = read_plan(folder)
        indexes = [read_json(folder.index(batch.name)) for batch in batches if folder.index(batch.name).is_file()]
        clips, dropped = _clips_and_dropped(indexes)
        dropped += [
            {"file": name, "reason": "missing", "detail": "listed, but does not exist"} for name in found.missing
        ]
        _update_notes(clips, folder, found)
        _assign_splits(clips, settings)
        manifest = {
            "schema": SCHEMA,
            "made_by": f"animato {__version__}",
            "size": settings.size,
            "settings": as_json(settings),
            "clips": clips,
            "shards": [_shard(index) for index in indexes],
            "dropped": dropped,
            "summary": _summary(clips, dropped, batches, len(indexes)),
        }
        write_json(folder.manifest, manifest, indent=1)
    return manifest


def read_manifest(path: Path) -> Json:
    """Read the manifest of a prepared folder.

    Raises:
        FileFormatError: there is none, or it is incompatible.
    """
    file = Folder(path).manifest
    if not file.is_file():
        raise FileFormatError(
            f"{path} is not a prepared folder: it has no manifest.json", hint=f"animato data prepare SOURCE -o {path}"
        )
    manifest = read_json(file)
    if manifest.get("schema") != SCHEMA:
        raise FileFormatError(
            f"{file} has schema {manifest.get('schema')}, not {SCHEMA}", hint="prepare the folder again"
        )
    return manifest


def _clips_and_dropped(indexes: Sequence[Json]) -> tuple[list[Json], list[Json]]:
    clips: list[Json] = []
    dropped: list[Json] = []
    first_by_hash: dict[str, str] = {}
    last_shard = {source["clip"]: index["shard"] for index in indexes for source in index["sources"]}
    for index in indexes:
        for source in index["sources"]:
            if last_shard[source["clip"]] != index["shard"]:
                continue  # dropped in this shard and retried in a later one
            notes = source["notes"]
            source_fields = {"file": notes["file"], "person": notes["person"]}
            original = first_by_hash.setdefault(notes["sha256"] or source["clip"], source["clip"])
            if source["clips"] and original != source["clip"]:
                dropped.append({**source_fields, "reason": "duplicate", "detail": f"the same file as {original}"})
                continue
            for cut in source["clips"]:
                entry = {"clip": cut["clip"], "frames": cut["frames"], "shard": index["shard"], **notes}
                clips.append({**entry, "prescribed": entry.pop("split"), **cut["facts"]})
            dropped += [{**source_fields, "reason": reason, "detail": detail} for reason, detail in source["dropped"]]
    return clips, dropped


def _update_notes(clips: Sequence[Json], folder: Folder, found: FoundSources) -> None:
    """Update the recorded notes from the last manifest, then from this run."""
    previous = {clip["clip"]: clip for clip in read_json(folder.manifest)["clips"]} if folder.manifest.is_file() else {}
    current = {clip.clip: {**asdict(clip), "prescribed": clip.split} for clip in found.clips}
    for clip in clips:
        for notes in (previous.get(clip["clip"], {}), current.get(clip["clip"].split("+")[0], {})):
            clip.update({name: notes[name] for name in NOTES if name in notes})


def _assign_splits(clips: Sequence[Json], settings: PrepareSettings) -> None:
    """Set each clip's split: that of the manifest CSV, if given, else by the hash of its group."""
    groups = joined_groups((clip["person"], clip["group"]) for clip in clips)
    for clip in clips:
        clip["split"] = clip["prescribed"] or split_of(
            groups[clip["person"]], settings.val, settings.test, settings.salt
        )


def _shard(index: Json) -> Json:
    frames = sum(cut["frames"] for source in index["sources"] for cut in source["clips"])
    return {"name": index["shard"], "bytes": index["bytes"], "sha256": index["sha256"], "frames": frames}


def _summary(clips: Sequence[Json], dropped: Sequence[Json], batches: Sequence[ClipBatch], shards: int) -> Json:
    splits = {}
    for name in ("train", "val", "test"):
        split_clips = [clip for clip in clips if clip["split"] == name]
        people = {clip["person"] for clip in split_clips}
        splits[name] = {
            "people": len(people),
            "clips": len(split_clips),
            "frames": sum(c["frames"] for c in split_clips),
        }
    return {
        "clips": len(clips),
        "frames": sum(clip["frames"] for clip in clips),
        "people": len({clip["person"] for clip in clips}),
        "splits": splits,
        "kinds": dict(Counter(clip["kind"] for clip in clips)),
        "licences": dict(Counter(clip["licence"] for clip in clips)),
        "dropped": dict(Counter(item["reason"] for item in dropped)),
        "shards": shards,
        "shards_planned": len(batches),
    }
