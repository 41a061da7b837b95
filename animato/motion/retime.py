"""Movement at a constant frame rate, whatever rate it was recorded at: movement is interpolated, not repeated."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from fractions import Fraction

from animato.motion.frames import MotionFrame
from animato.motion.gaps import mix

SNAP = 0.12
"""Within this share of a step a recorded moment is taken as it is."""


def retime(
    frames: Iterable[MotionFrame], fps: Fraction, duration: float | Callable[[], float | None] | None = None
) -> Iterator[MotionFrame]:
    """Return movement at times 0, 1/fps, 2/fps, ...

    Args:
        frames: in order of time; the first counts as time 0 if it comes later.
        fps: frames a second wanted.
        duration: seconds to fill; by default up to the last moment given. A function is asked once the frames are over:
            only then is it known how much of a damaged video could be read.
    """
    count = 0
    before: MotionFrame | None = None
    for frame in frames:
        if before is None:
            before = frame
        while count / fps <= frame.time + 1e-9:
            yield _between(before, frame, float(count / fps))
            count += 1
        before = frame
    length = duration() if callable(duration) else duration
    while before is not None and length is not None and float((count + Fraction(1, 2)) / fps) < length:
        yield replace(before, time=float(count / fps))
        count += 1


def _between(first: MotionFrame, second: MotionFrame, time: float) -> MotionFrame:
    step = second.time - first.time
    weight = 1.0 if step <= 0 else min(max((time - first.time) / step, 0.0), 1.0)
    if weight >= 1 - SNAP:
        return replace(second, time=time)
    if weight <= SNAP:
        return replace(first, time=time)
    return replace(mix(first, second, weight), time=time, seen=first.seen and second.seen)
