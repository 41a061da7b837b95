"""Where places of a photo lie by the head's own axes: how far below the middle of its face, and on its far side."""

from __future__ import annotations

import numpy as np

from animato.geometry.pose import HeadPose
from animato.geometry.smoothstep import smoothstep
from animato.head.closed_rings import FAR_FROM_MIDDLE_CM, FAR_SIDE
from animato.types import Plane

CHIN_LEVELS = (9.0, 11.0)
"""Centimetres below the middle of the face down to which a sliver of the body, or skin beside the neck on the far side
of a turned face, is no part of the body."""

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


def far_side(pose: HeadPose, size: int) -> Plane:
    """Return where the far side of a turned photo's face is, S x S float32 in [0, 1]: no neck is seen beside it."""
    line = np.arange(size, dtype=np.float32)
    x, y = line[None] - np.float32(pose.translation[0]), line[:, None] - np.float32(pose.translation[1])
    across = (
        pose.rotation[:2, 0] / max(float(np.linalg.norm(pose.rotation[:2, 0])), 1e-6) * np.sign(pose.rotation[2, 0])
    )
    aside = (x * across[0] + y * across[1]) / pose.scale
    return np.asarray(
        smoothstep(aside, *FAR_FROM_MIDDLE_CM) * smoothstep(abs(pose.rotation[2, 0]), *FAR_SIDE), np.float32
    )
