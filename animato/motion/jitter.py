"""Jitter: the mean absolute second difference of landmarks, in pixels at a 256 px crop."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from animato.geometry.landmarks import MESH_POINTS
from animato.types import Points

HEAD_CROP_CM = 38.0
"""Side of a head's crop in canonical centimetres, to express jitter in pixels at 256."""


class JitterMeter:
    """Accumulates the jitter of a sequence of landmarks, one frame at a time.

    Args:
        pixels_per_256: side of the head's crop in pixels of the points, divided by 256.
    """

    def __init__(self, pixels_per_256: float) -> None:
        self._pixels_per_256 = pixels_per_256
        self._previous: list[NDArray[np.float64]] = []
        self._sum = 0.0
        self._count = 0

    def add(self, points: Points) -> None:
        """Add the next frame's landmarks (N >= 468 x (2 or 3), pixels)."""
        xy = points[:MESH_POINTS, :2].astype(np.float64)
        if len(self._previous) == 2:
            second = xy - 2 * self._previous[1] + self._previous[0]
            self._sum += float(np.abs(second).mean()) / self._pixels_per_256
            self._count += 1
            self._previous.pop(0)
        self._previous.append(xy)

    def interrupt(self) -> None:
        """Restart after a frame without a face: differences across it are meaningless."""
        self._previous.clear()

    @property
    def value(self) -> float | None:
        """Mean absolute second difference so far, or None before the third frame."""
        return self._sum / self._count if self._count else None
