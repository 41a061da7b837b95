"""A driver with an expression added to every frame."""

from __future__ import annotations

from collections.abc import Iterator

from animato.drivers.base import Driver
from animato.motion.motion_frame import MotionFrame
from animato.motion.offset import with_offset
from animato.runtime.stage_clock import StageClock


class OffsetDriver:
    """Adds an expression to every frame of a driver; see `drivers.base.Driver`.

    Args:
        driver: opened; everything but its expression is passed on.
        offset: from `motion.offset.offset_motion`.
    """

    def __init__(self, driver: Driver, offset: MotionFrame) -> None:
        self.path, self.fps, self.neutral = driver.path, driver.fps, driver.neutral
        self.duration, self.has_audio, self.report = driver.duration, driver.has_audio, driver.report
        self._driver, self._offset = driver, offset

    def frames(self, clock: StageClock) -> Iterator[MotionFrame]:
        """Yield the driver's motion with the offset added."""
        for frame in self._driver.frames(clock):
            yield with_offset(frame, self._offset)
