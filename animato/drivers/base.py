"""Driver protocol and the report that a driver fills while it is read."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from typing import Protocol

from animato.motion.motion_frame import MotionFrame, Neutral
from animato.runtime.stage_clock import StageClock


@dataclass
class DriverReport:
    """Tracking report of a driver.

    Attributes:
        jitter: mean absolute second difference of its landmarks, px at 256; None when it cannot be known.
        neutral_time: seconds of the driver at which its neutral frame lies, or None.
        warnings: sentences.
        memory_mb: most memory of the process that tracked it, megabytes; None where that was this one.
    """

    jitter: float | None = None
    neutral_time: float | None = None
    memory_mb: float | None = None
    warnings: list[str] = field(default_factory=list)


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
