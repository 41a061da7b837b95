"""Benchmark of the main job: stages, throughput, first frame and memory in one run.

Each measurement is a fresh process that runs the command a person would run, so that imports, model compilation and
encoding count, and peak memory is the operating system's own figure, of both processes where the driver has its own.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np

from animato.errors import MissingPartError, PartlyDoneError
from animato.media.reader import open_video
from animato.media.writer import open_writer
from animato.settings.media import WriterSettings
from animato.types import Frame


@dataclass(frozen=True)
class Measured:
    """One run.

    Attributes:
        seconds: length of the driver.
        frames: made.
        wall: seconds of the whole process.
        first_frame: seconds from the call to the first finished frame.
        fps: frames a second after the first frame, encoding included.
        milliseconds: stage to milliseconds per frame.
        peak_mb: peak resident memory in megabytes, or None where the system does not tell.
        jitter: of the output's target landmarks, px at 256.
        driver_jitter: of the driver's.
    """

    seconds: float
    frames: int
    wall: float
    first_frame: float
    fps: float
    milliseconds: dict[str, float]
    peak_mb: float | None
    jitter: float | None
    driver_jitter: float | None


def loop_clip(source: Path, target: Path, seconds: float) -> None:
    """Write a clip of a given length by looping a source forwards and backwards.

    Args:
        source: a video, or a short one of any length.
        target: .mp4 to write.
        seconds: length wanted.
    """
    with open_video(source) as video:
        fps = Fraction(video.info.fps).limit_denominator(1001)
        frames = [frame.image for frame in video]  # a short clip by contract; only the benchmark holds one in memory
    order = [*range(len(frames)), *range(len(frames) - 2, 0, -1)] or [0]
    height, width = frames[0].shape[:2]
    settings = WriterSettings(preset="ultrafast", crf=20)
    with open_writer(target, width=width, height=height, fps=fps, settings=settings) as writer:
        for index in range(max(1, round(seconds * fps))):
            writer.write(frames[order[index % len(order)]])


def measure(photo: Path, driver: Path, output: Path, options: list[str]) -> Measured:
    """Run `animato animate` once in a subprocess.

    Raises:
        PartlyDoneError: it failed; the message carries what it said.
    """
    command = [sys.executable, "-m", "animato.cli", "animate", str(photo), "--driver", str(driver)]
    command += ["-o", str(output), "--json", *options]
    began = time.perf_counter()
    code, printed, said, peak = run_alone(command)
    wall = time.perf_counter() - began
    if code != 0:
        raise PartlyDoneError("the measured run failed", where=said.strip()[-400:])
    result: dict[str, Any] = json.loads(printed)
    frames, first = int(result["frames"]), float(result["first_frame_seconds"])
    return Measured(
        seconds=frames / float(result["fps"]),
        frames=frames,
        wall=wall,
        first_frame=first,
        fps=float(result["frames_a_second"]),
        milliseconds=result["milliseconds"],
        # The driver process has its own peak; the sum is an upper bound.
        peak_mb=None if peak is None else peak + (result["driver_memory_mb"] or 0.0),
        jitter=result["jitter"],
        driver_jitter=result["driver_jitter"],
    )


_LAUNCHER = """
import os, sys
number = os.spawnv(os.P_NOWAIT, sys.argv[1], sys.argv[1:])
_, status, usage = os.wait4(number, 0)
print(usage.ru_maxrss, file=sys.stderr)
sys.exit(os.waitstatus_to_exitcode(status))
"""
"""Runs the measured program and prints its peak memory as the last line of standard error."""


def run_alone(command: list[str]) -> tuple[int, str, str, float | None]:
    """Run a program and return its exit code, stdout, stderr and peak memory in megabytes.

    The system counts the memory of the process that starts a program as the program's own, until it has more itself;
    so a small process in between starts it. The peak is None where the system does not tell.
    """
    measurable = hasattr(os, "wait4")
    done = subprocess.run(
        [sys.executable, "-S", "-E", "-c", _LAUNCHER, *command] if measurable else command,
        capture_output=True,
        text=True,
        check=False,
    )
    if not measurable:
        return done.returncode, done.stdout, done.stderr, None
    said, _, peak = done.stderr.rstrip("\n").rpartition("\n")
    unit = 1.0 if sys.platform == "darwin" else 1024.0  # macOS counts bytes, Linux kilobytes
    return done.returncode, done.stdout, said, int(peak) * unit / 1e6 if peak.isdigit() else None


def demo_photo() -> Frame:
    """Return the public-domain NASA portrait that ships inside scikit-image (512 x 512 x 3 uint8 RGB).

    Raises:
        MissingPartError: scikit-image is not installed.
    """
    try:
        from skimage import data as pictures
    except ImportError as problem:
        raise MissingPartError(
            "the demo portrait comes with scikit-image, which is not installed", hint="pip install 'animato[demo]'"
        ) from problem
    data: Any = pictures  # untyped
    return np.asarray(data.astronaut(), np.uint8)


def benchmark(
    photo: Path, driver: Path, folder: Path, lengths: tuple[float, ...], options: list[str], say: Callable[[str], None]
) -> list[Measured]:
    """Measure one run per length of driver.

    Args:
        photo: the person's photo.
        driver: a short clip; it is looped to each length.
        folder: where clips and outputs are made.
        lengths: seconds.
        options: further options of `animato animate`.
        say: told what is happening.
    """
    results = []
    for seconds in lengths:
        clip = folder / f"driver-{seconds:g}s.mp4"
        say(f"making a driver of {seconds:g} s")
        loop_clip(driver, clip, seconds)
        say(f"animating {seconds:g} s")
        results.append(measure(photo, clip, folder / f"output-{seconds:g}s.mp4", options))
        clip.unlink()
    return results
