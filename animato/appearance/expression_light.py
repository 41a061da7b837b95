"""Expression light: brightness changes of the driver's skin that landmarks do not capture.

A smile darkens the fold beside the nose, a raised brow shades the forehead. The ratio of the driver's skin to the same
skin in the neutral frame contains this shading and is independent of skin colour (Liu, Shan, Zhang 2001, "Expressive
expression mapping with ratio images", section 3: the expression ratio image). It is sampled at the mesh's vertices as a
local average, which excludes pores and moles, and normalised by the median of the face, which excludes flicker. Eyes
and what spectacles cover are excluded: they reflect the driver's room, irises differ, and spectacles move on the nose.
"""

from __future__ import annotations

import functools
from collections.abc import Sequence
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from animato.geometry.affine import move_points, similarity
from animato.geometry.crop import cut, picture_from_frame
from animato.geometry.landmarks import EYE_LEFT, EYE_RIGHT, LIPS_INNER, MESH_POINTS, OVAL, canonical_face
from animato.geometry.visibility import facing_ratio, mesh_edges
from animato.motion.channel import Channel, Value
from animato.settings.motion import MotionSettings
from animato.types import Affine, Face, Frame, Points

LIGHT_VERTICES = MESH_POINTS
"""Number of sampled points: the mesh's vertices."""

LEGACY_VERTICES = (504, 568)
"""Numbers of points in motion files of versions 1 and 2: the vertices, then points in the eyes, which are ignored."""

LIGHT_LEVELS = 60
"""Stored value (int8) of 1, the maximum."""

SIDE = 192
"""Side of the crop of the driver's face in which light is sampled, pixels."""

CROP_MARGIN = 1.3
"""Side of that crop divided by the longer side of the mesh's bounding box."""

SIGMA_SHARE = 0.25
"""Sigma of the sampling window of a vertex, as a share of the mean length of its edges."""

BLUR_SIGMAS = (0.7, 1.2, 2.0)
"""Available sigmas of the sampling window, pixels; each vertex uses the nearest one."""

BRIGHTNESS_OFFSET = 10.0
"""Added to brightness, of 255, before the ratio is taken, which suppresses noise in dark areas."""

MAX_LOG_RATIO = 0.4
"""Largest log ratio that is kept."""

LOG_RATIO_SIGMA = 0.2
"""Sigma of the Gaussian weight on the log ratio; it is 0.6 at one sigma."""

MAX_CHROMA = 0.02
"""Largest deviation of one colour channel's log ratio from the mean of the three."""

LENS = (3.0, 2.2)
"""Half width and half height of a spectacle lens with its rim around an eye, canonical centimetres."""

LENS_DROP = 0.3
"""Distance of its centre below that of the eye, canonical centimetres."""

LENS_FADE = 0.8
"""Width of the border beyond a lens over which light is faded in, canonical centimetres."""

FACING_RANGE = (0.15, 0.4)
"""Facing ratios (cosine of the angle to the camera) at which skin has weight 0, and weight 1."""


