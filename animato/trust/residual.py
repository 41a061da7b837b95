"""Normalised residual of the luma, averaged over the frames of a clip: the input of the watermark decoder.

Image content is noise here. Subtracting the local mean and dividing by the local deviation gives flat regions,
where the mark is undisturbed, the same weight as textured ones; averaging keeps what is constant between frames. The
spectrum of the average is flattened block by block.
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


BLOCK = 32
"""Side of the blocks whose spectra are flattened, pixels; they overlap by half."""

FLATTENING = 0.5
"""Exponent of the amplitude by which a frequency of a block is divided. 0.35 and 0.75, and blocks of 16 and 64, read as
many or fewer ids from clips at 0.35, 0.5 and 0.66 of their size."""

_WINDOW = np.sin(np.pi * (np.arange(BLOCK, dtype=np.float32) + 0.5) / BLOCK)
_WINDOWS = np.outer(_WINDOW, _WINDOW)
"""Applied before and after, so that the overlapping blocks sum to 1."""


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


def flattened(residual: Plane) -> Plane:
    """Flatten the spectrum of each block, so that edges and patterns of the image outweigh the mark less.

    Args:
        residual: h x w float32.

    Returns:
        h x w float32, in arbitrary units.
    """
    height, width = residual.shape
    half = BLOCK // 2
    rows, columns = -(-height // half) + 1, -(-width // half) + 1
    padded = np.zeros(((rows + 1) * half, (columns + 1) * half), dtype=np.float32)
    padded[half : half + height, half : half + width] = residual
    blocks = np.lib.stride_tricks.sliding_window_view(padded, (BLOCK, BLOCK))[::half, ::half] * _WINDOWS
    spectra = np.fft.rfft2(blocks)
    amplitude = np.abs(spectra)
    spectra /= np.maximum(amplitude, max(1e-3 * float(amplitude.mean()), 1e-9)) ** FLATTENING
    blocks = np.fft.irfft2(spectra, (BLOCK, BLOCK)) * _WINDOWS
    tiles = np.zeros((rows + 1, columns + 1, half, half), dtype=np.float32)
    for down in (0, 1):
        for across in (0, 1):
            quarter = blocks[..., down * half : (down + 1) * half, across * half : (across + 1) * half]
            tiles[down : down + rows, across : across + columns] += quarter
    plane = tiles.swapaxes(1, 2).reshape(padded.shape)
    return np.ascontiguousarray(plane[half : half + height, half : half + width])


def _work_luma(frame: Frame) -> Plane:
    """Return the luma of a frame, downscaled to `WORK_SIDE`, as float32."""
    luma: NDArray[Any] = cv2.cvtColor(np.ascontiguousarray(frame), cv2.COLOR_RGB2GRAY)
    scale = WORK_SIDE / max(luma.shape)
    if scale < 1.0:
        size = (max(1, round(luma.shape[1] * scale)), max(1, round(luma.shape[0] * scale)))
        luma = cv2.resize(luma, size, interpolation=cv2.INTER_AREA)
    return np.asarray(luma, dtype=np.float32)
