"""Loose strands: hair finer than any matte holds, which stays in the air when the head has turned away from it."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from animato.head.plate import STRANDS_CM, grown
from animato.types import Frame, Plane

REACH_CM = 14.0
"""How far from hair loose strands are looked for, canonical centimetres."""

THIN_CM, COARSE_CM = 0.3, 0.9
"""Half the width up to which something is thin enough for a strand, and of what is a background's grain."""

SEEN, FOLLOWED = 1.5, 0.8
"""Depth from which a strand is seen, and down to which it is followed, in grains of the background."""

EVEN = 2.0
"""How much a plain wall changes over the size of its grain, in grains; of others that is the grain."""

LEAST_GRAIN = 3.0
"""The least grain, levels of 255: a wall without any holds rounding."""

LEAST_CONTRAST = 60.0
"""Difference of hair and background, levels of 255, below which strands cannot be told from the background's grain."""

GROWN_CM = 0.15
"""How far strands reach beyond where they are seen, canonical centimetres: lens and sharpening spread them."""

FINEST = 16.0
"""Pixels per canonical centimetre at which strands are looked for, at most."""


def strands_of(image: Frame, alpha: Plane, hair: Plane, pixels_per_cm: float) -> NDArray[np.bool_]:
    """Return where loose strands lie before a plain wall, H x W bool, nowhere inside the person.

    Strands are thin and differ from the wall as hair does: a closing along the line between the two colours removes
    them alone (black top-hat; Serra 1982, "Image analysis and mathematical morphology", chapter XII). What stands out
    of the background the other way is no hair and gives the grain, so nothing is found before something busy. Strands
    begin at hair or at the person, and are followed from where they are surely seen (hysteresis; Canny 1986).

    Args:
        image: H x W x 3 uint8 RGB.
        alpha: H x W float32, opacity of the person.
        hair: H x W float32, opacity of the hair.
        pixels_per_cm: scale of the head's pose.
    """
    height, width = alpha.shape
    share = min(1.0, FINEST / pixels_per_cm)
    scale, size = share * pixels_per_cm, (max(1, round(share * width)), max(1, round(share * height)))
    if share < 1:
        image = np.asarray(cv2.resize(image, size, interpolation=cv2.INTER_AREA), np.uint8)
        alpha, hair = (
            np.asarray(cv2.resize(part, size, interpolation=cv2.INTER_AREA), np.float32) for part in (alpha, hair)
        )
    found = _found(image, alpha, hair > 0.5, scale).astype(np.uint8)
    return np.asarray(cv2.resize(found, (width, height), interpolation=cv2.INTER_NEAREST) > 0)


def _found(image: Frame, alpha: Plane, hair: NDArray[np.bool_], scale: float) -> NDArray[np.bool_]:
    none = np.zeros_like(hair)
    if not hair.any():
        return none
    distance = cv2.distanceTransform((~hair).astype(np.uint8), cv2.DIST_L2, 3) / scale
    wall = cv2.dilate((alpha > 0).astype(np.uint8), _square(STRANDS_CM * scale)) == 0
    free = alpha < 0.5
    near = free & (distance < REACH_CM)
    around = wall & near
    if not around.any():
        return none
    towards = np.median(image[hair], axis=0) - np.median(image[around], axis=0)
    contrast = float(np.linalg.norm(towards))
    if contrast < LEAST_CONTRAST:
        return none
    # Brighter is farther from hair, so that strands are dark on any wall.
    line = (-towards / contrast).astype(np.float32)[None]
    plane = cv2.GaussianBlur(cv2.transform(image.astype(np.float32), line), (0, 0), max(0.5, 0.05 * scale))
    without = np.asarray(cv2.morphologyEx(plane, cv2.MORPH_CLOSE, _square(THIN_CM * scale)), np.float32)
    thin, grain = without - plane, _grain(np.asarray(plane, np.float32), without, wall, _square(COARSE_CM * scale))
    lines = grown(near & (thin > FOLLOWED * grain), GROWN_CM * scale) & free
    begins = (distance < STRANDS_CM) | grown(~free, GROWN_CM * scale)
    count, labels = cv2.connectedComponents(lines.astype(np.uint8), connectivity=8)
    kept = np.arange(count) > 0
    for needed in (near & (thin > SEEN * grain), begins):
        has = np.zeros(count, bool)
        has[labels[needed]] = True
        kept &= has
    return np.asarray(kept[labels])


def _grain(plane: Plane, without: Plane, wall: NDArray[np.bool_], coarse: NDArray[np.uint8]) -> float:
    """Return how far small things on a wall stand out, or a share of how much it changes, levels of 255.

    Args:
        plane: H x W float32, the picture along the line from hair to wall.
        without: the same without strands.
        wall: H x W bool.
        coarse: kernel of the size of these things.
    """
    light = plane - cv2.morphologyEx(plane, cv2.MORPH_OPEN, coarse)
    change = cv2.morphologyEx(without, cv2.MORPH_GRADIENT, coarse)
    fine, wide = (float(np.percentile(part[wall], 90)) for part in (light, change))
    return max(LEAST_GRAIN, fine, wide / EVEN)


def _square(reach: float) -> NDArray[np.uint8]:
    side = 2 * max(1, round(reach)) + 1
    return np.ones((side, side), np.uint8)