class ExpressionLightReader:
    """Measures expression light in a driver's frames, relative to its neutral frame.

    Args:
        frame: H x W x 3 uint8 RGB, the neutral frame.
        face: its landmarks.
    """

    def __init__(self, frame: Frame, face: Face) -> None:
        crop_from_frame = picture_from_frame(face.points, CROP_MARGIN, SIDE)
        self._points = move_points(crop_from_frame, face.points)
        crop = cut(frame, crop_from_frame, SIDE)
        self._sigma_indices = _sigma_indices(self._points)
        self._skin = self._sample_skin(crop, self._points)
        self._facing = facing_ratio(self._points) * _inside_frame(face.points, frame)

    def read(
        self,
        frame: Frame,
        face: Face,
        stabilized: Face | None = None,  # noqa: ARG002
        neutral_from_frame: Affine | None = None,  # noqa: ARG002
    ) -> NDArray[np.float32]:
        """Return the expression light of a frame: the log ratio of the skin's colour at each of the 468 vertices.

        Args:
            frame: H x W x 3 uint8 RGB.
            face: its landmarks.
            stabilized: not used: the frame is sampled at its own landmarks.
            neutral_from_frame: not used.

        Returns:
            468 x 3 float32 in [-1, 1], RGB, in units of `MAX_LOG_RATIO`.
        """
        crop_from_frame = similarity(face.points[:, :2].astype(np.float64), self._points[:, :2].astype(np.float64))
        points = move_points(crop_from_frame, face.points)
        crop = cut(frame, crop_from_frame, SIDE)
        ratio = np.log((self._sample_skin(crop, points) + BRIGHTNESS_OFFSET) / (self._skin + BRIGHTNESS_OFFSET))
        low, high = FACING_RANGE
        confidence = np.clip(
            (np.minimum(facing_ratio(points) * _inside_frame(face.points, frame), self._facing) - low) / (high - low),
            0,
            1,
        )
        ratio -= np.median(ratio, axis=0)
        ratio *= confidence[:, None]
        ratio = _limit_chroma(ratio, MAX_CHROMA)
        # Large changes are likely a moustache or a strand of hair. Their blurred border changes less, so each vertex
        # takes the smallest weight among its neighbours.
        inlier = np.exp(-0.5 * (ratio.mean(axis=1) / LOG_RATIO_SIGMA) ** 2)
        ratio *= (_smallest_of_neighbours(inlier) * outside_lenses())[:, None]
        # Zero at the outline of the face, and at lips and lids, behind which the light differs.
        ratio[[*OVAL, *LIPS_INNER, *EYE_LEFT, *EYE_RIGHT]] = 0
        return np.asarray(np.clip(ratio / MAX_LOG_RATIO, -1, 1), np.float32)

    def _sample_skin(self, crop: Frame, points: Points) -> NDArray[np.float32]:
        """Return the colour at each vertex, 468 x 3 float32, RGB of 255."""
        x, y = np.ascontiguousarray(points[:MESH_POINTS, :2].T)
        colours = np.empty((MESH_POINTS, 3), np.float32)
        for index, sigma in enumerate(BLUR_SIGMAS):
            selected = self._sigma_indices == index
            blurred = np.asarray(cv2.GaussianBlur(crop, (0, 0), sigma), np.uint8)
            # Integers are too coarse for ratios of dark colours, so interpolate in float32.
            colours[selected] = _bilinear(blurred, x[selected], y[selected])
        return colours


@functools.cache
def outside_lenses() -> NDArray[np.float32]:
    """Return 468 float32 in [0, 1]: 0 where spectacles may cover the face, 1 elsewhere."""
    vertices = canonical_face().vertices
    weight = np.ones(MESH_POINTS)
    for ring in (EYE_LEFT, EYE_RIGHT):
        offset = (vertices - vertices[list(ring)].mean(axis=0))[:, :2] - (0, LENS_DROP)
        beyond = (np.hypot(*(offset / LENS).T) - 1) * LENS[0]
        weight = np.minimum(weight, np.clip(beyond / LENS_FADE, 0, 1))
    return np.asarray(weight, np.float32)


