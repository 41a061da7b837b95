"""Visibility of mesh vertices in a photo, and substitutes for hidden ones.

A vertex of a turned head may lie behind the nose or on the far cheek. Its pixel in the photo belongs to something else,
so it must not be copied. Its source position is moved to where visible skin is: the nearest visible surface is
stretched over it (a membrane over the mesh's edges with the visible vertices held fixed), and the validity map says
that this is a guess.
"""

from __future__ import annotations

import functools

import cv2
import numpy as np
from numpy.typing import NDArray

from animato.geometry.landmarks import EYE_LEFT, EYE_RIGHT, LIPS_OUTER, MESH_POINTS, canonical_face
from animato.geometry.mesh import BORDER_START, COLUMNS, RINGS, VERTICES, head_topology, signed_area
from animato.geometry.raster import draw_triangles
from animato.types import Plane, Points

DEPTH_SLACK = 0.8
"""Canonical centimetres a vertex may lie behind the drawn surface and still count as visible."""

DRAW_SIDE = 256

MIRROR_MARGIN = 0.12
"""The mirrored side of the face is preferred when it is seen this much more squarely (difference of cosines)."""


@functools.cache
def mesh_edges() -> NDArray[np.int32]:
    """Return the face mesh's edges, E x 2 int32, each once."""
    triangles = canonical_face().triangles
    pairs = np.concatenate([triangles[:, [0, 1]], triangles[:, [1, 2]], triangles[:, [2, 0]]])
    return np.unique(np.sort(pairs, axis=1), axis=0).astype(np.int32)


@functools.cache
def _neighbours() -> NDArray[np.bool_]:
    """Return 468 x 468 bool: whether two vertices are the same or share an edge."""
    near = np.eye(MESH_POINTS, dtype=bool)
    a, b = mesh_edges().T
    near[a, b] = near[b, a] = True
    return near


@functools.cache
def _corners() -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Return the corners of all triangles of the face in one row, and how many triangles each vertex has."""
    corners = canonical_face().triangles.T.reshape(-1).astype(np.int64)
    return corners, np.bincount(corners, minlength=MESH_POINTS).clip(1).astype(np.float64)


def facing_ratio(points: Points) -> NDArray[np.float32]:
    """Return how squarely the skin at each of the 468 vertices faces the camera: cosine of its tilt, in [-1, 1].

    Args:
        points: N >= 468 x 3, landmarks, pixels.
    """
    corners, count = _corners()
    a, b, c = (points[corner].astype(np.float64) for corner in corners.reshape(3, -1))
    normal = np.cross(b - a, c - a)
    cosine = normal[:, 2] / np.maximum(np.linalg.norm(normal, axis=1), 1e-9) * head_topology().outward
    return np.asarray(np.bincount(corners, np.tile(cosine, 3), MESH_POINTS) / count, np.float32)


def visible_vertices(vertices: NDArray[np.float64], pixels_per_cm: float, size: int) -> NDArray[np.bool_]:
    """Return which of the 468 mesh vertices the photo shows.

    Args:
        vertices: extended vertices of the source, pixels.
        pixels_per_cm: scale of the source's pose.
        size: side of the crop in pixels.
    """
    topology = head_topology()
    face = topology.triangles[: topology.face_triangles]
    scaled = vertices * (DRAW_SIDE / size)
    drawn = draw_triangles(scaled, face, DRAW_SIDE, topology.outward)
    depth = vertices[:, 2]
    columns = np.clip(np.rint(scaled[:MESH_POINTS, 0]), 0, DRAW_SIDE - 1).astype(int)
    rows = np.clip(np.rint(scaled[:MESH_POINTS, 1]), 0, DRAW_SIDE - 1).astype(int)
    number = drawn[rows, columns]
    nearest = np.where(number >= 0, depth[face[number]].max(axis=1), np.inf)
    covered = depth[:MESH_POINTS] > nearest + DEPTH_SLACK * pixels_per_cm
    # At the rim of the face the skin falls away steeply: what lies before a vertex there is its own neighbourhood.
    covered &= ~_neighbours()[np.arange(MESH_POINTS)[:, None], face[number]].any(axis=1)
    # A vertex none of whose triangles faces the camera is hidden even where nothing is drawn over it.
    facing = signed_area(vertices, face) * topology.outward > 0
    seen = np.zeros(MESH_POINTS, bool)
    seen[np.unique(face[facing])] = True
    outside = (scaled[:MESH_POINTS, :2] < -1).any(axis=1) | (scaled[:MESH_POINTS, :2] > DRAW_SIDE).any(axis=1)
    return seen & ~covered & ~outside


def pull_hidden(points: NDArray[np.float64], visible: NDArray[np.bool_], steps: int = 200) -> NDArray[np.float64]:
    """Return source positions in which hidden vertices rest on a membrane spanned by the visible ones.

    Args:
        points: 468 x 2, pixels.
        visible: 468 bool.
        steps: relaxation steps (Jacobi on the graph Laplacian).
    """
    if visible.all() or not visible.any():
        return points
    edges = mesh_edges()
    hidden = ~visible
    result = points.copy()
    result[hidden] = points[visible].mean(axis=0)
    degree = np.bincount(edges.reshape(-1), minlength=len(points))[:, None].clip(1)
    for _ in range(steps):
        total = np.zeros_like(result)
        np.add.at(total, edges[:, 0], result[edges[:, 1]])
        np.add.at(total, edges[:, 1], result[edges[:, 0]])
        result[hidden] = (total / degree)[hidden]
    return result


@functools.cache
def mirror_index() -> NDArray[np.int32]:
    """Return, for each extended vertex, its partner on the other side of the face (V int32)."""
    vertices = canonical_face().vertices
    flipped = vertices * (-1.0, 1.0, 1.0)
    distance = np.linalg.norm(flipped[:, None] - vertices[None], axis=2)
    columns = (COLUMNS - np.arange(COLUMNS)) % COLUMNS  # the oval starts at the top and runs round
    rings = [MESH_POINTS + COLUMNS * ring + columns for ring in range(RINGS)]
    border = np.arange(BORDER_START, VERTICES)
    return np.concatenate([distance.argmin(axis=1), *rings, border]).astype(np.int32)


def facing_cosine(local: NDArray[np.float64], rotation: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return how squarely each triangle of the head faces the camera: cosine of its tilt, negative when turned away.

    Args:
        local: V x 3, extended vertices in the head's own frame.
        rotation: 3 x 3 of the pose.
    """
    topology = head_topology()
    turned = local @ rotation.T
    a, b, c = (turned[topology.triangles[:, corner]] for corner in range(3))
    normal = np.cross(b - a, c - a)
    return np.asarray(normal[:, 2] / np.maximum(np.linalg.norm(normal, axis=1), 1e-9) * topology.outward)


