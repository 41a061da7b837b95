"""The body under a closed head: it moves as the rings around the face do, and its hanging hair as the head does."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from animato.geometry.landmarks import MESH_POINTS
from animato.geometry.pose import HeadPose, points_from_local
from animato.head.closed_topology import COLUMNS, RINGS
from animato.head.person_layers import GRID, PersonLayers
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

    Attributes:
        still: S x S x 3 uint8, what is shown of body and plate where nothing has moved.
    """

    def __init__(self, layers: PersonLayers, pose: HeadPose, size: int) -> None:
        self.layers, self._pose, self._size = layers, pose, size
        self._hangs = bool(layers.hair_follow.max() > LEAST_HANGING)
        self._first_row = _first_row(layers.body_alpha)
        self._grid = np.stack(np.meshgrid(*(np.arange(size, dtype=np.float32),) * 2))
        opacity = np.rint(layers.body_alpha * 255).astype(np.uint8)
        self._body = np.ascontiguousarray(np.dstack([layers.body, opacity]))
        self.still = self.at_rest(layers.plate)

    def at_rest(self, plate: Frame) -> Frame:
        """Return the body where it is in the photo over a plate, S x S x 3 uint8."""
        alpha = self.layers.body_alpha
        return np.asarray(cv2.blendLinear(self.layers.body, plate, alpha, 1 - alpha), np.uint8)

    def over(self, plate: Frame, vertices: NDArray[np.float64], pose: HeadPose) -> tuple[Frame, Plane]:
        """Return the moved body over a plate, S x S x 3 uint8, and its opacity, S x S float32.

        Args:
            plate: S x S x 3 uint8.
            vertices: of the closed shell in the target, pixels.
            pose: of the target.
        """
        layers, size = self.layers, self._size
        carried = layers.body_places.movement(vertices[:SURROUNDINGS], vertices[SURROUNDINGS:])
        if self._hangs:
            hair = points_from_local(layers.hair_places, pose) - points_from_local(layers.hair_places, self._pose)
            carried += layers.hair_follow[:, None] * (hair[:, :2] - carried)
        shift = carried.reshape(GRID, GRID, 2).astype(np.float32)
        if np.abs(shift).max() < STILL_PIXELS:
            return self.still.copy(), layers.body_alpha
        first = max(0, self._first_row - int(np.ceil(np.abs(shift).max())))
        x, y = self._grid[:, first:] - np.stack([cv2.resize(shift[..., a], (size, size))[first:] for a in (0, 1)])
        moved_body = cv2.remap(self._body, x, y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
        opacity = moved_body[..., 3].astype(np.float32) * np.float32(1 / 255)
        body = cv2.cvtColor(moved_body, cv2.COLOR_RGBA2RGB)
        behind = plate.copy()
        behind[first:] = cv2.blendLinear(body, behind[first:], opacity, 1 - opacity)
        everywhere = np.zeros((size, size), np.float32)
        everywhere[first:] = opacity
        return behind, everywhere


def _first_row(alpha: Plane) -> int:
    rows = np.flatnonzero(alpha.any(axis=1))
    return int(rows[0]) if len(rows) else len(alpha)
