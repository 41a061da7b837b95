"""Memory does not grow with the length of a video."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from media_material import Pixels, tone, write_clip

PROGRAM = """
import resource, sys
from fractions import Fraction
from pathlib import Path
from animato.media.audio import AudioSource
from animato.media.reader import open_video, resample
from animato.media.writer import open_writer

def remake(seconds):
    clip = Path(sys.argv[1])
    with open_video(clip, end=seconds) as video:
        info = video.info
        frames = resample(video, Fraction(30))
        size = {"width": info.width, "height": info.height}
        with open_writer(Path(sys.argv[2]), fps=Fraction(30), audio=AudioSource(clip), **size) as writer:
            for frame in frames:
                writer.write(frame.image)
    return writer.frames

counts = []
for seconds in (2.0, 20.0):
    frames = remake(seconds)
    counts += [frames, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024]
print(*counts)
"""


def drifting(count: int) -> list[Pixels]:
    y, x = np.mgrid[0:360, 0:640]
    base = np.dstack([x % 256, y % 256, (x + y) % 256]).astype(np.uint8)
    return [np.ascontiguousarray(np.roll(base, 3 * i, axis=1)) for i in range(count)]


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="reads the peak of resident memory in kilobytes")
def test_twenty_seconds_take_no_more_memory_than_two(tmp_path: Path) -> None:
    few = drifting(25)
    clip = write_clip(
        tmp_path / "in.mp4",
        (few[i % 25] for i in range(500)),
        sound=tone(20.0, 44_100, [1.0]),
        options={"crf": "30"},
    )
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, str(clip), str(tmp_path / "out.mp4")],
        capture_output=True,
        text=True,
        check=True,
        timeout=120,
        cwd=Path(__file__).resolve().parents[2],
        env={**os.environ, "PYTHONPATH": str(Path(__file__).resolve().parents[2])},
    )
    short_frames, short_peak, long_frames, long_peak = map(int, done.stdout.split())
    assert (short_frames, long_frames) == (60, 600)
    whole_video = 600 * 640 * 360 * 3 >> 20
    assert long_peak - short_peak < 40 < whole_video // 8
