"""Paste the animated square into the photo at the photo's resolution, with a soft border."""

from __future__ import annotations

import math

import cv2
import numpy as np

from animato.geometry.smoothstep import smoothstep
from animato.types import Frame, Plane

EDGE = 0.05
"""Width of the soft edge relative to the side of the square. The flow is close to the identity there."""


def soft_square(size: int) -> Plane:
    """Return size x size float32 in [0, 1]: 1 inside, falling to 0 at the border (smoothstep).

    Callers that paste many squares of one size should reuse it: it takes as much memory as four channels of the square.
    """
    distance = (np.minimum(np.arange(size), size - 1 - np.arange(size)).astype(np.float32) + 0.5) / (EDGE * size)
    ramp = smoothstep(distance, 0.0, 1.0)
    return np.asarray(np.minimum(ramp[:, None], ramp[None, :]), np.float32)


def paste(photo: Frame, square: Frame, left: int, top: int, mask: Plane) -> Frame:
    """Return a copy of the photo with a square pasted into it.

    Args:
        photo: H x W x 3 uint8 RGB.
        square: S x S x 3 uint8 RGB, at the photo's resolution.
        left: column of the square's first pixel in the photo; the square may reach outside.
        top: row of the square's first pixel.
        mask: S x S float32 in [0, 1], from `soft_square`: 1 farther than `EDGE` from the border.
    """
    result = photo.copy()
    height, width = photo.shape[:2]
    size = square.shape[0]
    x0, y0, x1, y1 = max(0, left), max(0, top), min(width, left + size), min(height, top + size)
    if x0 >= x1 or y0 >= y1:
        return result
    result[y0:y1, x0:x1] = square[y0 - top : y1 - top, x0 - left : x1 - left]
    # Only the edge, about a fifth of the square, is blended.
    edge = math.ceil(EDGE * size)
    bands = (
        (0, 0, size, edge),
        (0, size - edge, size, size),
        (0, edge, edge, size - edge),
        (size - edge, edge, size, size - edge),
    )
    for band in bands:
        _blend(result, photo, square, (left, top), mask, band)
    return result


def _blend(
    result: Frame, photo: Frame, square: Frame, at: tuple[int, int], mask: Plane, band: tuple[int, int, int, int]
) -> None:
    """Blend a band of the square (left, top, right, bottom in its pixels) with the photo, in place."""
    left, top = at
    height, width = photo.shape[:2]
    x0, y0, x1, y1 = (
        max(0, left + band[0]),
        max(0, top + band[1]),
        min(width, left + band[2]),
        min(height, top + band[3]),
    )
    if x0 >= x1 or y0 >= y1:
        return
    inside = np.s_[y0 - top : y1 - top, x0 - left : x1 - left]
    layer, soft = np.ascontiguousarray(square[inside]), np.ascontiguousarray(mask[inside])
    result[y0:y1, x0:x1] = cv2.blendLinear(layer, np.ascontiguousarray(photo[y0:y1, x0:x1]), soft, 1 - soft)
