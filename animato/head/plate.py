"""Plate: the picture without the person, what lies behind filled in once."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from animato.types import Frame, Plane

GROWN_CM = 0.4
"""How far the hole reaches beyond the matte, canonical centimetres: light of the person on what is near it."""


STRANDS_CM = 0.6
"""The same beside hair, whose finest strands no matte holds."""


RELAXED = 12
"""Steps towards a membrane on each level of the pyramid."""


def plate_of(
    image: Frame, alpha: Plane, hair: Plane, pixels_per_cm: float, strands: NDArray[np.bool_] | None = None
) -> Frame:
    """Return a picture without the person: the same outside the hole, filled smoothly inside.

    The hole is filled by a membrane, so that nothing shows where it begins: push-pull on an image pyramid (Gortler,
    Grzeszczuk, Szeliski, Cohen 1996, section 3.4), relaxed on each level towards a solution of Laplace's equation with
    the picture around as its boundary (cascadic multigrid; Bornemann, Deuflhard 1996). It has the grain of the
    picture's own background.

    Args:
        image: H x W x 3 uint8 RGB.
        alpha: H x W float32, opacity of the person.
        hair: H x W float32, opacity of the hair.
        pixels_per_cm: scale of the head's pose.
        strands: H x W bool, loose strands farther out (`strands.strands_of`); None for none.
    """
    hole = grown(alpha > 0, GROWN_CM * pixels_per_cm) | grown(hair > 0.5, STRANDS_CM * pixels_per_cm)
    if strands is not None:
        hole |= strands
    if hole.all() or not hole.any():
        return image.copy()
    free = (~hole).astype(np.float32)
    filled = push_pull(image.astype(np.float32), free, RELAXED) + _grain(image, ~hole, pixels_per_cm)
    return np.where(hole[..., None], np.clip(np.rint(filled), 0, 255), image).astype(np.uint8)


def grown(mask: NDArray[np.bool_], reach: float) -> NDArray[np.bool_]:
    """Return a mask, H x W bool, wider by some pixels all around, at least one."""
    side = 2 * max(1, round(reach)) + 1
    kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (side, side))
    return np.asarray(cv2.dilate(mask.astype(np.uint8), kernel) > 0)


def push_pull(image: NDArray[np.float32], weight: Plane, relaxed: int = 0) -> NDArray[np.float32]:
    """Return a picture whose pixels of weight 0 are filled from coarser levels.

    Args:
        image: H x W x C float32.
        weight: H x W float32 in [0, 1].
        relaxed: steps on each level by which what is filled approaches the mean of its neighbours.
    """
    height, width = weight.shape
    if min(height, width) <= 2 or weight.min() > 0.999:
        mean = (image * weight[..., None]).sum((0, 1)) / max(float(weight.sum()), 1e-6)
        return np.asarray(image * weight[..., None] + mean * (1 - weight[..., None]), np.float32)
    size = ((width + 1) // 2, (height + 1) // 2)
    summed = cv2.resize(cv2.GaussianBlur(image * weight[..., None], (0, 0), 1.0), size, interpolation=cv2.INTER_AREA)
    summed = summed.reshape(*size[::-1], -1)  # OpenCV drops a single channel
    share = cv2.resize(cv2.GaussianBlur(weight, (0, 0), 1.0), size, interpolation=cv2.INTER_AREA)
    mean = np.asarray(summed / np.maximum(share, 1e-6)[..., None], np.float32)
    coarse = push_pull(mean, np.minimum(share * 4, 1).astype(np.float32), relaxed)
    behind = cv2.resize(coarse, (width, height), interpolation=cv2.INTER_CUBIC).reshape(image.shape)
    known, missing = image * weight[..., None], 1 - weight[..., None]
    filled = known + behind * missing
    for _ in range(relaxed):
        filled = known + cv2.blur(filled, (3, 3)).reshape(image.shape) * missing
    return np.asarray(filled, np.float32)


def _grain(image: Frame, free: NDArray[np.bool_], pixels_per_cm: float) -> NDArray[np.float32]:
    """Return noise like the background's, H x W x 3 float32: a filled wall without it looks polished."""
    fine = image.astype(np.float32) - cv2.GaussianBlur(image, (0, 0), max(1.0, 0.1 * pixels_per_cm))
    # The median, so that edges of things in the background are no grain.
    size = 1.4826 * np.median(np.abs(fine[free]), axis=0)
    # The same for all colours: a grey photo stays grey.
    random = np.random.default_rng(0).normal(0, 1, (*image.shape[:2], 1)).astype(np.float32)
    return np.asarray(random * size, np.float32)
