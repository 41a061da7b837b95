"""Clothes beside a jaw, told from skin by their colour where the labels of a head's parts do not know them."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from animato.geometry.channels import channel_max, channel_sum
from animato.geometry.landmarks import OVAL
from animato.geometry.pose import HeadPose
from animato.geometry.smoothstep import smoothstep
from animato.head.parts import Shares
from animato.types import Frame, Plane, Points

OTHER_HUE, LEAST_LIGHT = 0.05, 0.15
"""Difference from the face's skin in the share of a colour channel beyond which, and light in shares of the skin's
below which, what lies beside a jaw is clothes."""

FROM_CM = (3.5, 5.0)
"""How far below the head's origin clothes begin to be looked for, centimetres: below the ears."""

ASIDE = 0.6
"""How far aside they are looked for, in shares of half the face's width: a beard or a shadow below the chin is none."""

SMALLEST_CM, NARROWEST_CM = 0.3, 1.2
"""Blur within which colours are compared, and width of the narrowest piece of cloth, centimetres."""


SAME_HUE, SAME_LIGHT = 0.04, (0.4, 1.7)
"""Largest difference from the face's skin in the share of a colour channel, and least and most light in shares of it,
up to which what lies below a jaw is skin."""


def without_clothes(shares: Shares, image: Frame, points: Points, pose: HeadPose, alpha: Plane) -> Shares:
    """Return the parts of a photo with what beside the jaw has not the colour of skin as clothes.

    Args:
        shares: of the photo.
        image: S x S x 3 uint8 RGB.
        points: 478 x 3, landmarks, pixels.
        pose: fitted to them.
        alpha: S x S float32 in [0, 1], opacity of the person.
    """
    skin = skin_colour(image, alpha * shares.face)
    if skin is None:
        return shares
    size, oval = image.shape[0], points[list(OVAL), :2].astype(np.float64)
    y, x = np.mgrid[0:size, 0:size].astype(np.float32)
    down = (pose.rotation @ np.array([0.0, 1.0, 0.0]))[:2]
    down /= np.linalg.norm(down)
    offset = (x - pose.translation[0]) / pose.scale, (y - pose.translation[1]) / pose.scale
    below = smoothstep(offset[0] * down[0] + offset[1] * down[1], *FROM_CM)
    face = (oval - pose.translation[:2]) @ np.array([down[1], -down[0]]) / pose.scale
    across = offset[0] * down[1] - offset[1] * down[0]
    aside = np.abs(across - (face.max() + face.min()) / 2) > ASIDE * np.ptp(face) / 2
    covered = np.zeros((size, size), np.uint8)
    cv2.fillConvexPoly(covered, cv2.convexHull(np.rint(oval).astype(np.int32)), 1)
    smooth = np.asarray(cv2.GaussianBlur(image, (0, 0), SMALLEST_CM * pose.scale), np.uint8)
    hue, light = from_colour(smooth, skin)
    other = ((hue > OTHER_HUE) | (light < LEAST_LIGHT)) & aside & (covered == 0) & (alpha > 0.9) & (shares.hair < 0.5)
    # The shaded edge of a jaw is no cloth.
    widest = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (round(NARROWEST_CM * pose.scale) | 1,) * 2)
    wide = cv2.morphologyEx(other.astype(np.uint8), cv2.MORPH_OPEN, widest)
    clothes = below * cv2.GaussianBlur(wide.astype(np.float32), (0, 0), SMALLEST_CM * pose.scale / 2)
    kept = (1 - clothes).astype(np.float32)
    return replace(
        shares,
        head=shares.head * kept,
        face=shares.face * kept,
        skin=shares.skin * kept,
        body=np.asarray(np.maximum(shares.body, clothes), np.float32),
    )


def skin_colour(image: Frame, face: Plane) -> NDArray[np.float64] | None:
    """Return the colour of a face's skin, 3 float64, where its opacity is high; None for no face."""
    sure = face > 0.9
    return np.asarray(np.median(image[sure], axis=0), np.float64) if sure.any() else None


def is_like(image: NDArray[Any], colour: NDArray[np.floating] | None) -> NDArray[np.bool_]:
    """Return which pixels have the colour of skin, H x W bool; all where it is not known.

    Args:
        image: H x W x 3, uint8 or float32.
        colour: 3, or of the shape of a part of the image that is repeated over it, such as 1 x W x 3.
    """
    if colour is None:
        return np.ones(image.shape[:2], bool)
    hue, light = from_colour(image, colour)
    return np.asarray((hue < SAME_HUE) & (light > SAME_LIGHT[0]) & (light < SAME_LIGHT[1]))


def from_colour(image: NDArray[Any], colour: NDArray[np.floating]) -> tuple[Plane, Plane]:
    """Return how far pixels are from a colour, each H x W float32: in hue, and in light; see `is_like`.

    Hue is the largest difference in the share of a channel; light is in shares of the colour's.
    """
    light = channel_sum(image.astype(np.float32))
    whole = np.maximum(channel_sum(colour), 1.0)
    hue = channel_max(np.abs(image / np.maximum(light, 1)[..., None] - colour / whole[..., None]))
    return hue.astype(np.float32), np.asarray(light / whole, np.float32)
