"""Hold an occluded part of the face, then ease it to rest.

Landmarks under a hand are unreliable and drift before the occlusion is detected, so motion is buffered by `LOOKAHEAD`
and the part is held from before the occlusion. The other parts are not affected.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from animato.geometry.region_weights import PARTS, part_weights
from animato.geometry.smoothstep import smoothstep
from animato.motion.channel import merge_channels
from animato.motion.dropouts import EASE_SECONDS, HOLD_SECONDS, RESUME_SECONDS, Cut, Missing, mix, rest_frame
from animato.motion.motion_frame import MotionFrame, Neutral

LOOKAHEAD, RELEASE = 0.2, 0.12
"""Seconds before an occlusion is detected, and after it ends, in which the part is held too."""

APERTURES: dict[str, list[int]] = {"mouth": [2], "eyes": [0, 1], "brows": []}
"""Indices into `MotionFrame.apertures` of each part."""

Observed = tuple[MotionFrame | Missing | Cut, NDArray[np.bool_]]
"""A frame, and which of `PARTS` are occluded in it (3 bool)."""


class OcclusionFiller:
    """Replaces the motion of occluded parts.

    Args:
        neutral: the driver's neutral measures.

    Attributes:
        intervals: for each part, (start, end) in seconds of each occlusion.
    """

    def __init__(self, neutral: Neutral) -> None:
        self._rest = rest_frame(neutral)
        self._parts = [PartFiller(name, self._rest) for name in PARTS]
        self.intervals: dict[str, list[tuple[float, float]]] = {name: [] for name in PARTS}

    def fill(self, observations: Iterable[Observed]) -> Iterator[MotionFrame | Missing | Cut]:
        """Yield every frame with its occluded parts replaced; a cut ends all occlusions.

        Args:
            observations: in order of time; the flags of frames without a face and of cuts are ignored.
        """
        window: deque[Observed] = deque()
        last = np.full(len(PARTS), -math.inf)
        for observation in observations:
            cut = isinstance(observation[0], Cut)
            while window and (cut or observation[0].time - window[0][0].time >= LOOKAHEAD):
                yield self._next(window, last)
            if cut:
                yield observation[0]
                self._parts = [PartFiller(part.name, self._rest) for part in self._parts]
                last[:] = -math.inf
            else:
                window.append(observation)
        while window:
            yield self._next(window, last)

    def _next(self, window: deque[Observed], last: NDArray[np.float64]) -> MotionFrame | Missing | Cut:
        upcoming = np.any([occluded for _, occluded in window], axis=0)
        frame, flags = window.popleft()
        if not isinstance(frame, MotionFrame):
            return frame
        last[flags] = frame.time
        replaced = upcoming | (frame.time - last < RELEASE)
        for part, is_held, occluded in zip(self._parts, replaced, flags, strict=True):
            frame = part.apply(frame, bool(is_held))
            if occluded:
                self._record(part.name, frame.time)
        return frame

    def _record(self, name: str, time: float) -> None:
        intervals = self.intervals[name]
        if intervals and time - intervals[-1][1] <= 2 * LOOKAHEAD:
            intervals[-1] = intervals[-1][0], time
        else:
            intervals.append((time, time))


class PartFiller:
    """State of one part of the face during and after an occlusion."""

    def __init__(self, name: str, rest: MotionFrame) -> None:
        self.name = name
        self._weight = part_weights()[PARTS.index(name)][:, None].astype(np.float32)
        self._rest = rest
        self._last: MotionFrame | None = None
        self._filled = rest
        self._occluded_time: float | None = None
        self._resume_time = -math.inf

    def apply(self, frame: MotionFrame, occluded: bool) -> MotionFrame:
        """Return the frame with this part held, eased to rest, or blended back."""
        if occluded:
            if self._occluded_time is None:
                self._occluded_time = frame.time
            weight = smoothstep(frame.time - self._occluded_time - HOLD_SECONDS, 0.0, EASE_SECONDS)
            self._filled = mix(self._last or self._rest, self._rest, weight)
            return self._with_part(frame, self._filled)
        if self._occluded_time is not None:
            self._occluded_time, self._resume_time = None, frame.time
        elapsed = frame.time - self._resume_time
        if elapsed >= RESUME_SECONDS:
            self._last = frame
            return frame
        # The blended part is what is held next: a second occlusion during the blend must not jump.
        self._last = mix(self._filled, frame, smoothstep(elapsed, 0.0, RESUME_SECONDS))
        return self._with_part(frame, self._last)

    def _with_part(self, frame: MotionFrame, part: MotionFrame) -> MotionFrame:
        apertures = frame.apertures.copy()
        apertures[APERTURES[self.name]] = part.apertures[APERTURES[self.name]]
        return replace(
            frame,
            expression=(frame.expression + self._weight * (part.expression - frame.expression)).astype(np.float32),
            apertures=apertures,
            channels=merge_channels(
                [frame.channels, part.channels],
                lambda channel: channel.occluded(
                    self.name, frame.channels.get(channel.name), part.channels.get(channel.name)
                ),
            ),
        )
