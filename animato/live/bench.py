"""Benchmark of live use, without a camera: rate and delay of the real renderer, and of the loop alone."""

from __future__ import annotations

import functools
import threading
import time
from contextlib import ExitStack
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import numpy as np

from animato.head.head import Head
from animato.live.camera_source import CameraSource
from animato.live.loop import LiveLoop
from animato.live.performer import Performer
from animato.live.proof import Passthrough, numbered_frame, read_number
from animato.live.protocols import LiveMotion
from animato.live.run import open_live
from animato.media.camera import camera_frames
from animato.media.writer import open_writer
from animato.runtime.engine import Engine
from animato.settings.live import LiveSettings
from animato.settings.media import WriterSettings
from animato.types import Frame

SETTLED_SECONDS = 2.0
"""Seconds after the first followed frame that are not counted: easing in, caches, the neutral frame."""


@dataclass(frozen=True)
class LiveBenchmark:
    """Result of a run.

    Attributes:
        name: what ran.
        seconds: counted.
        frames: counted.
        fps: frames per second.
        delay_p50: median seconds from a camera frame to its finished picture.
        delay_p95: 95th percentile.
        delay_begin: median over the first fifth.
        delay_end: median over the last fifth; equal to the former if the delay does not grow.
        dropped: share of the camera's frames that were replaced by newer ones.
        level: of quality at the end.
        milliseconds: stage to milliseconds per frame.
    """

    name: str
    seconds: float
    frames: int
    fps: float
    delay_p50: float
    delay_p95: float
    delay_begin: float
    delay_end: float
    dropped: float
    level: int
    milliseconds: dict[str, float]


class _Times:
    """Frame sink that notes when each frame arrived, and how late it was."""

    def __init__(self) -> None:
        self.times: list[float] = []
        self.delays: list[float] = []

    def put(self, frame: Frame, captured: float) -> None:  # noqa: ARG002
        """Note the time since capture."""
        self.add(time.monotonic() - captured)

    def add(self, delay: float) -> None:
        """Note a delay in seconds."""
        self.times.append(time.monotonic())
        self.delays.append(delay)

    def close(self) -> None:
        """Nothing is open."""


class _Numbers(_Times):
    """Reads the numbers in the pixels: frame n was due n / fps after frame 0."""

    def __init__(self, fps: Fraction) -> None:
        super().__init__()
        self._fps = fps
        self.begun: float | None = None

    def put(self, frame: Frame, captured: float) -> None:  # noqa: ARG002
        """Note the time since the frame was due."""
        number = read_number(frame)
        if number is not None and self.begun is not None:
            self.add(time.monotonic() - self.begun - float(number / self._fps))


def write_numbered_clip(path: Path, seconds: float, fps: Fraction) -> None:
    """Write a clip whose frames carry their numbers; .mp4, 320 x 240."""
    with open_writer(path, width=320, height=240, fps=fps, settings=WriterSettings(preset="ultrafast")) as writer:
        for number in range(round(seconds * fps)):
            writer.write(numbered_frame(number, 320, 240))


def bench_loop(clip: Path, fps: Fraction, render_seconds: float) -> LiveBenchmark:
    """Measure delay and drops of the loop from pixels, behind a renderer that takes a given time.

    Args:
        clip: from `write_numbered_clip`.
        fps: of the clip.
        render_seconds: that a frame takes to render.
    """
    passthrough, numbers = Passthrough(render_seconds), _Numbers(fps)

    def follow(image: Frame, captured: float) -> LiveMotion:
        if numbers.begun is None:
            numbers.begun = captured - float((read_number(image) or 0) / fps)
        return passthrough.follow(image, captured)

    source = CameraSource(
        functools.partial(camera_frames, str(clip), 0, 0, 0.0),
        follow,
        once=True,
    )
    loop = LiveLoop(source, Performer(passthrough.neutral), passthrough, [numbers])
    loop.run(threading.Event())
    return _result(f"loop, {1000 * render_seconds:.0f} ms", numbers, source.dropped, loop)


def bench_head(head: Head, settings: LiveSettings) -> LiveBenchmark:
    """Measure rate and delay of the real renderer.

    Args:
        head: with consent.
        settings: of the run; its camera is a clip of a face.
    """
    times = _Times()
    engine = Engine(settings.threads, settings.device, settings.backend)
    with ExitStack() as stack:
        run = open_live(head, settings, engine, stack, frame_sinks=[times])
        run.loop.run(run.stop)
        dropped = run.loop.statistics().dropped
        return _result(f"{settings.model}, {settings.size} px", times, dropped, run.loop, run.face.level)


def _result(name: str, times: _Times, dropped: int, loop: LiveLoop, level: int = 0) -> LiveBenchmark:
    stamps, delays = np.array(times.times), np.array(times.delays)
    counted = stamps > (stamps[0] if len(stamps) else 0.0) + SETTLED_SECONDS
    stamps, delays = stamps[counted], delays[counted]
    if len(stamps) < 10:
        raise ValueError("the clip is too short to measure anything")
    span = float(stamps[-1] - stamps[0])
    fifth = max(1, len(delays) // 5)
    p50, p95 = np.percentile(delays, [50, 95]).tolist()
    return LiveBenchmark(
        name=name,
        seconds=span,
        frames=len(stamps),
        fps=(len(stamps) - 1) / span,
        delay_p50=p50,
        delay_p95=p95,
        delay_begin=float(np.median(delays[:fifth])),
        delay_end=float(np.median(delays[-fifth:])),
        dropped=dropped / max(1, dropped + loop.report.frames),
        level=level,
        milliseconds=loop.clock.milliseconds(loop.report.frames),
    )
