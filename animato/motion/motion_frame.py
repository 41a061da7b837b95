"""Motion frames: pose and expression of a driver relative to its neutral frame.

Only differences are kept, so the driver's face shape is not in them: it can neither leak into the result nor be read
from a motion file. What an open mouth shows is kept as it is, coarsely: teeth and tongue.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from animato.geometry.apertures import apertures, eye_widths, mouth_width
from animato.geometry.landmarks import BLENDSHAPES, MESH_POINTS
from animato.geometry.pose import HeadPose, fit_pose, local_from_points
from animato.motion.channel import Channel, ChannelValues, combined
from animato.motion.photo_expression import own_expression
from animato.tracking.face_finder import face_width
from animato.types import Face

SMALL = 120.0
"""Size of a face, pixels, at which being small counts 1 against a photo, as much as being turned by twenty degrees."""


@dataclass(frozen=True)
class Neutral:
    """What is kept of the driver's neutral frame.

    Attributes:
        rotation: 3 x 3 float64, the head's orientation.
        apertures: 3 float64, left eye, right eye, mouth (`geometry.apertures`).
        eye_widths: two widths in canonical centimetres.
        mouth_width: canonical centimetres.
        smile: by how much it widens the mouth, canonical centimetres (`motion.photo_expression`); not in motion files.
        gaze: how far it looks aside, right and down, eye widths; not in motion files.
    """

    rotation: NDArray[np.float64]
    apertures: NDArray[np.float64]
    eye_widths: tuple[float, float]
    mouth_width: float
    smile: float = 0.0
    gaze: tuple[float, float] = (0.0, 0.0)


@dataclass(frozen=True)
class MotionFrame:
    """One moment of movement.

    Attributes:
        time: seconds.
        rotation: 3 x 3 float64, turn of the head since neutral, in image axes.
        shift: 2 float64, shift of the head since neutral, in canonical centimetres at the neutral's scale.
        zoom: size of the head over its neutral size.
        expression: 478 x 3 float32, difference to the neutral face in the head's own frame, canonical centimetres.
        apertures: 3 float64, left eye, right eye and mouth as they are (not differences).
        blendshapes: 52 float32 in [0, 1].
        seen: whether the driver's face was visible; otherwise this frame was filled in.
        channels: name to float32 array, and how each is treated (`motion.channel`); absent: nobody looked.
    """

    time: float
    rotation: NDArray[np.float64]
    shift: NDArray[np.float64]
    zoom: float
    expression: NDArray[np.float32]
    apertures: NDArray[np.float64]
    blendshapes: NDArray[np.float32]
    seen: bool = True
    channels: ChannelValues = field(default_factory=ChannelValues)


@dataclass(frozen=True)
class Factored:
    """A driver face split into rigid pose and local face, before it is compared with the neutral frame.

    Attributes:
        time: seconds.
        pose: rigid pose.
        local: 478 x 3 float64, the head's own frame.
        blendshapes: 52 float32.
        channels: as of `Face`.
    """

    time: float
    pose: HeadPose
    local: NDArray[np.float64]
    blendshapes: NDArray[np.float32]
    channels: Mapping[str, NDArray[np.float32]] = field(default_factory=dict)


def factor(face: Face, time: float) -> Factored:
    """Split a tracked face into pose and local face."""
    pose = fit_pose(face.points)
    local = local_from_points(face.points, pose)
    return Factored(time, pose, local, face.blendshapes, face.channels)


def neutral_of(frame: Factored) -> Neutral:
    """Return what is kept of a frame chosen as neutral."""
    own = own_expression(frame.local, frame.pose, frame.blendshapes)
    widths, mouth = eye_widths(frame.local), mouth_width(frame.local)
    gaze = float(own.gaze[0]), float(own.gaze[1])
    return Neutral(frame.pose.rotation, apertures(frame.local), widths, mouth, own.smile, gaze)


def relative_to(neutral: Factored, frame: Factored, channels: Sequence[Channel] = ()) -> MotionFrame:
    """Return a driver frame as movement since the neutral frame.

    Args:
        neutral: the neutral frame.
        frame: the driver frame.
        channels: all that the frame may have.

    Raises:
        KeyError: the frame has another channel.
    """
    scale = neutral.pose.scale
    return MotionFrame(
        time=frame.time,
        rotation=frame.pose.rotation @ neutral.pose.rotation.T,
        shift=(frame.pose.translation - neutral.pose.translation)[:2] / scale,
        zoom=frame.pose.scale / scale,
        expression=(frame.local - neutral.local).astype(np.float32),
        apertures=apertures(frame.local),
        blendshapes=frame.blendshapes,
        channels=combined(
            [ChannelValues(channels, frame.channels)],
            lambda channel: channel.relative(neutral.channels.get(channel.name), frame.channels[channel.name]),
        ),
    )


LIPS_HIDDEN = [
    BLENDSHAPES.index(name)
    for name in ("mouthPressLeft", "mouthPressRight", "mouthRollLower", "mouthRollUpper", "mouthShrugLower")
]
"""Expression scores of what hides the red of the lips."""


def neutral_cost(frame: Factored) -> float:
    """Return how far a frame is from a neutral, frontal face: smaller is better.

    Expression counts by the blendshape scores (gaze aside), pose by its angle in units of twenty degrees, and a closed
    eye or an open mouth as their apertures say. Lips pressed together or rolled in count more: what they hide is not
    there to be animated.
    """
    scores = frame.blendshapes.astype(np.float64).copy()
    scores[[0, *range(11, 19)]] = 0.0  # "_neutral" and the eight gaze directions
    yaw, pitch, roll = frame.pose.degrees()
    turn = (abs(yaw) + 0.7 * abs(pitch - 5.0) + 0.5 * abs(roll)) / 20.0
    left, right, mouth = apertures(frame.local)
    blink = max(0.0, 0.16 - min(left, right)) * 8.0
    hidden = 0.5 * float(scores[LIPS_HIDDEN].sum())
    return float(scores.sum() / 3.0 + turn + hidden + blink + max(0.0, mouth - 0.01) * 6.0)


def photo_cost(face: Face) -> float:
    """Return how ill suited a photo is to be animated: how far from neutral and frontal, and how small.

    Args:
        face: its landmarks, pixels of the photo.
    """
    return neutral_cost(factor(face, 0.0)) + SMALL / face_width(face)


def mesh_rms(points: NDArray[np.floating]) -> float:
    """Return the root mean square length of the mesh's displacement vectors (N >= 468 x (2 or 3)), in their unit."""
    return float(np.sqrt((points[:MESH_POINTS].astype(np.float64) ** 2).sum(axis=1).mean()))
