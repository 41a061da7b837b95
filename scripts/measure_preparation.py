"""Measure the processor time of `animato data prepare` per clip, on clips as long and large as those of VoxCeleb2.

The talking people of a folder of clips are played forwards and backwards until a clip has 195 frames of 224 px, as the
average clip of VoxCeleb2 (1,128,246 utterances, 2,442 hours, 25 frames per second), and 16 of them are kept.

    python scripts/measure_preparation.py DATA/talking --clips 12
"""

from __future__ import annotations

import argparse
import cProfile
import pstats
import tempfile
import time
from fractions import Fraction
from pathlib import Path

import av
import cv2
import numpy as np

from animato.data import prepare as module
from animato.media.reader import open_video
from animato.settings.data import PrepareSettings

FRAMES, SIDE, FPS, KEPT_FPS = 195, 224, 25, 2.0
VOXCELEB2_CLIPS = 1_128_246


def write_long_clip(source: Path, target: Path) -> None:
    """Write a clip of `FRAMES` frames of a person going forwards and backwards."""
    with open_video(source) as reader:
        images = [frame.image for frame in reader]
    cycle = [*images, *images[-2:0:-1]]
    with av.open(str(target), "w") as container:
        stream = container.add_stream("libx264", rate=Fraction(FPS), options={"crf": "23"})
        stream.width = stream.height = SIDE
        stream.pix_fmt = "yuv420p"
        for number in range(FRAMES):
            image = cycle[number % len(cycle)]
            side = min(image.shape[:2])
            left, top = (image.shape[1] - side) // 2, (image.shape[0] - side) // 2
            square = cv2.resize(image[top : top + side, left : left + side], (SIDE, SIDE), interpolation=cv2.INTER_AREA)
            for packet in stream.encode(av.VideoFrame.from_ndarray(np.ascontiguousarray(square), format="rgb24")):
                container.mux(packet)
        for packet in stream.encode():
            container.mux(packet)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path, help="a folder of clips of talking people")
    parser.add_argument("--clips", type=int, default=12)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--profile", action="store_true", help="also print the calls that take longest")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        root = Path(name)
        (root / "clips").mkdir()
        paths = sorted(arguments.folder.glob("*.mp4"))
        for path in paths[:: max(1, len(paths) // arguments.clips)][: arguments.clips]:
            write_long_clip(path, root / "clips" / path.name)
        cv2.setNumThreads(1)
        settings = PrepareSettings(fps=KEPT_FPS)
        finder = module.open_finder()
        module.open_finder = lambda: finder  # a worker opens the networks once for all its clips
        module.prepare([next((root / "clips").iterdir())], root / "warm", settings)
        best = float("inf")
        for repeat in range(arguments.repeats):
            profile = cProfile.Profile()
            if arguments.profile:
                profile.enable()
            start = time.process_time()
            summary = module.prepare([root / "clips"], root / f"out{repeat}", settings).manifest["summary"]
            spent = (time.process_time() - start) * 1000 / summary["clips"]
            profile.disable()
            best = min(best, spent)
            print(f"{summary['clips']} clips, {summary['frames']} frames kept: {spent:.0f} ms a clip")
        if arguments.profile:
            pstats.Stats(profile).sort_stats("cumulative").print_stats(45)
        hours = best * VOXCELEB2_CLIPS / 3.6e6
        print(f"best {best:.0f} ms a clip; {VOXCELEB2_CLIPS:,} clips: {hours:.0f} core-hours")


if __name__ == "__main__":
    main()
