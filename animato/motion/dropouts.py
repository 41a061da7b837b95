"""Fill dropouts of the driver's face: hold, ease to neutral, and ease back."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

import numpy as np

from animato.geometry.smoothstep import smoothstep
from animato.motion.channel import combined
from animato.motion.motion_frame import MotionFrame, Neutral
from animato.motion.smooth import pose_vector, with_pose_vector

HOLD = 0.4
"""Seconds the last seen face is held."""
EASE = 0.8
"""Seconds over which it then returns to neutral."""
RETURN = 0.25
"""Seconds over which a face that is seen again takes over."""


@dataclass(frozen=True)
class Missing:
    """A driver frame without a face.

    Attributes:
        time: seconds.
    """

    time: float


@dataclass(frozen=True)
class Cut:
    """A cut in the driver: what follows takes over as a face does that is seen again.

    Attributes:
        time: seconds of the first moment after it.
    """

    time: float


class GapFiller:
    """Fills stretches without a face.

    Attributes:
        stretches: (from, to) in seconds of each stretch that was filled.
    """

    def __init__(self, neutral: Neutral) -> None:
        self._rest = rest_frame(neutral)
        self._last = self._rest
        self._shown = self._rest
        self._lost_at: float | None = None
        self._back_at = -math.inf
        self.stretches: list[tuple[float, float]] = []

    def fill(self, frames: Iterable[MotionFrame | Missing | Cut]) -> Iterator[MotionFrame]:
        """Return every moment as movement; those without a face are marked `seen=False`."""
        for frame in frames:
            if isinstance(frame, Cut):
                if self._lost_at is None:
                    self._shown, self._back_at = self._last, frame.time
                continue
            if isinstance(frame, Missing):
                yield self._unseen(frame.time)
                continue
            if self._lost_at is not None:
                self.stretches.append((self._lost_at, frame.time))
                self._lost_at, self._back_at = None, frame.time
            since = frame.time - self._back_at
            # What was shown is what is held next: a face lost again while it takes over must not jump.
            self._last = mix(self._shown, frame, smoothstep(since, 0.0, RETURN)) if since < RETURN else frame
            yield self._last
        if self._lost_at is not None:
            self.stretches.append((self._lost_at, self._shown.time))
            self._lost_at = None

    def _unseen(self, time: float) -> MotionFrame:
        if self._lost_at is None:
            self._lost_at = time
        weight = smoothstep(time - self._lost_at - HOLD, 0.0, EASE)
        self._shown = replace(mix(self._last, self._rest, weight), time=time, seen=False)
        return self._shown


def rest_frame(neutral: Neutral, time: float = 0.0) -> MotionFrame:
    """Return the moment in which nothing has moved."""
    return MotionFrame(
        time=time,
        rotation=np.eye(3),
        shift=np.zeros(2),
        zoom=1.0,
        expression=np.zeros((478, 3), np.float32),
        apertures=neutral.apertures,
        blendshapes=np.zeros(52, np.float32),
        seen=False,
    )


def mix(first: MotionFrame, second: MotionFrame, weight: float) -> MotionFrame:
    """Return the movement between two moments: 0 is the first, 1 the second, which also gives time and `seen`."""
    keep = 1.0 - weight
    mixed = replace(
        second,
        expression=(keep * first.expression + weight * second.expression).astype(np.float32),
        apertures=keep * first.apertures + weight * second.apertures,
        blendshapes=(keep * first.blendshapes + weight * second.blendshapes).astype(np.float32),
        channels=combined(
            [first.channels, second.channels],
            lambda channel: channel.mix(first.channels.get(channel.name), second.channels.get(channel.name), weight),
        ),
    )
    return with_pose_vector(mixed, keep * pose_vector(first) + weight * pose_vector(second))
