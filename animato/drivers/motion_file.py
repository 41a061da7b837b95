"""Driver that replays a motion file."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from animato.drivers.base import DriverReport
from animato.errors import UsageError
from animato.motion.motion_file import MotionClip
from animato.motion.motion_frame import MotionFrame
from animato.runtime.stage_clock import StageClock
from animato.settings.animate import AnimateSettings


class MotionDriver:
    """Driver that replays a motion file; see `drivers.base.Driver`.

    Args:
        path: the file.
        clip: its contents.
        settings: start and end are used.

    Raises:
        UsageError: `neutral` is set, or `start` lies after the end.
    """

    def __init__(self, path: Path, clip: MotionClip, settings: AnimateSettings) -> None:
        if settings.neutral is not None:
            raise UsageError(
                "`neutral` applies to videos only; a motion file already has its neutral frame", hint="leave it out"
            )
        if settings.start >= clip.duration:
            raise UsageError(
                f"{path.name} is {clip.duration:.2f} s long; nothing is left after {settings.start:g} s",
                hint="an earlier `start`",
            )
        self.path, self.fps, self.has_audio = path, clip.fps, False
        self._end = min(clip.duration, settings.end or clip.duration)
        self._start = settings.start
        self.duration: float | None = self._end - self._start
        self.neutral = clip.neutral
        self.report = DriverReport()
        self._clip = clip

    def frames(self, clock: StageClock) -> Iterator[MotionFrame]:
        """Yield the recorded motion of the selected time range."""
        for frame in self._clip.frames:
            if self._start - 1e-9 <= frame.time < self._end:
                with clock.stage("decode"):
                    shifted = replace(frame, time=frame.time - self._start)
                yield shifted
