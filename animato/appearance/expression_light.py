"""Expression light: brightness changes of the driver's skin that landmarks do not capture.

A smile darkens the fold beside the nose, a raised brow shades the forehead. The ratio of a driver's skin now to the
same skin in its neutral frame says so and says nothing of whose skin it is (Liu, Shan, Zhang 2001, "Expressive
expression mapping with ratio images", section 3: the expression ratio image). Here it is read at the mesh's vertices,
each an average over its neighbourhood, so no pore or mole of the driver is in it, and relative to the whole face, so a
lamp that flickers is not either. Eyes have none: they reflect the driver's room, and irises differ.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from animato.geometry.affine import move_points, similarity
from animato.geometry.crop import cut, picture_from_frame
from animato.geometry.landmarks import EYE_LEFT, EYE_RIGHT, LIPS_INNER, MESH_POINTS, OVAL
from animato.geometry.visibility import facing_ratio, mesh_edges
from animato.motion.channel import Channel, Value
from animato.settings.motion import MotionSettings
from animato.types import Affine, Face, Frame, Points

SHADE_PLACES = MESH_POINTS
"""Places whose light and shade is kept: the mesh's vertices."""

EARLIER_SHADES = (504, 568)
"""Places of motion files of versions 1 and 2: the skin's vertices, then places in the eyes, which are left out."""

SHADES = 60
"""Stored light and shade (int8) that means 1, the most there is."""

SIDE = 192
"""Side, in pixels, of the picture of the driver's face in which shade is read."""

ROOM = 1.3
"""Side of that picture in units of the longer side of the mesh's box."""

SHARE = 0.25
"""Sigma of a vertex's neighbourhood in units of the mean length of its edges."""

SIGMAS = (0.7, 1.2, 2.0)
"""Sigmas in pixels at which the picture is blurred; each vertex takes the one nearest to its own."""

FLOOR = 10.0
"""Added to brightness, of 255, before two are compared: noise in the dark is no shade."""

MOST = 0.4
"""Largest logarithm of a ratio that is kept."""

LIKELY = 0.2
"""Logarithm of a ratio at which it is believed by six tenths."""

COLOUR = 0.02
"""Largest difference of one colour of a shade to the mean of the three."""

SQUARE = (0.15, 0.4)
"""Cosine of the tilt to the camera below which skin says nothing, and from which it is believed."""


class ShadeReader:
    """Reads the shade of a driver's frames, relative to its neutral frame.

    Args:
        frame: H x W x 3 uint8 RGB, the neutral frame.
        face: its landmarks.
    """

    def __init__(self, frame: Frame, face: Face) -> None:
        placed = picture_from_frame(face.points, ROOM, SIDE)
        self._points = move_points(placed, face.points)
        picture = cut(frame, placed, SIDE)
        self._sizes = _neighbourhoods(self._points)
        self._skin = self._read_skin(picture, self._points)
        self._square = facing_ratio(self._points) * _within(face.points, frame)

    def read(
        self,
        frame: Frame,
        face: Face,
        steady: Face | None = None,  # noqa: ARG002
        neutral_from_frame: Affine | None = None,  # noqa: ARG002
    ) -> NDArray[np.float32]:
        """Return the shade of a frame: the logarithm of the ratio of the skin's colour at each of the 468 vertices.

        Args:
            frame: H x W x 3 uint8 RGB.
            face: its landmarks.
            steady: not used: shade is read where the frame has the skin.
            neutral_from_frame: not used.

        Returns:
            468 x 3 float32 in [-1, 1], in units of `MOST`; RGB.
        """
        placed = similarity(face.points[:, :2].astype(np.float64), self._points[:, :2].astype(np.float64))
        points = move_points(placed, face.points)
        picture = cut(frame, placed, SIDE)
        ratio = np.log((self._read_skin(picture, points) + FLOOR) / (self._skin + FLOOR))
        low, high = SQUARE
        sure = np.clip(
            (np.minimum(facing_ratio(points) * _within(face.points, frame), self._square) - low) / (high - low), 0, 1
        )
        ratio -= np.median(ratio, axis=0)
        ratio *= sure[:, None]
        ratio = _little_colour(ratio, COLOUR)
        # The larger a change, the likelier it is no shade: a moustache, a rim of glasses, a strand of hair.
        ratio *= np.exp(-0.5 * (ratio.mean(axis=1, keepdims=True) / LIKELY) ** 2)
        # Where the face ends, shade does; what lies behind lips and lids has its own light.
        ratio[[*OVAL, *LIPS_INNER, *EYE_LEFT, *EYE_RIGHT]] = 0
        return np.asarray(np.clip(ratio / MOST, -1, 1), np.float32)

    def _read_skin(self, picture: Frame, points: Points) -> NDArray[np.float32]:
        """Return the colour at each vertex, 468 x 3 float32, RGB of 255."""
        x, y = np.ascontiguousarray(points[:MESH_POINTS, :2].T)
        read = np.empty((MESH_POINTS, 3), np.float32)
        for number, sigma in enumerate(SIGMAS):
            mine = self._sizes == number
            blurred = np.asarray(cv2.GaussianBlur(picture, (0, 0), sigma), np.uint8)
            # Whole numbers are too coarse for ratios in the dark; interpolation in float32 gives fractions.
            read[mine] = _at(blurred, x[mine], y[mine])
        return read


