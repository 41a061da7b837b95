"""Driver of motion that is not read from a file, but handed to the renderer frame by frame (`pipeline.interactive`)."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path

from animato.appearance.channels import CHANNELS
from animato.drivers.base import DriverReport
from animato.motion.bundled import bundled
from animato.motion.motion_file import load_motion
from animato.motion.motion_frame import MotionFrame, Neutral
from animato.runtime.stage_clock import StageClock

LIVE_MOTION = Path("live motion")
"""Path of such a driver; there is no such file."""


class OnDemandDriver:
    """Stands for motion that arrives while frames are rendered; see `drivers.base.Driver`.

    Args:
        neutral: neutral measures of that motion.
        fps: nominal rate, frames per second.
    """

    def __init__(self, neutral: Neutral, fps: Fraction = Fraction(25)) -> None:
        self.path, self.fps, self.neutral = LIVE_MOTION, fps, neutral
        self.duration: float | None = None
        self.has_audio = False
        self.report = DriverReport()

    def frames(self, clock: StageClock) -> Iterator[MotionFrame]:  # noqa: ARG002
        """Yield nothing."""
        return iter(())


def typical_neutral() -> Neutral:
    """Return the neutral measures of a bundled motion, for motion that was not tracked."""
    return load_motion(bundled()["nod"], CHANNELS).neutral
