"""Gaps between strands of hair: a matte of parts closes them, but the background is seen through."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from animato.geometry.channels import channel_max, channel_sum
from animato.types import Frame, Plane

DEVIATIONS = 4.0
"""Difference to the plate, in standard deviations of the background's own, up to which a pixel is the background."""

LEAST_LEVELS = 10.0
"""The same in levels of 255, for a background without any grain."""

REACH_CM, LEAST_CM = 0.25, 0.12
"""How far around such a pixel strands are thin enough to be seen through, and the size from which a gap counts."""

LEAST_CONTRAST, LEAST_SHARE = 60.0, 0.3
"""Difference of hair and background, levels of 255, and share of the hair nearby that has it, below which a gap cannot
be told from hair."""

HAIR_CM = 1.0
"""Blur of the hair's own colour."""


def gaps_in_hair(image: Frame, alpha: Plane, around: Plane, plate: Frame, pixels_per_cm: float) -> Plane:
    """Return how much of the background is seen through the hair, H x W float32 in [0, 1].

    Pixels that are the plate's colour as exactly as the background around the person is are gaps. Around them, opacity
    is the share of the hair's colour in the line from the plate's to it (Smith, Blinn 1996, "Blue screen matting",
    section 2: one colour known behind, one before).

    Args:
        image: H x W x 3 uint8 RGB, the photo.
        alpha: H x W float32 in [0, 1], opacity of the person.
        around: H x W float32 in [0, 1], where hair may be: around the face, not on the body.
        plate: H x W x 3 uint8, the photo without the person.
        pixels_per_cm: scale of the head's pose.
    """
    none = np.zeros(alpha.shape, np.float32)
    behind = plate.astype(np.float32)
    difference = image.astype(np.float32) - behind
    free = (alpha == 0).astype(np.float32)
    if not free.any():
        return none
    grain = np.median(np.abs(image - cv2.GaussianBlur(image, (0, 0), 3.0).astype(np.float32))[free > 0], axis=0)
    limit = np.maximum(DEVIATIONS * 1.4826 * grain, LEAST_LEVELS)
    same = (np.abs(difference) < limit).all(axis=2) & (around > 0.3) & (alpha > 0)
    hair = around * alpha * ~same
    contrast = (channel_max(np.abs(difference)) > LEAST_CONTRAST).astype(np.float32)
    # Where hair is hardly darker or lighter than what lies behind, it is taken for it.
    same &= _mean(contrast, hair, HAIR_CM * pixels_per_cm) > LEAST_SHARE
    size = max(1, round(LEAST_CM * pixels_per_cm))
    kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (size, size))
    gaps = cv2.morphologyEx(same.astype(np.uint8), cv2.MORPH_OPEN, kernel)
    weight = np.asarray(hair * contrast, np.float32)
    if not gaps.any() or not weight.any():
        return none
    before = mean_colour(image, weight, HAIR_CM * pixels_per_cm)
    line = before - behind
    length = channel_sum(line**2)
    share = np.clip(channel_sum(difference * line) / np.maximum(length, 1.0), 0, 1)
    reach = 2 * max(1, round(REACH_CM * pixels_per_cm)) + 1
    near = cv2.dilate(gaps, cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (reach, reach))).astype(np.float32)
    near = cv2.GaussianBlur(near, (0, 0), reach / 6) * np.clip(around / 0.3, 0, 1)
    return np.where(length > LEAST_CONTRAST**2, near * (1 - share), 0).astype(np.float32)


def mean_colour(image: NDArray[Any], weight: Plane, sigma: float) -> NDArray[np.float32]:
    """Return the weighted mean of the colours around each pixel, H x W x 3 float32.

    Args:
        image: H x W x 3, uint8 or float32.
        weight: H x W float32.
        sigma: of the Gaussian that weights distances, some pixels.
    """
    return np.dstack([_mean(plane, weight, sigma) for plane in cv2.split(image)])


def _mean(values: NDArray[Any], weight: Plane, sigma: float) -> Plane:
    """Return the weighted mean of H x W values around each pixel, H x W float32."""
    small = values.shape[1] // 4, values.shape[0] // 4  # wide blurs need no more
    total, mean = (
        cv2.GaussianBlur(cv2.resize(plane, small, interpolation=cv2.INTER_AREA), (0, 0), sigma / 4)
        for plane in (weight, np.asarray(values * weight, np.float32))
    )
    size = values.shape[::-1]
    return np.asarray(cv2.resize(mean / np.maximum(total, 1e-6), size, interpolation=cv2.INTER_LINEAR), np.float32)
