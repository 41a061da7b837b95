"""Resample motion to a constant frame rate by interpolation."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from fractions import Fraction

import numpy as np

from animato.geometry.apertures import EYE_CLOSED, MOUTH_CLOSED
from animato.geometry.region_weights import part_weights
from animato.motion.dropouts import mix
from animato.motion.motion_frame import MotionFrame

SNAP = 0.12
"""Within this share of a step a recorded moment is taken as it is."""

EARLY = 1e-9
"""Seconds within which two times are one."""


def retime(
    frames: Iterable[MotionFrame], fps: Fraction, duration: float | Callable[[], float | None] | None = None
) -> Iterator[MotionFrame]:
    """Return movement at times 0, 1/fps, 2/fps, ...

    Lips or lids that are shut in one recorded moment only are shut in the output frame nearest to it: a closure between
    two output frames would otherwise be interpolated away.

    Args:
        frames: in order of time; the first counts as time 0 if it comes later.
        fps: frames a second wanted.
        duration: seconds to fill; by default up to the last moment given. A function is asked once the frames are over:
            only then is it known how much of a damaged video could be read.
    """
    count = 0
    half = float(1 / fps) / 2
    recent: deque[MotionFrame] = deque()
    for frame in frames:
        # A frame is due once all moments are known that lie nearer to it than to the next one.
        while recent and count / fps <= recent[-1].time + EARLY and float(count / fps) + half <= frame.time + EARLY:
            yield _at(recent, float(count / fps), half)
            count += 1
        recent.append(frame)
        while len(recent) > 2 and recent[1].time < float(count / fps) - half - EARLY:
            recent.popleft()
    while recent and count / fps <= recent[-1].time + EARLY:
        yield _at(recent, float(count / fps), half)
        count += 1
    length = duration() if callable(duration) else duration
    while recent and length is not None and float((count + Fraction(1, 2)) / fps) < length:
        yield replace(recent[-1], time=float(count / fps))
        count += 1


def _at(recent: deque[MotionFrame], time: float, half: float) -> MotionFrame:
    """Return the movement at a time, from the recorded moments around it."""
    after = next((frame for frame in recent if frame.time + EARLY >= time), recent[-1])
    before = recent[0]
    for frame in recent:
        if frame is after:
            break
        before = frame
    near = [frame for frame in recent if time - half - EARLY <= frame.time < time + half - EARLY and frame.seen]
    return _shut(_between(before, after, time), near)


def _shut(moment: MotionFrame, near: list[MotionFrame]) -> MotionFrame:
    """Return a moment with the mouth, or the eyes, of the recorded moment near it in which they are shut."""
    if not moment.seen:
        return moment
    mouth, eyes, _ = part_weights()
    for part, openings, closed in ((mouth, [2], MOUTH_CLOSED), (eyes, [0, 1], EYE_CLOSED)):
        shown = moment.apertures[openings].max()
        tightest = min(near, key=lambda frame: float(frame.apertures[openings].max()), default=None)
        if tightest is None or shown <= closed or tightest.apertures[openings].max() > closed:
            continue
        change = part[:, None] * (tightest.expression - moment.expression)
        apertures = moment.apertures.copy()
        apertures[openings] = tightest.apertures[openings]
        moment = replace(moment, expression=(moment.expression + change).astype(np.float32), apertures=apertures)
    return moment


def _between(first: MotionFrame, second: MotionFrame, time: float) -> MotionFrame:
    step = second.time - first.time
    weight = 1.0 if step <= 0 else min(max((time - first.time) / step, 0.0), 1.0)
    if weight >= 1 - SNAP:
        return replace(second, time=time)
    if weight <= SNAP:
        return replace(first, time=time)
    return replace(mix(first, second, weight), time=time, seen=first.seen and second.seen)
