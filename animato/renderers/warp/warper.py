"""Warp one photo to any target: flow, apertures, composite and confidence."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from animato.geometry.aperture_mask import Window, activation, blend, composite_confidence
from animato.geometry.landmarks import LIPS_INNER, MESH_POINTS
from animato.geometry.pose import HeadPose, local_from_points
from animato.geometry.raster import affine_per_triangle, draw_triangles, flow_from_drawing
from animato.geometry.resample import FLOW_SIDE, Resampler
from animato.geometry.visibility import facing_cosine, interpolate_hidden, mirrored_triangles, visible_vertices
from animato.head.closed_topology import ClosedTopology
from animato.head.edge_matte import EdgeMatte, edge_matte
from animato.head.eyeballs import render_eye
from animato.head.mouth import SURFACE_CONFIDENCE, MouthInterior, render_mouth
from animato.head.person_layers import PersonLayers
from animato.head.view import HeadView
from animato.head.white_balance import light_gain
from animato.renderers.warp.cut_out import CutOutHead, cut_out_layers
from animato.renderers.warp.head_warp import HeadCover, HeadWarp, beyond_edges, head_cells
from animato.renderers.warp.layered import LayeredHead
from animato.renderers.warp.shell import ClosedShell, RingShell, Shell
from animato.renderers.warp.source_views import CompositeTarget, SourceView, exposure_weight
from animato.types import Frame, Plane, Points

MIRROR_SHARE = 0.04
"""Share of face triangles shown at a better angle on the other side from which the mirror is used."""


@dataclass(frozen=True)
class MeshMap:
    """Affine map from each triangle of a target face to a photo.

    Attributes:
        affine: 6 x (T + 1) float32, source_from_target in pixels of the crop, see `affine_per_triangle`.
        confidence: T + 1 float32 in [0, 1]: 1 for triangles that the photo shows, less where they are stretched.
    """

    affine: NDArray[np.float32]
    confidence: NDArray[np.float32]


@dataclass(frozen=True)
class Warped:
    """One warped target frame.

    Attributes:
        image: S x S x 3 uint8 RGB.
        flow: 2 x h x w float32, source x and y of each pixel of the flow grid, in pixels of the S x S crop.
        validity: h x w float32 in [0, 1] on the same grid: 1 where the photo shows the required pixels, 0 elsewhere.
        triangle_map: h x w int16 on the same grid: triangle index, -1 for none.
        mesh: maps from the triangles to the photo.
        alpha: S x S uint8, opacity of the person, whose own colours the image then has; None with the background.
        cover: where the head of layers is seen; None where the whole picture is warped.
    """

    image: Frame
    flow: NDArray[np.float32]
    validity: Plane
    triangle_map: NDArray[np.int16]
    mesh: MeshMap
    alpha: NDArray[np.uint8] | None = None
    cover: HeadCover | None = None


class Warper:
    """Warps one photo.

    Args:
        view: the photo in its square. The photo's edge stays fixed, so nothing beyond it is exposed.
        shell: of the head; None for rings that warp the whole picture.
        layers: of the photo, for a closed shell; None for rings, and for a photo that only supplies the face.
        edge: of the person, to render these layers (`cut_out_layers`) alone, with their opacity; None for the photo's
            own background behind them.

    Attributes:
        view: as given.
        crop: S x S x 3 uint8 RGB, its image.
        points: 478 x 3 float32, its landmarks in pixels of the crop.
        size: side of the crop in pixels.
        pose: the photo's head pose.
        local: the landmarks in the head's own frame.
        gamut: the range of colours of the photo's face; synthesised and painted colours are clipped to it.
        source_vertices: V x 3 float64, the extended mesh; hidden vertices are moved to visible skin.
        confidence: T + 1 float32, 1 for triangles that the photo shows.
        mouth: the photo's mouth interior.
        mouth_override: mouth interior of another photo, used instead; None for the photo's own.
        shell: the extended mesh.
        topology: its triangles.
        facing_cosine: T, cosine of the viewing angle of each triangle, see `visibility.facing_cosine`.
        mirror: the mirrored other side of the face, for areas that a turned photo hides; None for a frontal photo.
        layered: the layers of the photo; None where the whole picture is warped.
        source_views: pictures used for areas that this photo hides: the mirror, and other photos of the person.
    """

    def __init__(
        self,
        view: HeadView,
        shell: Shell | None = None,
        layers: PersonLayers | None = None,
        edge: EdgeMatte | None = None,
    ) -> None:
        self.view = view
        self.crop = np.ascontiguousarray(view.image)
        self.size, self.points = view.size, view.points
        self.pose, self.local = view.pose, view.local
        self.resampler = Resampler(self.crop if layers is None else layers.head)
        self.shell: Shell = shell or RingShell(view)
        self.gamut, self.eyes, self.mouth = view.gamut, view.eyeballs, view.mouth
        self.mouth_override: MouthInterior | None = None
        topology = self.topology = self.shell.topology
        self.visible = visible_vertices(self.shell.vertices, self.pose.scale, self.size)
        count = len(self.shell.vertices)
        self.source_vertices = np.column_stack([self.shell.source[:count], self.shell.vertices[:, 2]])
        self.source_vertices[:MESH_POINTS, :2] = interpolate_hidden(self.shell.source[:MESH_POINTS], self.visible)
        self._texture = np.concatenate([self.source_vertices[:, :2], self.shell.source[count:]])
        self.confidence = self._triangle_confidence()
        self._on_head = np.append(topology.on_head, False).astype(np.float32)
        self.facing_cosine = facing_cosine(self.shell.local, self.pose.rotation, topology)
        self._smallest = np.full(len(topology.triangles), 0.05)
        self._smallest[topology.aperture] = 2.0 * (self.size / FLOW_SIDE) ** 2
        self.mirror = self._mirror()
        self.source_views: tuple[SourceView, ...] = () if self.mirror is None else (self.mirror,)
        self.layered = None if layers is None else self._layered_at_rest(layers, edge)

    def _layered_at_rest(self, layers: PersonLayers, edge: EdgeMatte | None) -> LayeredHead:
        """Return the layers, with the residual between them and the photo at its own pose."""
        layered = LayeredHead(layers, self.crop, self.pose)
        if edge is not None:
            layered = CutOutHead(layers, self.crop, self.pose, edge)
        vertices = self.target_vertices(self.points, self.pose)
        mesh = self.map_mesh(vertices)
        flow, _, triangle_map = self.flow(self.points, self.pose, vertices, mesh)
        rest = HeadWarp(self.resampler.copy(flow), flow, triangle_map, vertices, mesh.affine)
        if edge is None:
            layered.keep_background(self.crop, layered.compose(rest, self.pose).image, triangle_map >= 0)
        composed = layered.compose(rest, self.pose)
        layered.keep_residual(self.crop, composed.image, composed.alpha)
        return layered

    def _mirror(self) -> SourceView | None:
        """Return the other side of the face as a source view; None in a frontal photo."""
        better = mirrored_triangles(self.shell.local, self.pose.rotation, self.visible, self.topology)
        if better[: self.topology.face_triangles].mean() < MIRROR_SHARE:
            return None
        weight = np.append(better, False).astype(np.float32)
        vertices = self.source_vertices[self.topology.partner]
        return SourceView(self.resampler, vertices, weight, self._mirror_gain(better), np.zeros_like(weight))

    def _mirror_gain(self, better: NDArray[np.bool_]) -> NDArray[np.float32]:
        """Return the colour gain (3 float32) that matches the mirrored side of a face to the side it replaces."""
        partner = self.topology.partner[:MESH_POINTS]
        both = np.flatnonzero(self.visible & self.visible[partner] & (partner != np.arange(MESH_POINTS)))
        if len(both) < 20:
            return np.ones(3, np.float32)
        blurred = cv2.blur(self.crop, (9, 9))
        xy = np.clip(np.rint(self.points[:MESH_POINTS, :2]), 0, self.size - 1).astype(int)
        colour = blurred[xy[:, 1], xy[:, 0]].astype(np.float64) + 8.0
        used = np.unique(self.topology.triangles[better])
        side = np.sign(self.local[used[used < MESH_POINTS], 0].mean())
        visible = both[np.sign(self.local[both, 0]) == side]
        if len(visible) <= 8:
            return np.ones(3, np.float32)
        return light_gain(colour[visible], colour[partner[visible]]).astype(np.float32)

    def _triangle_confidence(self) -> NDArray[np.float32]:
        """Return T + 1 float32: 1 for triangles that the photo shows, 0 for hidden ones and closed openings."""
        topology = self.topology
        vertices = np.concatenate([self.visible, np.ones(len(self.source_vertices) - MESH_POINTS, bool)])
        shown = vertices[topology.triangles].all(axis=1) & ~topology.aperture
        return np.append(shown, False).astype(np.float32)

    def map_mesh(self, vertices: NDArray[np.float64]) -> MeshMap:
        """Return the maps from the triangles of a target face to this photo.

        Args:
            vertices: V x 3, the extended mesh of the target (`target_vertices`), pixels of the crop.
        """
        affine = affine_per_triangle(vertices, self._texture, self.topology.triangles, self.shell.source_triangles)
        # A triangle much larger in the target than in the photo stretches a few pixels: reduce its confidence.
        det = np.abs(affine[0] * affine[4] - affine[1] * affine[3])
        return MeshMap(affine, self.confidence * np.clip((det - 0.08) / 0.17, 0, 1))

    def flow(
        self, target: Points, pose: HeadPose, vertices: NDArray[np.float64] | None = None, mesh: MeshMap | None = None
    ) -> tuple[NDArray[np.float32], Plane, NDArray[np.int16]]:
        """Return the backward flow to a target face.

        Args:
            target: 478 x 3, target landmarks, pixels of the crop.
            pose: their rigid pose.
            vertices: `target_vertices` of the two, if already computed.
            mesh: `map_mesh` of these, if already computed.

        Returns:
            (flow, validity, triangle_map) on a grid of `FLOW_SIDE` (or the crop's size, if downscale).
        """
        side = min(FLOW_SIDE, self.size)
        step = self.size / side
        topology = self.topology
        vertices = self.target_vertices(target, pose) if vertices is None else vertices
        mesh = self.map_mesh(vertices) if mesh is None else mesh
        on_grid = vertices.copy()
        on_grid[:, :2] = (vertices[:, :2] + 0.5) / step - 0.5
        triangle_map = draw_triangles(on_grid, topology.triangles, side, topology.outward, self._smallest / step**2)
        flow = flow_from_drawing(triangle_map, mesh.affine, step)
        if isinstance(topology, ClosedTopology):
            back = np.take(np.append(topology.back, False), triangle_map, mode="wrap")
            flow = beyond_edges(flow, (triangle_map >= 0) & ~back, step)
        return flow, np.take(mesh.confidence, triangle_map, mode="wrap").astype(np.float32), triangle_map

    def render(self, target: Points, pose: HeadPose, vertices: NDArray[np.float64] | None = None) -> Warped:
        """Warp the photo to a target face and composite eyeballs and mouth interior behind their openings.

        Args:
            target: 478 x 3, target landmarks, pixels of the crop.
            pose: their rigid pose.
            vertices: `target_vertices` of the two, if already computed.
        """
        vertices = self.target_vertices(target, pose) if vertices is None else vertices
        mesh = self.map_mesh(vertices)
        flow, validity, triangle_map = self.flow(target, pose, vertices, mesh)
        step = self.size / flow.shape[1]
        image = self.resampler.copy(flow, None if self.layered is None else head_cells(triangle_map, step))
        supplied = np.zeros(len(mesh.confidence), np.float32)
        if self.source_views:
            supplied = self._composite_source_views(image, validity, pose, vertices, triangle_map)
        local = local_from_points(target, pose)
        openings = [
            ((*eye.ring, eye.iris_index), render_eye(eye, target, self.pose, pose, self.size)) for eye in self.eyes
        ]
        apertures = []
        for ring, (window, layer, mask, confidence) in (*openings, (LIPS_INNER, self._mouth(target, pose))):
            if mask.size:
                opacity = mask * np.float32(activation(self.local[list(ring)], local[list(ring)]))
                blend(image, window, np.asarray(layer), opacity)
                apertures.append((window, opacity))
                composite_confidence(validity, window.left / step, window.top / step, mask, confidence, step)
        if self.layered is None:
            return Warped(image, flow, validity, triangle_map, mesh)
        head = HeadWarp(image, flow, triangle_map, vertices, mesh.affine, tuple(apertures), supplied)
        composed = self.layered.compose(head, pose)
        return Warped(composed.image, flow, validity, triangle_map, mesh, composed.alpha, composed.cover)

    def _mouth(self, target: Points, pose: HeadPose) -> tuple[Window, NDArray[np.float32], Plane, Plane]:
        """Return the window, layer, mask and confidence of the mouth interior."""
        window, layer, mask, visible = render_mouth(self.mouth_override or self.mouth, target, pose, self.size)
        return window, layer, mask, visible + (1 - visible) * np.float32(SURFACE_CONFIDENCE)

    def _composite_source_views(
        self,
        image: Frame,
        validity: Plane,
        pose: HeadPose,
        vertices: NDArray[np.float64],
        triangle_map: NDArray[np.int16],
    ) -> NDArray[np.float32]:
        """Composite the source views over the warped photo; image and validity are changed.

        Returns how much of each triangle they supply, T + 1 float32.
        """
        facing = facing_cosine(self.shell.local, pose.rotation, self.topology)
        exposure = exposure_weight(facing, self.facing_cosine, self.topology.face_triangles)
        on_head = np.take(self._on_head, triangle_map, mode="wrap").astype(np.float32)
        target = CompositeTarget(self.topology.triangles, vertices, triangle_map, exposure, on_head)
        for view in self.source_views:
            view.composite(image, validity, target)
        return np.asarray(np.max([view.weight for view in self.source_views], axis=0) * exposure, np.float32)

    def target_vertices(
        self, target: Points, pose: HeadPose, residual_flow: NDArray[np.float64] | None = None
    ) -> NDArray[np.float64]:
        """Return the extended mesh of a target face, V x 3 float64, pixels of the crop."""
        return self.shell.target(target, pose, residual_flow)


def animated_warper(view: HeadView, cut_out: bool = False) -> Warper:
    """Return the warper of the animated photo: a closed head, or rings where the person's outline is not reliable.

    Args:
        view: the animated photo.
        cut_out: whether to render a closed head and its body alone, with their opacity.
    """
    layers = view.layers
    if layers is None or view.matte is None or view.parts is None:
        return Warper(view)
    if not cut_out:
        return Warper(view, ClosedShell(view), layers)
    hair = view.parts.share(("hair",), (view.size, view.size))
    edge = edge_matte(view.image, view.matte.alpha, layers.plate, hair, view.pose.scale)
    return Warper(view, ClosedShell(view), cut_out_layers(layers, view.matte.alpha, edge), edge)
