"""Fetching a picture's pixels along a flow: once enlarged with care, then interpolated cheaply for every frame.

The picture is made twice as large with an eight-pixel Lanczos kernel, in such a way that every second pixel is the
picture's own; a frame then interpolates linearly in between. On a portrait shifted by parts of a pixel the result is
nearer to an exact (band-limited) shift than that of bicubic interpolation, and takes a fifth of its time; at rest
nothing changes.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from animato.types import Frame, Plane

FINE = 2
"""Pixels of the enlarged picture per pixel of the picture."""


class FinePicture:
    """A picture prepared for many fetches.

    Args:
        picture: S x S x 3 uint8.
    """

    def __init__(self, picture: Frame) -> None:
        height, width = picture.shape[:2]
        x = np.tile(np.arange(width * FINE, dtype=np.float32) / FINE, (height * FINE, 1))
        y = np.repeat(np.arange(height * FINE, dtype=np.float32)[:, None] / FINE, width * FINE, axis=1)
        fine = cv2.remap(picture, x, y, cv2.INTER_LANCZOS4, borderMode=cv2.BORDER_REPLICATE)
        # OpenCV's linear interpolation is much faster with four channels than with three.
        self._fine = cv2.cvtColor(fine, cv2.COLOR_RGB2RGBA)

    def fetch(self, x: Plane, y: Plane) -> Frame:
        """Return the picture at positions, h x w x 3 uint8; beyond its border it repeats its last pixels.

        Args:
            x: h x w float32, columns in pixels of the enlarged picture: `FINE` times those of the picture.
            y: h x w float32, rows, likewise.
        """
        found = cv2.remap(self._fine, x, y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
        return np.asarray(cv2.cvtColor(found, cv2.COLOR_RGBA2RGB), np.uint8)


def still_grid(side: int, size: int) -> NDArray[np.float32]:
    """Return the flow that changes nothing: 2 x side x side float32, pixels of a crop of `size`."""
    line = ((np.arange(side) + 0.5) * (size / side) - 0.5).astype(np.float32)
    return np.stack(np.meshgrid(line, line))
