"""Material of the movement tests: people of different shapes made from one face, and movements with known content."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from animato.appearance.channels import CHANNELS
from animato.geometry.pose import HeadPose, points_from_local, rotation_exp
from animato.motion.aperture_profile import close_gaps
from animato.motion.bundled import bundled
from animato.motion.channel import ChannelValues
from animato.motion.dropouts import rest_frame
from animato.motion.motion_file import MotionClip, load_motion
from animato.motion.motion_frame import Factored, MotionFrame, Neutral, factor, neutral_of, relative_to
from animato.types import Face, Points

POSE = HeadPose(np.eye(3), np.array([256.0, 256.0, 0.0]), 14.0)
"""Facing the camera in the middle of a 512 px crop, about as large as a head's crop shows it."""

SHAPES = ("plain", "wide", "long", "small-eyed", "narrow-eyed", "lips-apart")


def shaped(local: np.ndarray, name: str) -> np.ndarray:
    """Return a face of another shape with the same kind of features (478 x 3, canonical centimetres)."""
    if name == "wide":
        return local * (1.14, 0.95, 1.1)
    if name == "long":
        return local * (0.93, 1.12, 0.95)
    if name == "small-eyed":
        return np.asarray(local - 0.25 * np.exp(-(((local[:, 1:2] + 2.5) / 1.5) ** 2)) * local * (1, 0, 0))
    if name == "narrow-eyed":
        return close_gaps(local, (0.7, 0.7, 1.0))
    if name == "lips-apart":
        return close_gaps(local, (1.0, 1.0, 1.6))
    return local.copy()


def channels_of(**values: np.ndarray | None) -> ChannelValues:
    """Channels as a driver would have read them."""
    return ChannelValues(CHANNELS, values)


def person(local: np.ndarray, pose: HeadPose = POSE) -> Points:
    """Landmarks of a face in pixels."""
    return points_from_local(local, pose)


def seen(local: np.ndarray, pose: HeadPose = POSE, time: float = 0.0) -> Factored:
    """What tracking would make of a face: through pixels, as float32, and factored again."""
    return factor(Face(points_from_local(local, pose), np.zeros(52, np.float32), 1.0), time)


def relaxed(local: np.ndarray) -> np.ndarray:
    """The same face with its lips closed, which most neutral frames show."""
    return close_gaps(local, (1.0, 1.0, 0.0))


def turned(yaw: float = 0.0, pitch: float = 0.0, roll: float = 0.0, pose: HeadPose = POSE) -> HeadPose:
    """A pose turned by degrees: about the vertical, then the horizontal, then the line of sight (from the left)."""
    axes = (np.radians([0, yaw, 0]), np.radians([pitch, 0, 0]), np.radians([0, 0, roll]))
    first, second, third = (rotation_exp(axis) for axis in axes)
    return replace(pose, rotation=first @ second @ third @ pose.rotation)


def clip(name: str) -> MotionClip:
    """One of the bundled movements."""
    return load_motion(bundled()[name], CHANNELS)


def neutral(local: np.ndarray) -> Neutral:
    return neutral_of(seen(local))


def since(first: np.ndarray, now: np.ndarray, pose: HeadPose = POSE, time: float = 0.0) -> MotionFrame:
    """The movement from one face of a driver to another."""
    return relative_to(seen(first), seen(now, pose, time))


def still(time: float = 0.0, local: np.ndarray | None = None) -> MotionFrame:
    """A moment in which nothing has moved."""
    measures = Neutral(np.eye(3), np.array([0.2, 0.2, 0.0]), (3.0, 3.0), 5.0) if local is None else neutral(local)
    return replace(rest_frame(measures, time), seen=True)


def moving(time: float, right: float = 0.0, turn: float = 0.0, jaw: float = 0.0) -> MotionFrame:
    """A moment with a shift and a turn of the head and a dropped chin, all in centimetres."""
    expression = np.zeros((478, 3), np.float32)
    expression[[152, 148, 176, 377, 400, 17, 14], 1] = jaw
    return replace(
        still(time),
        shift=np.array([right, 0.0]),
        rotation=rotation_exp(np.array([0.0, turn / 7.0, 0.0])),
        expression=expression,
    )
