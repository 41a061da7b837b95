"""Copying a picture's pixels along a flow, at the picture's own resolution."""

from __future__ import annotations

import functools

import cv2
import numpy as np
from numpy.typing import NDArray

from animato.geometry.remap import FINE, FinePicture, still_grid
from animato.types import Frame

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
