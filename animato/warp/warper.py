"""One photo's head, ready to be warped to any target: flow, apertures, composite and validity map."""

from __future__ import annotations

import functools
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from animato.face.topology import LIPS_INNER, MESH_POINTS, OVAL
from animato.motion.pose import HeadPose, fit_pose, local_from_points
from animato.types import Frame, Plane, Points
from animato.warp.aperture import blend, departure
from animato.warp.eyes import build_eyeballs, render_eye
from animato.warp.fetch import FINE, FinePicture, still_grid
from animato.warp.mesh import COLUMNS, build_shell, extend, head_topology, move_rings, signed_area
from animato.warp.mouth import MouthInside, build_mouth, render_mouth
from animato.warp.raster import affine_per_triangle, draw_triangles, flow_from_drawing
from animato.warp.visibility import better_mirrored, mirror_index, pull_hidden, squareness, visible_vertices

FLOW_SIDE = 256
"""Side at which the flow is rasterised; it is enlarged to the crop."""

JUMP = 3.0
"""Flow steps beyond this many source pixels per target pixel are edges of an occlusion, not stretching."""


EDGE_BLUR = 0.7
"""Blur along such edges, in pixels of the flow's grid."""

SLIVER = 0.04
"""A triangle squeezed below this share of its area in the photo is seen edge-on and not drawn."""

MIRROR_SHARE = 0.04
"""Share of face triangles better seen on the other side from which a photo counts as turned."""


@dataclass(frozen=True)
class MeshMap:
    """Where each triangle of a target face lies in a photo.

    Attributes:
        affine: 6 x (T + 1) float32, source_from_target in pixels of the crop, see `affine_per_triangle`.
        trust: T + 1 float32 in [0, 1]: 1 for triangles that the photo shows, less where they are smeared out.
    """

    affine: NDArray[np.float32]
    trust: NDArray[np.float32]


@dataclass(frozen=True)
class Warped:
    """One target frame made by copying.

    Attributes:
        image: S x S x 3 uint8 RGB.
        flow: 2 x h x w float32, source x and y of each pixel of the flow grid, in pixels of the S x S crop.
        validity: h x w float32 in [0, 1] on the same grid: 1 where the photo shows what is needed, 0 where it guesses.
        drawn: h x w int16 on the same grid: number of the triangle, -1 where there is none.
        mesh: where the triangles lie in the photo.
    """

    image: Frame
    flow: NDArray[np.float32]
    validity: Plane
    drawn: NDArray[np.int16]
    mesh: MeshMap


