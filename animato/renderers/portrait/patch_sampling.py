"""Sampling grids with confidence: where the pixels of a target patch lie in each photo.

For every photo and region there is a patch of the photo, cut in the photo's own head frame; for every target there is
a grid of positions in that patch. Skin follows the mesh; what lies behind an opening follows the skull (teeth) or the
gaze (eyeballs).
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
        inside: grid x grid float32, 1 where the photo shows what lies behind the opening.
    """

    region: FacePatch
    picture: Frame
    drawing: NDArray[np.uint8]
    crop_from_patch: Affine
    inside: Plane


def photo_patch(region: FacePatch, warper: Warper) -> PhotoPatch:
    """Cut a region out of a photo and describe it."""
    placed = crop_from_patch(region, warper.points, warper.pose, warper.size)
    drawing = draw_region(region, move(invert(placed), warper.points))
    inside = np.zeros((region.grid, region.grid), np.float32)
    if region.rings:
        gap = apertures(warper.local)[("left-eye", "right-eye", "mouth").index(region.name)]
        if gap >= SHUT[region.network]:
            inside = halved(drawing[..., 0])
    return PhotoPatch(region, cut_patch(warper.crop, placed, region.side), drawing, placed, inside)


@dataclass(frozen=True)
class TargetPatch:
    """A region of one target face.

    Attributes:
        region: which window.
        crop_from_patch: where it lies in the crop.
        drawing: side x side x 3 uint8.
        drawn: grid x grid int16, triangle numbers.
        inside: grid x grid float32, the opening.
        points: 478 x 3, pixels of the crop.
        pose: of the target.
    """

    region: FacePatch
    crop_from_patch: Affine
    drawing: NDArray[np.uint8]
    drawn: NDArray[np.int16]
    inside: Plane
    points: Points
    pose: HeadPose


def target_patch(region: FacePatch, points: Points, pose: HeadPose, drawn: NDArray[np.int16], size: int) -> TargetPatch:
    """Describe a region of a target face.

    Args:
        region: which window.
        points: 478 x 3, pixels of the crop.
        pose: of the target.
        drawn: h x w int16, triangle numbers of the whole crop (`Warped.drawn`).
        size: side of the crop in pixels.
    """
    placed = crop_from_patch(region, points, pose, size)
    drawing = draw_region(region, move(invert(placed), points))
    drawn_from_crop = downscale(size / drawn.shape[0])
    part = cv2.warpAffine(
        drawn,
        chain(drawn_from_crop, placed, PATCH_FROM_GRID),
        (region.grid, region.grid),
        flags=cv2.INTER_NEAREST | cv2.WARP_INVERSE_MAP,
        borderMode=cv2.BORDER_CONSTANT,
        borderValue=-1,
    )
    inside = halved(drawing[..., 0])
    return TargetPatch(region, placed, drawing, np.asarray(part, np.int16), inside, points, pose)


def sampling_grid(
    photo: PhotoPatch, source: Warper, target: TargetPatch, mesh: MeshMap
) -> tuple[NDArray[np.float32], Plane]:
    """Return where a photo's features are fetched for a target.

    Args:
        photo: the photo's patch.
        source: the photo's warper.
        target: the target's patch of the same region.
        mesh: where the target's triangles lie in the photo (`Warper.map_mesh`).

    Returns:
        (grid, validity): grid x grid x 2 float32 positions in [-1, 1] (x, y; -1 and 1 are the patch's outer edges), and
        grid x grid float32 in [0, 1].
    """
    region = target.region
    photo_from_crop = chain(invert(PATCH_FROM_GRID), invert(photo.crop_from_patch))
    affine = between(photo_from_crop, mesh.affine, chain(target.crop_from_patch, PATCH_FROM_GRID))
    flow = flow_from_drawing(target.drawn, affine, 1.0)
    validity = np.take(mesh.confidence, target.drawn, mode="wrap").astype(np.float32)
    if region.rings and target.inside.any():
        behind = chain(photo_from_crop, _behind(source, target), target.crop_from_patch, PATCH_FROM_GRID)
        x = np.arange(region.grid, dtype=np.float32)
        y = x[:, None]
        seen = np.stack([behind[row, 0] * x + behind[row, 1] * y + behind[row, 2] for row in (0, 1)])
        flow += target.inside * (seen.astype(np.float32) - flow)
        validity += target.inside * (_sample(photo.inside, seen) - validity)
    outside = (flow < -0.5) | (flow > region.grid - 0.5)
    validity *= ~(outside[0] | outside[1])
    grid = np.moveaxis((flow + 0.5) * (2.0 / region.grid) - 1.0, 0, -1)
    return np.ascontiguousarray(np.clip(grid, -2, 2), np.float32), validity


PATCH_FROM_GRID: Affine = np.array([[2.0, 0.0, 0.5], [0.0, 2.0, 0.5]])
"""From the features' grid to pixels of the patch."""


def halved(plane: NDArray[np.uint8]) -> Plane:
    """Return a plane at half its size, float32 in [0, 1].

    Args:
        plane: h x w uint8.
    """
    small = cv2.resize(plane, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA)
    return np.asarray(small.astype(np.float32) / 255, np.float32)


def between(after: Affine, middle: NDArray[np.float32], before: Affine) -> NDArray[np.float32]:
    """Return `after` times each of many maps times `before`.

    Args:
        after: 2 x 3.
        middle: 6 x N, see `affine_per_triangle`.
        before: 2 x 3.
    """
    first = np.vstack([before, [0, 0, 1]]).T @ middle.reshape(2, 3, -1)
    whole = np.tensordot(after[:, :2], first, 1)
    whole[:, 2] += after[:, 2:]
    return np.asarray(whole.reshape(6, -1), np.float32)


def _behind(source: Warper, target: TargetPatch) -> Affine:
    """Return source_from_target, in pixels of the crops, of what lies behind the opening."""
    region = target.region
    if region.network == "mouth":
        return plane_map(source.mouth.centre, source.pose, target.pose)
    iris = (IRIS_RIGHT if region.mirrored else IRIS_LEFT)[0]
    centre = local_from_points(source.points[[iris]], source.pose)[0]
    source_from_target = plane_map(centre, source.pose, target.pose).copy()
    there = source_from_target[:, :2] @ target.points[iris, :2].astype(np.float64)
    source_from_target[:, 2] = source.points[iris, :2] - there
    return source_from_target


def _sample(plane: Plane, xy: NDArray[np.floating]) -> Plane:
    """Return a plane's nearest values at positions (2 x h x w); 0 outside."""
    side = plane.shape[0]
    column, row = np.rint(xy[0]).astype(np.int64), np.rint(xy[1]).astype(np.int64)
    within = (column >= 0) & (column < side) & (row >= 0) & (row < side)
    return np.where(within, plane[row.clip(0, side - 1), column.clip(0, side - 1)], 0).astype(np.float32)
