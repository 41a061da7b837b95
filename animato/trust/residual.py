"""Normalised residual of the luma, averaged over the frames of a clip: the input of the watermark decoder.

Image content is noise here. Subtracting the local mean and dividing by the local deviation gives flat regions,
where the mark is undisturbed, the same weight as textured ones; averaging keeps what is constant between frames.
"""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from animato.types import Frame, Plane

WORK_SIDE = 720
"""Longest side, in pixels, at which an image is searched; larger ones are downscaled first."""

MIN_SIDE = 48
"""Short side, in pixels, below which an image cannot hold a readable mark."""

MEAN_WINDOW = 9
DEVIATION_WINDOW = 8
DEVIATION_FLOOR = 1.0
"""Deviation, in levels, added in quadrature to avoid division by zero in flat regions."""


class Residual:
    """A running average of normalised luma residuals.

    Frames of another size than the first are resized to it.
    """

    def __init__(self) -> None:
        self.frames = 0
        self._sum: Plane | None = None

    def add(self, frame: Frame) -> None:
        """Add a frame (H x W x 3 uint8 RGB) to the average."""
        luma = _work_luma(frame)
        if self._sum is not None and luma.shape != self._sum.shape:
            size = (self._sum.shape[1], self._sum.shape[0])
            luma = np.asarray(cv2.resize(luma, size, interpolation=cv2.INTER_AREA), dtype=np.float32)
        residual = normalised_residual(luma)
        self._sum = residual if self._sum is None else self._sum + residual
        self.frames += 1

    def merge(self, other: Residual) -> None:
        """Add the frames of another average; one of another size is ignored."""
        if other._sum is None:
            return
        if self._sum is None:
            self._sum, self.frames = other._sum.copy(), other.frames
        elif self._sum.shape == other._sum.shape:
            self._sum, self.frames = self._sum + other._sum, self.frames + other.frames

    def mean(self) -> Plane | None:
        """Return the average, h x w float32 with both sides at most `WORK_SIDE`; None before the first frame."""
        return None if self._sum is None else np.asarray(self._sum / np.float32(self.frames), dtype=np.float32)


def normalised_residual(luma: Plane) -> Plane:
    """Compute (luma - local mean) / local deviation, h x w float32, always finite.

    Args:
        luma: h x w float32 in [0, 255].
    """
    high = luma - cv2.blur(luma, (MEAN_WINDOW, MEAN_WINDOW))
    # A box filter of squares can return tiny negative values in flat regions, whose root would be NaN.
    power = np.maximum(cv2.blur(high * high, (DEVIATION_WINDOW, DEVIATION_WINDOW)), 0.0)
    return np.asarray(high / np.sqrt(power + DEVIATION_FLOOR**2), dtype=np.float32)


def _work_luma(frame: Frame) -> Plane:
    """Return the luma of a frame, downscaled to `WORK_SIDE`, as float32."""
    luma: NDArray[Any] = cv2.cvtColor(np.ascontiguousarray(frame), cv2.COLOR_RGB2GRAY)
    scale = WORK_SIDE / max(luma.shape)
    if scale < 1.0:
        size = (max(1, round(luma.shape[1] * scale)), max(1, round(luma.shape[0] * scale)))
        luma = cv2.resize(luma, size, interpolation=cv2.INTER_AREA)
    return np.asarray(luma, dtype=np.float32)
