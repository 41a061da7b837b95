"""Smooth motion: zero lag for files, causal for live input.

Files: a bilateral filter over time (Tomasi, Manduchi 1998, applied to a sequence): each part of the movement is
averaged with its neighbours in time, weighted by closeness in time and by likeness, so tremble goes and fast movement
stays. It looks as far ahead as back, hence no delay. Live: the One Euro filter (Casiez, Roussel, Vogel 2012, equations
1 to 5).
"""

from __future__ import annotations

import math
from collections import defaultdict, deque
from collections.abc import Iterable, Iterator
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from animato.geometry.landmarks import MESH_POINTS
from animato.geometry.pose import rotation_exp, rotation_log
from animato.geometry.region_weights import part_weights
from animato.motion.channel import Channel, Value, combined
from animato.motion.motion_frame import MotionFrame

REACH = 0.1
"""Seconds to either side over which a file is smoothed."""
SAME_TIME = 1e-6
"""Seconds: a neighbour exactly at the reach counts on both sides, however its time was rounded."""
TREMBLE = (0.105, 0.054, 0.09)
"""Size of tremble in canonical centimetres for mouth, eyes and brows at full strength; larger changes pass."""
POSE_TREMBLE = 0.18
"""The same for the head: root mean square movement of a mesh point by pose alone."""
HEAD_RADIUS = 7.0
"""Canonical centimetres; turns radians into centimetres at the face's surface."""


def pose_vector(frame: MotionFrame) -> NDArray[np.float64]:
    """Return (rotation vector, shift, log zoom) as 6 float64, all in centimetres at the surface of the face."""
    turn = rotation_log(frame.rotation) * HEAD_RADIUS
    return np.array([*turn, *frame.shift, math.log(frame.zoom) * HEAD_RADIUS])


def with_pose_vector(frame: MotionFrame, vector: NDArray[np.float64]) -> MotionFrame:
    """Return the frame with its pose replaced by a vector of 6 float64; the inverse of `pose_vector`."""
    return replace(
        frame,
        rotation=rotation_exp(vector[:3] / HEAD_RADIUS),
        shift=vector[3:5],
        zoom=float(math.exp(vector[5] / HEAD_RADIUS)),
    )


def smooth_file(frames: Iterable[MotionFrame], strength: float) -> Iterator[MotionFrame]:
    """Smooth a sequence without delay; holds a few frames of movement (not pictures) at a time.

    Args:
        frames: in order of time.
        strength: 0 (returned unchanged) to 1.
    """
    if strength <= 0:
        yield from frames
        return
    window: deque[MotionFrame] = deque()
    ready = 0  # index in the window of the next frame to give out
    for frame in frames:
        window.append(frame)
        while ready < len(window) and window[-1].time - window[ready].time >= REACH - SAME_TIME:
            yield _bilateral(window, ready, strength)
            ready += 1
            while window[ready].time - window[0].time > REACH + SAME_TIME:
                window.popleft()
                ready -= 1
    while ready < len(window):
        yield _bilateral(window, ready, strength)
        ready += 1


def _bilateral(window: deque[MotionFrame], centre: int, strength: float) -> MotionFrame:
    frame = window[centre]
    near = [item for item in window if abs(item.time - frame.time) <= REACH + SAME_TIME and item.seen]
    if len(near) < 2 or not frame.seen:
        return frame
    closeness = np.array([math.exp(-0.5 * ((item.time - frame.time) / (0.5 * REACH)) ** 2) for item in near])
    poses = np.stack([pose_vector(item) for item in near])
    distance = np.linalg.norm(poses - pose_vector(frame), axis=1)
    weights = closeness * np.exp(-0.5 * (distance / (POSE_TREMBLE * strength)) ** 2)
    pose = (weights / weights.sum()) @ poses
    faces = np.stack([item.expression for item in near]).astype(np.float64)
    change = faces - frame.expression
    expression = np.zeros_like(faces[0])
    for part, tremble in zip(part_weights(), TREMBLE, strict=True):
        moved = np.sqrt((change[:, :MESH_POINTS] ** 2).sum(axis=2) @ part[:MESH_POINTS] ** 2 / (part**2).sum())
        likeness = closeness * np.exp(-0.5 * (moved / (tremble * strength)) ** 2)
        expression += part[:, None] * np.tensordot(likeness / likeness.sum(), faces, axes=1)
    smoothed = replace(
        frame,
        expression=expression.astype(np.float32),
        channels=combined([item.channels for item in near], lambda channel: _smoothed(channel, frame, near, strength)),
    )
    return with_pose_vector(smoothed, pose)


def _smoothed(channel: Channel, frame: MotionFrame, near: list[MotionFrame], strength: float) -> Value | None:
    known = [item for item in near if channel.name in item.channels]
    lags = np.array([item.time - frame.time for item in known]) / (0.5 * REACH)
    values = [item.channels[channel.name] for item in known]
    return channel.smooth(frame.channels.get(channel.name), lags, values, strength)


class OneEuro:
    """The One Euro filter over a vector, for live use: its delay shrinks as the movement gets faster.

    Args:
        cutoff: hertz at rest.
        beta: hertz per unit of speed.
    """

    def __init__(self, cutoff: float, beta: float) -> None:
        self.cutoff, self.beta = cutoff, beta
        self._value: NDArray[np.float64] | None = None
        self._speed: NDArray[np.float64] | None = None
        self._time = 0.0

    def __call__(self, value: NDArray[np.float64], time: float) -> NDArray[np.float64]:
        """Return the filtered value at a time in seconds."""
        if self._value is None or self._speed is None or time <= self._time:
            self._value, self._speed, self._time = value.copy(), np.zeros_like(value), time
            return value
        step = time - self._time
        speed = (value - self._value) / step
        self._speed = self._speed + _alpha(1.0, step) * (speed - self._speed)
        cutoff = self.cutoff + self.beta * float(np.linalg.norm(self._speed) / math.sqrt(value.size))
        self._value = self._value + _alpha(cutoff, step) * (value - self._value)
        self._time = time
        return self._value


def _alpha(cutoff: float, step: float) -> float:
    tau = 1.0 / (2.0 * math.pi * cutoff)
    return 1.0 / (1.0 + tau / step)


class CausalSmoother:
    """Smooths movement as it arrives, for live use.

    Args:
        strength: 0 (unchanged) to 1.
    """

    def __init__(self, strength: float) -> None:
        self.strength = strength
        cutoff = 12.0 - 10.0 * strength
        self._pose = OneEuro(cutoff, 6.0)
        self._parts = [OneEuro(cutoff * factor, 20.0) for factor in (1.4, 3.0, 1.4)]
        self._channels: defaultdict[str, OneEuro] = defaultdict(lambda: OneEuro(cutoff, 6.0))

    def __call__(self, frame: MotionFrame) -> MotionFrame:
        """Return the next frame, smoothed by what came before it."""
        if self.strength <= 0:
            return frame
        face = frame.expression.astype(np.float64)
        parts = zip(part_weights(), self._parts, strict=True)
        expression = sum(part[:, None] * filtered(face, frame.time) for part, filtered in parts)
        pose = self._pose(pose_vector(frame), frame.time)
        channels = combined([frame.channels], lambda channel: self._smoothed(channel, frame))
        smoothed = replace(frame, expression=np.asarray(expression, np.float32), channels=channels)
        return with_pose_vector(smoothed, pose)

    def _smoothed(self, channel: Channel, frame: MotionFrame) -> Value:
        value = frame.channels[channel.name]
        if not channel.live:
            return value
        return self._channels[channel.name](value.astype(np.float64), frame.time).astype(np.float32)
