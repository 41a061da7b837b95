"""The body under a closed head: it moves as the rings around the face do, and its hanging hair as the head does."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from animato.geometry.landmarks import MESH_POINTS, OVAL
from animato.geometry.pose import HeadPose, points_from_local
from animato.head.body_places import GRID
from animato.head.closed_topology import COLUMNS, RINGS
from animato.head.person_layers import PersonLayers
from animato.renderers.warp.still_neck import carrying_oval
from animato.types import Frame, Plane

SURROUNDINGS = MESH_POINTS + RINGS * COLUMNS
"""First of the vertices that the body follows (`renderers.warp.shell.ClosedShell`)."""

LEAST_HANGING = 0.02
"""Share of hanging hair below which there is none."""

STILL_PIXELS = 0.05
"""Movement of the body, in pixels, below which it is taken as it is."""


class MovingBody:
    """One photo's body.

    Args:
        layers: of the photo.
        pose: of the photo.
        size: side of the square, pixels.
    """

    def __init__(self, layers: PersonLayers, pose: HeadPose, size: int) -> None:
        self.layers, self._pose, self._size = layers, pose, size
        self._hangs = bool(layers.hair_follow.max() > LEAST_HANGING)
        self._first_row = _first_row(layers.body_alpha)
        self._grid = np.stack(np.meshgrid(*(np.arange(size, dtype=np.float32),) * 2))
        opacity = np.rint(layers.body_alpha * 255).astype(np.uint8)
        self._body = np.ascontiguousarray(np.dstack([layers.body, opacity]))

    def at_rest(self, plate: Frame) -> Frame:
        """Return the body where it is in the photo over a plate, S x S x 3 uint8."""
        alpha = self.layers.body_alpha
        return np.asarray(cv2.blendLinear(self.layers.body, plate, alpha, 1 - alpha), np.uint8)

    def over(self, plate: Frame, still: Frame, vertices: NDArray[np.float64], pose: HeadPose) -> tuple[Frame, Plane]:
        """Return the moved body over a plate, S x S x 3 uint8, and its opacity, S x S float32.

        Args:
            plate: S x S x 3 uint8.
            still: S x S x 3 uint8, what is shown of both where nothing has moved.
            vertices: of the closed shell in the target, pixels.
            pose: of the target.
        """
        moved = self._moved(vertices, pose)
        if moved is None:
            return still.copy(), self.layers.body_alpha
        first, rows = moved
        opacity = np.zeros((self._size, self._size), np.float32)
        opacity[first:] = rows[..., 3].astype(np.float32) * np.float32(1 / 255)
        behind = plate.copy()
        body = cv2.cvtColor(rows, cv2.COLOR_RGBA2RGB)
        behind[first:] = cv2.blendLinear(body, behind[first:], opacity[first:], 1 - opacity[first:])
        return behind, opacity

    def alone(self, vertices: NDArray[np.float64], pose: HeadPose) -> tuple[Frame, NDArray[np.uint8]]:
        """Return the moved body's own colours, S x S x 3 uint8, and its opacity, S x S uint8, as new arrays.

        Args:
            vertices: of the closed shell in the target, pixels.
            pose: of the target.
        """
        body = self._body.copy()
        moved = self._moved(vertices, pose)
        if moved is not None:
            body[moved[0] :] = moved[1]
        return np.asarray(cv2.cvtColor(body, cv2.COLOR_RGBA2RGB), np.uint8), body[..., 3].copy()

    def _moved(self, vertices: NDArray[np.float64], pose: HeadPose) -> tuple[int, Frame] | None:
        """Return the first row in which the moved body may lie, and the rows from there as RGBA; None if it rests."""
        layers, size = self.layers, self._size
        places = layers.body_places
        oval = carrying_oval(places.oval, vertices[list(OVAL)], pose, self._pose)
        carried = places.movement(oval, vertices[SURROUNDINGS:])
        if self._hangs:
            hair = points_from_local(layers.hair_places, pose) - points_from_local(layers.hair_places, self._pose)
            carried += layers.hair_follow[:, None] * (hair[:, :2] - carried)
        shift = carried.reshape(GRID, GRID, 2).astype(np.float32)
        if np.abs(shift).max() < STILL_PIXELS:
            return None
        first = max(0, self._first_row - int(np.ceil(np.abs(shift).max())))
        x, y = self._grid[:, first:] - np.stack([cv2.resize(shift[..., a], (size, size))[first:] for a in (0, 1)])
        moved = cv2.remap(self._body, x, y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
        return first, np.asarray(moved, np.uint8)


def _first_row(alpha: Plane) -> int:
    rows = np.flatnonzero(alpha.any(axis=1))
    return int(rows[0]) if len(rows) else len(alpha)
