"""The manifest of a prepared folder: clips with person, licence, hash and split, and dropped files."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from itertools import groupby
from pathlib import Path
from typing import Any

from animato.data.folder import SCHEMA, Folder, read_json
from animato.data.listing import read_listing, read_listing_head, write_listing
from animato.data.manifest_rows import ManifestRows
from animato.data.plan import read_plan
from animato.data.repeats import Repeats
from animato.data.sources import FoundSources, SourceClip
from animato.errors import FileFormatError
from animato.settings.base import as_json
from animato.settings.data import PrepareSettings
from animato.version import __version__

Json = dict[str, Any]

NOTES = ("group", "licence", "source", "attribution", "consent")
"""Columns of the manifest CSV that are updated by a later run, besides the split."""


def build_manifest(folder: Folder, settings: PrepareSettings, found: FoundSources) -> Json:
    """Build the manifest from the finished shards, write it, and return it without its clips.

    Splits are assigned over all people so far. A byte-identical duplicate of a source file is listed as dropped.
    Licences, groups and other notes are those of the last run that included the file. Shards are read one at a time,
    so that memory does not grow with what they hold.

    Args:
        folder: the prepared folder.
        settings: shares and salt of the split.
        found: result of the source search.

    Raises:
        OutputError: it cannot be written.
    """
    with folder.lock("manifest"), ExitStack() as stack:
        planned = [batch.name for batch in read_plan(folder, {})]
        finished = [name for name in planned if folder.index(name).is_file()]
        retried, copied = Repeats(), Repeats()
        # Most sets have no file twice. Where one has, which is known at the end, the shards are read once more.
        for _ in range(2):
            rows = stack.enter_context(ManifestRows(folder.path))
            shards: list[Json] = []
            dropped: list[Json] = []
            sources = _without_repeats(folder, finished, retried, copied, shards, dropped)
            for clip in _with_notes(sources, folder, found):
                rows.add(clip)
            if not any([retried.finish(), copied.finish()]):
                break
        dropped += [
            {"file": name, "reason": "missing", "detail": "listed, but does not exist"} for name in found.missing
        ]
        rows.assign_splits(settings)
        head = {
            "schema": SCHEMA,
            "made_by": f"animato {__version__}",
            "size": settings.size,
            "settings": as_json(settings),
            "summary": {**rows.summary(dropped), "shards": len(shards), "shards_planned": len(planned)},
            "shards": shards,
            "dropped": dropped,
        }
        write_listing(folder.manifest, head, "clips", rows.lines())
    return head


def read_manifest(path: Path) -> Json:
    """Read the manifest of a prepared folder, with all its clips.

    Raises:
        FileFormatError: there is none, or it is incompatible.
    """
    return {**read_manifest_head(path), "clips": list(read_clips(path))}


def read_manifest_head(path: Path) -> Json:
    """Read the manifest of a prepared folder, without its clips.

    Raises:
        FileFormatError: there is none, or it is incompatible.
    """
    file = Folder(path).manifest
    if not file.is_file():
        raise FileFormatError(
            f"{path} is not a prepared folder: it has no manifest.json", hint=f"animato data prepare SOURCE -o {path}"
        )
    head = read_listing_head(file, "clips")
    if head.get("schema") != SCHEMA:
        raise FileFormatError(f"{file} has schema {head.get('schema')}, not {SCHEMA}", hint="prepare the folder again")
    return head


def read_clips(path: Path) -> Iterator[Json]:
    """Yield the clips of the manifest of a prepared folder; a million of them need no more memory than one.

    Raises:
        FileFormatError: the manifest is damaged, which may show at any clip.
    """
    return read_listing(Folder(path).manifest, "clips")


def _without_repeats(
    folder: Folder, names: list[str], retried: Repeats, copied: Repeats, shards: list[Json], dropped: list[Json]
) -> Iterator[Json]:
    """Yield the clips of finished shards, and append what is known of shards and dropped files.

    Args:
        folder: the prepared folder.
        names: of the finished shards.
        retried: names of files; those that occur twice are taken from the last shard.
        copied: hashes of files; of those that occur twice the first file is taken.
        shards, dropped: for the manifest.
    """
    last_shard: dict[str, str] = {}
    if retried.any:
        last_shard = {source["clip"]: name for name, source in _sources(folder, names) if source["clip"] in retried}
    first_by_hash: dict[str, str] = {}
    for name in names:
        index = read_json(folder.index(name))
        shards.append(_shard(index))
        for source in index["sources"]:
            clip, notes = source["clip"], source["notes"]
            retried.count(clip)
            if last_shard.get(clip, name) != name:
                continue  # dropped in this shard and retried in a later one
            source_fields = {"file": notes["file"], "person": notes["person"]}
            original = clip
            if notes["sha256"]:
                copied.count(notes["sha256"])
                if notes["sha256"] in copied:
                    original = first_by_hash.setdefault(notes["sha256"], clip)
            if source["clips"] and original != clip:
                dropped.append({**source_fields, "reason": "duplicate", "detail": f"the same file as {original}"})
                continue
            for cut in source["clips"]:
                entry = {"clip": cut["clip"], "frames": cut["frames"], "shard": name, **notes, **cut["facts"]}
                entry["prescribed"] = entry.pop("split")  # `split` is what `ManifestRows` assigns
                yield entry
            dropped += [{**source_fields, "reason": reason, "detail": detail} for reason, detail in source["dropped"]]


def _sources(folder: Folder, names: list[str]) -> Iterator[tuple[str, Json]]:
    for name in names:
        for source in read_json(folder.index(name))["sources"]:
            yield name, source


def _with_notes(clips: Iterator[Json], folder: Folder, found: FoundSources) -> Iterator[Json]:
    """Update the recorded notes from the last manifest, then from this run."""
    current = {clip.clip: clip for clip in found.clips}
    previous = read_clips(folder.path) if folder.manifest.is_file() else iter(())
    earlier = _Earlier(previous)
    for shard, group in groupby(clips, key=lambda clip: str(clip["shard"])):
        notes = earlier.of_shard(shard)
        for clip in group:
            before = notes.get(clip["clip"], {})
            clip.update({name: before[name] for name in (*NOTES, "prescribed") if name in before})
            clip.update(_notes_of(current.get(clip["clip"].split("+")[0])))
            yield clip


def _notes_of(source: SourceClip | None) -> Json:
    if source is None:
        return {}
    return {**{name: getattr(source, name) for name in NOTES}, "prescribed": source.split}


class _Earlier:
    """The clips of the last manifest, shard by shard; both manifests list the shards in the order of their names."""

    def __init__(self, clips: Iterator[Json]) -> None:
        self._groups = groupby(clips, key=lambda clip: str(clip["shard"]))
        self._next: tuple[str, dict[str, Json]] = ("", {})

    def of_shard(self, shard: str) -> dict[str, Json]:
        """Return the clips of a shard by name; shards must be asked for in order."""
        while self._next[0] < shard:
            name, group = next(self._groups, ("~", iter(())))  # "~" comes after all digits
            self._next = (name, {clip["clip"]: clip for clip in group})
        return self._next[1] if self._next[0] == shard else {}


def _shard(index: Json) -> Json:
    frames = sum(cut["frames"] for source in index["sources"] for cut in source["clips"])
    return {"name": index["shard"], "bytes": index["bytes"], "sha256": index["sha256"], "frames": frames}
