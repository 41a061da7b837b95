"""Texture of a dental arch: colours relative to the brightest teeth, unwarped from a photo that shows them."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from animato.geometry.aperture_mask import smooth_outline
from animato.geometry.dental_arch import arch_points
from animato.geometry.landmarks import LIPS_INNER, MOUTH_CORNERS
from animato.geometry.pose import HeadPose, local_from_points
from animato.types import Frame, Plane, Points

RESOLUTION = 30
"""Columns and rows per canonical centimetre; the portraits of the bank have 13 to 18 pixels."""
HALF_WIDTH, ABOVE, BELOW = 2.6, 1.2, 0.2
"""Extent of a texture to either side of the midline, and above and below the edge of the central incisors, cm."""
COLUMNS, ROWS, EDGE_ROW = round(2 * HALF_WIDTH * RESOLUTION), round((ABOVE + BELOW) * RESOLUTION), ABOVE * RESOLUTION
BEHIND_LIPS = 0.5
"""Distance of the incisors behind the inner rim of the upper lip, canonical centimetres."""
MARGIN = 0.07
"""Distance to the lips within which pixels are mixed with them, canonical centimetres."""
SEARCH = (-0.5, 1.3)
"""Range below the rim of the upper lip in which the edge of the incisors is searched, canonical centimetres."""
REFERENCE_HALF_WIDTH, REFERENCE_PERCENTILE = 1.1, 60
"""The colour of teeth is the median of the pixels above this percentile of brightness, this near to the midline."""


@dataclass(frozen=True)
class MeasuredArch:
    """Upper teeth as one photo shows them.

    Attributes:
        colour: ROWS x COLUMNS x 3 float32, relative to `tooth`.
        visible: ROWS x COLUMNS float32 in [0, 1], 1 where the photo shows the colour.
        edge: COLUMNS float32, height of the teeth's edge, canonical centimetres below that of the central incisors.
        origin: 3 float64, edge between the central incisors in the head's own frame, canonical centimetres.
        tooth: 3 float32, colour of the teeth, RGB of 255.
    """

    colour: NDArray[np.float32]
    visible: Plane
    edge: NDArray[np.float32]
    origin: NDArray[np.float64]
    tooth: NDArray[np.float32]


def columns() -> NDArray[np.float64]:
    """Return the distance of each column from the midline, COLUMNS float64, canonical centimetres to the right."""
    return (np.arange(COLUMNS) + 0.5) / RESOLUTION - HALF_WIDTH


def rows() -> NDArray[np.float64]:
    """Return the distance of each row below the edge of the central incisors, ROWS float64, canonical centimetres."""
    return (np.arange(ROWS) + 0.5) / RESOLUTION - ABOVE


def measure_arch(photo: Frame, points: Points, pose: HeadPose) -> MeasuredArch | None:
    """Unwarp the upper teeth that a photo shows; None if it shows too little.

    Args:
        photo: H x W x 3 uint8 RGB.
        points: 478 x 3, its landmarks, pixels.
        pose: of the head.
    """
    local = local_from_points(points, pose)
    origin = np.array([local[list(MOUTH_CORNERS), 0].mean(), local[13, 1], local[13, 2] + BEHIND_LIPS])
    mask = np.zeros(photo.shape[:2], np.uint8)
    outline = smooth_outline(points[list(LIPS_INNER), :2].astype(np.float64), (0, 10))
    cv2.fillPoly(mask, [np.rint(outline * 16).astype(np.int32)], 255, cv2.LINE_AA, 4)
    y = (np.arange(round((SEARCH[1] - SEARCH[0]) * RESOLUTION)) + 0.5) / RESOLUTION + SEARCH[0]
    wide, inside = _unwarp(photo, mask, pose, arch_points(origin, columns(), y))
    level = (wide[..., 1] + wide[..., 2]) / 2
    middle = np.abs(columns()) < REFERENCE_HALF_WIDTH
    shown = (inside > 0.9) & middle
    if shown.sum() < 0.2 * RESOLUTION * middle.sum():
        return None
    bright = shown & (level >= np.percentile(level[shown], REFERENCE_PERCENTILE))
    tooth = np.median(wide[bright], axis=0).astype(np.float32)
    edge = y[0] + _edge(wide / tooth, inside) / RESOLUTION
    lowest = float(np.median(edge[np.abs(columns()) < 0.6]))
    placed = origin + np.array([0.0, lowest, 0.0])
    colour, visible = _unwarp(photo, mask, pose, arch_points(placed, columns(), rows()))
    kernel = np.ones((2 * round(MARGIN * RESOLUTION) + 1,) * 2, np.uint8)
    visible = cv2.erode(visible, kernel) * (rows()[:, None] < edge - lowest - 0.02)
    return MeasuredArch(
        colour / tooth,
        np.asarray(cv2.GaussianBlur(visible.astype(np.float32), (0, 0), 1.0), np.float32),
        np.asarray(edge - lowest, np.float32),
        placed,
        tooth,
    )


def _unwarp(
    photo: Frame, mask: NDArray[np.uint8], pose: HeadPose, points: NDArray[np.float64]
) -> tuple[NDArray[np.float32], Plane]:
    """Return colours (R x C x 3 float32) and mask (R x C float32 in [0, 1]) at points of the head (R x C x 3)."""
    at = (pose.scale * points @ pose.rotation.T + pose.translation)[..., :2].astype(np.float32)
    x, y = at[..., 0], at[..., 1]
    colour = cv2.remap(photo.astype(np.float32), x, y, cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE)
    inside = cv2.remap(mask.astype(np.float32) / np.float32(255), x, y, cv2.INTER_LINEAR)
    return np.clip(colour, 1, 255).astype(np.float32), np.asarray(inside, np.float32)


def _edge(relative: NDArray[np.float32], inside: Plane) -> NDArray[np.float64]:
    """Return the row of the teeth's lower edge in each column: the smoothest path along which teeth end.

    Args:
        relative: R x C x 3, colours relative to the teeth's.
        inside: R x C, 1 between the lips.
    """
    level = np.minimum((relative[..., 1] + relative[..., 2]) / 2, 1.0)
    red = np.log(np.maximum(relative[..., 0], 0.02)) - np.log(np.maximum(level, 0.02))
    tooth = cv2.GaussianBlur((level - 1.5 * np.maximum(red, 0)).astype(np.float32), (0, 0), 0.04 * RESOLUTION)
    step = round(0.09 * RESOLUTION)
    above = cv2.blur(tooth, (1, 2 * step + 1))
    gain = np.roll(above, step, axis=0) - np.roll(above, -step, axis=0)
    gain = gain * (cv2.dilate(inside, np.ones((5, 5), np.uint8)) > 0.5) - 0.2
    gain[:step], gain[-step:] = -1, -1
    # Dynamic programming over the columns; a path rises or falls by at most one row per column.
    best, back = np.zeros_like(gain), np.zeros(gain.shape, np.int64)
    best[:, 0] = gain[:, 0]
    for column in range(1, gain.shape[1]):
        before = np.pad(best[:, column - 1], 1, constant_values=-np.inf)
        choices = np.stack([before[:-2] - 0.02, before[1:-1], before[2:] - 0.02])
        back[:, column] = choices.argmax(axis=0) - 1
        best[:, column] = gain[:, column] + choices.max(axis=0)
    path = np.zeros(gain.shape[1])
    row = int(best[:, -1].argmax())
    for column in range(gain.shape[1] - 1, -1, -1):
        path[column] = row
        row = int(np.clip(row + back[row, column], 0, gain.shape[0] - 1))
    return np.asarray(cv2.GaussianBlur(path[None], (0, 0), 1.0)[0] + 0.5, np.float64)
