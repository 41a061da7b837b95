"""A person's edge for another background: opacity and colours found again from the colours on both sides of it.

Over its own background an edge may hold some of that background's light, and a matte may be a pixel too wide. Over
another one both are seen, as a rim.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from animato.geometry.smoothstep import smoothstep
from animato.head.foreground import CONTAMINATED_CM, OPAQUE, spread_colours
from animato.types import Frame, Plane

BAND_CM = 0.35
"""How far inside the matte pixels are compared with those farther in, canonical centimetres."""

CONTRAST = (60.0, 110.0)
"""Distance of the colours on both sides, in levels, from which, and at which fully, opacity is found from them."""

LEVELS = (0.15, 0.75)
"""Share of the person's colour in a pixel that gives no opacity, and all of it: people are not of one colour."""

GAPS_CM = (1.5, 2.5)
"""Depth in the matte, canonical centimetres, over which gaps between hair are no longer looked for."""

GAP_SHARES = (0.2, 0.5)
"""Share of the hair's colour up to which a pixel is a gap, and from which it is none: hair shines."""

LEAST_HAIR = 100
"""Pixels of hair from which its colour is known."""

OUTSIDE, ALMOST = 0.3, 0.9
"""Opacity below which a pixel belongs to the background, and below which an edge may be refined from there."""

SAME_COLOUR = (0.75, OPAQUE)
"""Share over which a pixel's own colour, unmixed, replaces that of the nearest pixels farther in."""


@dataclass(frozen=True, eq=False)
class EdgeMatte:
    """A person in a picture, to be shown before another background.

    Attributes:
        image: H x W x 3 uint8 RGB, the person's own colours, continued where nothing of it is seen.
        alpha: H x W float32 in [0, 1], opacity of the person.
        certain: H x W float32 in [0, 1], where the picture shows the person alone.
    """

    image: Frame
    alpha: Plane
    certain: Plane


def edge_matte(image: Frame, alpha: Plane, plate: Frame, hair: Plane, pixels_per_cm: float) -> EdgeMatte:
    """Return the person in a picture, with opacity and colours of the edge found again.

    Args:
        image: H x W x 3 uint8 RGB.
        alpha: H x W float32 in [0, 1], from `head.matte`.
        plate: H x W x 3 uint8, the picture without the person.
        hair: H x W float32 in [0, 1], how much of the person is hair.
        pixels_per_cm: scale of the head's pose.
    """
    band = max(2.0, BAND_CM * pixels_per_cm)
    depth = np.asarray(cv2.distanceTransform((alpha > OPAQUE).astype(np.uint8), cv2.DIST_L2, 5), np.float32)
    sure = depth > band
    if not sure.any():
        return EdgeMatte(image.copy(), alpha, (alpha > OPAQUE).astype(np.float32))
    picture, behind = image.astype(np.float32), plate.astype(np.float32)
    gaps, hair_colour = between_strands(picture, behind, hair, sure)
    gaps = gaps * (1 - smoothstep(depth / pixels_per_cm, *GAPS_CM))
    beyond = spread_colours(picture, sure & (gaps < 0.1), CONTAMINATED_CM * pixels_per_cm)
    beyond += gaps[..., None] * (hair_colour - beyond)
    share, contrast = _share_of(picture, beyond, behind)
    weight = smoothstep(contrast, *CONTRAST) * (1 - smoothstep(depth / band, 0.4, 0.9))
    lost = np.maximum(weight * (1 - _opacity(share)), gaps)
    refined = _from_outside(alpha, np.asarray(np.minimum(alpha, 1 - lost), np.float32))
    pure = np.minimum(refined, 1 - weight * (1 - np.clip(share, 0, 1)))[..., None]
    unmixed = (picture - (1 - pure) * behind) / np.maximum(pure, 0.05)
    own = np.clip((pure - SAME_COLOUR[0]) / (SAME_COLOUR[1] - SAME_COLOUR[0]), 0, 1)
    certain = np.clip(depth / band - 1, 0, 1) * (refined >= alpha)
    colours = np.where(certain[..., None] > 0, picture, unmixed * own + beyond * (1 - own))
    return EdgeMatte(np.clip(np.rint(colours), 0, 255).astype(np.uint8), refined, np.asarray(certain, np.float32))


def between_strands(
    picture: NDArray[np.float32],
    behind: NDArray[np.float32],
    hair: Plane,
    sure: NDArray[np.bool_],
    shine: float = np.inf,
) -> tuple[Plane, NDArray[np.float32]]:
    """Return where background shows between hair, H x W float32 in [0, 1], and the hair's colour (3).

    Hair that shines in the background's colour counts too.

    Args:
        picture, behind: H x W x 3 float32, the photo, and the same without the person.
        hair: H x W float32 in [0, 1].
        sure: H x W bool, where nothing of the background can be seen.
        shine: contrast of hair and background, levels of 255, above which no hair shines like it.
    """
    known = sure & (hair > 0.8)
    none = np.zeros(hair.shape, np.float32), np.zeros(3, np.float32)
    if known.sum() < LEAST_HAIR:
        return none
    colour = np.median(picture[known], axis=0).astype(np.float32)
    share, contrast = _share_of(picture, np.broadcast_to(colour, picture.shape), behind)
    if np.percentile(share[known], 10) < LEVELS[1] / 2 and not shine < np.median(contrast[known]):
        return none  # the hair is partly as light, or as dark, as the background
    shown = 1 - smoothstep(share, *GAP_SHARES)
    return np.asarray(hair * smoothstep(contrast, *CONTRAST) * shown, np.float32), colour


def _share_of(
    picture: NDArray[np.float32], own: NDArray[np.float32], behind: NDArray[np.float32]
) -> tuple[Plane, Plane]:
    """Return how far pixels lie from the background's colour to the person's, and how far these are apart, H x W."""
    between = own - behind
    contrast = np.sqrt((between**2).sum(axis=2))
    share = ((picture - behind) * between).sum(axis=2) / np.maximum(contrast, 1.0) ** 2
    return np.asarray(share, np.float32), np.asarray(contrast, np.float32)


def _opacity(share: Plane) -> Plane:
    return np.asarray(np.clip((share - LEVELS[0]) / (LEVELS[1] - LEVELS[0]), 0, 1), np.float32)


def _from_outside(alpha: Plane, refined: Plane) -> Plane:
    """Return the refined opacity where it opens from the background; a light earlobe before a light wall is no hole."""
    count, labels = cv2.connectedComponents((refined < ALMOST).astype(np.uint8), connectivity=8)
    open_ones = np.zeros(count, bool)
    open_ones[labels[alpha < OUTSIDE]] = True
    return np.asarray(np.where(open_ones[labels], refined, alpha), np.float32)
