"""Helpers of the motion tests: faces of different shapes derived from one face, and synthetic motion."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from animato.appearance.channels import CHANNELS
from animato.geometry.pose import HeadPose, points_from_local, rotation_exp
from animato.motion.aperture_profile import scale_apertures
from animato.motion.bundled import bundled
from animato.motion.channel import ChannelValues
from animato.motion.dropouts import rest_frame
from animato.motion.motion_file import MotionClip, load_motion
from animato.motion.motion_frame import Factored, MotionFrame, Neutral, factor, neutral_of, relative_to
from animato.types import Face, Points

POSE = HeadPose(np.eye(3), np.array([256.0, 256.0, 0.0]), 14.0)
"""Frontal, centred in a 512 px crop, at the usual size of a head crop."""

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
        return scale_apertures(local, (0.7, 0.7, 1.0))
    if name == "lips-apart":
        return scale_apertures(local, (1.0, 1.0, 1.6))
    return local.copy()


def channels_of(**values: np.ndarray | None) -> ChannelValues:
    """Channel values as measured from a driver."""
    return ChannelValues(CHANNELS, values)


def person(local: np.ndarray, pose: HeadPose = POSE) -> Points:
    """Landmarks of a face in pixels."""
    return points_from_local(local, pose)


def tracked(local: np.ndarray, pose: HeadPose = POSE, time: float = 0.0) -> Factored:
    """The face as tracked: projected to pixels, rounded to float32 and factored."""
    return factor(Face(points_from_local(local, pose), np.zeros(52, np.float32), 1.0), time)


def relaxed(local: np.ndarray) -> np.ndarray:
    """The same face with closed lips, as in most neutral frames."""
    return scale_apertures(local, (1.0, 1.0, 0.0))


def turned(yaw: float = 0.0, pitch: float = 0.0, roll: float = 0.0, pose: HeadPose = POSE) -> HeadPose:
    """A pose rotated by yaw, pitch and roll, degrees."""
    axes = (np.radians([0, yaw, 0]), np.radians([pitch, 0, 0]), np.radians([0, 0, roll]))
    first, second, third = (rotation_exp(axis) for axis in axes)
    return replace(pose, rotation=first @ second @ third @ pose.rotation)


def clip(name: str) -> MotionClip:
    """A bundled motion."""
    return load_motion(bundled()[name], CHANNELS)


def neutral(local: np.ndarray) -> Neutral:
    return neutral_of(tracked(local))


def since(first: np.ndarray, now: np.ndarray, pose: HeadPose = POSE, time: float = 0.0) -> MotionFrame:
    """The motion from one face of a driver to another."""
    return relative_to(tracked(first), tracked(now, pose, time))


def still(time: float = 0.0, local: np.ndarray | None = None) -> MotionFrame:
    """A motion frame without motion."""
    measures = Neutral(np.eye(3), np.array([0.2, 0.2, 0.0]), (3.0, 3.0), 5.0) if local is None else neutral(local)
    return replace(rest_frame(measures, time), tracked=True)


def moving(time: float, right: float = 0.0, turn: float = 0.0, jaw: float = 0.0) -> MotionFrame:
    """A motion frame with translation and rotation of the head and a dropped chin, all in centimetres."""
    expression = np.zeros((478, 3), np.float32)
    expression[[152, 148, 176, 377, 400, 17, 14], 1] = jaw
    return replace(
        still(time),
        translation=np.array([right, 0.0]),
        rotation=rotation_exp(np.array([0.0, turn / 7.0, 0.0])),
        expression=expression,
    )