def better_mirrored(
    local: NDArray[np.float64], rotation: NDArray[np.float64], visible: NDArray[np.bool_]
) -> NDArray[np.bool_]:
    """Return which triangles are better taken from the other side of the face (T bool).

    Args:
        local: V x 3, extended vertices in the head's own frame (the border's are ignored).
        rotation: 3 x 3 of the photo's pose.
        visible: 468 bool, from `visible_vertices`.
    """
    topology = head_topology()
    partner = mirror_index()
    direct = facing_cosine(local, rotation)
    mirrored = facing_cosine(local[partner], rotation) * -1.0  # a mirror turns the winding round
    seen = np.concatenate([visible, np.ones(len(partner) - MESH_POINTS, bool)])
    here = seen[topology.triangles].all(axis=1)
    there = seen[partner[topology.triangles]].all(axis=1)
    direct = np.where(here, direct, -1.0)
    better = there & (mirrored > 0.15) & (mirrored > direct + MIRROR_MARGIN)
    # Beyond the ear the other side shows background: mirrored, it would stand beside the head like a pane of glass.
    outer = (topology.triangles >= MESH_POINTS + COLUMNS).any(axis=1)
    return better & ~outer


def hidden_share(validity: Plane, points: Points, size: int) -> float:
    """Return the share of the crop, in [0, 1], that the photo does not show, openings aside.

    Args:
        validity: h x w float32, of a warped frame.
        points: 478 x 3, the target, pixels of the crop.
        size: side of the crop in pixels.
    """
    step = size / validity.shape[0]
    aside = np.zeros(validity.shape, np.uint8)
    for ring in (EYE_LEFT, EYE_RIGHT, LIPS_OUTER):
        outline = (points[list(ring), :2] + 0.5) / step - 0.5
        cv2.fillConvexPoly(aside, cv2.convexHull(np.rint(outline).astype(np.int32)), 1)
    aside = np.asarray(cv2.dilate(aside, np.ones((7, 7), np.uint8)), np.uint8)
    return float(((validity < 0.5) & (aside == 0)).mean())
