"""Head mesh: the face, three surrounding rings for hair, ears and neck, and the fixed border of the crop.

The ring vertices are defined in the head's own frame (canonical centimetres) on a shell behind the face, so that they
rotate with the head and are occluded by it. A weight scales their rigid motion: 1 for the inner ring, less for the
outer ones, and decreasing towards neck and shoulders, which are static.
"""

from __future__ import annotations

import functools
import itertools
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from animato.geometry.landmarks import EYE_LEFT, EYE_RIGHT, LIPS_INNER, MESH_POINTS, OVAL, canonical_face
from animato.geometry.pose import HeadPose, local_from_points
from animato.types import Points

COLUMNS = len(OVAL)
RING_SCALE = (1.16, 1.42, 1.85)
"""Scale of each ring relative to the oval, about its centre."""
RING_DEPTH = (0.7, 1.8, 3.0)
"""Depth of each ring behind the oval, canonical centimetres."""
RING_FOLLOW = (1.0, 0.92, 0.45)
"""Weight of the head's rigid motion for each ring, at the height of the eyes and above."""
NECK_FOLLOW = (0.62, 0.26, 0.06)
"""The same below the chin."""
RING_EXPRESSION = (0.55, 0.18, 0.0)
"""Weight of the expression (such as a dropping jaw) of the nearest oval point for each ring."""
MAX_EDGE_STRETCH = 2.5
"""Maximum distance of a ring vertex from the image edge, relative to that in the photo."""
RINGS = len(RING_SCALE)
VERTICES = MESH_POINTS + COLUMNS * (RINGS + 1)
BORDER_START = MESH_POINTS + COLUMNS * RINGS


Extent: TypeAlias = tuple[float, float, float, float]
"""Left, top, right and bottom edge of the part of a square crop inside the photo, pixels; the crop's corner is
(-0.5, -0.5)."""


@dataclass(frozen=True)
class HeadTopology:
    """Triangles of the extended mesh.

    Attributes:
        triangles: T x 3 int32 into the extended vertices (mesh, rings, border); the first 898 are the face.
        face_triangles: number of face triangles.
        aperture: T bool, triangles across an eye or the mouth, which are not copied.
        outward: 1 or -1, sign of the signed area of a triangle that faces the camera.
        partner: V int32, the corresponding vertex on the other side of the face.
        mirrorable: T bool, triangles that may show the other side of the face: those beyond the ears hold background.
        on_head: T bool, triangles of the head itself, without background.
    """

    triangles: NDArray[np.int32]
    face_triangles: int
    aperture: NDArray[np.bool_]
    outward: float
    partner: NDArray[np.int32]
    mirrorable: NDArray[np.bool_]
    on_head: NDArray[np.bool_]


@functools.cache
def head_topology() -> HeadTopology:
    """Build the triangles of the extended mesh (cached)."""
    face = canonical_face()
    strips = []
    loops = [np.array(OVAL)] + [MESH_POINTS + COLUMNS * ring + np.arange(COLUMNS) for ring in range(RINGS + 1)]
    for inner, outer in itertools.pairwise(loops):
        inner_next, outer_next = np.roll(inner, -1), np.roll(outer, -1)
        strips.append(np.stack([inner, outer, outer_next], axis=1))
        strips.append(np.stack([inner, outer_next, inner_next], axis=1))
    xy = face.vertices[:, :2]
    outward = float(np.sign(np.median(signed_area(xy, face.triangles))))
    ring_triangles = np.concatenate(strips).astype(np.int32)
    # Flip the strips if their winding differs from that of the face.
    shell = np.concatenate([xy, *(xy[list(OVAL)] * scale for scale in (*RING_SCALE, 4.0))])
    if np.sign(np.median(signed_area(shell, ring_triangles))) != outward:
        ring_triangles = ring_triangles[:, ::-1]
    triangles = np.concatenate([face.triangles, ring_triangles]).astype(np.int32)
    aperture = np.zeros(len(triangles), bool)
    for ring in (EYE_LEFT, EYE_RIGHT, LIPS_INNER):
        aperture |= np.isin(triangles, ring).all(axis=1)
    border = np.arange(BORDER_START, VERTICES)
    return HeadTopology(
        np.ascontiguousarray(triangles),
        len(face.triangles),
        aperture,
        outward,
        np.concatenate([mirror_partners(RINGS), border]).astype(np.int32),
        np.asarray((triangles < MESH_POINTS + COLUMNS).all(axis=1)),
        np.asarray((triangles < MESH_POINTS + COLUMNS * 2).all(axis=1)),
    )


