"""Colours of a person without the background: exact where opaque, estimated in soft edges, extended beyond them."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from animato.types import Frame, Plane

OPAQUE = 0.97
"""Opacity from which a pixel shows the person alone."""

CONTAMINATED_CM = 0.15
"""How far inside the matte a pixel may still hold light of the background, canonical centimetres."""


def spread_colours(image: NDArray[np.float32], known: NDArray[np.bool_], blur: float) -> NDArray[np.float32]:
    """Return a picture whose unknown pixels take the colour of the nearest known one, smoother farther away.

    Args:
        image: H x W x 3 float32.
        known: H x W bool, at least one true.
        blur: distance in pixels over which it becomes smooth.
    """
    distance, nearest = cv2.distanceTransformWithLabels(
        (~known).astype(np.uint8), cv2.DIST_L2, 5, labelType=cv2.DIST_LABEL_PIXEL
    )
    colours = np.zeros((int(nearest.max()) + 1, 3), np.float32)
    colours[nearest[known]] = image[known]
    spread = colours[nearest]
    share = np.clip(distance / (2 * blur), 0, 1)[..., None]
    return np.asarray(spread * (1 - share) + cv2.GaussianBlur(spread, (0, 0), blur) * share, np.float32)


def foreground_of(image: Frame, alpha: Plane, plate: Frame, pixels_per_cm: float) -> Frame:
    """Return the person's own colours, H x W x 3 uint8.

    Args:
        image: H x W x 3 uint8 RGB, the photo.
        alpha: H x W float32 in [0, 1], opacity of the person.
        plate: H x W x 3 uint8, the photo without the person.
        pixels_per_cm: scale of the head's pose.
    """
    reach = max(1, round(CONTAMINATED_CM * pixels_per_cm))
    kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * reach + 1, 2 * reach + 1))
    sure = cv2.erode((alpha > OPAQUE).astype(np.uint8), kernel) > 0
    picture = image.astype(np.float32)
    if not sure.any():
        return image.copy()
    beyond = spread_colours(picture, sure, CONTAMINATED_CM * pixels_per_cm)
    own = (picture - (1 - alpha[..., None]) * plate) / np.maximum(alpha[..., None], 0.05)
    share = np.clip((alpha - 0.75) / (OPAQUE - 0.75), 0, 1)[..., None]
    mixed = np.where((alpha >= OPAQUE)[..., None], picture, own * share + beyond * (1 - share))
    return np.clip(np.rint(mixed), 0, 255).astype(np.uint8)
