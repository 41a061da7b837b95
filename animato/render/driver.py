"""Drivers: where movement comes from. A video is tracked while it is read; a motion file is simply read."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from typing import Protocol

from animato.errors import UsageError
from animato.face.finder import FaceFinder
from animato.motion.frames import MotionFrame, Neutral
from animato.motion.template import SUFFIX, MotionClip, load_motion
from animato.render.clock import StageClock
from animato.settings.animate import AnimateSettings


@dataclass
class DriverReport:
    """What was learnt of a driver while it was read.

    Attributes:
        jitter: mean absolute second difference of its landmarks, px at 256; None when it cannot be known.
        neutral_time: seconds of the driver at which its neutral frame lies, or None.
        findings: sentences.
        memory_mb: most memory of the process that tracked it, megabytes; None where that was this one.
    """

    jitter: float | None = None
    neutral_time: float | None = None
    memory_mb: float | None = None
    findings: list[str] = field(default_factory=list)


class Driver(Protocol):
    """A source of movement.

    Attributes:
        path: of the file.
        fps: its own frames a second.
        duration: seconds, or None when unknown.
        has_audio: whether it carries sound.
        neutral: measures of its neutral frame.
        report: filled while it is read.
    """

    path: Path
    fps: Fraction
    duration: float | None
    has_audio: bool
    neutral: Neutral
    report: DriverReport

    def frames(self, clock: StageClock) -> Iterator[MotionFrame]:
        """Return its movement in order of time; gaps are filled. Each call reads the driver from its beginning."""
        ...


def open_driver(path: Path, settings: AnimateSettings, finder: FaceFinder) -> Driver:
    """Open a video or a motion file as driver.

    Raises:
        InputError: it cannot be read, or shows no face.
    """
    if path.suffix.lower() == SUFFIX:
        return MotionDriver(path, load_motion(path), settings)
    from animato.render.video_driver import VideoDriver

    return VideoDriver(path, settings, finder)


class MotionDriver:
    """A motion file as driver."""

    def __init__(self, path: Path, clip: MotionClip, settings: AnimateSettings) -> None:
        if settings.neutral is not None:
            raise UsageError(
                "--neutral is for videos; a motion file has its neutral frame chosen already", hint="leave it out"
            )
        if settings.start >= clip.duration:
            raise UsageError(
                f"{path.name} is {clip.duration:.2f} s long; nothing is left after {settings.start:g} s",
                hint="an earlier --start",
            )
        self.path, self.fps, self.has_audio = path, clip.fps, False
        self._end = min(clip.duration, settings.end or clip.duration)
        self._start = settings.start
        self.duration: float | None = self._end - self._start
        self.neutral = clip.neutral
        self.report = DriverReport()
        self._clip = clip

    def frames(self, clock: StageClock) -> Iterator[MotionFrame]:
        """Return the recorded movement of the stretch asked for."""
        from dataclasses import replace

        for frame in self._clip.frames:
            if self._start - 1e-9 <= frame.time < self._end:
                with clock.stage("decode"):
                    moved = replace(frame, time=frame.time - self._start)
                yield moved