def _little_colour(values: NDArray[np.float32], most: float) -> NDArray[np.float32]:
    """Return values (... x 3) with what differs between the three colours held within the most there may be.

    Shade has hardly a colour of its own: much of it is something of the driver's that another face has not.
    """
    grey = values.mean(axis=-1, keepdims=True)
    return np.asarray(grey + np.clip(values - grey, -most, most), np.float32)


def _at(picture: Frame, x: NDArray[np.float32], y: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return a picture's colours at positions (N each), N x 3 float32, interpolated linearly."""
    limit = np.float32(picture.shape[0] - 1.001)
    x, y = np.clip(x, 0, limit), np.clip(y, 0, limit)
    column, row = x.astype(np.int64), y.astype(np.int64)
    across, down = (x - column)[:, None], (y - row)[:, None]
    upper = picture[row, column] * (1 - across) + picture[row, column + 1] * across
    lower = picture[row + 1, column] * (1 - across) + picture[row + 1, column + 1] * across
    return np.asarray(upper * (1 - down) + lower * down, np.float32)


def _neighbourhoods(points: Points) -> NDArray[np.int64]:
    """Return, for each of the 468 vertices, the number of the sigma that suits the length of its edges."""
    edges = mesh_edges()
    length = np.linalg.norm(points[edges[:, 0], :2] - points[edges[:, 1], :2], axis=1)
    ends = edges.T.reshape(-1)
    mean = np.bincount(ends, np.tile(length, 2), MESH_POINTS) / np.bincount(ends, minlength=MESH_POINTS).clip(1)
    apart = np.abs(np.log(np.maximum(SHARE * mean, 1e-3))[:, None] - np.log(SIGMAS))
    return np.asarray(apart.argmin(axis=1), np.int64)


def _within(points: Points, frame: Frame) -> NDArray[np.bool_]:
    """Return which of the 468 vertices lie inside the frame: beyond it only its border could be read."""
    height, width = frame.shape[:2]
    xy = points[:MESH_POINTS, :2]
    return np.asarray(((xy >= 0) & (xy <= (width - 1, height - 1))).all(axis=1), np.bool_)


class ExpressionLight(Channel):
    """468 x 3 float32 in [-1, 1], light and shade of the skin since the neutral frame, RGB, in units of `MOST`."""

    name = "expression_light"
    shape = (SHADE_PLACES, 3)
    range_sigma = 0.2
    portrait_only = True
    array_name, array_kind = "shade", "i"

    def reader(self, frame: Frame, face: Face) -> ShadeReader:
        """See `Channel`."""
        return ShadeReader(frame, face)

    def occluded(self, part: str, current: Value | None, filled: Value | None) -> Value | None:  # noqa: ARG002
        """Return the filled 468 x 3 value for every part: a hand changes the light on the whole face."""
        return None if current is None else filled

    def encode(self, values: Sequence[Value | None]) -> NDArray[np.int8]:
        """Return N x 468 x 3 int8, differences in time, in `SHADES`ths; nobody looked counts as no change."""
        still = np.zeros(self.shape, np.float32)
        known = np.stack([still if value is None else value for value in values])
        levels = np.asarray(np.rint(known * SHADES).clip(-SHADES, SHADES), np.int8)
        return np.diff(levels, axis=0, prepend=np.zeros_like(levels[:1]))

    def decode(self, array: NDArray[Any], step: float) -> list[Value | None]:  # noqa: ARG002
        """Return N values, 468 x 3 float32 each, from N x 468 x 3 int8 differences in time."""
        levels = np.cumsum(array, axis=0, dtype=np.int8).astype(np.float32)
        return list(np.clip(levels / SHADES, -1, 1))

    def migrate(self, array: NDArray[Any]) -> NDArray[Any]:
        """Return an N x P x 3 array without the places in the eyes of versions 1 and 2."""
        return array[:, :SHADE_PLACES] if array.shape[1:2] in [(places,) for places in EARLIER_SHADES] else array

    def scaled(self, value: Value, settings: MotionSettings, pose_scale: float) -> Value | None:  # noqa: ARG002
        """Return 468 x 3 float32, times its setting; None where that is 0."""
        return value * settings.expression_light if settings.expression_light else None
