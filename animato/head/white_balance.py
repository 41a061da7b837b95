"""Bringing the colour of a face to the mean of the training data, and back.

The networks are trained on few kinds of light. Under another one, their output drifts towards the training colours: a
closing lid comes out sallow in a reddish picture. So every photo is white-balanced to one hue of skin before it enters
a network, and the output is brought back to the photo's own hue. Brightness is unchanged.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from animato.geometry.patch import MOUTH, crop_from_patch, cut_patch
from animato.geometry.pose import HeadPose
from animato.types import Frame, Points

HUE = np.array([1.42, 1.0, 0.75])
"""Red, green and blue over green of the skin around the mouth, mean of the people that the networks learn from."""

LUMA = np.array([0.299, 0.587, 0.114])
"""Share of each channel in brightness (ITU-R BT.601)."""

LEAST, MOST = 0.6, 1.6
"""Bounds of a gain per channel: beyond them two colours are not one skin in two lights."""

RIM = 8
"""Pixels at the edge of the mouth's patch that are not counted: background comes first there."""


def skin_colour(picture: Frame, points: Points, pose: HeadPose) -> NDArray[np.float64]:
    """Return the mean colour (3 float64, 1..256) of the skin around the mouth.

    Args:
        picture: S x S x 3 uint8 RGB.
        points: 478 x 3 float32, its landmarks, pixels.
        pose: of the head, from `points`.
    """
    placed = crop_from_patch(MOUTH, points, pose, picture.shape[0])
    patch = cut_patch(picture, placed, MOUTH.side)[RIM:-RIM, RIM:-RIM]
    colour: NDArray[np.float64] = patch.reshape(-1, 3).mean(axis=0, dtype=np.float64) + 1.0
    return colour


def light_gain(wanted: NDArray[np.floating], shown: NDArray[np.floating]) -> NDArray[np.float64]:
    """Return the gains (3 float64 in [LEAST, MOST]) that match the light of one picture to another's.

    Args:
        wanted: N x 3, colours of the same N places in the picture to match, all above 0; or one colour, 3.
        shown: the same places in the picture that is multiplied by the gains, all above 0.
    """
    ratio = np.asarray(wanted / shown, np.float64)
    return np.clip(np.median(ratio.reshape(-1, 3), axis=0), LEAST, MOST)


def white_balance_of(picture: Frame, points: Points, pose: HeadPose) -> NDArray[np.float32]:
    """Return the gains (3 float32) that bring a photo's skin to HUE at its own brightness.

    Args:
        picture: S x S x 3 uint8 RGB.
        points: 478 x 3 float32, its landmarks, pixels.
        pose: of the head, from `points`.
    """
    skin = skin_colour(picture, points, pose)
    gains = HUE * skin[1] / skin
    gains *= (LUMA @ skin) / (LUMA @ (gains * skin))
    return np.asarray(np.clip(gains, LEAST, MOST), np.float32)


def white_balanced(picture: Frame, white_balance: NDArray[np.float32]) -> Frame:
    """Return a picture (H x W x 3 uint8 RGB) with each channel times its gain.

    Args:
        picture: H x W x 3 uint8.
        white_balance: 3 float32.
    """
    table = np.clip(np.rint(np.arange(256, dtype=np.float32)[:, None] * white_balance), 0, 255).astype(np.uint8)
    return np.asarray(cv2.LUT(picture, table[None]), np.uint8)
