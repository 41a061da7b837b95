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
        pixels_per_256: how many pixels of the given points make one pixel at 256: side of the head's crop / 256.
    """

    def __init__(self, pixels_per_256: float) -> None:
        self._unit = pixels_per_256
        self._before: list[NDArray[np.float64]] = []
        self._sum = 0.0
        self._count = 0

    def add(self, points: Points) -> None:
        """Add the next frame's landmarks (N >= 468 x (2 or 3), pixels)."""
        xy = points[:MESH_POINTS, :2].astype(np.float64)
        if len(self._before) == 2:
            second = xy - 2 * self._before[1] + self._before[0]
            self._sum += float(np.abs(second).mean()) / self._unit
            self._count += 1
            self._before.pop(0)
        self._before.append(xy)

    def interrupt(self) -> None:
        """Start anew after a frame without a face: differences across it mean nothing."""
        self._before.clear()

    @property
    def value(self) -> float | None:
        """Mean absolute second difference so far, or None before the third frame."""
        return self._sum / self._count if self._count else None
