"""The warped head of one frame, before it is laid over anything, and its flow beyond its own edges."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from animato.geometry.aperture_mask import Window
from animato.geometry.resample import identity_flow
from animato.types import Frame, Plane

BEYOND_CELLS = 4
"""How far a flow is continued beyond the head, cells of its grid: as far as edges are softened."""


@dataclass(frozen=True)
class HeadWarp:
    """The head of one frame, before it is laid over anything.

    Attributes:
        image: S x S x 3 uint8, its colours along the flow.
        flow: 2 x h x w float32, from the closed mesh, continued beyond its edges (`beyond_edges`).
        drawn: h x w int16, number of the triangle at each place, -1 where there is none.
        vertices: (468 + rings + 108) x 3 float64, of the target, pixels.
        affine: 6 x (T + 1) float32, source_from_target of each triangle.
        apertures: rectangle and mask of each opening whose inside is in the image; the mask is 0 at rest.
        supplied: T + 1 float32 in [0, 1], how much of each comes from another picture; None for nothing.
    """

    image: Frame
    flow: NDArray[np.float32]
    drawn: NDArray[np.int16]
    vertices: NDArray[np.float64]
    affine: NDArray[np.float32]
    apertures: tuple[tuple[Window, Plane], ...] = ()
    supplied: NDArray[np.float32] | None = None


class DrawnHead(NamedTuple):
    """The head of one frame in its own box, with its opacity.

    Attributes:
        box: rows and columns of the square.
        image: h x w x 3 uint8 RGB, its colours in the box, without what lies behind.
        alpha: h x w float32 in [0, 1].
        x: h x w float32, where the photo shows each place, pixels of the square.
        y: h x w float32.
        residual: how much of what the layers lack of the photo is added, 1 at its pose to 0 well away from it.
        apertures: rectangle and mask of each opening whose inside is in the image.
    """

    box: tuple[slice, slice]
    image: Frame
    alpha: Plane
    x: Plane
    y: Plane
    residual: float
    apertures: tuple[tuple[Window, Plane], ...] = ()


def beyond_edges(flow: NDArray[np.float32], there: NDArray[np.bool_], step: float) -> NDArray[np.float32]:
    """Return a flow continued where the photo's side of the head is not drawn: interpolation at its edge stays on it.

    Args:
        flow: 2 x h x w float32, pixels.
        there: h x w bool, where the photo's side of the head is drawn.
        step: pixels for each cell.
    """
    if there.all() or not there.any():
        return flow
    near = cv2.dilate(there.astype(np.uint8), np.ones((2 * BEYOND_CELLS + 1,) * 2, np.uint8)) > 0
    beyond = np.flatnonzero(near & ~there)
    inside = nearest_cell(there).ravel()[beyond]
    # Farther out nothing is seen of it: it moves as the head does on average, so no false edge of an occlusion arises.
    identity = identity_flow(there.shape[0], round(step * there.shape[0]))
    moved = (flow - identity)[:, there].mean(axis=1)
    result = np.where(there, flow, identity + moved[:, None, None]).reshape(2, -1)
    away = np.stack(np.divmod(beyond, there.shape[1])) - np.stack(np.divmod(inside, there.shape[1]))
    result[:, beyond] = result[:, inside] + away[::-1].astype(np.float32) * np.float32(step)
    return result.reshape(flow.shape)


def nearest_cell(there: NDArray[np.bool_]) -> NDArray[np.int64]:
    """Return for each cell (h x w) the flat index of the nearest one that is there."""
    _, nearest = cv2.distanceTransformWithLabels(
        (~there).astype(np.uint8), cv2.DIST_L2, 3, labelType=cv2.DIST_LABEL_PIXEL
    )
    index = np.zeros(int(nearest.max()) + 1, np.int64)
    index[nearest[there]] = np.flatnonzero(there)
    return np.asarray(index[nearest])