def mirror_partners(rings: int) -> NDArray[np.int32]:
    """Return the vertex on the other side of the face for the mesh and a number of rings, (468 + 36 rings) int32."""
    vertices = canonical_face().vertices
    flipped = vertices * (-1.0, 1.0, 1.0)
    distance = np.linalg.norm(flipped[:, None] - vertices[None], axis=2)
    columns = (COLUMNS - np.arange(COLUMNS)) % COLUMNS  # the oval starts at the top
    around = [MESH_POINTS + COLUMNS * ring + columns for ring in range(rings)]
    return np.concatenate([distance.argmin(axis=1), *around]).astype(np.int32)


def signed_area(xy: NDArray[np.floating], triangles: NDArray[np.int32]) -> NDArray[np.float64]:
    """Return twice the signed area of each triangle (T x 3 indices), in the square of the unit of `xy` (V x 2 or 3)."""
    a, b, c = (xy[triangles[:, corner]].astype(np.float64) for corner in range(3))
    return (b[:, 0] - a[:, 0]) * (c[:, 1] - a[:, 1]) - (b[:, 1] - a[:, 1]) * (c[:, 0] - a[:, 0])


@dataclass(frozen=True)
class Rings:
    """The rings around one face, with their motion weights.

    Attributes:
        local: 108 x 3 float64, ring vertices in the head's own frame, canonical centimetres.
        follow: 108 float64, weight of the rigid motion for each ring vertex.
        expression: 108 float64, weight of the oval's expression for each.
    """

    local: NDArray[np.float64]
    follow: NDArray[np.float64]
    expression: NDArray[np.float64]

    def movement(
        self, source_pose: HeadPose, target_pose: HeadPose, oval_expression: NDArray[np.float64]
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Return the displacements of the vertices (108 x 2, pixels), and their depth in the target pose (108).

        Args:
            source_pose: pose in which the rings were built.
            target_pose: pose of the target.
            oval_expression: 36 x 3, displacement of the oval by expression alone, in the head's own frame, centimetres.
        """
        local = self.local + np.tile(oval_expression, (RINGS, 1)) * self.expression[:, None]
        rigid, still, base = (
            _project(local, target_pose),
            _project(local, source_pose),
            _project(self.local, source_pose),
        )
        moved = (still - base) + (rigid - still) * self.follow[:, None]
        return moved[:, :2], rigid[:, 2]


@dataclass(frozen=True)
class HeadShell:
    """The rings and the border of one photo's head.

    Attributes:
        rings: in the head's own frame.
        points: 108 x 3 float64, their vertices in pixels of the source crop, inside it.
        border: 36 x 3 float64, points on the extent's edge, pixels; their depth is behind everything.
        extent: part of the crop inside the photo.
    """

    rings: Rings
    points: NDArray[np.float64]
    border: NDArray[np.float64]
    extent: Extent


def _project(local: NDArray[np.float64], pose: HeadPose) -> NDArray[np.float64]:
    """Return vertices of the head's own frame (N x 3) in pixels."""
    return pose.scale * local @ pose.rotation.T + pose.translation


def build_shell(points: Points, pose: HeadPose, size: int, extent: Extent | None = None) -> HeadShell:
    """Build the rings and the border for a source face.

    Args:
        points: 478 x 3, pixels of the source crop.
        pose: the pose fitted to them.
        size: side of the crop in pixels.
        extent: part of the crop inside the photo; None for all of it.
    """
    extent = extent or whole_extent(size)
    rings = build_rings(points, pose)
    pixels = _project(rings.local, pose)
    pixels[:, :2] = _clamped(pixels[:, :2], extent)
    return HeadShell(rings, pixels, _border(pixels[-COLUMNS:, :2], extent), extent)


def whole_extent(size: int) -> Extent:
    """Return the extent of a crop that lies inside the photo."""
    return -0.5, -0.5, size - 0.5, size - 0.5


def _clamped(points: NDArray[np.float64], extent: Extent) -> NDArray[np.float64]:
    """Return points (N x 2) clamped to at least 1.5 pixels inside an extent."""
    return np.clip(points, np.array(extent[:2]) + 1.5, np.array(extent[2:]) - 1.5)


def build_rings(points: Points, pose: HeadPose) -> Rings:
    """Build the rings around a face.

    Args:
        points: 478 x 3, pixels.
        pose: the pose fitted to them.
    """
    oval = local_from_points(points[list(OVAL)], pose)
    centre = oval.mean(axis=0)
    rings = []
    for scale, depth in zip(RING_SCALE, RING_DEPTH, strict=True):
        ring = centre + (oval - centre) * scale
        ring[:, 2] = oval[:, 2] + depth
        rings.append(ring)
    # 0 at the height of the oval's centre and above, 1 at the chin.
    below = np.clip((oval[:, 1] - centre[1]) / (oval[:, 1].max() - centre[1]), 0, 1)
    follow = np.concatenate([up + (down - up) * below for up, down in zip(RING_FOLLOW, NECK_FOLLOW, strict=True)])
    return Rings(np.concatenate(rings), follow, np.repeat(RING_EXPRESSION, COLUMNS))


def _border(ring: NDArray[np.float64], extent: Extent) -> NDArray[np.float64]:
    """Return the intersections of rays from the centre of the outer ring with the edge of the extent."""
    low, high = np.array(extent[:2]), np.array(extent[2:])
    middle = ring.mean(axis=0)
    direction = ring - middle
    # The rays of a clipped ring would cluster in the corners, so they are spaced evenly in the order of their angles.
    angles = np.unwrap(np.arctan2(direction[:, 1], direction[:, 0]))
    even = angles[0] + np.sign(angles[-1] - angles[0]) * np.arange(COLUMNS) * 2 * np.pi / COLUMNS
    offset = np.arctan2(np.sin(angles - even).mean(), np.cos(angles - even).mean())
    even = even + offset
    cos, sin = np.cos(even), np.sin(even)
    with np.errstate(divide="ignore"):
        reach_x = np.where(cos > 0, (high[0] - middle[0]) / cos, (low[0] - middle[0]) / cos)
        reach_y = np.where(sin > 0, (high[1] - middle[1]) / sin, (low[1] - middle[1]) / sin)
    reach = np.minimum(np.abs(reach_x), np.abs(reach_y))
    border = np.stack([middle[0] + cos * reach, middle[1] + sin * reach, np.full(COLUMNS, 1e6)], axis=1)
    # Snap the nearest point to each of the four corners, so that the mesh covers them.
    for x in (low[0], high[0]):
        for y in (low[1], high[1]):
            nearest = int(np.argmin(np.hypot(border[:, 0] - x, border[:, 1] - y)))
            border[nearest, :2] = x, y
    return border


def extend(points: Points, shell: HeadShell, rings: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the extended vertices: 468 mesh points, then the rings, then the border.

    Args:
        points: N >= 468 x 3, pixels.
        shell: whose border is used.
        rings: 108 x 3, pixels.
    """
    return np.concatenate([points[:MESH_POINTS].astype(np.float64), rings, shell.border])


def move_rings(
    shell: HeadShell,
    source_pose: HeadPose,
    target_pose: HeadPose,
    oval_expression: NDArray[np.float64],
    residual: NDArray[np.float64] | None = None,
) -> NDArray[np.float64]:
    """Return the ring vertices in a target pose (108 x 3, pixels), inside the extent.

    Args:
        shell: the source's rings.
        source_pose: pose of the photo.
        target_pose: pose of the target.
        oval_expression: 36 x 3, displacement of the oval by expression alone, in the head's own frame, centimetres.
        residual: 108 x 2, pixels, residual flow added to the rigid motion, or None.
    """
    shift, depth = shell.rings.movement(source_pose, target_pose, oval_expression)
    moved = shell.points[:, :2] + shift if residual is None else shell.points[:, :2] + shift + residual
    return np.column_stack([_clamped(_limit_edge_stretch(moved, shell), shell.extent), depth])


def _limit_edge_stretch(moved: NDArray[np.float64], shell: HeadShell) -> NDArray[np.float64]:
    """Return ring vertices (108 x 2) with limited distance from each edge, which bounds the stretch there."""
    low, high = np.array(shell.extent[:2]), np.array(shell.extent[2:])
    source_points = shell.points[:, :2]
    return np.clip(
        moved, high - MAX_EDGE_STRETCH * (high - source_points), low + MAX_EDGE_STRETCH * (source_points - low)
    )
