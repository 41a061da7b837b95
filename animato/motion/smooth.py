"""Smooth motion: zero lag for files, causal for live input.

Files: a bilateral filter over time (Tomasi, Manduchi 1998, applied to a sequence): each part of the motion is averaged
with its neighbours in time, weighted by time difference and by similarity, which removes jitter and keeps fast motion.
The window is symmetric, so there is no delay. Live: the One Euro filter (Casiez, Roussel, Vogel 2012, equations
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
from animato.motion.channel import Channel, Value, merge_channels
from animato.motion.motion_frame import MotionFrame

WINDOW_RADIUS = 0.1
"""Half-width of the temporal window of the bilateral filter, seconds; its temporal sigma is half of it."""
TIME_TOLERANCE = 1e-6
"""Seconds: includes neighbours exactly at the radius on both sides, however their times were rounded."""
EXPRESSION_RANGE_SIGMA = (0.105, 0.054, 0.09)
"""Range sigma for mouth, eyes and brows at full strength, canonical centimetres; larger changes are kept."""
POSE_RANGE_SIGMA = 0.18
"""The same for the pose: root mean square displacement of a mesh point by pose alone."""
HEAD_RADIUS = 7.0
"""Canonical centimetres; converts radians to centimetres at the surface of the face."""


def pose_vector(frame: MotionFrame) -> NDArray[np.float64]:
    """Return (rotation vector, translation, log scale) as 6 float64, all in centimetres at the surface of the face."""
    rotation = rotation_log(frame.rotation) * HEAD_RADIUS
    return np.array([*rotation, *frame.translation, math.log(frame.scale) * HEAD_RADIUS])


def with_pose_vector(frame: MotionFrame, vector: NDArray[np.float64]) -> MotionFrame:
    """Return the frame with its pose replaced by a vector of 6 float64; the inverse of `pose_vector`."""
    return replace(
        frame,
        rotation=rotation_exp(vector[:3] / HEAD_RADIUS),
        translation=vector[3:5],
        scale=float(math.exp(vector[5] / HEAD_RADIUS)),
    )


def smooth_file(frames: Iterable[MotionFrame], strength: float) -> Iterator[MotionFrame]:
    """Smooth a sequence without delay; buffers a few motion frames (no pictures).

    Args:
        frames: in order of time.
        strength: 0 (returned unchanged) to 1.
    """
    if strength <= 0:
        yield from frames
        return
    window: deque[MotionFrame] = deque()
    ready = 0  # index in the window of the next frame to yield
    for frame in frames:
        window.append(frame)
        while ready < len(window) and window[-1].time - window[ready].time >= WINDOW_RADIUS - TIME_TOLERANCE:
            yield _bilateral(window, ready, strength)
            ready += 1
            while window[ready].time - window[0].time > WINDOW_RADIUS + TIME_TOLERANCE:
                window.popleft()
                ready -= 1
    while ready < len(window):
        yield _bilateral(window, ready, strength)
        ready += 1


def _bilateral(window: deque[MotionFrame], centre: int, strength: float) -> MotionFrame:
    frame = window[centre]
    neighbours = [
        item for item in window if abs(item.time - frame.time) <= WINDOW_RADIUS + TIME_TOLERANCE and item.tracked
    ]
    if len(neighbours) < 2 or not frame.tracked:
        return frame
    time_weights = np.array(
        [math.exp(-0.5 * ((item.time - frame.time) / (0.5 * WINDOW_RADIUS)) ** 2) for item in neighbours]
    )
    poses = np.stack([pose_vector(item) for item in neighbours])
    distance = np.linalg.norm(poses - pose_vector(frame), axis=1)
    weights = time_weights * np.exp(-0.5 * (distance / (POSE_RANGE_SIGMA * strength)) ** 2)
    pose = (weights / weights.sum()) @ poses
    faces = np.stack([item.expression for item in neighbours]).astype(np.float64)
    change = faces - frame.expression
    expression = np.zeros_like(faces[0])
    for part, range_sigma in zip(part_weights(), EXPRESSION_RANGE_SIGMA, strict=True):
        distance = np.sqrt((change[:, :MESH_POINTS] ** 2).sum(axis=2) @ part[:MESH_POINTS] ** 2 / (part**2).sum())
        similarity = time_weights * np.exp(-0.5 * (distance / (range_sigma * strength)) ** 2)
        expression += part[:, None] * np.tensordot(similarity / similarity.sum(), faces, axes=1)
    smoothed = replace(
        frame,
        expression=expression.astype(np.float32),
        channels=merge_channels(
            [item.channels for item in neighbours], lambda channel: _smoothed(channel, frame, neighbours, strength)
        ),
    )
    return with_pose_vector(smoothed, pose)


def _smoothed(channel: Channel, frame: MotionFrame, neighbours: list[MotionFrame], strength: float) -> Value | None:
    measured = [item for item in neighbours if channel.name in item.channels]
    lags = np.array([item.time - frame.time for item in measured]) / (0.5 * WINDOW_RADIUS)
    values = [item.channels[channel.name] for item in measured]
    return channel.smooth(frame.channels.get(channel.name), lags, values, strength)


class OneEuro:
    """The One Euro filter over a vector, for live use: its delay decreases with speed.

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
    """Smooths motion causally, for live use.

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
        """Return the next frame, smoothed with the preceding ones."""
        if self.strength <= 0:
            return frame
        face = frame.expression.astype(np.float64)
        parts = zip(part_weights(), self._parts, strict=True)
        expression = sum(part[:, None] * filtered(face, frame.time) for part, filtered in parts)
        pose = self._pose(pose_vector(frame), frame.time)
        channels = merge_channels([frame.channels], lambda channel: self._smoothed(channel, frame))
        smoothed = replace(frame, expression=np.asarray(expression, np.float32), channels=channels)
        return with_pose_vector(smoothed, pose)

    def _smoothed(self, channel: Channel, frame: MotionFrame) -> Value:
        value = frame.channels[channel.name]
        if not channel.smooth_live:
            return value
        return self._channels[channel.name](value.astype(np.float64), frame.time).astype(np.float32)
