"""Compare the loader of a prepared folder with a plain reader of its tars, side by side in one run.

Both read every frame of a shard in order and decode its picture and landmarks; they take turns, shard by shard, so that
both find the same machine. The third figure is the loader's use in training: frames of clips drawn at random.

    python scripts/bench_loader.py PREPARED --rounds 3
"""

from __future__ import annotations

import argparse
import tarfile
import time
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
from safetensors.numpy import load as load_tensors

from animato.data.folder import Folder
from animato.data.manifest import read_manifest_head
from animato.data.shard_files import ShardFiles
from animato.data.shards import ShardClips

Reader = Callable[[str], int]


def tar_reader(folder: Folder) -> Reader:
    """Return a function that streams a tar and decodes its frames."""

    def read(shard: str) -> int:
        frames = 0
        with tarfile.open(folder.shard(shard), "r|") as tar:
            for member in tar:
                data = tar.extractfile(member)
                assert data is not None
                if member.name.endswith(".jpg"):
                    image = cv2.imdecode(np.frombuffer(data.read(), np.uint8), cv2.IMREAD_COLOR)
                    frames += cv2.cvtColor(image, cv2.COLOR_BGR2RGB).ndim == 3
                elif member.name.endswith(".safetensors"):
                    load_tensors(data.read())
        return frames

    return read


def shard_reader(folder: Folder, size: int) -> Reader:
    """Return a function that reads the clips of a shard with the loader."""
    files = ShardFiles(folder, size, size)

    def read(shard: str) -> int:
        clips = files.clips(shard)
        return sum(len(files.load(shard, clip, range(count)).images) for clip, count in clips.items())

    return read


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--shards", type=int, default=1000)
    arguments = parser.parse_args()
    cv2.setNumThreads(1)
    folder, head = Folder(arguments.folder), read_manifest_head(arguments.folder)
    readers = {"tar": tar_reader(folder), "loader": shard_reader(folder, int(head["size"]))}
    ratios = []
    for _ in range(arguments.rounds):
        frames, seconds = dict.fromkeys(readers, 0), dict.fromkeys(readers, 0.0)
        for number, shard in enumerate(head["shards"][: arguments.shards]):
            # The second to read finds the file in memory, so that both are second equally often.
            for name in sorted(readers, reverse=bool(number % 2)):
                start = time.process_time()
                frames[name] += readers[name](shard["name"])
                seconds[name] += time.process_time() - start
        rates = {name: frames[name] / seconds[name] for name in readers}
        ratios.append(rates["loader"] / rates["tar"])
        print(f"tar {rates['tar']:.0f} frames/s, loader {rates['loader']:.0f} frames/s, ratio {ratios[-1]:.3f}")
    print(f"median ratio {np.median(ratios):.3f}, frames per second of processor time, {frames['tar']} frames a round")
    store, random, drawn = ShardClips(arguments.folder), np.random.default_rng(0), 0
    start = time.process_time()
    for _ in range(300):
        entry = store.clips[int(random.integers(len(store.clips)))]
        drawn += len(store.load(entry.clip, random.integers(0, entry.frames, 9).tolist()).images)
    print(f"at random, 9 frames a clip: {drawn / (time.process_time() - start):.0f} frames/s")


if __name__ == "__main__":
    main()
