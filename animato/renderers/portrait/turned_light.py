"""Change the light on a closed head as it turns: the light of the photo stands still."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from animato.geometry.landmarks import MESH_POINTS
from animato.geometry.pose import HeadPose, degrees_between
from animato.geometry.smoothstep import smoothstep
from animato.head.closed_topology import COLUMNS, RINGS, SILHOUETTE, closed_topology
from animato.head.light import HeadLight, vertex_normals
from animato.renderers.warp.warper import Warped, Warper

LIT_DEGREES = (4.0, 14.0)
"""Turn from the photo's pose over which the light begins to change; below it frames stay as they are."""

CELLS = 2
"""Every n-th cell of the flow's grid is lit: light is smooth."""

SOFT_CELLS = 2.0
"""Blur of the light across triangles, in these cells."""


class TurnedLight:
    """Light on one photo's closed head, wherever it turns.

    Args:
        light: of the photo.
        normals: V x 3 float64, unit normals of the head's vertices in the photo.
        follow: V float64, share of the head's turn each takes.
        pose: of the photo.
    """

    def __init__(
        self, light: HeadLight, normals: NDArray[np.float64], follow: NDArray[np.float64], pose: HeadPose
    ) -> None:
        self._light, self._normals, self._follow, self._pose = light, normals, follow, pose

    @classmethod
    def of(cls, warper: Warper) -> TurnedLight | None:
        """Return the light on a photo's head; None where it is no closed one.

        Args:
            warper: of the photo.
        """
        if warper.layered is None:
            return None
        topology, view = closed_topology(), warper.view
        vertices = warper.shell.vertices[: MESH_POINTS + COLUMNS * RINGS]
        normals = vertex_normals(vertices, topology.triangles[~topology.fringe], topology.outward)
        rings = normals[MESH_POINTS:].reshape(RINGS, COLUMNS, 3)
        rings[SILHOUETTE + 1] = rings[SILHOUETTE]  # the fringe is the silhouette's soft edge
        follow = np.concatenate([np.ones(MESH_POINTS), warper.layered.layers.shell.follow])
        return cls(view.light, normals, follow, view.pose)

    def apply(self, warped: Warped, pose: HeadPose) -> None:
        """Light the head of a frame, in place; what is not head is not changed.

        Args:
            warped: the frame.
            pose: of the head.
        """
        share = smoothstep(degrees_between(pose, self._pose), *LIT_DEGREES)
        if share == 0 or warped.cover is None:
            return
        box, alpha = warped.cover
        drawn = warped.triangle_map[::CELLS, ::CELLS]
        step = warped.image.shape[0] / drawn.shape[0]
        cells = tuple(_cells(line, step, length) for line, length in zip(box, drawn.shape, strict=True))
        factor = self._factor(pose, drawn[cells], share)
        first, last = ([round(getattr(line, end) * step) for line in cells] for end in ("start", "stop"))
        more = cv2.resize(factor, (last[1] - first[1], last[0] - first[0]), interpolation=cv2.INTER_LINEAR)
        inside = tuple(slice(line.start - at, line.stop - at) for line, at in zip(box, first, strict=True))
        gain = cv2.multiply(np.ascontiguousarray(more[inside]), cv2.merge([alpha] * 3))
        gain += 1
        warped.image[box] = cv2.multiply(np.ascontiguousarray(warped.image[box]), gain, dtype=cv2.CV_8U)

    def _factor(self, pose: HeadPose, drawn: NDArray[np.int16], share: float) -> NDArray[np.float32]:
        """Return by how much more than in the photo each cell is lit, h x w x 3 float32, continued beyond the head.

        Args:
            pose: of the head.
            drawn: h x w, triangle at each cell, -1 for none.
            share: of the change, 0 to 1.
        """
        normals, turn = self._normals, pose.rotation @ self._pose.rotation.T
        turned = normals + self._follow[:, None] * (normals @ turn.T - normals)
        turned /= np.maximum(np.linalg.norm(turned, axis=1, keepdims=True), 1e-9)
        change = np.exp(share * self._light.log_gain(normals, turned)) - 1
        triangles = np.append(change[closed_topology().triangles].mean(axis=1), np.zeros((1, 3)), axis=0)
        plane = np.take(triangles.astype(np.float32), drawn, axis=0, mode="wrap")
        there = cv2.GaussianBlur((drawn >= 0).astype(np.float32), (0, 0), SOFT_CELLS)
        soft = cv2.GaussianBlur(plane, (0, 0), SOFT_CELLS)
        return np.asarray(soft / np.maximum(there, 1e-3)[..., None], np.float32)


def _cells(line: slice, step: float, length: int) -> slice:
    """Return the cells, of a row of a length, that hold some pixels, and those around them that their blur reaches."""
    spare = round(3 * SOFT_CELLS)
    return slice(max(0, int(line.start / step) - spare), min(length, -int(-line.stop // step) + spare))
