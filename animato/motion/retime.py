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

SNAP_SHARE = 0.12
"""Distance from a recorded frame, as a share of the frame interval, up to which it is used without interpolation."""

TIME_TOLERANCE = 1e-9
"""Seconds within which two times are equal."""


def retime(
    frames: Iterable[MotionFrame], fps: Fraction, duration: float | Callable[[], float | None] | None = None
) -> Iterator[MotionFrame]:
    """Resample motion to the times 0, 1/fps, 2/fps, ...

    A closure of lips or lids in a single recorded frame is kept in the nearest output frame; interpolation would remove
    a closure between two output frames.

    Args:
        frames: in order of time; the first counts as time 0 if it comes later.
        fps: output frame rate, frames a second.
        duration: seconds of output; by default up to the last frame. A function is called after the last frame, because
            the readable length of a damaged video is known only then.
    """
    count = 0
    half = float(1 / fps) / 2
    recent: deque[MotionFrame] = deque()
    for frame in frames:
        # An output frame is due once all recorded frames nearest to it have arrived.
        while (
            recent
            and count / fps <= recent[-1].time + TIME_TOLERANCE
            and float(count / fps) + half <= frame.time + TIME_TOLERANCE
        ):
            yield _at(recent, float(count / fps), half)
            count += 1
        recent.append(frame)
        while len(recent) > 2 and recent[1].time < float(count / fps) - half - TIME_TOLERANCE:
            recent.popleft()
    while recent and count / fps <= recent[-1].time + TIME_TOLERANCE:
        yield _at(recent, float(count / fps), half)
        count += 1
    length = duration() if callable(duration) else duration
    while recent and length is not None and float((count + Fraction(1, 2)) / fps) < length:
        yield replace(recent[-1], time=float(count / fps))
        count += 1


def _at(recent: deque[MotionFrame], time: float, half: float) -> MotionFrame:
    """Return the motion at a time from the surrounding recorded frames."""
    after = next((frame for frame in recent if frame.time + TIME_TOLERANCE >= time), recent[-1])
    before = recent[0]
    for frame in recent:
        if frame is after:
            break
        before = frame
    nearest = [
        frame
        for frame in recent
        if time - half - TIME_TOLERANCE <= frame.time < time + half - TIME_TOLERANCE and frame.tracked
    ]
    return _keep_closures(_interpolate(before, after, time), nearest)


def _keep_closures(frame: MotionFrame, nearest: list[MotionFrame]) -> MotionFrame:
    """Return a frame with the mouth or eyes of a nearest recorded frame in which they are closed."""
    if not frame.tracked:
        return frame
    mouth, eyes, _ = part_weights()
    for weights, indices, closed in ((mouth, [2], MOUTH_CLOSED), (eyes, [0, 1], EYE_CLOSED)):
        aperture = frame.apertures[indices].max()
        tightest = min(nearest, key=lambda near: float(near.apertures[indices].max()), default=None)
        if tightest is None or aperture <= closed or tightest.apertures[indices].max() > closed:
            continue
        change = weights[:, None] * (tightest.expression - frame.expression)
        apertures = frame.apertures.copy()
        apertures[indices] = tightest.apertures[indices]
        frame = replace(frame, expression=(frame.expression + change).astype(np.float32), apertures=apertures)
    return frame


def _interpolate(first: MotionFrame, second: MotionFrame, time: float) -> MotionFrame:
    step = second.time - first.time
    weight = 1.0 if step <= 0 else min(max((time - first.time) / step, 0.0), 1.0)
    if weight >= 1 - SNAP_SHARE:
        return replace(second, time=time)
    if weight <= SNAP_SHARE:
        return replace(first, time=time)
    return replace(mix(first, second, weight), time=time, tracked=first.tracked and second.tracked)
