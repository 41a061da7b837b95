"""Driver protocol, and the tracking report that a driver fills while it is read."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from typing import Protocol

from animato.motion.motion_frame import MotionFrame, Neutral
from animato.runtime.stage_clock import StageClock
from animato.types import Frame


@dataclass
class DriverReport:
    """Tracking report of a driver.

    Attributes:
        jitter: mean absolute second difference of its landmarks, px at 256; None if not measured.
        neutral_time: time of the neutral frame in the driver, seconds, or None.
        memory_mb: peak memory of the driver process, megabytes; None without one.
        warnings: sentences for the user.
        samples: thumbnails (`trust.nudity.thumbnail`) of frames spread over the video, for the nudity gate.
    """

    jitter: float | None = None
    neutral_time: float | None = None
    memory_mb: float | None = None
    warnings: list[str] = field(default_factory=list)
    samples: list[Frame] = field(default_factory=list)


class Driver(Protocol):
    """A source of motion.

    Attributes:
        path: the file.
        fps: frames per second.
        duration: seconds, or None if unknown.
        has_audio: whether it has an audio track.
        neutral: measurements of its neutral frame.
        report: filled while frames are read.
    """

    path: Path
    fps: Fraction
    duration: float | None
    has_audio: bool
    neutral: Neutral
    report: DriverReport

    def frames(self, clock: StageClock) -> Iterator[MotionFrame]:
        """Yield the motion in time order, dropouts filled. Each call reads the driver from the beginning."""
        ...
