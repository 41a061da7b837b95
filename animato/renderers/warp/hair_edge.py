"""Irregular outline of the hair at the back of a turned head: strands end where the detail of its texture is dark."""

from __future__ import annotations

from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from animato.geometry.raster import affine_per_triangle, flow_from_drawing
from animato.head.closed_topology import closed_topology
from animato.head.side_chart import texture_places
from animato.renderers.warp.head_warp import HeadWarp, cells_around
from animato.types import Frame, Plane

ROUGH_CM = 0.2
"""How deep the outline of hair is cut at most, centimetres."""

STRANDS = ((2.7, 9.0), (8.0, 13.5))
"""Blur of strands and of locks around the head and towards the back, pixels of the texture: how wide they are, and how
long each stays the same while the head turns."""

FINE, COARSE = 1.5, 12.0
"""Blur below and above which there is no detail of hair, pixels of the texture."""

LEAST_CONTRAST = 2.0
"""Contrast of the detail, grey levels, below which there is no hair."""


BEYOND = 5
"""Width over which a cut goes on beyond the cells that are drawn, cells."""


class Cut(NamedTuple):
    """How an outline is cut.

    Attributes:
        cells: rows and columns of the grid, those around the back.
        depth: h x w float32 in [0, 1], of the cut there, in shares of `ROUGH_CM`.
        share: h x w float32 in [0, 1], how much it counts: 1 at the hair of the back.
    """

    cells: tuple[slice, slice]
    depth: Plane
    share: Plane


class HairEdge:
    """The outline of one photo's hair, seen from behind the silhouette.

    Args:
        side: h x w x 3 uint8, texture of the sides and the back of the head.
    """

    def __init__(self, side: Frame) -> None:
        brightness = cv2.cvtColor(side, cv2.COLOR_RGB2GRAY).astype(np.float32)
        detail = cv2.GaussianBlur(brightness, (0, 0), FINE) - cv2.GaussianBlur(brightness, (0, 0), COARSE)
        contrast = np.sqrt(cv2.GaussianBlur(detail * detail, (0, 0), 2 * COARSE))
        there = np.clip(contrast / LEAST_CONTRAST - 0.5, 0, 1)
        self._cut = np.dstack([_strands(brightness.shape), there]) if there.max() > 0 else None
        topology = closed_topology()
        self._first = int(np.flatnonzero(topology.back)[0])  # those of the back are the last
        self._places, self._triangles = texture_places(), topology.triangles[self._first :]

    def cut(self, warp: HeadWarp, back: NDArray[np.bool_]) -> Cut | None:
        """Return how the outline is cut at each cell of the warp's grid; None where no hair of the back is seen.

        Args:
            warp: the head.
            back: h x w bool, where its back is drawn.
        """
        if self._cut is None or not back.any():
            return None
        cells = cells_around(back, BEYOND // 2 + 1)
        there = back[cells]
        affine = affine_per_triangle(warp.vertices, self._places, self._triangles)
        first = warp.first[0] + cells[0].start, warp.first[1] + cells[1].start
        drawn = np.where(there, warp.drawn[cells] - self._first, -1).astype(np.int16)
        x, y = flow_from_drawing(drawn, affine, warp.step, first)
        texture = cv2.remap(self._cut, x, y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
        # Half of a soft edge lies beyond the cells that are drawn: there it is cut as beside it.
        weight = there.astype(np.float32)
        near = cv2.blur(weight, (BEYOND, BEYOND))
        beside = cv2.blur(texture * weight[..., None], (BEYOND, BEYOND)) / np.maximum(near, 1e-6)[..., None]
        texture = np.where(there[..., None], texture, beside * (near > 0)[..., None])
        share = np.asarray(cv2.blur(texture[..., 1], (3, 3)), np.float32)
        return Cut(cells, np.asarray(texture[..., 0], np.float32), share)


def _strands(shape: tuple[int, ...]) -> Plane:
    """Return how deep strands are cut at each place of a texture, float32 in [0, 1]: always the same."""
    random, total = np.random.default_rng(0), np.zeros(shape, np.float32)
    for across, along in STRANDS:
        noise = cv2.GaussianBlur(random.standard_normal(shape).astype(np.float32), (0, 0), across, sigmaY=along)
        total += noise / noise.std()
    return np.asarray(np.clip(0.5 + total / 4, 0, 1), np.float32)
