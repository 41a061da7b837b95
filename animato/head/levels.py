"""How far below the middle of a face places lie, by the head's own axis."""

from __future__ import annotations

import numpy as np

from animato.geometry.pose import HeadPose
from animato.types import Plane

BELOW_FROM, BELOW_TO = 3.0, 6.0
"""Centimetres below the middle of the face between which the head's edge becomes soft towards the body."""


def head_height(
    pose: HeadPose, size: int, side: int | None = None, levels: tuple[float, float] = (BELOW_FROM, BELOW_TO)
) -> Plane:
    """Return how far below the middle of the face places lie, 0 above to 1 below the chin, by the head's own axis.

    Args:
        pose: of the head, pixels of the square.
        size: side of the square, pixels.
        side: of the result, side x side float32; None for the square's.
        levels: centimetres below the middle of the face at which it begins to rise, and at which it is 1.
    """
    side = side or size
    line = ((np.arange(side) + 0.5) * size / side - 0.5).astype(np.float32)
    down = (pose.rotation @ np.array([0.0, 1.0, 0.0]))[:2]
    down /= np.linalg.norm(down)
    x, y = ((line - pose.translation[axis]) * down[axis] / pose.scale for axis in (0, 1))
    height = x[None, :] + y[:, None]
    return np.asarray(np.clip((height - levels[0]) / (levels[1] - levels[0]), 0, 1), np.float32)
