"""Where in each photo a region's target pixels come from: sampling grids for a network's features, with validity.

For every photo and region there is a patch of the photo, cut in the photo's own head frame; for every target there is
a grid of positions in that patch. Skin follows the mesh; what lies behind an opening follows the skull (teeth) or the
gaze (eyeballs).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from animato.face.topology import IRIS_LEFT, IRIS_RIGHT
from animato.motion.openness import apertures
from animato.motion.pose import HeadPose, local_from_points
from animato.types import Affine, Frame, Plane, Points
from animato.warp.aperture import plane_map
from animato.warp.mesh import head_topology
from animato.warp.raster import affine_per_triangle, draw_triangles, flow_from_drawing
from animato.warp.region import Region, crop_from_patch, cut_patch, draw_region, inverse, move, opening
from animato.warp.warper import Warper

SHUT = {"mouth": 0.02, "eye": 0.09}
"""Gap over width below which a photo shows nothing of what lies behind an opening."""


@dataclass(frozen=True)
class PhotoPatch:
    """One photo's view of a region.

    Attributes:
        region: which window.
        picture: side x side x 3 uint8 RGB.
        drawing: side x side x 3 uint8, see `draw_region`.
        crop_from_patch: where it lies in the photo's crop.
        vertices: V x 2 float64, the photo's mesh on the features' grid.
        trust: T + 1 float32, which triangles the photo shows.
        inside: grid x grid float32, 1 where the photo shows what lies behind the opening.
    """

    region: Region
    picture: Frame
    drawing: NDArray[np.uint8]
    crop_from_patch: Affine
    vertices: NDArray[np.float64]
    trust: NDArray[np.float32]
    inside: Plane


def photo_patch(region: Region, warper: Warper) -> PhotoPatch:
    """Cut a region out of a photo and describe it."""
    placed = crop_from_patch(region, warper.points, warper.pose, warper.size)
    patch_from_crop = inverse(placed)
    in_patch = move(patch_from_crop, warper.points)
    inside = np.zeros((region.grid, region.grid), np.float32)
    if region.rings:
        gap = apertures(warper.local)[("left-eye", "right-eye", "mouth").index(region.name)]
        if gap >= SHUT[region.network]:
            inside = opening(region, (in_patch + 0.5) / 2 - 0.5, region.grid)
    return PhotoPatch(
        region,
        cut_patch(warper.crop, placed, region.side),
        draw_region(region, in_patch),
        placed,
        (move(patch_from_crop, warper.source_vertices) + 0.5) / 2 - 0.5,
        warper.trust,
        inside,
    )


@dataclass(frozen=True)
class TargetPatch:
    """A region of one target face.

    Attributes:
        region: which window.
        crop_from_patch: where it lies in the crop.
        drawing: side x side x 3 uint8.
        vertices: V x 2 float64, the target's mesh on the features' grid.
        drawn: grid x grid int16, triangle numbers.
        inside: grid x grid float32, the opening.
        points: 478 x 3, pixels of the crop.
        pose: of the target.
    """

    region: Region
    crop_from_patch: Affine
    drawing: NDArray[np.uint8]
    vertices: NDArray[np.float64]
    drawn: NDArray[np.int16]
    inside: Plane
    points: Points
    pose: HeadPose


def target_patch(
    region: Region, points: Points, pose: HeadPose, vertices: NDArray[np.float64], size: int
) -> TargetPatch:
    """Describe a region of a target face.

    Args:
        region: which window.
        points: 478 x 3, pixels of the crop.
        pose: of the target.
        vertices: V x 3, the extended mesh of the target (`Warper.target_vertices`), pixels of the crop.
        size: side of the crop in pixels.
    """
    topology = head_topology()
    placed = crop_from_patch(region, points, pose, size)
    patch_from_crop = inverse(placed)
    in_patch = move(patch_from_crop, points)
    on_grid = vertices.copy()
    on_grid[:, :2] = (move(patch_from_crop, vertices) + 0.5) / 2 - 0.5
    triangles = _within(on_grid, region)
    outward = -topology.outward if region.mirrored else topology.outward
    part = draw_triangles(on_grid, topology.triangles[triangles], region.grid, outward, 0.05)
    numbers = np.append(triangles, -1).astype(np.int16)
    inside = opening(region, (in_patch + 0.5) / 2 - 0.5, region.grid)
    return TargetPatch(
        region, placed, draw_region(region, in_patch), on_grid[:, :2], numbers[part], inside, points, pose
    )


def sampling_grid(photo: PhotoPatch, source: Warper, target: TargetPatch) -> tuple[NDArray[np.float32], Plane]:
    """Return where a photo's features are fetched for a target.

    Args:
        photo: the photo's patch.
        source: the photo's warper.
        target: the target's patch of the same region.

    Returns:
        (grid, validity): grid x grid x 2 float32 positions in [-1, 1] (x, y; -1 and 1 are the patch's outer edges), and
        grid x grid float32 in [0, 1].
    """
    region, topology = target.region, head_topology()
    affine = affine_per_triangle(target.vertices, photo.vertices, topology.triangles)
    flow = flow_from_drawing(target.drawn, affine, 1.0)
    det = np.abs(affine[0] * affine[4] - affine[1] * affine[3])
    trust = photo.trust * np.clip((det - 0.08) / 0.17, 0, 1)
    validity = np.take(trust, target.drawn, mode="wrap").astype(np.float32)
    if region.rings and target.inside.any():
        behind = _behind(photo, source, target)
        side = np.arange(region.grid, dtype=np.float32)
        x, y = np.meshgrid(side, side)
        seen = np.stack([behind[row, 0] * x + behind[row, 1] * y + behind[row, 2] for row in (0, 1)])
        flow += target.inside * (seen.astype(np.float32) - flow)
        validity += target.inside * (_sample(photo.inside, seen) - validity)
    outside = (flow < -0.5) | (flow > region.grid - 0.5)
    validity *= ~outside.any(axis=0)
    grid = np.moveaxis((flow + 0.5) * (2.0 / region.grid) - 1.0, 0, -1)
    return np.ascontiguousarray(np.clip(grid, -2, 2), np.float32), validity


def _behind(photo: PhotoPatch, source: Warper, target: TargetPatch) -> Affine:
    """Return photo_from_target, both on the features' grid, of what lies behind the opening."""
    region = target.region
    if region.network == "mouth":
        source_from_target = plane_map(source.mouth.centre, source.pose, target.pose)
    else:
        iris = (IRIS_RIGHT if region.mirrored else IRIS_LEFT)[0]
        centre = local_from_points(source.points[[iris]], source.pose)[0]
        source_from_target = plane_map(centre, source.pose, target.pose).copy()
        there = source_from_target[:, :2] @ target.points[iris, :2].astype(np.float64)
        source_from_target[:, 2] = source.points[iris, :2] - there
    half = np.array([[0.5, 0, -0.25], [0, 0.5, -0.25]])
    return chain(half, inverse(photo.crop_from_patch), source_from_target, target.crop_from_patch, inverse(half))


def chain(*maps: Affine) -> Affine:
    """Return the product of 2 x 3 maps, the last applied first."""
    whole = np.eye(3)
    for affine in maps:
        whole = whole @ np.vstack([affine, [0, 0, 1]])
    return whole[:2]


def _sample(plane: Plane, xy: NDArray[np.floating]) -> Plane:
    """Return a plane's nearest values at positions (2 x h x w); 0 outside."""
    side = plane.shape[0]
    column, row = np.rint(xy[0]).astype(np.int64), np.rint(xy[1]).astype(np.int64)
    within = (column >= 0) & (column < side) & (row >= 0) & (row < side)
    return np.where(within, plane[row.clip(0, side - 1), column.clip(0, side - 1)], 0).astype(np.float32)


def _within(on_grid: NDArray[np.float64], region: Region) -> NDArray[np.int64]:
    """Return the numbers of the triangles that may touch the patch."""
    topology = head_topology()
    if not region.span:
        return np.arange(len(topology.triangles))
    corners = on_grid[topology.triangles]
    low, high = corners[:, :, :2].min(axis=1), corners[:, :, :2].max(axis=1)
    return np.flatnonzero((high > -1).all(axis=1) & (low < region.grid).all(axis=1))
