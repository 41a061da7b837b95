"""Residual flow: motion of hair, ears, neck and shoulders that the head pose does not explain.

The rings of `geometry.mesh` follow the head by fixed shares; real hair and necks deviate from them. Patches of the
driver's neutral frame are therefore tracked into every frame, starting where the head pose predicts them (Lucas, Kanade
1981; as in Bouguet 2000). The residual, weighted by patch similarity and smoothed over neighbours, is the residual
flow. Each frame is compared with the neutral frame directly, so errors do not accumulate.
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
from animato.motion.quantize import delta_decode, delta_encode
from animato.settings.motion import MotionSettings
from animato.tracking.patch_matching import PatchSearch
from animato.types import Affine, Face, Frame

RING_POINTS = 3 * len(OVAL)
"""Number of measured points: three rings of as many points as the face's outline."""
SIDE = 192
"""Side of the crop used for tracking, pixels."""
CROP_CM = 38.0
"""Side of that crop in canonical centimetres: a head with hair, neck and shoulders."""
WINDOW = 21
"""Side of a patch, pixels."""
MAX_DISPLACEMENT = 8.0
"""Largest displacement of a patch from its predicted position, pixels; larger ones are mismatches."""
DIFFERENCE_SCALE = 12.0
"""Mean patch difference with weight one half, grey levels."""
SMOOTHING_SIGMA = 1.5
"""Sigma of the spatial smoothing, canonical centimetres."""
PRIOR_WEIGHT = 0.3
"""Weight of the zero-residual prior, in patches."""
OUTLIER_SCALE = 1.0
"""Difference from the neighbours' residual with weight one half, pixels."""

SEARCH = PatchSearch(WINDOW, 15, MAX_DISPLACEMENT, DIFFERENCE_SCALE, PRIOR_WEIGHT, OUTLIER_SCALE)


class ResidualFlowReader:
    """Measures residual flow relative to one frame.

    Args:
        frame: H x W x 3 uint8 RGB.
        face: its landmarks.
    """

    def __init__(self, frame: Frame, face: Face) -> None:
        self._pose = fit_pose(face.points)
        self._oval = local_from_points(face.points[list(OVAL)], self._pose)
        self._rings = build_rings(face.points, self._pose)
        self._points = points_from_local(self._rings.local, self._pose)[:, :2].astype(np.float64)
        scale = SIDE / (CROP_CM * self._pose.scale)
        centre = face.points[:MESH_POINTS, :2].astype(np.float64).mean(axis=0)
        self._scale, self._shift = scale, (SIDE - 1) / 2 - scale * centre
        self._crop = self._grey_crop(frame)
        height, width = frame.shape[:2]
        self._inside = ((self._points >= 0) & (self._points < (width, height))).all(axis=1)
        distance = np.linalg.norm(self._rings.local[:, None, :2] - self._rings.local[None, :, :2], axis=2)
        self._neighbour_weights = np.exp(-0.5 * (distance / SMOOTHING_SIGMA) ** 2)

    def measure(self, frame: Frame, face: Face, neutral_from_frame: Affine | None = None) -> NDArray[np.float32]:
        """Return the displacement of the rings that the head pose does not explain.

        Args:
            frame: H x W x 3 uint8 RGB, of the reference frame's size.
            face: its landmarks, pixels of the reference frame.
            neutral_from_frame: 2 x 3, maps pixels of the frame to the reference frame; None for the identity.

        Returns:
            108 x 2 float32, canonical centimetres at the reference frame's scale, image axes; 0 where tracking fails.
        """
        pose = fit_pose(face.points)
        expression = local_from_points(face.points[list(OVAL)], pose) - self._oval
        shift, _ = self._rings.movement(self._pose, pose, expression)
        start = self._points * self._scale + self._shift
        expected = (self._points + shift) * self._scale + self._shift
        moved, weight = SEARCH.track(self._crop, self._grey_crop(frame, neutral_from_frame), start, expected)
        residual = SEARCH.smooth(self._neighbour_weights, np.arange(len(moved)), weight * self._inside, moved)
        return (residual / (self._scale * self._pose.scale)).astype(np.float32)

    def read(self, frame: Frame, face: Face, stabilized: Face, neutral_from_frame: Affine | None) -> Value:  # noqa: ARG002
        """Return the residual flow, 108 x 2 float32, see `motion.channel.ChannelReader`."""
        return self.measure(frame, stabilized, neutral_from_frame)

    def _grey_crop(self, frame: Frame, neutral_from_frame: Affine | None = None) -> NDArray[np.uint8]:
        crop_from_frame = np.array([[self._scale, 0.0, self._shift[0]], [0.0, self._scale, self._shift[1]]])
        if neutral_from_frame is not None:
            crop_from_frame = crop_from_frame @ np.vstack([neutral_from_frame, [0.0, 0.0, 1.0]])
        return np.asarray(cv2.cvtColor(cut(frame, crop_from_frame, SIDE), cv2.COLOR_RGB2GRAY), np.uint8)


class ResidualFlow(Channel):
    """108 x 2 float32, canonical centimetres at the neutral's scale, image axes; for a target float64 pixels."""

    name = "residual_flow"
    shape = (RING_POINTS, 2)
    range_sigma = 0.12
    array_name, array_kind = "drift", "i"

    def reader(self, frame: Frame, face: Face) -> ResidualFlowReader:
        """Return the reader of an H x W x 3 uint8 frame."""
        return ResidualFlowReader(frame, face)

    def encode(self, values: Sequence[Value | None]) -> NDArray[np.int16]:
        """Return N x 108 x 2 int16, differences between frames; absent values are stored as 0."""
        zeros = np.zeros(self.shape, np.float32)
        return delta_encode(np.stack([zeros if value is None else value for value in values]))

    def decode(self, array: NDArray[Any], step: float) -> list[Value | None]:
        """Return N values, 108 x 2 float32 each, from N x 108 x 2 int16 differences."""
        return list(delta_decode(array, step))

    def scaled(self, value: Value, settings: MotionSettings, pose_scale: float) -> NDArray[np.float64] | None:
        """Return 108 x 2 float64, pixels, multiplied by its setting and the pose strength."""
        strength = settings.residual_flow * settings.pose_strength
        return None if strength == 0 else value.astype(np.float64) * (strength * pose_scale)
