"""Fill dropouts of the driver's face: hold the last frame, ease to neutral, then blend back."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

import numpy as np

from animato.geometry.smoothstep import smoothstep
from animato.motion.channel import merge_channels
from animato.motion.motion_frame import MotionFrame, Neutral
from animato.motion.smooth import pose_vector, with_pose_vector

HOLD_SECONDS = 0.4
"""Seconds for which the last frame is held."""
EASE_SECONDS = 0.8
"""Seconds over which it is then eased to neutral."""
RESUME_SECONDS = 0.25
"""Seconds over which motion is blended back once the face is detected again."""


@dataclass(frozen=True)
class Missing:
    """A driver frame without a face.

    Attributes:
        time: seconds.
    """

    time: float


@dataclass(frozen=True)
class Cut:
    """A cut in the driver; the next shot is blended in as after a dropout.

    Attributes:
        time: seconds of the first frame after it.
    """

    time: float


class DropoutFiller:
    """Fills intervals without a face.

    Attributes:
        intervals: (start, end) in seconds of each interval that was filled.
    """

    def __init__(self, neutral: Neutral) -> None:
        self._rest = rest_frame(neutral)
        self._last = self._rest
        self._output = self._rest
        self._lost_time: float | None = None
        self._resume_time = -math.inf
        self.intervals: list[tuple[float, float]] = []

    def fill(self, frames: Iterable[MotionFrame | Missing | Cut]) -> Iterator[MotionFrame]:
        """Yield a motion frame for every input but cuts; those without a face have `tracked=False`."""
        for frame in frames:
            if isinstance(frame, Cut):
                if self._lost_time is None:
                    self._output, self._resume_time = self._last, frame.time
                continue
            if isinstance(frame, Missing):
                yield self._filled(frame.time)
                continue
            if self._lost_time is not None:
                self.intervals.append((self._lost_time, frame.time))
                self._lost_time, self._resume_time = None, frame.time
            elapsed = frame.time - self._resume_time
            # The blended frame is what is held next: a second dropout during the blend must not jump.
            self._last = (
                mix(self._output, frame, smoothstep(elapsed, 0.0, RESUME_SECONDS))
                if elapsed < RESUME_SECONDS
                else frame
            )
            yield self._last
        if self._lost_time is not None:
            self.intervals.append((self._lost_time, self._output.time))
            self._lost_time = None

    def _filled(self, time: float) -> MotionFrame:
        if self._lost_time is None:
            self._lost_time = time
        weight = smoothstep(time - self._lost_time - HOLD_SECONDS, 0.0, EASE_SECONDS)
        self._output = replace(mix(self._last, self._rest, weight), time=time, tracked=False)
        return self._output


def rest_frame(neutral: Neutral, time: float = 0.0) -> MotionFrame:
    """Return the motion frame of the neutral pose and expression."""
    return MotionFrame(
        time=time,
        rotation=np.eye(3),
        translation=np.zeros(2),
        scale=1.0,
        expression=np.zeros((478, 3), np.float32),
        apertures=neutral.apertures,
        blendshapes=np.zeros(52, np.float32),
        tracked=False,
    )


def mix(first: MotionFrame, second: MotionFrame, weight: float) -> MotionFrame:
    """Interpolate two motion frames (weight 0: the first, 1: the second); `time` and `tracked` are the second's."""
    rest = 1.0 - weight
    mixed = replace(
        second,
        expression=(rest * first.expression + weight * second.expression).astype(np.float32),
        apertures=rest * first.apertures + weight * second.apertures,
        blendshapes=(rest * first.blendshapes + weight * second.blendshapes).astype(np.float32),
        channels=merge_channels(
            [first.channels, second.channels],
            lambda channel: channel.mix(first.channels.get(channel.name), second.channels.get(channel.name), weight),
        ),
    )
    return with_pose_vector(mixed, rest * pose_vector(first) + weight * pose_vector(second))