def _smallest_of_neighbours(weight: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return, for each of the 468 vertices, the smallest weight among itself and its neighbours on the mesh."""
    first, second = mesh_edges().T
    smallest = weight.copy()
    np.minimum.at(smallest, first, weight[second])
    np.minimum.at(smallest, second, weight[first])
    return smallest


def _limit_chroma(values: NDArray[np.float32], limit: float) -> NDArray[np.float32]:
    """Return values (... x 3) whose deviation from the mean of the three channels is clipped to a limit.

    Shading is almost achromatic: larger deviations belong to the driver's own skin.
    """
    grey = values.mean(axis=-1, keepdims=True)
    return np.asarray(grey + np.clip(values - grey, -limit, limit), np.float32)


def _bilinear(picture: Frame, x: NDArray[np.float32], y: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return a picture's colours at positions (N each), N x 3 float32, bilinearly interpolated."""
    limit = np.float32(picture.shape[0] - 1.001)
    x, y = np.clip(x, 0, limit), np.clip(y, 0, limit)
    column, row = x.astype(np.int64), y.astype(np.int64)
    across, down = (x - column)[:, None], (y - row)[:, None]
    upper = picture[row, column] * (1 - across) + picture[row, column + 1] * across
    lower = picture[row + 1, column] * (1 - across) + picture[row + 1, column + 1] * across
    return np.asarray(upper * (1 - down) + lower * down, np.float32)


def _sigma_indices(points: Points) -> NDArray[np.int64]:
    """Return the index into `BLUR_SIGMAS` for each of the 468 vertices, by the length of its edges."""
    edges = mesh_edges()
    length = np.linalg.norm(points[edges[:, 0], :2] - points[edges[:, 1], :2], axis=1)
    ends = edges.T.reshape(-1)
    mean = np.bincount(ends, np.tile(length, 2), MESH_POINTS) / np.bincount(ends, minlength=MESH_POINTS).clip(1)
    distance = np.abs(np.log(np.maximum(SIGMA_SHARE * mean, 1e-3))[:, None] - np.log(BLUR_SIGMAS))
    return np.asarray(distance.argmin(axis=1), np.int64)


def _inside_frame(points: Points, frame: Frame) -> NDArray[np.bool_]:
    """Return which of the 468 vertices lie inside the frame (468 bool)."""
    height, width = frame.shape[:2]
    xy = points[:MESH_POINTS, :2]
    return np.asarray(((xy >= 0) & (xy <= (width - 1, height - 1))).all(axis=1), np.bool_)


class ExpressionLight(Channel):
    """468 x 3 float32 in [-1, 1], RGB: log ratio of the skin to the neutral frame, in units of `MAX_LOG_RATIO`."""

    name = "expression_light"
    shape = (LIGHT_VERTICES, 3)
    range_sigma = 0.2
    portrait_only = True
    array_name, array_kind = "shade", "i"

    def reader(self, frame: Frame, face: Face) -> ExpressionLightReader:
        """See `Channel`."""
        return ExpressionLightReader(frame, face)

    def occluded(self, part: str, current: Value | None, filled: Value | None) -> Value | None:  # noqa: ARG002
        """Return the filled 468 x 3 value for every part: a hand changes the light on the whole face."""
        return None if current is None else filled

    def encode(self, values: Sequence[Value | None]) -> NDArray[np.int8]:
        """Return N x 468 x 3 int8, differences between frames in units of 1 / `LIGHT_LEVELS`; absent counts as 0."""
        zeros = np.zeros(self.shape, np.float32)
        filled = np.stack([zeros if value is None else value for value in values])
        levels = np.asarray(np.rint(filled * LIGHT_LEVELS).clip(-LIGHT_LEVELS, LIGHT_LEVELS), np.int8)
        return np.diff(levels, axis=0, prepend=np.zeros_like(levels[:1]))

    def decode(self, array: NDArray[Any], step: float) -> list[Value | None]:  # noqa: ARG002
        """Return N values, 468 x 3 float32 each, from N x 468 x 3 int8 differences."""
        levels = np.cumsum(array, axis=0, dtype=np.int8).astype(np.float32)
        return list(np.clip(levels / LIGHT_LEVELS, -1, 1))

    def migrate(self, array: NDArray[Any]) -> NDArray[Any]:
        """Return an N x P x 3 array without the eye points of versions 1 and 2."""
        return array[:, :LIGHT_VERTICES] if array.shape[1:2] in [(count,) for count in LEGACY_VERTICES] else array

    def scaled(self, value: Value, settings: MotionSettings, pose_scale: float) -> Value | None:  # noqa: ARG002
        """Return 468 x 3 float32, multiplied by its setting; None if that is 0."""
        return value * settings.expression_light if settings.expression_light else None
