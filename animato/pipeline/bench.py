"""Benchmark of `animato animate`: time per stage, throughput, time to the first frame and peak memory.

Each measurement runs the command in a fresh process, so that imports, network compilation and encoding are included.
Peak memory is the operating system's figure; that of the driver process is added.
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

from animato.errors import PartlyDoneError
from animato.media.reader import open_video
from animato.media.writer import open_writer
from animato.settings.media import WriterSettings


@dataclass(frozen=True)
class BenchmarkRun:
    """Measurements of one run.

    Attributes:
        seconds: duration of the output.
        frames: number of frames.
        wall: wall-clock seconds of the whole process.
        first_frame: seconds from the call to the first finished frame.
        fps: frames per second after the first frame, encoding included.
        milliseconds: stage to milliseconds per frame.
        peak_mb: peak resident memory in megabytes; None where the system does not report it.
        jitter: of the target landmarks, px at 256.
        driver_jitter: of the driver's landmarks.
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
        source: a short video; it is held in memory.
        target: .mp4 to write.
        seconds: length of the clip.
    """
    with open_video(source) as video:
        fps = Fraction(video.info.fps).limit_denominator(1001)
        frames = [frame.image for frame in video]
    order = [*range(len(frames)), *range(len(frames) - 2, 0, -1)] or [0]
    height, width = frames[0].shape[:2]
    settings = WriterSettings(preset="ultrafast", crf=20)
    with open_writer(target, width=width, height=height, fps=fps, settings=settings) as writer:
        for index in range(max(1, round(seconds * fps))):
            writer.write(frames[order[index % len(order)]])


def measure(photo: Path, driver: Path, output: Path, options: list[str]) -> BenchmarkRun:
    """Run `animato animate` once in a subprocess.


    Raises:
        PartlyDoneError: the command failed; `where` has the end of its standard error.
    """
    command = [sys.executable, "-m", "animato.cli", "animate", str(photo), "--driver", str(driver)]
    command += ["-o", str(output), "--json", *options]
    start = time.perf_counter()
    code, stdout, stderr, peak = run_measured(command)
    wall = time.perf_counter() - start
    if code != 0:
        raise PartlyDoneError("the benchmark run failed", where=stderr.strip()[-400:])
    result: dict[str, Any] = json.loads(stdout)
    frames, first = int(result["frames"]), float(result["first_frame_seconds"])
    return BenchmarkRun(
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
pid = os.spawnv(os.P_NOWAIT, sys.argv[1], sys.argv[1:])
_, status, usage = os.wait4(pid, 0)
print(usage.ru_maxrss, file=sys.stderr)
sys.exit(os.waitstatus_to_exitcode(status))
"""
"""Runs a command and appends its peak memory as the last line of standard error."""


def run_measured(command: list[str]) -> tuple[int, str, str, float | None]:
    """Run a command and return its exit code, stdout, stderr and peak memory in megabytes (None if unavailable).

    `ru_maxrss` of a child starts at the resident size of the process that forked it, so a minimal launcher process
    runs the command instead of this one.
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
    stderr, _, peak = done.stderr.rstrip("\n").rpartition("\n")
    unit = 1.0 if sys.platform == "darwin" else 1024.0  # macOS counts bytes, Linux kilobytes
    return done.returncode, done.stdout, stderr, int(peak) * unit / 1e6 if peak.isdigit() else None


def benchmark(
    photo: Path, driver: Path, folder: Path, lengths: tuple[float, ...], options: list[str], log: Callable[[str], None]
) -> list[BenchmarkRun]:
    """Run the benchmark once per driver length.

    Args:
        photo: the person's photo.
        driver: a short clip, looped to each length.
        folder: for clips and outputs.
        lengths: of the runs, in seconds.
        options: further options of `animato animate`.
        log: called with a line of progress.
    """
    results = []
    for seconds in lengths:
        clip = folder / f"driver-{seconds:g}s.mp4"
        log(f"writing a driver of {seconds:g} s")
        loop_clip(driver, clip, seconds)
        log(f"animating {seconds:g} s")
        results.append(measure(photo, clip, folder / f"output-{seconds:g}s.mp4", options))
        clip.unlink()
    return results
