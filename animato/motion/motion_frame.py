"""Motion frames: pose and expression of a driver relative to its neutral frame.

Only differences are stored, so the driver's face shape can neither leak into the result nor be recovered from a motion
file. The mouth interior is stored as absolute values, coarsely.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from animato.geometry.apertures import apertures, eye_widths, mouth_width
from animato.geometry.landmarks import BLENDSHAPES, MESH_POINTS
from animato.geometry.pose import HeadPose, fit_pose, local_from_points
from animato.motion.channel import Channel, ChannelValues, merge_channels
from animato.motion.photo_expression import own_expression
from animato.tracking.face_finder import face_width
from animato.types import Face

SMALL_FACE = 120.0
"""Size of a face in pixels at which its smallness costs a photo 1, as much as twenty degrees of rotation."""


@dataclass(frozen=True)
class Neutral:
    """Measures of the driver's neutral frame.

    Attributes:
        rotation: 3 x 3 float64, orientation of the head.
        apertures: 3 float64, left eye, right eye, mouth (`geometry.apertures`).
        eye_widths: two widths in canonical centimetres.
        mouth_width: canonical centimetres.
        smile: widening of the mouth, canonical centimetres (`motion.photo_expression`); not in motion files.
        gaze: averted gaze, right and down, eye widths; not in motion files.
    """

    rotation: NDArray[np.float64]
    apertures: NDArray[np.float64]
    eye_widths: tuple[float, float]
    mouth_width: float
    smile: float = 0.0
    gaze: tuple[float, float] = (0.0, 0.0)


@dataclass(frozen=True)
class MotionFrame:
    """Motion of one driver frame.

    Attributes:
        time: seconds.
        rotation: 3 x 3 float64, rotation of the head relative to neutral, in image axes.
        translation: 2 float64, relative to neutral, canonical centimetres at the neutral scale.
        scale: size of the head divided by its neutral size.
        expression: 478 x 3 float32, difference of the canonical landmarks to neutral, centimetres.
        apertures: 3 float64, left eye, right eye and mouth, absolute.
        blendshapes: 52 float32 in [0, 1].
        tracked: whether the driver's face was detected; otherwise the frame was filled in.
        channels: values and definitions of the channels (`motion.channel`); absent: not measured.
    """

    time: float
    rotation: NDArray[np.float64]
    translation: NDArray[np.float64]
    scale: float
    expression: NDArray[np.float32]
    apertures: NDArray[np.float64]
    blendshapes: NDArray[np.float32]
    tracked: bool = True
    channels: ChannelValues = field(default_factory=ChannelValues)


@dataclass(frozen=True)
class Factored:
    """A driver face factored into head pose and canonical landmarks, not yet relative to the neutral frame.

    Attributes:
        time: seconds.
        pose: rigid pose.
        local: 478 x 3 float64, canonical landmarks, centimetres.
        blendshapes: 52 float32.
        channels: as of `Face`.
    """

    time: float
    pose: HeadPose
    local: NDArray[np.float64]
    blendshapes: NDArray[np.float32]
    channels: Mapping[str, NDArray[np.float32]] = field(default_factory=dict)


def factor(face: Face, time: float) -> Factored:
    """Factor a tracked face into head pose and canonical landmarks."""
    pose = fit_pose(face.points)
    local = local_from_points(face.points, pose)
    return Factored(time, pose, local, face.blendshapes, face.channels)


def neutral_of(frame: Factored) -> Neutral:
    """Return the measures of a frame chosen as neutral."""
    expression = own_expression(frame.local, frame.pose, frame.blendshapes)
    widths, mouth = eye_widths(frame.local), mouth_width(frame.local)
    gaze = float(expression.gaze[0]), float(expression.gaze[1])
    return Neutral(frame.pose.rotation, apertures(frame.local), widths, mouth, expression.smile, gaze)


def relative_to(neutral: Factored, frame: Factored, channels: Sequence[Channel] = ()) -> MotionFrame:
    """Return the motion of a driver frame relative to the neutral frame.

    Args:
        neutral: the neutral frame.
        frame: the driver frame.
        channels: definitions of all channels that the frame may have.

    Raises:
        KeyError: the frame has another channel.
    """
    neutral_scale = neutral.pose.scale
    return MotionFrame(
        time=frame.time,
        rotation=frame.pose.rotation @ neutral.pose.rotation.T,
        translation=(frame.pose.translation - neutral.pose.translation)[:2] / neutral_scale,
        scale=frame.pose.scale / neutral_scale,
        expression=(frame.local - neutral.local).astype(np.float32),
        apertures=apertures(frame.local),
        blendshapes=frame.blendshapes,
        channels=merge_channels(
            [ChannelValues(channels, frame.channels)],
            lambda channel: channel.relative(neutral.channels.get(channel.name), frame.channels[channel.name]),
        ),
    )


LIPS_HIDDEN = [
    BLENDSHAPES.index(name)
    for name in ("mouthPressLeft", "mouthPressRight", "mouthRollLower", "mouthRollUpper", "mouthShrugLower")
]
"""Blendshapes that hide the red of the lips."""


def neutral_cost(frame: Factored) -> float:
    """Return the deviation of a frame from a neutral, frontal face: smaller is better.

    Sums the blendshapes without gaze, the rotation in units of twenty degrees, and penalties for closed eyes and an
    open mouth by aperture. Lips pressed together or rolled in cost extra, because what they hide cannot be
    animated.
    """
    scores = frame.blendshapes.astype(np.float64).copy()
    scores[[0, *range(11, 19)]] = 0.0  # "_neutral" and the eight gaze directions
    yaw, pitch, roll = frame.pose.degrees()
    turn = (abs(yaw) + abs(pitch) + abs(roll)) / 20.0
    left, right, mouth = apertures(frame.local)
    blink = max(0.0, 0.16 - min(left, right)) * 8.0
    hidden = 0.5 * float(scores[LIPS_HIDDEN].sum())
    return float(scores.sum() / 3.0 + turn + hidden + blink + max(0.0, mouth - 0.01) * 6.0)


def photo_cost(face: Face) -> float:
    """Return the cost of a photo as the animated one: deviation from neutral and frontal, and small size.

    Args:
        face: its landmarks, pixels of the photo.
    """
    return neutral_cost(factor(face, 0.0)) + SMALL_FACE / face_width(face)


def mesh_rms(points: NDArray[np.floating]) -> float:
    """Return the root mean square length of the mesh's displacement vectors (N >= 468 x (2 or 3)), in their unit."""
    return float(np.sqrt((points[:MESH_POINTS].astype(np.float64) ** 2).sum(axis=1).mean()))
