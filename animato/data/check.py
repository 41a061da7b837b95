"""Check a prepared folder: completeness, readability, and people in more than one split."""

from __future__ import annotations

import hashlib
import tarfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import Any

import numpy as np

from animato.data.check_splits import clip_problems
from animato.data.folder import Folder, read_json
from animato.data.manifest import read_clips, read_manifest_head
from animato.data.shards import ShardClips
from animato.errors import AnimatoError, FileFormatError
from animato.media.untrusted import parsing
from animato.settings.data import CheckSettings

Json = dict[str, Any]


@dataclass(frozen=True)
class CheckResult:
    """Result of a check.

    Attributes:
        problems: one message per problem; empty when the folder can be used.
        shards, clips, frames, decoded: numbers of items checked.
    """

    problems: tuple[str, ...]
    shards: int
    clips: int
    frames: int
    decoded: int


def check_folder(
    path: Path, settings: CheckSettings | None = None, progress: Callable[[int, int], None] | None = None
) -> CheckResult:
    """Check a prepared folder.

    Every shard is read once, hashed and listed as a tar; counts are compared with the manifest; some frames of each
    clip are decoded; a person, group or file in two splits is a problem.

    Args:
        path: the prepared folder.
        settings: number of frames to decode.
        progress: called with (clips done, total clips).

    Raises:
        FileFormatError: the folder has no readable manifest.
    """
    head = read_manifest_head(path)
    with parsing(path / "manifest.json", "is not a manifest, or it is damaged", hint="prepare the folder again"):
        return _check(path, head, settings or CheckSettings(), progress)


def _check(path: Path, head: Json, settings: CheckSettings, progress: Callable[[int, int], None] | None) -> CheckResult:
    folder, store = Folder(path), ShardClips(path)
    shards = {shard["name"]: shard for shard in head["shards"]}
    unread = dict.fromkeys(shards)
    in_shards: list[str] = []
    in_frames: list[str] = []
    frames = decoded = done = 0
    # One shard after the other, as the manifest lists them, so that a million clips are never held.
    for name, group in groupby(read_clips(path), key=lambda clip: str(clip["shard"])):
        clips = list(group)
        unread.pop(name, None)
        if name in shards:
            in_shards += _shard_problems(folder, shards[name], clips)
        else:
            in_shards.append(f"shard {name} is not listed, but some of its clips are")
        for clip in clips:
            frames += clip["frames"]
            done += 1
            if progress is not None:
                progress(done, len(store.clips))
            try:
                decoded += _decode_some(store, clip, settings.decode)
            except AnimatoError as error:
                in_frames.append(error.what + (f" ({error.where})" if error.where else ""))
    for name in unread:
        in_shards += _shard_problems(folder, shards[name], [])
    problems = (*_completeness(head, done), *clip_problems(path), *in_shards, *in_frames)
    return CheckResult(problems, len(shards), done, frames, decoded)


def _completeness(head: Json, clips: int) -> Iterator[str]:
    summary = head["summary"]
    if summary["shards"] < summary["shards_planned"]:
        left = summary["shards_planned"] - summary["shards"]
        yield f"{left} of {summary['shards_planned']} shards are missing: run the same `prepare` command again"
    if not clips:
        yield "the folder has no clips: all files were dropped"


def _shard_problems(folder: Folder, shard: Json, clips: Sequence[Json]) -> Iterator[str]:
    path = folder.shard(shard["name"])
    try:
        index = read_json(folder.index(shard["name"]))
        size = path.stat().st_size
        with path.open("rb") as file:
            sha256 = hashlib.file_digest(file, "sha256").hexdigest()
    except (OSError, FileFormatError) as error:
        yield f"shard {shard['name']} cannot be read: {error}"
        return
    if size != shard["bytes"] or sha256 != shard["sha256"]:
        yield (
            f"shard {shard['name']}.tar differs from the manifest: {size} bytes, expected {shard['bytes']}; "
            f"sha256 {sha256[:12]}, expected {shard['sha256'][:12]}"
        )
        return
    yield from _member_problems(path, index, clips)


def _member_problems(path: Path, index: Json, clips: Sequence[Json]) -> Iterator[str]:
    cuts = {cut["clip"]: cut for source in index["sources"] for cut in source["clips"]}
    with tarfile.open(path) as tar:
        members = {member.name: (member.offset_data, member.size) for member in tar}
    for clip in clips:
        cut = cuts.get(clip["clip"])
        if cut is None or cut["frames"] != clip["frames"]:
            found = 0 if cut is None else cut["frames"]
            yield f"clip {clip['clip']} has {found} frames in {path.name}, but {clip['frames']} in the manifest"
            continue
        for suffix, prefix in (("jpg", "picture"), ("safetensors", "data")):
            listed = zip(cut[f"{prefix}_at"], cut[f"{prefix}_size"], strict=True)
            for number, location in enumerate(listed):
                name = f"{clip['clip']}__{number:06d}.{suffix}"
                if members.get(name) != tuple(location):
                    yield f"{name} is not in {path.name} at the offset in its index"
                    break


def _decode_some(store: ShardClips, clip: Json, max_count: int) -> int:
    count = min(max_count, clip["frames"])
    if count == 0:
        return 0
    indices = np.unique(np.linspace(0, clip["frames"] - 1, count).round().astype(int)).tolist()
    frames = store.load(clip["clip"], indices)
    if not np.isfinite(frames.points).all() or not np.isfinite(frames.blendshapes).all():
        raise FileFormatError(f"clip {clip['clip']} has landmarks that are not finite")
    distance = np.abs(frames.points[..., :2] - store.size / 2).max()
    if distance > 2 * store.size:
        raise FileFormatError(f"clip {clip['clip']} has landmarks {distance:.0f} px outside its images")
    return len(indices)