class Warper:
    """Warps one photo.

    Args:
        crop: S x S x 3 uint8 RGB.
        points: 478 x 3 float32, landmarks of the photo in pixels of the crop.

    Attributes:
        crop, points: as given.
        size: side of the crop in pixels.
        pose: the photo's head pose.
        local: the landmarks in the head's own frame.
        source_vertices: V x 3 float64, the extended mesh; hidden vertices rest on what is visible.
        trust: T + 1 float32, 1 for triangles that the photo shows.
        mouth: what the photo shows behind the lips.
        borrowed_mouth: what is shown instead, from another photo of the person; None for the photo's own.
    """

    def __init__(self, crop: Frame, points: Points) -> None:
        self.crop = np.ascontiguousarray(crop)
        self.size = crop.shape[0]
        self.points = points
        self.pose = fit_pose(points)
        self.local = local_from_points(points, self.pose)
        self._small_grid = still_grid(min(FLOW_SIDE, self.size), self.size)
        self._grid = FINE * still_grid(self.size, self.size)
        self.shell = build_shell(points, self.pose, self.size)
        self.eyes = build_eyeballs(self.crop, points, self.pose)
        self.mouth = build_mouth(self.crop, points, self.pose)
        self.borrowed_mouth: MouthInside | None = None
        vertices = extend(points, self.shell, self.shell.points)
        self.visible = visible_vertices(vertices, self.pose.scale, self.size)
        vertices[:MESH_POINTS, :2] = pull_hidden(vertices[:MESH_POINTS, :2], self.visible)
        self.source_vertices = vertices
        self.trust = self._triangle_trust()
        topology = head_topology()
        inner = ~(topology.triangles >= MESH_POINTS + COLUMNS * 2).any(axis=1)
        self._on_head = np.append(inner, False).astype(np.float32)
        self._extended_local = np.concatenate(
            [self.local[:MESH_POINTS], self.shell.rings.local, np.zeros((COLUMNS, 3))]
        )
        self._squareness = squareness(self._extended_local, self.pose.rotation)
        areas = np.abs(signed_area(self.source_vertices, topology.triangles))
        self._smallest = np.maximum(SLIVER * areas, 0.05)
        self._smallest[topology.aperture] = 2.0 * (self.size / FLOW_SIDE) ** 2
        self._mirrored = self._mirrored_triangles()
        self._gain = self._mirror_gain() if self._mirrored is not None else np.ones(3, np.float32)

    def _mirrored_triangles(self) -> NDArray[np.float32] | None:
        """Return T + 1 float32, 1 where the other side of the face shows a triangle better; None in a frontal photo."""
        better = better_mirrored(self._extended_local, self.pose.rotation, self.visible)
        if better[: head_topology().face_triangles].mean() < MIRROR_SHARE:
            return None
        return np.append(better, False).astype(np.float32)

    def _mirror_gain(self) -> NDArray[np.float32]:
        """Return the colour gain (3 float32) that fits the lit side of a face to the side it is copied to."""
        partner = mirror_index()[:MESH_POINTS]
        both = np.flatnonzero(self.visible & self.visible[partner] & (partner != np.arange(MESH_POINTS)))
        if len(both) < 20:
            return np.ones(3, np.float32)
        soft = cv2.blur(self.crop, (9, 9))
        xy = np.clip(np.rint(self.points[:MESH_POINTS, :2]), 0, self.size - 1).astype(int)
        colour = soft[xy[:, 1], xy[:, 0]].astype(np.float64) + 8.0
        assert self._mirrored is not None
        used = np.unique(head_topology().triangles[self._mirrored[:-1] > 0])
        side = np.sign(self.local[used[used < MESH_POINTS], 0].mean())
        here = both[np.sign(self.local[both, 0]) == side]
        ratio = np.median(colour[here] / colour[partner[here]], axis=0) if len(here) > 8 else np.ones(3)
        return np.clip(ratio, 0.6, 1.6).astype(np.float32)

    def _triangle_trust(self) -> NDArray[np.float32]:
        """Return T + 1 float32: 1 for triangles that the photo shows, 0 for hidden ones and closed openings."""
        topology = head_topology()
        seen = np.concatenate([self.visible, np.ones(len(self.source_vertices) - MESH_POINTS, bool)])
        shown = seen[topology.triangles].all(axis=1) & ~topology.aperture
        return np.append(shown, False).astype(np.float32)

    def map_mesh(self, vertices: NDArray[np.float64]) -> MeshMap:
        """Return where the triangles of a target face lie in this photo.

        Args:
            vertices: V x 3, the extended mesh of the target (`target_vertices`), pixels of the crop.
        """
        affine = affine_per_triangle(vertices, self.source_vertices, head_topology().triangles)
        # A triangle much larger in the target than in the photo smears a few pixels over it: trust it less.
        det = np.abs(affine[0] * affine[4] - affine[1] * affine[3])
        return MeshMap(affine, self.trust * np.clip((det - 0.08) / 0.17, 0, 1))

    def flow(
        self, target: Points, pose: HeadPose, vertices: NDArray[np.float64] | None = None, mesh: MeshMap | None = None
    ) -> tuple[NDArray[np.float32], Plane, NDArray[np.int16]]:
        """Return the backward flow to a target face.

        Args:
            target: 478 x 3, landmarks wanted, pixels of the crop.
            pose: their rigid pose.
            vertices: `target_vertices` of the two, where they are known already.
            mesh: `map_mesh` of these, where it is known already.

        Returns:
            (flow, validity, drawn) on a grid of `FLOW_SIDE` (or the crop's size, if smaller).
        """
        side = min(FLOW_SIDE, self.size)
        step = self.size / side
        topology = head_topology()
        vertices = self.target_vertices(target, pose) if vertices is None else vertices
        mesh = self.map_mesh(vertices) if mesh is None else mesh
        on_grid = vertices.copy()
        on_grid[:, :2] = (vertices[:, :2] + 0.5) / step - 0.5
        drawn = draw_triangles(on_grid, topology.triangles, side, topology.outward, self._smallest / step**2)
        flow = flow_from_drawing(drawn, mesh.affine, step)
        return flow, np.take(mesh.trust, drawn, mode="wrap").astype(np.float32), drawn

    def render(self, target: Points, pose: HeadPose, vertices: NDArray[np.float64] | None = None) -> Warped:
        """Make the target frame by copying, with eyeballs and the mouth's inside behind their openings.

        Args:
            target: 478 x 3, landmarks wanted, pixels of the crop.
            pose: their rigid pose.
            vertices: `target_vertices` of the two, where they are known already.
        """
        vertices = self.target_vertices(target, pose) if vertices is None else vertices
        mesh = self.map_mesh(vertices)
        flow, validity, drawn = self.flow(target, pose, vertices, mesh)
        image = self._copy(flow)
        if self._mirrored is not None:
            self._lay_mirrored(image, pose, vertices, drawn)
        step = self.size / flow.shape[1]
        local = local_from_points(target, pose)
        openings = [
            ((*eye.ring, eye.iris_index), render_eye(eye, target, self.pose, pose, self.size)) for eye in self.eyes
        ]
        mouth = render_mouth(self.borrowed_mouth or self.mouth, target, pose, self.size)
        for ring, (window, layer, mask, known) in (*openings, (LIPS_INNER, mouth)):
            if mask.size:
                moved = departure(self.local[list(ring)], local[list(ring)])
                blend(image, window, np.asarray(layer), mask * np.float32(moved))
                _lay_validity(validity, window.left / step, window.top / step, mask, known, step)
        return Warped(image, flow, validity, drawn, mesh)

    def _lay_mirrored(
        self, image: Frame, pose: HeadPose, vertices: NDArray[np.float64], drawn: NDArray[np.int16]
    ) -> None:
        """Lay the other side of the face, mirrored, over what the photo hides; in place."""
        assert self._mirrored is not None
        # At the photo's own pose the photo itself is right; the mirrored side is needed as a triangle turns into view.
        turned = np.append(squareness(self._extended_local, pose.rotation) - self._squareness, 0.0)
        ramp = np.clip((turned - 0.06) / 0.16, 0, 1).astype(np.float32)
        weight = np.take(self._mirrored * ramp, drawn, mode="wrap").astype(np.float32)
        if not weight.any():
            return
        side = drawn.shape[0]
        affine = affine_per_triangle(vertices, self.source_vertices[mirror_index()], head_topology().triangles)
        flow = flow_from_drawing(drawn, affine, self.size / side)
        # Grow first, so that the soft edge lies on the side that the photo shows.
        soft = cv2.GaussianBlur(cv2.dilate(weight, np.ones((7, 7), np.uint8)), (0, 0), 0.012 * side)
        on_face = np.take(self._on_head, drawn, mode="wrap").astype(np.float32)
        full = cv2.resize(soft * on_face, (self.size, self.size), interpolation=cv2.INTER_LINEAR)
        other = cv2.multiply(self._copy(flow), np.append(self._gain.astype(np.float64), 1.0))
        image[:] = cv2.blendLinear(other, image, full, 1 - full)

    def target_vertices(
        self, target: Points, pose: HeadPose, drift: NDArray[np.float64] | None = None
    ) -> NDArray[np.float64]:
        """Return the extended mesh of a target face, V x 3 float64, pixels of the crop."""
        oval = list(OVAL)
        expression = local_from_points(target[oval], pose) - self.local[oval]
        rings = move_rings(self.shell, self.pose, pose, expression, self.size, drift)
        return extend(target, self.shell, rings)

    def _copy(self, flow: NDArray[np.float32]) -> Frame:
        """Fetch the photo's pixels along a flow (2 x h x w), enlarged to the crop."""
        edges = self._occlusion_edges(flow)
        maps = list(FINE * flow)
        if flow.shape[1] != self.size:
            # Displacements are enlarged, not positions: those would be cut off at the border, which must keep still.
            size, shift = (self.size, self.size), FINE * (flow - self._small_grid)
            for axis, (plane, still) in enumerate(zip(shift, self._grid, strict=True)):
                full = cv2.resize(plane, size, interpolation=cv2.INTER_LINEAR)
                if edges is not None:
                    # Interpolated flow across an occlusion would fetch pixels that belong to neither side.
                    cv2.copyTo(cv2.resize(plane, size, interpolation=cv2.INTER_NEAREST), edges, full)
                maps[axis] = np.asarray(cv2.add(full, still, dst=full), np.float32)
        image = self._fine.fetch(maps[0], maps[1])
        if edges is not None:
            left, top, width, height = cv2.boundingRect(edges)
            part = image[top : top + height, left : left + width]
            # The flow's grid is coarser than the picture: its steps would show as teeth along a silhouette.
            soft = cv2.GaussianBlur(part, (0, 0), EDGE_BLUR * self.size / flow.shape[1])
            part[:] = cv2.copyTo(soft, edges[top : top + height, left : left + width], part.copy())
        return image

    @functools.cached_property
    def _fine(self) -> FinePicture:
        """The photo, prepared when it is first animated; a photo that only lends features never is."""
        return FinePicture(self.crop)

    def _occlusion_edges(self, flow: NDArray[np.float32]) -> NDArray[np.uint8] | None:
        """Return S x S uint8, 255 where the flow jumps from one surface to another; None where it never does."""
        limit = JUMP * self.size / flow.shape[1]
        jumps = np.zeros(flow.shape[1:], np.uint8)
        for plane in flow:
            across = cv2.absdiff(plane[:, 1:], plane[:, :-1]) > limit
            down = cv2.absdiff(plane[1:], plane[:-1]) > limit
            jumps[:, :-1] |= across
            jumps[:, 1:] |= across
            jumps[:-1] |= down
            jumps[1:] |= down
        if not jumps.any():
            return None
        jumps *= 255
        if flow.shape[1] == self.size:
            return jumps
        return np.asarray(cv2.resize(jumps, (self.size, self.size), interpolation=cv2.INTER_NEAREST), np.uint8)


def _lay_validity(validity: Plane, left: float, top: float, mask: Plane, known: Plane, step: float) -> None:
    """Write an opening's knowledge into the validity map: inside the mask it replaces what the skin said."""
    height, width = max(1, round(mask.shape[0] / step)), max(1, round(mask.shape[1] / step))
    row, column = round(top), round(left)
    view = validity[row : row + height, column : column + width]
    if not view.size:
        return
    small = cv2.resize(mask, (width, height), interpolation=cv2.INTER_AREA)[: view.shape[0], : view.shape[1]]
    seen = cv2.resize(known, (width, height), interpolation=cv2.INTER_AREA)[: view.shape[0], : view.shape[1]]
    view += small * (seen - view)
