"""Patches of the face that networks paint (mouth, eyes, head), and their three-channel drawings.

A region is a square patch that stands upright in the head: its middle is the mean of a few landmarks, its side a
number of canonical centimetres, its up is the head's own (roll only). The right eye's patch is mirrored, so that one
network serves both. The whole head's patch is the crop itself, made smaller.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from animato.geometry.affine import smaller
from animato.geometry.aperture_mask import Window, smooth_outline, soft_mask
from animato.geometry.landmarks import (
    BROW_LEFT,
    BROW_RIGHT,
    EYE_LEFT,
    EYE_RIGHT,
    IRIS_LEFT,
    IRIS_RIGHT,
    LIPS_INNER,
    LIPS_OUTER,
    OVAL,
)
from animato.geometry.pose import HeadPose
from animato.types import Affine, Frame, Plane, Points

DRAWING_CHANNELS = 3


@dataclass(frozen=True)
class FacePatch:
    """One window.

    Attributes:
        name: "mouth", "left-eye", "right-eye" or "head".
        network: which network paints it: "mouth", "eye" or "head".
        side: of the patch, pixels.
        span: of the patch, canonical centimetres; 0 for the whole crop.
        middle: landmarks whose mean is the patch's middle.
        mirrored: whether left and right change places in the patch.
        rings: closed outlines behind which something lies that does not move with the skin.
        corners: indices in a ring of its two corners.
    """

    name: str
    network: str
    side: int
    span: float
    middle: tuple[int, ...]
    mirrored: bool
    rings: tuple[tuple[int, ...], ...]
    corners: tuple[int, int]

    @property
    def grid(self) -> int:
        """Side of the features' grid: half the patch."""
        return self.side // 2


MOUTH = FacePatch("mouth", "mouth", 96, 8.0, LIPS_OUTER, False, (LIPS_INNER,), (0, 10))
LEFT_EYE = FacePatch("left-eye", "eye", 64, 4.6, EYE_LEFT, False, (EYE_LEFT,), (0, 8))
RIGHT_EYE = FacePatch("right-eye", "eye", 64, 4.6, EYE_RIGHT, True, (EYE_RIGHT,), (0, 8))
HEAD = FacePatch("head", "head", 128, 0.0, (), False, (), (0, 8))
FACE_PATCHES = (HEAD, LEFT_EYE, RIGHT_EYE, MOUTH)
"""In the order in which they are painted: the coarse one first, the mouth last."""


def crop_from_patch(region: FacePatch, points: Points, pose: HeadPose, size: int) -> Affine:
    """Return the map from pixels of a region's patch to pixels of the crop.

    Args:
        region: which window.
        points: 478 x 3, the face, pixels of the crop.
        pose: its pose.
        size: side of the crop in pixels.
    """
    if not region.span:
        step = size / region.side
        return np.array([[step, 0, 0.5 * step - 0.5], [0, step, 0.5 * step - 0.5]])
    middle = points[list(region.middle), :2].astype(np.float64).mean(axis=0)
    roll = np.radians(pose.degrees()[2])
    step = pose.scale * region.span / region.side
    flip = -1.0 if region.mirrored else 1.0
    linear = step * np.array([[np.cos(roll) * flip, -np.sin(roll)], [np.sin(roll) * flip, np.cos(roll)]])
    half = (region.side - 1) / 2
    return np.concatenate([linear, (middle - linear @ (half, half))[:, None]], axis=1)


