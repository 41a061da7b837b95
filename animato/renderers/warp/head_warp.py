"""The warped head of one frame, before it is laid over anything, and its flow beyond its own edges."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from animato.geometry.aperture_mask import Window
from animato.types import Frame, Plane

BEYOND_CELLS = 4
"""How far a flow is continued beyond the head, cells of its grid: as far as edges are softened."""

SPARE_CELLS = 9
"""Cells around the drawn head that are kept with it: farther than the widest blur of its edge reaches."""


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
        first: row and column, in the square's grid, of the first place.
    """

    image: Frame
    flow: NDArray[np.float32]
    drawn: NDArray[np.int16]
    vertices: NDArray[np.float64]
    affine: NDArray[np.float32]
    apertures: tuple[tuple[Window, Plane], ...] = ()
    supplied: NDArray[np.float32] | None = None
    first: tuple[int, int] = (0, 0)

    @property
    def step(self) -> float:
        """Pixels for each cell of the grid."""
        return float(self.image.shape[0] / self.drawn.shape[0])

    @property
    def size(self) -> tuple[int, int]:
        """Width and height of the image, pixels."""
        return self.image.shape[1], self.image.shape[0]

    def around_head(self) -> HeadWarp:
        """Return the part that holds the head, so that nothing is computed for the rest of the square.

        Where cells are no whole pixels, it is the whole.
        """
        step = self.step
        rows, columns = cells = head_cells(self.drawn, step)
        if (rows.stop - rows.start, columns.stop - columns.start) == self.drawn.shape:
            return self
        pixels = tuple(slice(int(line.start * step), int(line.stop * step)) for line in cells)
        return replace(
            self,
            image=self.image[pixels],
            flow=self.flow[:, rows, columns],
            drawn=self.drawn[cells],
            first=(rows.start, columns.start),
        )


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


class HeadCover(NamedTuple):
    """Where the head is seen in a composed frame.

    Attributes:
        box: rows and columns of the square.
        alpha: h x w float32 in [0, 1], its share of each pixel's colour there.
    """

    box: tuple[slice, slice]
    alpha: Plane


class Composed(NamedTuple):
    """Layers of one frame, composed.

    Attributes:
        image: S x S x 3 uint8 RGB, a new array.
        alpha: S x S uint8, opacity of the person; None with the background.
        cover: where the head is seen.
    """

    image: Frame
    alpha: NDArray[np.uint8] | None
    cover: HeadCover


def head_cells(drawn: NDArray[np.int16], step: float) -> tuple[slice, slice]:
    """Return rows and columns of the grid around the drawn head; all of them where cells are no whole pixels.

    Args:
        drawn: h x w int16, number of the triangle at each place, -1 where there is none.
        step: pixels for each cell.
    """
    if not float(step).is_integer():
        return slice(0, drawn.shape[0]), slice(0, drawn.shape[1])
    return cells_around(drawn >= 0, SPARE_CELLS)


def beyond_edges(flow: NDArray[np.float32], there: NDArray[np.bool_], step: float) -> NDArray[np.float32]:
    """Return a flow continued where the photo's side of the head is not drawn: interpolation at its edge stays on it.

    Args:
        flow: 2 x h x w float32, pixels.
        there: h x w bool, where the photo's side of the head is drawn.
        step: pixels for each cell.
    """
    if there.all() or not there.any():
        return flow
    # Farther out nothing is seen of it: it moves as the head does on average, so no false edge of an occlusion arises.
    height, width = there.shape
    x = ((np.arange(width) + 0.5) * step - 0.5).astype(np.float32)
    y = ((np.arange(height) + 0.5) * step - 0.5).astype(np.float32)[:, None]
    mask = there.view(np.uint8)
    moved = [cv2.mean(plane, mask)[0] for plane in (flow[0] - x, flow[1] - y)]
    result = np.stack([np.where(there, flow[0], x + moved[0]), np.where(there, flow[1], y + moved[1])])
    box = cells_around(there, BEYOND_CELLS)
    inside = there[box]
    near = cv2.dilate(inside.view(np.uint8), np.ones((2 * BEYOND_CELLS + 1,) * 2, np.uint8)) > 0
    beyond = np.nonzero(near & ~inside)
    nearest = np.divmod(nearest_cell(inside)[beyond], inside.shape[1])
    for plane, lines, from_lines in zip(result, beyond[::-1], nearest[::-1], strict=True):
        plane[box][beyond] = plane[box][nearest] + (lines - from_lines).astype(np.float32) * np.float32(step)
    return np.asarray(result, np.float32)


def cells_around(there: NDArray[np.bool_], spare: int) -> tuple[slice, slice]:
    """Return rows and columns of the smallest box of a grid that holds all cells that are there (h x w bool).

    Args:
        there: h x w bool.
        spare: cells added on each side, within the grid.
    """
    lines = []
    for axis, length in zip((1, 0), there.shape, strict=True):
        found = np.flatnonzero(there.any(axis=axis))
        first, last = (int(found[0]), int(found[-1])) if len(found) else (0, 0)
        lines.append(slice(max(0, first - spare), min(length, last + 1 + spare)))
    return lines[0], lines[1]


def nearest_cell(there: NDArray[np.bool_]) -> NDArray[np.int64]:
    """Return for each cell (h x w) the flat index of the nearest one that is there."""
    _, nearest = cv2.distanceTransformWithLabels(
        (~there).astype(np.uint8), cv2.DIST_L2, 3, labelType=cv2.DIST_LABEL_PIXEL
    )
    index = np.zeros(int(nearest.max()) + 1, np.int64)
    index[nearest[there]] = np.flatnonzero(there)
    return np.asarray(index[nearest])
