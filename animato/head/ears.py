"""Where a photo shows ears: bare skin beside the face, from the brows to the lobes.

An ear stands off the head, so the photo of its front is drawn out by a turn, but not to a streak as skin of the head's
side is. It keeps the photo's pixels, up to its rim.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from animato.geometry.channels import channel_sum
from animato.geometry.landmarks import OVAL
from animato.geometry.pose import HeadPose
from animato.head.clothes import SAME_HUE, SAME_LIGHT
from animato.head.levels import far_side, head_height
from animato.types import Frame, Plane, Points

TOP_CM, LOBE_CM = (-6.0, -5.0), (2.0, 3.5)
"""How far below the middle of the face, centimetres, ears begin, and end."""

RIM_CM = 0.07
"""Width of an ear's outline in the photo whose colours are not used, centimetres."""


def ears(points: Points, pose: HeadPose, skin: Plane) -> Plane:
    """Return where ears are, S x S float32 in [0, 1]; on the far side of a turned face none is seen.

    Args:
        points: 478 x 3, landmarks, pixels.
        pose: fitted to them.
        skin: S x S float32 in [0, 1], opacity of the skin of face and ears.
    """
    size = len(skin)
    beside = head_height(pose, size, levels=TOP_CM) * (1 - head_height(pose, size, levels=LOBE_CM))
    face = np.zeros(skin.shape, np.uint8)
    cv2.fillPoly(face, [np.rint(points[list(OVAL), :2]).astype(np.int32)], (1,))
    ear = np.asarray(skin * beside * (face == 0) * (1 - far_side(pose, size)), np.float32)
    return np.asarray(cv2.GaussianBlur(ear, (0, 0), RIM_CM * pose.scale), np.float32)


def like_ear(image: Frame, skin: NDArray[np.float64] | None) -> NDArray[np.bool_]:
    """Return which pixels have a colour that an ear can have, H x W bool: that of the face or redder, not a wall's.

    Args:
        image: H x W x 3 uint8 RGB.
        skin: 3, colour of the face; None for unknown.
    """
    if skin is None:
        return np.ones(image.shape[:2], bool)
    picture = image.astype(np.float32)
    light = channel_sum(picture) / float(skin.sum())
    red = picture[..., 0] / np.maximum(channel_sum(picture), 1.0)
    return np.asarray((red > skin[0] / skin.sum() - SAME_HUE) & (light > SAME_LIGHT[0]) & (light < SAME_LIGHT[1]))


def own_colours(opaque: NDArray[np.bool_], ear: Plane, pixels_per_cm: float) -> NDArray[np.bool_]:
    """Return where an ear's colours are the photo's own, S x S bool.

    Args:
        opaque: S x S bool, where the photo shows the person alone.
        ear: S x S float32 in [0, 1], from `ears`.
        pixels_per_cm: scale of the head's pose.
    """
    size = 2 * max(1, round(RIM_CM * pixels_per_cm)) + 1
    kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (size, size))
    return (cv2.erode(opaque.astype(np.uint8), kernel) > 0) & (ear > 0.5)
