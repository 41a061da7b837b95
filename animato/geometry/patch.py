"""Patches of the face that networks paint (mouth, eyes, head), and the three-channel drawings that condition them.

A patch is a square centred on the mean of some landmarks, of a size in canonical centimetres, and rotated with the roll
of the head. That of the right eye is mirrored, so that one network serves both eyes. The head patch is the downscaled
crop.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from animato.geometry.affine import downscale
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
    """Geometry of one patch.

    Attributes:
        name: "mouth", "left-eye", "right-eye" or "head".
        network: which network paints it: "mouth", "eye" or "head".
        side: of the patch, pixels.
        span: of the patch, canonical centimetres; 0 for the whole crop.
        middle: landmarks whose mean is the centre of the patch.
        mirrored: whether the patch is flipped horizontally.
        rings: outlines of the apertures in it, as landmark indices.
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
        """Side of the feature grid: half that of the patch."""
        return self.side // 2


MOUTH = FacePatch("mouth", "mouth", 96, 8.0, LIPS_OUTER, False, (LIPS_INNER,), (0, 10))
LEFT_EYE = FacePatch("left-eye", "eye", 64, 4.6, EYE_LEFT, False, (EYE_LEFT,), (0, 8))
RIGHT_EYE = FacePatch("right-eye", "eye", 64, 4.6, EYE_RIGHT, True, (EYE_RIGHT,), (0, 8))
HEAD = FacePatch("head", "head", 128, 0.0, (), False, (), (0, 8))
FACE_PATCHES = (HEAD, LEFT_EYE, RIGHT_EYE, MOUTH)
"""In the order of painting: the coarse patch first, the mouth last."""


def crop_from_patch(patch: FacePatch, points: Points, pose: HeadPose, size: int) -> Affine:
    """Return the map from pixels of a patch to pixels of the crop.

    Args:
        patch: which patch.
        points: 478 x 3, landmarks, pixels of the crop.
        pose: of the head, fitted to `points`.
        size: side of the crop in pixels.
    """
    if not patch.span:
        step = size / patch.side
        return np.array([[step, 0, 0.5 * step - 0.5], [0, step, 0.5 * step - 0.5]])
    middle = points[list(patch.middle), :2].astype(np.float64).mean(axis=0)
    roll = np.radians(pose.degrees()[2])
    step = pose.scale * patch.span / patch.side
    flip = -1.0 if patch.mirrored else 1.0
    linear = step * np.array([[np.cos(roll) * flip, -np.sin(roll)], [np.sin(roll) * flip, np.cos(roll)]])
    half = (patch.side - 1) / 2
    return np.concatenate([linear, (middle - linear @ (half, half))[:, None]], axis=1)


def cut_patch(image: Frame, crop_from_patch: Affine, side: int) -> Frame:
    """Sample a patch of a crop, side x side x 3 uint8, with a box filter against aliasing.

    Args:
        image: H x W x 3 uint8.
        crop_from_patch: from `crop_from_patch`.
        side: of the patch, pixels.
    """
    (a, b, _), (c, d, _) = crop_from_patch.tolist()
    step = float(abs(a * d - b * c) ** 0.5)
    if abs(b) < 1e-9 and side * step >= image.shape[0] - 0.01 and step > 0:
        return np.asarray(cv2.resize(image, (side, side), interpolation=cv2.INTER_AREA), np.uint8)
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    maps = crop_from_patch
    if step > 1.6:
        kernel = round(step)
        # Filter only the part that is sampled.
        corners = np.array([[0, 0, 1], [side, 0, 1], [0, side, 1], [side, side, 1]], np.float64) @ maps.T
        low = np.clip(np.floor(corners.min(0)) - 2 * kernel, 0, None).astype(int)
        high = np.clip(np.ceil(corners.max(0)) + 2 * kernel, 0, image.shape[1::-1]).astype(int)
        part = image[low[1] : high[1], low[0] : high[0]]
        if min(part.shape[:2]) >= 2 * kernel:
            image = cv2.blur(part, (kernel, kernel)).astype(np.uint8)
            maps = maps.copy()
            maps[:, 2] -= low
    sampled = cv2.warpAffine(image, maps, (side, side), flags=flags, borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(sampled, np.uint8)


def cut_validity(validity: Plane, crop_from_patch: NDArray[np.float64], side: int, size: int) -> Plane:
    """Sample the confidence map of a patch, side x side float32 in [0, 1].

    Args:
        validity: h x w float32, on the flow's grid.
        crop_from_patch: where the patch lies.
        side: of the patch, pixels.
        size: side of the crop, pixels.
    """
    grid_from_crop = downscale(size / validity.shape[0])
    maps = grid_from_crop[:, :2] @ crop_from_patch
    maps[:, 2] += grid_from_crop[:, 2]
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    return np.asarray(
        cv2.warpAffine(validity, maps, (side, side), flags=flags, borderMode=cv2.BORDER_REPLICATE), np.float32
    )


def draw_region(patch: FacePatch, in_patch: NDArray[np.float64]) -> NDArray[np.uint8]:
    """Return the drawing of a patch, side x side x 3 uint8: filled outlines from the landmarks.

    Mouth: mouth interior, outer lips, face oval. Eye: aperture, iris within it, brow. Head: mouth interior and eye
    apertures, outer lips and brows, face oval.

    Args:
        patch: which patch.
        in_patch: 478 x 2, landmarks in pixels of the patch.
    """
    side = patch.side
    if patch.network == "mouth":
        rings = (LIPS_OUTER, OVAL)
        planes = [_byte(opening(patch, in_patch, side)), *(_filled(in_patch, ring, side) for ring in rings)]
    elif patch.network == "eye":
        iris, brow = (IRIS_RIGHT, BROW_RIGHT) if patch.mirrored else (IRIS_LEFT, BROW_LEFT)
        aperture = opening(patch, in_patch, side)
        planes = [_byte(aperture), _byte(aperture * _disc(in_patch, iris, side)), _filled(in_patch, brow, side)]
    else:
        window = Window(0, 0, side, side)
        apertures = sum(
            (
                soft_mask(smooth_outline(in_patch[list(ring)], (0, len(ring) // 2)), window, 0.0)
                for ring in (LIPS_INNER, EYE_LEFT, EYE_RIGHT)
            ),
            np.zeros((side, side), np.float32),
        )
        features = np.maximum.reduce([_filled(in_patch, ring, side) for ring in (LIPS_OUTER, BROW_LEFT, BROW_RIGHT)])
        planes = [_byte(np.clip(apertures, 0, 1)), features, _filled(in_patch, OVAL, side)]
    return np.asarray(cv2.merge(planes), np.uint8)


def _byte(plane: Plane) -> NDArray[np.uint8]:
    return np.rint(plane * 255).astype(np.uint8)


def opening(patch: FacePatch, in_patch: NDArray[np.float64], side: int) -> Plane:
    """Return the mask of the apertures of a patch, side x side float32 in [0, 1].

    Args:
        patch: which patch.
        in_patch: 478 x 2, landmarks in pixels of a patch of `side`.
        side: of the mask, pixels.
    """
    window = Window(0, 0, side, side)
    mask = np.zeros((side, side), np.float32)
    for ring in patch.rings:
        mask = np.maximum(mask, soft_mask(smooth_outline(in_patch[list(ring)], patch.corners), window, 0.0))
    return mask


def _filled(in_patch: NDArray[np.float64], ring: tuple[int, ...], side: int) -> NDArray[np.uint8]:
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
