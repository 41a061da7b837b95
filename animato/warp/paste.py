"""Pasting the animated square back into the photo, at the photo's resolution and without a seam."""

from __future__ import annotations

import functools

import cv2
import numpy as np

from animato.types import Frame, Plane

EDGE = 0.05
"""Width of the soft edge, in units of the square's side. The flow is the identity there, so little changes in it."""


@functools.lru_cache(maxsize=4)
def soft_square(size: int) -> Plane:
    """Return size x size float32 in [0, 1]: 1 inside, falling to 0 at the border (smoothstep)."""
    distance = (np.minimum(np.arange(size), size - 1 - np.arange(size)).astype(np.float32) + 0.5) / (EDGE * size)
    ramp = np.clip(distance, 0, 1)
    ramp = ramp * ramp * (3 - 2 * ramp)
    return np.asarray(np.minimum(ramp[:, None], ramp[None, :]), np.float32)


def paste(photo: Frame, square: Frame, left: int, top: int, mask: Plane) -> Frame:
    """Return a copy of the photo with a square laid into it.

    Args:
        photo: H x W x 3 uint8 RGB.
        square: S x S x 3 uint8 RGB, at the photo's resolution.
        left: column of the square's first pixel in the photo; the square may reach outside.
        top: row of the square's first pixel.
        mask: S x S float32 in [0, 1].
    """
    result = photo.copy()
    height, width = photo.shape[:2]
    size = square.shape[0]
    x0, y0, x1, y1 = max(0, left), max(0, top), min(width, left + size), min(height, top + size)
    if x0 >= x1 or y0 >= y1:
        return result
    inside = np.s_[y0 - top : y1 - top, x0 - left : x1 - left]
    view = result[y0:y1, x0:x1]
    layer, soft = np.ascontiguousarray(square[inside]), np.ascontiguousarray(mask[inside])
    result[y0:y1, x0:x1] = cv2.blendLinear(layer, np.ascontiguousarray(view), soft, 1 - soft)
    return result
