"""Shell of a head around its face mesh: rings that bend the picture, or a closed head that is drawn over it."""

from __future__ import annotations

from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from animato.geometry.carried import CarriedPlaces
from animato.geometry.landmarks import MESH_POINTS, OVAL
from animato.geometry.mesh import COLUMNS, HeadTopology, build_shell, extend, head_topology, move_rings
from animato.geometry.pose import HeadPose, local_from_points
from animato.head.closed_rings import with_perspective
from animato.head.closed_topology import FRONT, RINGS, closed_topology
from animato.head.view import HeadView
from animato.renderers.warp.still_neck import BODY_SHARE, carrying_oval, near_share, upright
from animato.types import Points


class Shell(Protocol):
    """One photo's head as an extended mesh of V vertices, the face's 468 first.

    Attributes:
        vertices: V x 3 float64, in the photo, pixels.
        source: V or more x 2 float64, where their texture lies in the photo, pixels.
        source_triangles: T x 3 int32 into `source`.
        local: V x 3 float64, in the head's own frame, canonical centimetres.
    """

    @property
    def topology(self) -> HeadTopology:
        """Its triangles."""
        ...

    vertices: NDArray[np.float64]
    source: NDArray[np.float64]
    source_triangles: NDArray[np.int32]
    local: NDArray[np.float64]

    def target(self, points: Points, pose: HeadPose, residual: NDArray[np.float64] | None) -> NDArray[np.float64]:
        """Return the mesh of a target, V x 3 float64, pixels.

        Args:
            points: 478 x 3, landmarks wanted, pixels.
            pose: their rigid pose.
            residual: 108 x 2, pixels, what surrounds the face moves beyond following the head; None for nothing.
        """
        ...


class RingShell:
    """Three rings and the fixed border of the picture: the whole picture bends with the head."""

    def __init__(self, view: HeadView) -> None:
        self._view, self.topology = view, head_topology()
        self.source_triangles = self.topology.triangles
        self.shell = build_shell(view.points, view.pose, view.size, view.extent)
        self.vertices = extend(view.points, self.shell, self.shell.points)
        self.source = self.vertices[:, :2]
        border = np.zeros((COLUMNS, 3))
        self.local = np.concatenate([view.local[:MESH_POINTS], self.shell.rings.local, border])

    def target(self, points: Points, pose: HeadPose, residual: NDArray[np.float64] | None) -> NDArray[np.float64]:
        """Return the mesh of a target, V x 3 float64, pixels; see `Shell`."""
        expression = _oval_expression(self._view, points, pose)
        return extend(points, self.shell, move_rings(self.shell, self._view.pose, pose, expression, residual))


class ClosedShell:
    """The closed head: it turns as one, and body and background stay where they are."""

    def __init__(self, view: HeadView) -> None:
        self._view, self.topology = view, closed_topology()
        self.head = view.closed_head
        # The rings of a ring shell follow at the end, without triangles: the body moves as they do.
        self._rings = build_shell(view.points, view.pose, view.size, view.extent)
        self.vertices = np.concatenate(
            [view.points[:MESH_POINTS].astype(np.float64), self.head.points, self._rings.points]
        )
        head_source = np.nan_to_num(self.head.source)
        partner = self.topology.partner[list(OVAL)]
        # The oval once more, mirrored: where the far side's rings begin.
        mirrored = self.vertices[partner, :2]
        self.source = np.concatenate(
            [self.vertices[:MESH_POINTS, :2], head_source, self._rings.points[:, :2], mirrored]
        )
        self.source_triangles = self._source_triangles()
        self.local = np.concatenate([view.local[:MESH_POINTS], self.head.local, self._rings.rings.local])
        self._carried = CarriedPlaces(self.head.points[:, :2], view.points, self._rings)

    def _source_triangles(self) -> NDArray[np.int32]:
        """Return the triangles in the texture: the first strip of mirrored columns begins at the mirrored oval."""
        triangles = self.topology.triangles.copy()
        first = triangles[self.topology.face_triangles :][: 2 * COLUMNS]
        column = np.full(MESH_POINTS + COLUMNS, -1)
        column[list(OVAL)] = np.arange(COLUMNS)
        column[MESH_POINTS:] = np.arange(COLUMNS)
        far = self.head.mirrored[column[first]].all(axis=1)[:, None] & (first < MESH_POINTS)
        first[far] = len(self.vertices) + column[first[far]]
        return triangles

    def target(self, points: Points, pose: HeadPose, residual: NDArray[np.float64] | None) -> NDArray[np.float64]:
        """Return the mesh of a target, V x 3 float64, pixels, see `Shell`; its fringe lies behind everything."""
        head, photo = self.head, self._view.pose
        expression = _oval_expression(self._view, points, pose)
        local = head.local + np.tile(expression, (RINGS, 1)) * head.expression[:, None]
        moved = pose.scale * local @ pose.rotation.T + pose.translation
        still = photo.scale * local @ photo.rotation.T + photo.translation
        there = still + (moved - still) * head.follow[:, None]
        rings = with_perspective(there, pose, -1.0)
        rings[COLUMNS * FRONT : COLUMNS * (FRONT + 1), 2] += FRINGE_DEPTH
        near = near_share(pose, photo)
        body = move_rings(self._rings, photo, upright(pose, photo), np.zeros_like(expression), residual)
        body = self._rings.points + BODY_SHARE * (body - self._rings.points)
        if near > 0:
            body += near * (move_rings(self._rings, photo, pose, expression, residual) - body)
        oval = carrying_oval(self._carried.oval, points[list(OVAL)], pose, photo)
        carried = self._carried.movement(oval, body)
        # Where the skirt does not follow the head it is the body's neck, and goes where that goes.
        rings[:, :2] += carried * (1 - head.follow[:, None])
        if residual is not None and near > 0:
            # Near the photo's pose the driver's hair is found again: where it is known to move, it moves so.
            rings[:, :2] += near * (head.points[:, :2] + carried - rings[:, :2])
        return np.concatenate([points[:MESH_POINTS].astype(np.float64), rings, body])


FRINGE_DEPTH = 1e5
"""Pixels by which the fringe is drawn behind the head."""


def _oval_expression(view: HeadView, points: Points, pose: HeadPose) -> NDArray[np.float64]:
    """Return the displacement of the face oval by expression alone, 36 x 3, the head's own frame, centimetres."""
    oval = list(OVAL)
    return np.asarray(local_from_points(points[oval], pose) - view.local[oval])
