"""Places carried by a ring mesh: how they move as its rings and the face oval do."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from animato.geometry.landmarks import MESH_POINTS, OVAL
from animato.geometry.mesh import COLUMNS, VERTICES, HeadShell, head_topology
from animato.types import Points


class CarriedPlaces:
    """Places around one photo's face, each fixed in a triangle between oval, rings and border.

    Args:
        places: N x 2, pixels of the photo's square.
        points: 478 x 3, its landmarks, pixels.
        shell: its rings and border.

    Attributes:
        oval: 36 x 2 float64, the photo's face oval, pixels.
    """

    def __init__(self, places: NDArray[np.float64], points: Points, shell: HeadShell) -> None:
        self.oval = points[list(OVAL), :2].astype(np.float64)
        self._rings = shell.points[:, :2]
        flat = np.concatenate([self.oval, self._rings, shell.border[:, :2]])
        # The border does not move.
        self._weights = _barycentric(places, flat)[:, : COLUMNS + len(self._rings)].astype(np.float64)

    def movement(self, oval: NDArray[np.floating], rings: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the places' displacement, N x 2 float64, pixels.

        Args:
            oval: the target's face oval, 36 x 2, pixels.
            rings: 108 x 3, its ring vertices (`mesh.move_rings`).
        """
        moved = np.concatenate([oval - self.oval, rings[:, :2] - self._rings])
        return np.asarray(self._weights @ moved)


def _barycentric(places: NDArray[np.float64], flat: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the weights of places (N x 2) among the 180 x 2 vertices of oval, rings and border, N x 180.

    A place in no triangle, inside the oval or beyond the border, takes the one it is least outside of.
    """
    topology = head_topology()
    number = np.full(VERTICES, -1)
    number[list(OVAL)] = np.arange(COLUMNS)
    number[MESH_POINTS:] = np.arange(COLUMNS, len(flat))
    triangles = number[topology.triangles[topology.face_triangles :]]
    a, b, c = (flat[triangles[:, corner]] for corner in range(3))
    edges = np.stack([b - a, c - a], axis=2)
    degenerate = np.abs(np.linalg.det(edges)) < 1e-6
    edges[degenerate] = np.eye(2)
    beyond = np.einsum("tij,ntj->nti", np.linalg.inv(edges), places[:, None] - a)
    shares = np.concatenate([1 - beyond.sum(2, keepdims=True), beyond], axis=2)
    inside = shares.min(axis=2)
    inside[:, degenerate] = -np.inf
    best = inside.argmax(axis=1)
    row = np.arange(len(places))
    weights = np.zeros((len(places), len(flat)))
    for corner in range(3):
        np.add.at(weights, (row, triangles[best, corner]), shares[row, best, corner].clip(0, 1))
    return np.asarray(weights / weights.sum(axis=1, keepdims=True))
