"""White balance: map the skin colour of a face to the mean of the training data, and back.

The networks are trained under few illuminants. Under others, their output drifts towards the training colours: a
closing lid is sallow in a reddish photo. Every photo is therefore white-balanced to one skin hue before it enters a
network, and the output is mapped back. Luma is unchanged.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from animato.geometry.patch import MOUTH, crop_from_patch, cut_patch
from animato.geometry.pose import HeadPose
from animato.types import Frame, Points

SKIN_HUE = np.array([1.42, 1.0, 0.75])
"""Red, green and blue over green of the skin around the mouth, mean of the training data."""

LUMA = np.array([0.299, 0.587, 0.114])
"""Luma coefficients (ITU-R BT.601)."""

MIN_GAIN, MAX_GAIN = 0.6, 1.6
"""Bounds of the gain per channel; larger differences are not due to illumination."""

BORDER = 8
"""Width in pixels of the border of the mouth patch that is ignored, because it may contain background."""


def skin_colour(image: Frame, points: Points, pose: HeadPose) -> NDArray[np.float64]:
    """Return the mean colour (3 float64, 1..256) of the skin around the mouth.

    Args:
        image: S x S x 3 uint8 RGB.
        points: 478 x 3 float32, its landmarks, pixels.
        pose: of the head, from `points`.
    """
    patch_map = crop_from_patch(MOUTH, points, pose, image.shape[0])
    patch = cut_patch(image, patch_map, MOUTH.side)[BORDER:-BORDER, BORDER:-BORDER]
    colour: NDArray[np.float64] = patch.reshape(-1, 3).mean(axis=0, dtype=np.float64) + 1.0
    return colour


def light_gain(target: NDArray[np.floating], source: NDArray[np.floating]) -> NDArray[np.float64]:
    """Return the gains (3 float64 in [MIN_GAIN, MAX_GAIN]) that match the illumination of one image to another's.

    Args:
        target: N x 3, colours of N points in the image to match, all above 0; or one colour, 3.
        source: colours of the same points in the image to correct, all above 0.
    """
    ratio = np.asarray(target / source, np.float64)
    return np.clip(np.median(ratio.reshape(-1, 3), axis=0), MIN_GAIN, MAX_GAIN)


def white_balance_of(image: Frame, points: Points, pose: HeadPose) -> NDArray[np.float32]:
    """Return the gains (3 float32) that map a photo's skin to `SKIN_HUE` at unchanged luma.

    Args:
        image: S x S x 3 uint8 RGB.
        points: 478 x 3 float32, its landmarks, pixels.
        pose: of the head, from `points`.
    """
    skin = skin_colour(image, points, pose)
    gains = SKIN_HUE * skin[1] / skin
    gains *= (LUMA @ skin) / (LUMA @ (gains * skin))
    return np.asarray(np.clip(gains, MIN_GAIN, MAX_GAIN), np.float32)


def white_balanced(image: Frame, white_balance: NDArray[np.float32]) -> Frame:
    """Return an image (H x W x 3 uint8 RGB) with each channel multiplied by its gain.

    Args:
        image: H x W x 3 uint8.
        white_balance: 3 float32.
    """
    table = np.clip(np.rint(np.arange(256, dtype=np.float32)[:, None] * white_balance), 0, 255).astype(np.uint8)
    return np.asarray(cv2.LUT(image, table[None]), np.uint8)
