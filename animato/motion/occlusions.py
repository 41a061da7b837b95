"""Hold an occluded part of the face, then ease it to rest.

Landmarks under a hand are guesses, and they begin to slip before the hand covers the part, so movement is read ahead by
a moment and the part is held from before. The rest of the face goes on.
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
from animato.motion.channel import combined
from animato.motion.dropouts import EASE, HOLD, RETURN, Cut, Missing, mix, rest_frame
from animato.motion.motion_frame import MotionFrame, Neutral

BEFORE, AFTER = 0.2, 0.12
"""Seconds before a part is found hidden, and after it is found again, in which it is not followed either."""

APERTURES: dict[str, list[int]] = {"mouth": [2], "eyes": [0, 1], "brows": []}
"""Which apertures of a `MotionFrame` belong to each part."""

Observed = tuple[MotionFrame | Missing | Cut, NDArray[np.bool_]]
"""A moment, and which parts of it are hidden."""


class HiddenParts:
    """Replaces hidden parts of a movement.

    Args:
        neutral: the driver's neutral measures.

    Attributes:
        stretches: for each part, (from, to) in seconds of each time in which it was hidden.
    """

    def __init__(self, neutral: Neutral) -> None:
        self._rest = rest_frame(neutral)
        self._parts = [_Part(name, self._rest) for name in PARTS]
        self.stretches: dict[str, list[tuple[float, float]]] = {name: [] for name in PARTS}

    def fill(self, moments: Iterable[Observed]) -> Iterator[MotionFrame | Missing | Cut]:
        """Return every moment, its hidden parts replaced; a cut ends what was hidden.

        Args:
            moments: in order of time; of moments without a face, and of cuts, the hidden parts do not count.
        """
        window: deque[Observed] = deque()
        last = np.full(len(PARTS), -math.inf)
        for moment in moments:
            cut = isinstance(moment[0], Cut)
            while window and (cut or moment[0].time - window[0][0].time >= BEFORE):
                yield self._next(window, last)
            if cut:
                yield moment[0]
                self._parts = [_Part(part.name, self._rest) for part in self._parts]
                last[:] = -math.inf
            else:
                window.append(moment)
        while window:
            yield self._next(window, last)

    def _next(self, window: deque[Observed], last: NDArray[np.float64]) -> MotionFrame | Missing | Cut:
        prefetch = np.any([hidden for _, hidden in window], axis=0)
        frame, now = window.popleft()
        if not isinstance(frame, MotionFrame):
            return frame
        last[now] = frame.time
        unseen = prefetch | (frame.time - last < AFTER)
        for part, hidden, found in zip(self._parts, unseen, now, strict=True):
            frame = part.apply(frame, bool(hidden))
            if found:
                self._note(part.name, frame.time)
        return frame

    def _note(self, name: str, time: float) -> None:
        stretches = self.stretches[name]
        if stretches and time - stretches[-1][1] <= 2 * BEFORE:
            stretches[-1] = stretches[-1][0], time
        else:
            stretches.append((time, time))


class _Part:
    """One part of the face: what it shows while it is hidden."""

    def __init__(self, name: str, rest: MotionFrame) -> None:
        self.name = name
        self._weight = part_weights()[PARTS.index(name)][:, None].astype(np.float32)
        self._rest = rest
        self._last: MotionFrame | None = None
        self._shown = rest
        self._lost_at: float | None = None
        self._back_at = -math.inf

    def apply(self, frame: MotionFrame, hidden: bool) -> MotionFrame:
        """Return a moment with this part held, eased to rest, or taking over again."""
        if hidden:
            if self._lost_at is None:
                self._lost_at = frame.time
            weight = smoothstep(frame.time - self._lost_at - HOLD, 0.0, EASE)
            self._shown = mix(self._last or self._rest, self._rest, weight)
            return self._laid_on(frame, self._shown)
        if self._lost_at is not None:
            self._lost_at, self._back_at = None, frame.time
        since = frame.time - self._back_at
        if since >= RETURN:
            self._last = frame
            return frame
        # What was shown is what is held next: a part hidden again while it takes over must not jump.
        self._last = mix(self._shown, frame, smoothstep(since, 0.0, RETURN))
        return self._laid_on(frame, self._last)

    def _laid_on(self, frame: MotionFrame, part: MotionFrame) -> MotionFrame:
        apertures = frame.apertures.copy()
        apertures[APERTURES[self.name]] = part.apertures[APERTURES[self.name]]
        return replace(
            frame,
            expression=(frame.expression + self._weight * (part.expression - frame.expression)).astype(np.float32),
            apertures=apertures,
            channels=combined(
                [frame.channels, part.channels],
                lambda channel: channel.covered(
                    self.name, frame.channels.get(channel.name), part.channels.get(channel.name)
                ),
            ),
        )
