"""Visibility of mesh vertices in a photo, and substitutes for hidden ones.

A vertex of a rotated head may be occluded by the nose or lie on the far cheek. Its pixel in the photo belongs to
another surface and must not be copied. Its source position is interpolated from visible vertices instead (a membrane
over the edges of the mesh, with visible vertices fixed), which stretches the nearest visible skin; confidence is low
there.
"""

from __future__ import annotations

import functools

import cv2
import numpy as np
from numpy.typing import NDArray

from animato.geometry.landmarks import EYE_LEFT, EYE_RIGHT, LIPS_OUTER, MESH_POINTS, canonical_face
from animato.geometry.mesh import HeadTopology, head_topology, signed_area
from animato.geometry.raster import draw_triangles
from animato.types import Plane, Points

DEPTH_SLACK = 0.8
"""Tolerance of the depth test, canonical centimetres."""

DRAW_SIDE = 256

MIRROR_MARGIN = 0.12
"""Minimum advantage in facing ratio for which the mirrored side of the face is used."""


@functools.cache
def mesh_edges() -> NDArray[np.int32]:
    """Return the unique edges of the face mesh, E x 2 int32."""
    triangles = canonical_face().triangles
    pairs = np.concatenate([triangles[:, [0, 1]], triangles[:, [1, 2]], triangles[:, [2, 0]]])
    return np.unique(np.sort(pairs, axis=1), axis=0).astype(np.int32)


@functools.cache
def _neighbours() -> NDArray[np.bool_]:
    """Return the adjacency matrix, 468 x 468 bool, with a true diagonal."""
    near = np.eye(MESH_POINTS, dtype=bool)
    a, b = mesh_edges().T
    near[a, b] = near[b, a] = True
    return near


@functools.cache
def _triangle_corners() -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Return the corners of all triangles of the face, concatenated, and the number of triangles at each vertex."""
    corners = canonical_face().triangles.T.reshape(-1).astype(np.int64)
    return corners, np.bincount(corners, minlength=MESH_POINTS).clip(1).astype(np.float64)


def facing_ratio(points: Points) -> NDArray[np.float32]:
    """Return the facing ratio at each of the 468 vertices: cosine between normal and view direction, in [-1, 1].

    Args:
        points: N >= 468 x 3, landmarks, pixels.
    """
    corners, count = _triangle_corners()
    a, b, c = (points[corner].astype(np.float64) for corner in corners.reshape(3, -1))
    normal = np.cross(b - a, c - a)
    cosine = normal[:, 2] / np.maximum(np.linalg.norm(normal, axis=1), 1e-9) * head_topology().outward
    return np.asarray(np.bincount(corners, np.tile(cosine, 3), MESH_POINTS) / count, np.float32)


def visible_vertices(vertices: NDArray[np.float64], pixels_per_cm: float, size: int) -> NDArray[np.bool_]:
    """Return which of the 468 mesh vertices are visible in the photo.

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
    nearest_triangle = drawn[rows, columns]
    nearest_depth = np.where(nearest_triangle >= 0, depth[face[nearest_triangle]].max(axis=1), np.inf)
    occluded = depth[:MESH_POINTS] > nearest_depth + DEPTH_SLACK * pixels_per_cm
    # At grazing angles the nearest triangle belongs to the vertex's own neighbourhood; that is not an occlusion.
    occluded &= ~_neighbours()[np.arange(MESH_POINTS)[:, None], face[nearest_triangle]].any(axis=1)
    # A vertex without a front-facing triangle is hidden even if nothing occludes it.
    facing = signed_area(vertices, face) * topology.outward > 0
    visible = np.zeros(MESH_POINTS, bool)
    visible[np.unique(face[facing])] = True
    outside = (scaled[:MESH_POINTS, :2] < -1).any(axis=1) | (scaled[:MESH_POINTS, :2] > DRAW_SIDE).any(axis=1)
    return visible & ~occluded & ~outside


def interpolate_hidden(points: NDArray[np.float64], visible: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Return source positions with hidden vertices interpolated from visible ones by a membrane.

    Each hidden vertex lies at the mean of its neighbours (the graph Laplacian is zero there).

    Args:
        points: 468 x 2, pixels.
        visible: 468 bool.
    """
    if visible.all() or not visible.any():
        return points
    adjacent = np.zeros((len(points), len(points)))
    first, second = mesh_edges().T
    adjacent[first, second] = adjacent[second, first] = 1
    hidden = ~visible
    result = points.copy()
    laplacian = np.diag(adjacent[hidden].sum(axis=1)) - adjacent[np.ix_(hidden, hidden)]
    result[hidden] = np.linalg.solve(laplacian, adjacent[np.ix_(hidden, visible)] @ points[visible])
    return result


def facing_cosine(
    local: NDArray[np.float64], rotation: NDArray[np.float64], topology: HeadTopology
) -> NDArray[np.float64]:
    """Return the facing ratio of each triangle of the head (T float64); negative for back faces.

    Args:
        local: V x 3, extended vertices in the head's own frame.
        rotation: 3 x 3 of the pose.
        topology: of the mesh.
    """
    rotated = local @ rotation.T
    a, b, c = (rotated[topology.triangles[:, corner]] for corner in range(3))
    normal = np.cross(b - a, c - a)
    return np.asarray(normal[:, 2] / np.maximum(np.linalg.norm(normal, axis=1), 1e-9) * topology.outward)


def mirrored_triangles(
    local: NDArray[np.float64], rotation: NDArray[np.float64], visible: NDArray[np.bool_], topology: HeadTopology
) -> NDArray[np.bool_]:
    """Return which triangles should be sampled from the mirrored side of the face (T bool).

    Args:
        local: V x 3, extended vertices in the head's own frame (the border's are ignored).
        rotation: 3 x 3 of the photo's pose.
        visible: 468 bool, from `visible_vertices`.
        topology: of the mesh.
    """
    partner = topology.partner
    direct = facing_cosine(local, rotation, topology)
    mirrored = facing_cosine(local[partner], rotation, topology) * -1.0  # mirroring reverses the winding
    visible_vertices = np.concatenate([visible, np.ones(len(partner) - MESH_POINTS, bool)])
    direct_visible = visible_vertices[topology.triangles].all(axis=1)
    mirrored_visible = visible_vertices[partner[topology.triangles]].all(axis=1)
    direct = np.where(direct_visible, direct, -1.0)
    use_mirrored = mirrored_visible & (mirrored > 0.15) & (mirrored > direct + MIRROR_MARGIN)
    return use_mirrored & topology.mirrorable


def hidden_share(validity: Plane, points: Points, size: int) -> float:
    """Return the share of the crop with low confidence, in [0, 1], without eyes and mouth.

    Args:
        validity: h x w float32, of a warped frame.
        points: 478 x 3, landmarks of the target, pixels of the crop.
        size: side of the crop in pixels.
    """
    step = size / validity.shape[0]
    apertures = np.zeros(validity.shape, np.uint8)
    for ring in (EYE_LEFT, EYE_RIGHT, LIPS_OUTER):
        outline = (points[list(ring), :2] + 0.5) / step - 0.5
        cv2.fillConvexPoly(apertures, cv2.convexHull(np.rint(outline).astype(np.int32)), 1)
    apertures = np.asarray(cv2.dilate(apertures, np.ones((7, 7), np.uint8)), np.uint8)
    return float(((validity < 0.5) & (apertures == 0)).mean())
