"""Sampling grids and validity: positions of a target patch's pixels in each photo.

Each photo has a patch per region, cut in the photo's own head frame; each target has a grid of positions in that patch.
Skin follows the mesh; pixels inside an opening follow the skull (teeth) or the gaze (eyeballs).
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from animato.geometry.affine import chain, downscale, invert, move
from animato.geometry.aperture_mask import plane_map
from animato.geometry.apertures import apertures
from animato.geometry.landmarks import IRIS_LEFT, IRIS_RIGHT
from animato.geometry.patch import FacePatch, crop_from_patch, cut_patch, draw_region
from animato.geometry.pose import HeadPose, local_from_points
from animato.geometry.raster import flow_from_drawing
from animato.renderers.warp.warper import MeshMap, Warper
from animato.types import Affine, Frame, Plane, Points

CLOSED_APERTURE = {"mouth": 0.02, "eye": 0.09}
"""Aperture below which a photo does not show what lies behind an opening."""


@dataclass(frozen=True)
class PhotoPatch:
    """One photo's view of a region.

    Attributes:
        region: patch definition.
        picture: side x side x 3 uint8 RGB.
        drawing: side x side x 3 uint8, see `draw_region`.
        crop_from_patch: 2 x 3, maps the patch to the photo's crop.
        opening: grid x grid float32, 1 where the photo shows what lies behind the opening.
    """

    region: FacePatch
    picture: Frame
    drawing: NDArray[np.uint8]
    crop_from_patch: Affine
    opening: Plane


def photo_patch(region: FacePatch, warper: Warper) -> PhotoPatch:
    """Cut a patch out of a photo."""
    placement = crop_from_patch(region, warper.points, warper.pose, warper.size)
    drawing = draw_region(region, move(invert(placement), warper.points))
    opening = np.zeros((region.grid, region.grid), np.float32)
    if region.rings:
        aperture = apertures(warper.local)[("left-eye", "right-eye", "mouth").index(region.name)]
        if aperture >= CLOSED_APERTURE[region.network]:
            opening = halved(drawing[..., 0])
    return PhotoPatch(region, cut_patch(warper.crop, placement, region.side), drawing, placement, opening)


@dataclass(frozen=True)
class TargetPatch:
    """A patch of one target face.

    Attributes:
        region: patch definition.
        crop_from_patch: 2 x 3, maps the patch to the crop.
        drawing: side x side x 3 uint8.
        triangle_map: grid x grid int16, triangle indices.
        opening: grid x grid float32, mask of the opening.
        points: 478 x 3, pixels of the crop.
        pose: of the target.
    """

    region: FacePatch
    crop_from_patch: Affine
    drawing: NDArray[np.uint8]
    triangle_map: NDArray[np.int16]
    opening: Plane
    points: Points
    pose: HeadPose


def target_patch(
    region: FacePatch, points: Points, pose: HeadPose, triangle_map: NDArray[np.int16], size: int
) -> TargetPatch:
    """Return a patch of a target face.

    Args:
        region: patch definition.
        points: 478 x 3, pixels of the crop.
        pose: of the target.
        triangle_map: h x w int16, triangle indices of the whole crop (`Warped.triangle_map`).
        size: side of the crop in pixels.
    """
    placement = crop_from_patch(region, points, pose, size)
    drawing = draw_region(region, move(invert(placement), points))
    flow_grid_from_crop = downscale(size / triangle_map.shape[0])
    patch_map = cv2.warpAffine(
        triangle_map,
        chain(flow_grid_from_crop, placement, PATCH_FROM_GRID),
        (region.grid, region.grid),
        flags=cv2.INTER_NEAREST | cv2.WARP_INVERSE_MAP,
        borderMode=cv2.BORDER_CONSTANT,
        borderValue=-1,
    )
    opening = halved(drawing[..., 0])
    return TargetPatch(region, placement, drawing, np.asarray(patch_map, np.int16), opening, points, pose)


def sampling_grid(
    photo: PhotoPatch, source: Warper, target: TargetPatch, mesh: MeshMap
) -> tuple[NDArray[np.float32], Plane]:
    """Return the grid at which a photo's features are sampled for a target.

    Args:
        photo: the photo's patch.
        source: the photo's warper.
        target: the target's patch of the same region.
        mesh: maps from the target's triangles to the photo (`Warper.map_mesh`).

    Returns:
        (grid, validity): grid x grid x 2 float32 positions in [-1, 1] (x, y; -1 and 1 are the patch's outer edges), and
        grid x grid float32 in [0, 1].
    """
    region = target.region
    photo_from_crop = chain(invert(PATCH_FROM_GRID), invert(photo.crop_from_patch))
    affine = compose_maps(photo_from_crop, mesh.affine, chain(target.crop_from_patch, PATCH_FROM_GRID))
    flow = flow_from_drawing(target.triangle_map, affine, 1.0)
    validity = np.take(mesh.confidence, target.triangle_map, mode="wrap").astype(np.float32)
    if region.rings and target.opening.any():
        behind = chain(photo_from_crop, _behind(source, target), target.crop_from_patch, PATCH_FROM_GRID)
        x = np.arange(region.grid, dtype=np.float32)
        y = x[:, None]
        positions = np.stack([behind[row, 0] * x + behind[row, 1] * y + behind[row, 2] for row in (0, 1)])
        flow += target.opening * (positions.astype(np.float32) - flow)
        validity += target.opening * (_sample_nearest(photo.opening, positions) - validity)
    outside = (flow < -0.5) | (flow > region.grid - 0.5)
    validity *= ~(outside[0] | outside[1])
    grid = np.moveaxis((flow + 0.5) * (2.0 / region.grid) - 1.0, 0, -1)
    return np.ascontiguousarray(np.clip(grid, -2, 2), np.float32), validity


PATCH_FROM_GRID: Affine = np.array([[2.0, 0.0, 0.5], [0.0, 2.0, 0.5]])
"""Maps the features' grid to pixels of the patch."""


def halved(plane: NDArray[np.uint8]) -> Plane:
    """Return a plane at half its size, float32 in [0, 1].

    Args:
        plane: h x w uint8.
    """
    small = cv2.resize(plane, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA)
    return np.asarray(small.astype(np.float32) / 255, np.float32)


def compose_maps(outer: Affine, maps: NDArray[np.float32], inner: Affine) -> NDArray[np.float32]:
    """Return outer @ map @ inner for each of many affine maps, 6 x N.

    Args:
        outer: 2 x 3.
        maps: 6 x N, see `affine_per_triangle`.
        inner: 2 x 3.
    """
    first = np.vstack([inner, [0, 0, 1]]).T @ maps.reshape(2, 3, -1)
    composed = np.tensordot(outer[:, :2], first, 1)
    composed[:, 2] += outer[:, 2:]
    return np.asarray(composed.reshape(6, -1), np.float32)


def _behind(source: Warper, target: TargetPatch) -> Affine:
    """Return source_from_target, in pixels of the crops, of the plane behind the opening."""
    region = target.region
    if region.network == "mouth":
        return plane_map(source.mouth.centre, source.pose, target.pose)
    iris = (IRIS_RIGHT if region.mirrored else IRIS_LEFT)[0]
    centre = local_from_points(source.points[[iris]], source.pose)[0]
    source_from_target = plane_map(centre, source.pose, target.pose).copy()
    offset = source_from_target[:, :2] @ target.points[iris, :2].astype(np.float64)
    source_from_target[:, 2] = source.points[iris, :2] - offset
    return source_from_target


def _sample_nearest(plane: Plane, xy: NDArray[np.floating]) -> Plane:
    """Sample a plane at positions (2 x h x w), nearest neighbour; 0 outside."""
    side = plane.shape[0]
    column, row = np.rint(xy[0]).astype(np.int64), np.rint(xy[1]).astype(np.int64)
    valid = (column >= 0) & (column < side) & (row >= 0) & (row < side)
    return np.where(valid, plane[row.clip(0, side - 1), column.clip(0, side - 1)], 0).astype(np.float32)
