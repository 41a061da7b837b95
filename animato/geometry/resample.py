"""Sample a picture along a flow at the picture's own resolution.

The picture is enlarged twice with an eight-pixel Lanczos kernel, in such a way that every second pixel is the
picture's own; each frame then interpolates linearly in between. On a portrait shifted by parts of a pixel the result is
nearer to an exact (band-limited) shift than that of bicubic interpolation, and takes a fifth of its time; at rest
nothing changes.
"""

from __future__ import annotations

import functools

import cv2
import numpy as np
from numpy.typing import NDArray

from animato.types import Frame, Plane

FINE = 2
"""Pixels of the enlarged picture per pixel of the picture."""

FLOW_SIDE = 256
"""Side at which the flow is rasterised; it is enlarged to the crop."""

JUMP = 3.0
"""Flow steps beyond this many source pixels per target pixel are edges of an occlusion, not stretching."""

EDGE_BLUR = 0.7
"""Blur along such edges, in pixels of the flow's grid."""


class Resampler:
    """One picture, ready to be copied along any flow.

    Args:
        picture: S x S x 3 uint8 RGB.
    """

    def __init__(self, picture: Frame) -> None:
        self.picture = picture
        self.size = picture.shape[0]
        self._small_grid = still_grid(min(FLOW_SIDE, self.size), self.size)
        self._grid = FINE * still_grid(self.size, self.size)

    def copy(self, flow: NDArray[np.float32]) -> Frame:
        """Return the picture's pixels (S x S x 3 uint8) along a flow (2 x h x w, pixels), enlarged to its size."""
        edges = self._occlusion_edges(flow)
        maps = list(FINE * flow)
        if flow.shape[1] != self.size:
            # Displacements are enlarged, not positions: those would be cut off at the border, which must keep still.
            size, shift = (self.size, self.size), FINE * (flow - self._small_grid)
            for axis, (plane, still) in enumerate(zip(shift, self._grid, strict=True)):
                full = cv2.resize(plane, size, interpolation=cv2.INTER_LINEAR)
                if edges is not None:
                    # Interpolated flow across an occlusion would fetch pixels that belong to neither side.
                    cv2.copyTo(cv2.resize(plane, size, interpolation=cv2.INTER_NEAREST), edges, full)
                maps[axis] = np.asarray(cv2.add(full, still, dst=full), np.float32)
        image = self._fine.fetch(maps[0], maps[1])
        if edges is not None:
            left, top, width, height = cv2.boundingRect(edges)
            part = image[top : top + height, left : left + width]
            # The flow's grid is coarser than the picture: its steps would show as teeth along a silhouette.
            soft = cv2.GaussianBlur(part, (0, 0), EDGE_BLUR * self.size / flow.shape[1])
            part[:] = cv2.copyTo(soft, edges[top : top + height, left : left + width], part.copy())
        return image

    @functools.cached_property
    def _fine(self) -> FinePicture:
        """The picture, prepared when it is first copied; a photo that only lends features never is."""
        return FinePicture(self.picture)

    def _occlusion_edges(self, flow: NDArray[np.float32]) -> NDArray[np.uint8] | None:
        """Return S x S uint8, 255 where the flow jumps from one surface to another; None where it never does."""
        limit = JUMP * self.size / flow.shape[1]
        jumps = np.zeros(flow.shape[1:], np.uint8)
        for plane in flow:
            across = cv2.absdiff(plane[:, 1:], plane[:, :-1]) > limit
            down = cv2.absdiff(plane[1:], plane[:-1]) > limit
            jumps[:, :-1] |= across
            jumps[:, 1:] |= across
            jumps[:-1] |= down
            jumps[1:] |= down
        if not jumps.any():
            return None
        jumps *= 255
        if flow.shape[1] == self.size:
            return jumps
        return np.asarray(cv2.resize(jumps, (self.size, self.size), interpolation=cv2.INTER_NEAREST), np.uint8)


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
