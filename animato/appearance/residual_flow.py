"""Residual flow: motion of hair, ears, neck and shoulders that the head pose does not explain.

The rings of `geometry.mesh` follow the head by fixed shares, which no two people's hair and necks do alike. So the
driver's own rings are searched for in every frame: patches of its neutral frame, each where the head's movement alone
would put it (Lucas, Kanade 1981; as in Bouguet 2000). What remains, weighted by how well a patch was found again and
evened out over neighbours, is the drift. It never adds up: each frame is compared with the neutral one itself.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from animato.geometry.crop import cut
from animato.geometry.landmarks import MESH_POINTS, OVAL
from animato.geometry.mesh import build_rings
from animato.geometry.pose import fit_pose, local_from_points, points_from_local
from animato.motion.channel import Channel, Value
from animato.motion.quantize import quantized_steps, summed_steps
from animato.settings.motion import MotionSettings
from animato.tracking.patch_matching import PatchSearch
from animato.types import Affine, Face, Frame

DRIFT_POINTS = 3 * len(OVAL)
"""Points around the face whose drift is kept: three rings as long as the face's outline."""
SIDE = 192
"""Side, in pixels, of the picture in which patches are searched for."""
ROOM = 38.0
"""Side of that picture in canonical centimetres: a head with hair, neck and shoulders."""
WINDOW = 21
"""Side of a patch, pixels."""
FARTHEST = 8.0
"""A patch found farther than this from where the head's movement puts it, pixels, is another patch."""
LIKENESS = 12.0
"""Mean difference of patches, in grey levels, at which one counts half."""
EVENING = 1.5
"""Canonical centimetres over which the drift is evened out."""
DOUBT = 0.3
"""Weight of following the head, in found patches."""
ODD = 1.0
"""Pixels from its neighbours' drift at which a patch counts half."""

SEARCH = PatchSearch(WINDOW, 15, FARTHEST, LIKENESS, DOUBT, ODD)


class Surroundings:
    """Follows what surrounds the face of one frame into later ones.

    Args:
        frame: H x W x 3 uint8 RGB.
        face: its landmarks.
    """

    def __init__(self, frame: Frame, face: Face) -> None:
        self._pose = fit_pose(face.points)
        self._oval = local_from_points(face.points[list(OVAL)], self._pose)
        self._rings = build_rings(face.points, self._pose)
        self._points = points_from_local(self._rings.local, self._pose)[:, :2].astype(np.float64)
        scale = SIDE / (ROOM * self._pose.scale)
        middle = face.points[:MESH_POINTS, :2].astype(np.float64).mean(axis=0)
        self._scale, self._shift = scale, (SIDE - 1) / 2 - scale * middle
        self._picture = self._cut(frame)
        height, width = frame.shape[:2]
        self._inside = ((self._points >= 0) & (self._points < (width, height))).all(axis=1)
        apart = np.linalg.norm(self._rings.local[:, None, :2] - self._rings.local[None, :, :2], axis=2)
        self._near = np.exp(-0.5 * (apart / EVENING) ** 2)

    def drift(self, frame: Frame, face: Face, neutral_from_frame: Affine | None = None) -> NDArray[np.float32]:
        """Return by how much more than the head's movement explains the rings have moved.

        Args:
            frame: H x W x 3 uint8 RGB, of the first one's size.
            face: its landmarks, pixels of the first frame where a map is given, else of this one.
            neutral_from_frame: 2 x 3, undoes what the camera did since the first frame; None for nothing.

        Returns:
            108 x 2 float32, canonical centimetres at the first frame's scale, image axes; 0 where nothing was found.
        """
        pose = fit_pose(face.points)
        expression = local_from_points(face.points[list(OVAL)], pose) - self._oval
        shift, _ = self._rings.movement(self._pose, pose, expression)
        start = self._points * self._scale + self._shift
        expected = (self._points + shift) * self._scale + self._shift
        moved, weight = SEARCH.track(self._picture, self._cut(frame, neutral_from_frame), start, expected)
        drift = SEARCH.smooth(self._near, np.arange(len(moved)), weight * self._inside, moved)
        return (drift / (self._scale * self._pose.scale)).astype(np.float32)

    def read(self, frame: Frame, face: Face, steady: Face, neutral_from_frame: Affine | None) -> Value:  # noqa: ARG002
        """Return the drift, 108 x 2 float32, see `motion.channel.ChannelReader`."""
        return self.drift(frame, steady, neutral_from_frame)

    def _cut(self, frame: Frame, neutral_from_frame: Affine | None = None) -> NDArray[np.uint8]:
        placed = np.array([[self._scale, 0.0, self._shift[0]], [0.0, self._scale, self._shift[1]]])
        if neutral_from_frame is not None:
            placed = placed @ np.vstack([neutral_from_frame, [0.0, 0.0, 1.0]])
        return np.asarray(cv2.cvtColor(cut(frame, placed, SIDE), cv2.COLOR_RGB2GRAY), np.uint8)


class ResidualFlow(Channel):
    """108 x 2 float32, canonical centimetres at the neutral's scale, image axes; for a target float64 pixels."""

    name = "residual_flow"
    shape = (DRIFT_POINTS, 2)
    tremble = 0.12
    member, kind = "drift", "i"

    def reader(self, frame: Frame, face: Face) -> Surroundings:
        """Return the reader of an H x W x 3 uint8 frame."""
        return Surroundings(frame, face)

    def encode(self, values: Sequence[Value | None]) -> NDArray[np.int16]:
        """Return N x 108 x 2 int16, differences in time; nobody looked is stored as no drift."""
        still = np.zeros(self.shape, np.float32)
        return quantized_steps(np.stack([still if value is None else value for value in values]))

    def decode(self, array: NDArray[Any], step: float) -> list[Value | None]:
        """Return N values, 108 x 2 float32 each, from N x 108 x 2 int16 differences in time."""
        return list(summed_steps(array, step))

    def scaled(self, value: Value, settings: MotionSettings, pose_scale: float) -> NDArray[np.float64] | None:
        """Return 108 x 2 float64, pixels; a head that moves less than the driver's carries its surroundings less."""
        strength = settings.residual_flow * settings.pose_strength
        return None if strength == 0 else value.astype(np.float64) * (strength * pose_scale)
