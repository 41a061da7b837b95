"""Send a fake set of the size of VoxCeleb2 through planning, manifest, store and sampler; print CPU time and memory.

The files are empty and every shard is the same tiny tar, so nothing is tracked or decoded in earnest; names, plans,
shard indexes and the manifest are as large as real ones. Each stage runs in a process of its own, so that its peak
memory is its own. A million clips take 4 GB of disk, and a few minutes to make.

    python scripts/simulate_scale.py million --clips 1100000
"""

from __future__ import annotations

import argparse
import io
import json
import os
import resource
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
from safetensors.numpy import save as save_tensors

from animato.data.cut import encode_jpeg
from animato.data.folder import Folder, write_json
from animato.data.manifest import build_manifest
from animato.data.plan import check_folder_settings, extend_plan, read_plan
from animato.data.shards import ShardClips
from animato.data.sources import find_sources
from animato.data.tar import END, add_member
from animato.settings.data import PrepareSettings
from animato.settings.training import TrainSettings

CLIPS_PER_VIDEO, CLIPS_PER_PERSON = 8, 180
"""As in VoxCeleb2: 1,128,246 utterances in 150,480 videos of 6,112 people."""

SETTINGS = PrepareSettings(size=64, licence="fake", consent="nobody is shown")


def make_sources(folder: Path, clips: int) -> None:
    """Make a tree of empty files, person/video/clip.mp4."""
    for number in range(0, clips, CLIPS_PER_VIDEO):
        video = folder / f"id{number // CLIPS_PER_PERSON:05d}" / f"v{number // CLIPS_PER_VIDEO:010d}"
        video.mkdir(parents=True, exist_ok=True)
        for clip in range(min(CLIPS_PER_VIDEO, clips - number)):
            os.close(os.open(video / f"{clip:05d}.mp4", os.O_CREAT | os.O_WRONLY, 0o644))


def make_shards(folder: Folder, frames: int) -> None:
    """Write the index of every planned shard; all tars are links to one with a single frame."""
    out = io.BytesIO()
    image = np.random.default_rng(0).integers(0, 255, (SETTINGS.size, SETTINGS.size, 3), np.uint8)
    picture = encode_jpeg(image, SETTINGS.quality)
    points = np.full((478, 3), SETTINGS.size / 2, np.float32)
    data = save_tensors({"points": points, "blendshapes": np.zeros(52, np.float32)})
    picture_at, data_at = add_member(out, "a.jpg", picture), add_member(out, "a.safetensors", data)
    out.write(END)
    tar = folder.work / "one.tar"
    tar.write_bytes(out.getvalue())
    members = {
        "picture_at": [picture_at] * frames,
        "picture_size": [len(picture)] * frames,
        "data_at": [data_at] * frames,
        "data_size": [len(data)] * frames,
    }
    facts = {"crop": [0.0, 0.0, 224.0], "face_px": 100.0, "start": 0.0, "end": 4.0}
    number = 0
    for batch in read_plan(folder, {}):
        sources = []
        for clip in batch.clips:
            names = ("file", "person", "group", "kind", "licence", "source", "attribution", "consent", "split")
            notes = {**{name: getattr(clip, name) for name in names}, "sha256": f"{number:064x}"}
            cut = {"clip": clip.clip, "frames": frames, **members, "facts": facts}
            sources.append({"clip": clip.clip, "notes": notes, "clips": [cut], "dropped": []})
            number += 1
        index = {"schema": 1, "shard": batch.name, "bytes": tar.stat().st_size, "sha256": "0" * 64, "sources": sources}
        folder.index(batch.name).write_text(json.dumps(index))
        if int(batch.name) % 10_000 == 0:  # file systems limit the links to one file
            tar.unlink()
            tar.write_bytes(out.getvalue())
        folder.shard(batch.name).hardlink_to(tar)


def run_find(root: Path, _folder: Folder) -> Callable[[], str]:
    """Find the sources."""
    return lambda: f"{len(find_sources([root / 'sources'], SETTINGS).clips):,} clips"


def run_plan(root: Path, folder: Folder) -> Callable[[], str]:
    """Plan the shards, or read the plan again."""
    found = find_sources([root / "sources"], SETTINGS)
    folder.make()
    check_folder_settings(folder, SETTINGS)
    return lambda: f"{len(extend_plan(folder, found.clips, SETTINGS)):,} shards"


def run_manifest(root: Path, folder: Folder) -> Callable[[], str]:
    """Build the manifest, which assigns the splits."""
    found = find_sources([root / "sources"], SETTINGS)

    def build() -> str:
        splits = build_manifest(folder, SETTINGS, found)["summary"]["splits"]
        size = folder.manifest.stat().st_size / 1e6
        return ", ".join(f"{name} {counts['clips']:,}" for name, counts in splits.items()) + f"; {size:.0f} MB"

    return build


def run_open(_root: Path, folder: Folder) -> Callable[[], str]:
    """Open the store of the training split."""

    def open_store() -> str:
        clips = ShardClips(folder.path, split="train").clips
        return f"{len(clips):,} clips in {clips.nbytes / 1e6:.0f} MB"

    return open_store


def run_sampler(_root: Path, folder: Folder) -> Callable[[], str]:
    """Make the sampler of episodes and draw."""
    from animato.training.episodes import Episodes

    store = ShardClips(folder.path)

    def draw() -> str:
        episodes = Episodes(store, "train", TrainSettings(size=64, cache_mb=64))
        for number in range(200):
            episodes.episode(number, 8)
        return f"200 episodes of 9 frames from {len(episodes.sources):,} clips"

    return draw


def run_empty(_root: Path, _folder: Folder) -> Callable[[], str]:
    """Do nothing: what Python and the libraries take."""
    import animato.training.episodes  # noqa: F401

    return lambda: "imports only"


STAGES = {
    "empty": run_empty,
    "find": run_find,
    "plan": run_plan,
    "plan-again": run_plan,
    "manifest": run_manifest,
    "manifest-again": run_manifest,
    "open": run_open,
    "sampler": run_sampler,
}


def run_stage(name: str, root: Path) -> None:
    """Run a stage and print its figures as JSON."""
    work = STAGES[name](root, Folder(root / "prepared"))
    start = time.process_time()
    result = work()
    seconds = time.process_time() - start
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(json.dumps({"seconds": seconds, "peak_mb": peak, "result": result}))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--clips", type=int, default=1_100_000)
    parser.add_argument("--frames", type=int, default=16)
    parser.add_argument("--stage", choices=STAGES)
    arguments = parser.parse_args()
    root, prepared = arguments.folder, Folder(arguments.folder / "prepared")
    if arguments.stage:
        run_stage(arguments.stage, root)
        return
    if not (root / "sources").is_dir():
        make_sources(root / "sources", arguments.clips)
    figures = {}
    for name in STAGES:
        if name == "manifest" and not any(prepared.shards.glob("*.json")):
            make_shards(prepared, arguments.frames)
        done = subprocess.run(
            [sys.executable, __file__, str(root), "--stage", name], capture_output=True, text=True, check=True
        )
        figures[name] = json.loads(done.stdout)
        seconds, peak, result = figures[name].values()
        print(f"{name:<16} {seconds:8.1f} s {peak:8.0f} MB  {result}")
    write_json(root / "figures.json", figures, indent=1)


if __name__ == "__main__":
    main()
