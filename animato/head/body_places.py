"""Places at which the movement of one photo's body is kept, and how much of it is the head's."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from animato.geometry.pose import HeadPose
from animato.types import Plane

GRID = 24
"""Side of the grid on which the body's movement is kept."""

CHIN_CM = 9.0
"""How far the chin lies below the head's origin (landmark 152 of the canonical face), centimetres."""

HANGS_CM = 6.0
"""Distance below the head over which hanging hair stops following it, centimetres."""


def hair_follow(head_alpha: Plane, hair: Plane, scale: float) -> NDArray[np.float64]:
    """Return how much hair below the head moves with it, GRID^2 in [0, 1]: less with the distance from it.

    Args:
        head_alpha: S x S float32, opacity of the head.
        hair: S x S float32, opacity of the body's hair.
        scale: pixels for a centimetre.
    """
    away = cv2.distanceTransform((head_alpha < 0.5).astype(np.uint8), cv2.DIST_L2, 5) / (HANGS_CM * scale)
    # The largest share near each place: it must move whole.
    near = cv2.dilate(hair.astype(np.float32), np.ones((round(scale) | 1,) * 2, np.uint8))
    follow = cv2.GaussianBlur(near * np.exp(-(away**2)), (0, 0), 0.5 * scale)
    return np.asarray(cv2.resize(follow, (GRID, GRID), interpolation=cv2.INTER_AREA).reshape(-1), np.float64)


def body_places(size: int) -> NDArray[np.float64]:
    """Return the places of a square of `size` pixels at which the body's movement is kept, GRID^2 x 2, pixels."""
    line = (np.arange(GRID) + 0.5) * size / GRID - 0.5
    return np.stack(np.meshgrid(line, line), axis=-1).reshape(-1, 2)


def below_jaw(places: NDArray[np.float64], pose: HeadPose) -> NDArray[np.float64]:
    """Return places with those above the chin moved down to it: behind a jaw the neck goes on as below.

    Args:
        places: N x 2, pixels.
        pose: of the head.
    """
    down = (pose.rotation @ np.array([0.0, 1.0, 0.0]))[:2]
    down /= np.linalg.norm(down)
    level = (places - pose.translation[:2]) @ down / pose.scale
    return np.asarray(places + pose.scale * np.maximum(CHIN_CM - level, 0)[:, None] * down)
