"""Supported turn: the directions of the head that photos show well enough, and a smooth knee for turns beyond them.

A turn uncovers what the photos do not show: the back of the skull, the skin under the jaw. Up to the supported turn the
head follows the driver exactly; beyond it the turn is compressed and stays below a bound, so that a wild driver gives
a calmer head instead of a torn one.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from animato.geometry.pose import HeadPose, rotation_exp
from animato.motion.neck_limits import PIVOT
from animato.motion.photo_expression import soft_clamp

Range = tuple[float, float]
Side = Literal["left", "right", "up", "down"]

CLOSED_YAW, CLOSED_UP, CLOSED_DOWN = 35.0, 15.0, 20.0
"""Turn away from the photo's own direction that a closed head supports, degrees. Beyond 40 to the side the skull loses
its outline and a gap opens at the neck; from about 18 upwards the edge of the neck's skin shows; from 25 downwards the
hair swells (eight portraits turned in steps of five degrees)."""

BENT_YAW, BENT_PITCH = 20.0, 15.0
"""The same where the picture is bent as a whole (`renderers.warp.shell.RingShell`): beyond it the skull is flat."""

SIDE_YAW, SIDE_PITCH = 15.0, 8.0
"""Turn around the direction of each additional photo: it supplies the face, but not the hair behind it."""

YAW_ROOM, PITCH_ROOM = 10.0, 7.0
"""Degrees beyond the supported turn that no target exceeds."""

LEAST_EASED = 0.5
"""Difference between the driver's turn and the one shown, in degrees, from which a warning is given."""

SHOWN_FROM: dict[Side, str] = {
    "left": "looks towards the left edge of the picture",
    "right": "looks towards the right edge of the picture",
    "up": "looks up",
    "down": "looks down",
}
"""What a face does in a photo that supports more turn to a side. Left and right are the viewer's."""

TOWARDS: dict[Side, str] = {
    "left": "towards the left edge of the picture",
    "right": "towards the right edge of the picture",
    "up": "up",
    "down": "down",
}
"""Names of the sides in messages. Left and right are the viewer's."""


@dataclass(frozen=True)
class SupportedTurn:
    """Directions of a head that its photos support, degrees as of `HeadPose.degrees`; 0 faces the camera.

    Attributes:
        yaw: lowest and highest, positive towards the image's right.
        pitch: lowest and highest, positive down.
        origin: yaw and pitch in the animated photo.
    """

    yaw: Range
    pitch: Range
    origin: tuple[float, float]

    def towards(self, side: Side) -> float:
        """Return the supported turn to one side of the animated photo's direction, degrees, positive."""
        yaw, pitch = self.origin
        return {
            "left": yaw - self.yaw[0],
            "right": self.yaw[1] - yaw,
            "up": pitch - self.pitch[0],
            "down": self.pitch[1] - pitch,
        }[side]

    def eased(self, pose: HeadPose) -> HeadPose:
        """Return a pose whose turn beyond the supported one is compressed; the pose itself if it is supported.

        Roll, scale and the position of the neck's pivot are kept.

        Args:
            pose: of the target.
        """
        yaw, pitch, _ = pose.degrees()
        eased = knee(yaw, self.yaw, YAW_ROOM), knee(pitch, self.pitch, PITCH_ROOM)
        if eased == (yaw, pitch):
            return pose
        rotation = _facing(*eased) @ _facing(yaw, pitch).T @ pose.rotation
        translation = pose.translation + pose.scale * (pose.rotation - rotation) @ PIVOT
        return HeadPose(rotation, translation, pose.scale)


def supported_turn(directions: Sequence[tuple[float, float]], closed: bool) -> SupportedTurn:
    """Return the directions that photos of one head support: the range from the lowest to the highest of any photo.

    Args:
        directions: yaw and pitch of the head in each photo, degrees; the animated photo first.
        closed: whether it is rendered as a closed head, and not by bending the picture.
    """
    (yaw, pitch), *others = directions
    reach, up, down = (CLOSED_YAW, CLOSED_UP, CLOSED_DOWN) if closed else (BENT_YAW, BENT_PITCH, BENT_PITCH)
    yaws, pitches = [yaw - reach, yaw + reach], [pitch - up, pitch + down]
    for other_yaw, other_pitch in others:
        yaws += [other_yaw - SIDE_YAW, other_yaw + SIDE_YAW]
        pitches += [other_pitch - SIDE_PITCH, other_pitch + SIDE_PITCH]
    return SupportedTurn((min(yaws), max(yaws)), (min(pitches), max(pitches)), (yaw, pitch))


def knee(value: float, supported: Range, room: float) -> float:
    """Return a value unchanged inside a range, and compressed outside to less than `room` beyond it; C1 and monotone.

    Args:
        value: any.
        supported: lowest and highest value that is unchanged.
        room: positive, in the same unit.
    """
    low, high = supported
    if low <= value <= high:
        return value
    middle, half = (low + high) / 2, (high - low) / 2
    return middle + soft_clamp(value - middle, half, half + room)


class TurnEasing:
    """Eases the turns of one head's targets, and remembers the largest to each side.

    Args:
        supported: by the head's photos; None eases nothing.
    """

    def __init__(self, supported: SupportedTurn | None) -> None:
        self._supported = supported
        self._largest: dict[Side, tuple[float, float]] = {}

    def __call__(self, pose: HeadPose) -> HeadPose:
        """Return the eased pose."""
        if self._supported is None:
            return pose
        eased = self._supported.eased(pose)
        if eased is not pose:
            sides: tuple[tuple[Side, Side], ...] = (("left", "right"), ("up", "down"))
            for axis, (low, high) in enumerate(sides):
                wanted, shown = (turned.degrees()[axis] - self._supported.origin[axis] for turned in (pose, eased))
                self._remember(high if wanted > 0 else low, abs(wanted), abs(shown))
        return eased

    def _remember(self, side: Side, wanted: float, shown: float) -> None:
        if wanted - shown >= LEAST_EASED and wanted > self._largest.get(side, (0.0, 0.0))[0]:
            self._largest[side] = wanted, shown

    def warnings(self) -> list[str]:
        """Return at most one warning: which turns were eased, and what helps."""
        if not self._largest:
            return []
        largest = sorted(self._largest.items(), key=lambda item: item[1][1] - item[1][0])
        turns = ", ".join(f"{wanted:.0f} degrees {TOWARDS[side]} as {shown:.0f}" for side, (wanted, shown) in largest)
        photos = ", and one in which it ".join(SHOWN_FROM[side] for side, _ in largest)
        return [
            f"the driver turns the head further than the photos support, so large turns are eased ({turns}): "
            f"add a photo in which the face {photos}; `turn=free` does not limit turns"
        ]


def _facing(yaw: float, pitch: float) -> NDArray[np.float64]:
    """Return the rotation (3 x 3) without roll that faces a direction, degrees."""
    turn, nod = np.radians([0.0, -yaw, 0.0]), np.radians([pitch, 0.0, 0.0])
    return rotation_exp(turn) @ rotation_exp(nod)