def cut_patch(picture: Frame, crop_from_patch: Affine, side: int) -> Frame:
    """Return a patch of a crop, side x side x 3 uint8; averaged first where the crop is much finer.

    Args:
        picture: H x W x 3 uint8.
        crop_from_patch: from `crop_from_patch`.
        side: of the patch, pixels.
    """
    (a, b, _), (c, d, _) = crop_from_patch.tolist()
    step = float(abs(a * d - b * c) ** 0.5)
    if abs(b) < 1e-9 and side * step >= picture.shape[0] - 0.01 and step > 0:
        return np.asarray(cv2.resize(picture, (side, side), interpolation=cv2.INTER_AREA), np.uint8)
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    maps = crop_from_patch
    if step > 1.6:
        shrink = round(step)
        # Only the part that is needed is averaged.
        corners = np.array([[0, 0, 1], [side, 0, 1], [0, side, 1], [side, side, 1]], np.float64) @ maps.T
        low = np.clip(np.floor(corners.min(0)) - 2 * shrink, 0, None).astype(int)
        high = np.clip(np.ceil(corners.max(0)) + 2 * shrink, 0, picture.shape[1::-1]).astype(int)
        part = picture[low[1] : high[1], low[0] : high[0]]
        if min(part.shape[:2]) >= 2 * shrink:
            picture = cv2.blur(part, (shrink, shrink)).astype(np.uint8)
            maps = maps.copy()
            maps[:, 2] -= low
    patch = cv2.warpAffine(picture, maps, (side, side), flags=flags, borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(patch, np.uint8)


def cut_validity(validity: Plane, crop_from_patch: NDArray[np.float64], side: int, size: int) -> Plane:
    """Return the validity map of a patch, side x side float32 in [0, 1].

    Args:
        validity: h x w float32, on the flow's grid.
        crop_from_patch: where the patch lies.
        side: of the patch, pixels.
        size: side of the crop, pixels.
    """
    grid_from_crop = smaller(size / validity.shape[0])
    maps = grid_from_crop[:, :2] @ crop_from_patch
    maps[:, 2] += grid_from_crop[:, 2]
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    return np.asarray(
        cv2.warpAffine(validity, maps, (side, side), flags=flags, borderMode=cv2.BORDER_REPLICATE), np.float32
    )


def draw_region(region: FacePatch, in_patch: NDArray[np.float64]) -> NDArray[np.uint8]:
    """Return the region's drawing, side x side x 3 uint8: what lies open, what surrounds it, what else is near.

    Mouth: inside of the lips, lips with their inside, face. Eye: opening, iris seen through it, brow. Head: inside of
    mouth and eyes, lips and brows, face.

    Args:
        region: which window.
        in_patch: 478 x 2, landmarks in pixels of the patch.
    """
    side = region.side
    if region.network == "mouth":
        rings = (LIPS_OUTER, OVAL)
        planes = [_byte(opening(region, in_patch, side)), *(_inside(in_patch, ring, side) for ring in rings)]
    elif region.network == "eye":
        iris, brow = (IRIS_RIGHT, BROW_RIGHT) if region.mirrored else (IRIS_LEFT, BROW_LEFT)
        lids = opening(region, in_patch, side)
        planes = [_byte(lids), _byte(lids * _disc(in_patch, iris, side)), _inside(in_patch, brow, side)]
    else:
        window = Window(0, 0, side, side)
        holes = sum(
            (
                soft_mask(smooth_outline(in_patch[list(ring)], (0, len(ring) // 2)), window, 0.0)
                for ring in (LIPS_INNER, EYE_LEFT, EYE_RIGHT)
            ),
            np.zeros((side, side), np.float32),
        )
        marks = np.maximum.reduce([_inside(in_patch, ring, side) for ring in (LIPS_OUTER, BROW_LEFT, BROW_RIGHT)])
        planes = [_byte(np.clip(holes, 0, 1)), marks, _inside(in_patch, OVAL, side)]
    return np.asarray(cv2.merge(planes), np.uint8)


def _byte(plane: Plane) -> NDArray[np.uint8]:
    return np.rint(plane * 255).astype(np.uint8)


def opening(region: FacePatch, in_patch: NDArray[np.float64], side: int) -> Plane:
    """Return the inside of the region's outlines, side x side float32 in [0, 1].

    Args:
        region: which window.
        in_patch: 478 x 2, landmarks in pixels of a patch of `side`.
        side: of the picture, pixels.
    """
    window = Window(0, 0, side, side)
    whole = np.zeros((side, side), np.float32)
    for ring in region.rings:
        whole = np.maximum(whole, soft_mask(smooth_outline(in_patch[list(ring)], region.corners), window, 0.0))
    return whole


def _inside(in_patch: NDArray[np.float64], ring: tuple[int, ...], side: int) -> NDArray[np.uint8]:
    mask: NDArray[np.uint8] = np.zeros((side, side), np.uint8)
    outline = np.rint(np.clip(in_patch[list(ring)], -4 * side, 5 * side) * 16).astype(np.int32)
    cv2.fillPoly(mask, [outline], 255, cv2.LINE_AA, 4)
    return mask


def _disc(in_patch: NDArray[np.float64], iris: tuple[int, ...], side: int) -> Plane:
    centre = in_patch[iris[0]]
    radius = float(np.linalg.norm(in_patch[list(iris[1:])] - centre, axis=1).mean())
    line = np.arange(side, dtype=np.float32)
    distance = np.hypot(line - np.float32(centre[0]), line[:, None] - np.float32(centre[1]))
    return np.asarray(np.clip(radius - distance + 0.5, 0, 1), np.float32)
