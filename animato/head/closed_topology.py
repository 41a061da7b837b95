"""Triangles of the closed head: the face mesh, rings out to the silhouette, a fringe beyond it, and the back."""

from __future__ import annotations

import functools
import itertools
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from animato.geometry.landmarks import MESH_POINTS, OVAL, canonical_face
from animato.geometry.mesh import HeadTopology, head_topology, mirror_partners, signed_area

COLUMNS = len(OVAL)
FRONT, BACK = 5, 5
"""Rings from the oval to the silhouette, and from there to the back of the skull."""

SILHOUETTE = FRONT - 1
"""Number of the ring that lies on the silhouette; the fringe is the next one."""

RINGS = FRONT + 1 + 1 + BACK
"""All rings: front, fringe, the silhouette once more as the beginning of the back, and back."""

OPEN_BELOW = 3
"""Columns to either side of the chin without a back: the neck begins there."""


@dataclass(frozen=True)
class ClosedTopology(HeadTopology):
    """Connectivity of the closed head.

    Attributes:
        fringe: T bool, triangles of the fringe.
        back: T bool, triangles behind the silhouette.
    """

    fringe: NDArray[np.bool_]
    back: NDArray[np.bool_]


@functools.cache
def closed_topology() -> ClosedTopology:
    """Return the triangles of the closed head, built once."""
    face = canonical_face()
    inner = head_topology()
    loops = [np.array(OVAL), *(MESH_POINTS + COLUMNS * ring + np.arange(COLUMNS) for ring in range(RINGS))]
    strips = [_strip(a, b) for a, b in itertools.pairwise(loops[: FRONT + 1])]
    fringe = _strip(loops[FRONT], loops[FRONT + 1])
    open_columns = np.abs(np.arange(COLUMNS) + 0.5 - COLUMNS / 2) <= OPEN_BELOW
    back = [_strip(a, b)[~np.tile(open_columns, 2)] for a, b in itertools.pairwise(loops[FRONT + 2 :])]
    ring_triangles = np.concatenate([*strips, fringe, *back])
    oval = face.vertices[list(OVAL), :2]
    flat = np.concatenate([face.vertices[:, :2], *(oval * (1 + 0.2 * number) for number in range(1, RINGS + 1))])
    if np.sign(np.median(signed_area(flat, np.concatenate(strips)))) != inner.outward:
        ring_triangles = ring_triangles[:, ::-1]
    triangles = np.ascontiguousarray(np.concatenate([face.triangles, ring_triangles]).astype(np.int32))
    number = np.arange(len(triangles)) - len(face.triangles)
    strip = 2 * COLUMNS
    aperture = np.zeros(len(triangles), bool)
    aperture[: len(face.triangles)] = inner.aperture[: len(face.triangles)]
    is_fringe = (number >= FRONT * strip) & (number < (FRONT + 1) * strip)
    return ClosedTopology(
        triangles,
        len(face.triangles),
        aperture,
        inner.outward,
        mirror_partners(RINGS),
        np.asarray((triangles < MESH_POINTS + COLUMNS).all(axis=1)),
        ~is_fringe,
        is_fringe,
        number >= (FRONT + 1) * strip,
    )


def _strip(inner: NDArray[np.int64], outer: NDArray[np.int64]) -> NDArray[np.int64]:
    after, beyond = np.roll(inner, -1), np.roll(outer, -1)
    return np.concatenate([np.stack([inner, outer, beyond], axis=1), np.stack([inner, beyond, after], axis=1)])
