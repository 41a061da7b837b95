"""Quantise frames to 255 colours for gif, with an adaptive palette and ordered dithering."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from animato.types import Frame

_COLOURS = 255
_BITS = 6
_SAMPLE = 65_000
"""Pixels sampled to compute a palette."""

_WORSE = 1.35
"""Error relative to the frame the palette was computed for, above which a new palette is computed."""

_THRESHOLDS = 8
"""Side of the dither pattern."""


class PaletteMapper:
    """Maps frames to palette indices; the palette is kept while its error is low, so static regions do not flicker.

    Dithering is ordered (Bayer 1973): its pattern is fixed in the image, while error diffusion flickers.

    Args:
        dither: amplitude of the pattern in levels of 255; 0 disables dithering.
    """

    def __init__(self, dither: float) -> None:
        pattern = (_bayer(_THRESHOLDS) - 0.5) * dither
        self._pattern = np.rint(pattern).astype(np.int16)
        self._lighter: Frame | None = None
        self._darker: Frame | None = None
        self._table: NDArray[np.uint8] | None = None
        self._fit = 0.0
        self.palette: NDArray[np.uint8] = np.zeros((_COLOURS, 3), np.uint8)

    def __call__(self, frame: Frame) -> NDArray[np.uint8]:
        """Convert an H x W x 3 uint8 RGB frame to H x W uint8 indices into `palette` (255 x 3 uint8 RGB)."""
        if self._table is None or self._misfit(frame) > self._fit * _WORSE + 0.5:
            self._renew(frame)
        lighter, darker = self._pattern_for(frame)
        return self._look_up(np.asarray(cv2.subtract(cv2.add(frame, lighter), darker), dtype=np.uint8))

    def _renew(self, frame: Frame) -> None:
        sample = Image.fromarray(_balanced_sample(frame)[None])
        reduced = sample.quantize(_COLOURS, method=Image.Quantize.MEDIANCUT, kmeans=1, dither=Image.Dither.NONE)
        listed = np.array(reduced.getpalette() or [0, 0, 0], np.uint8).reshape(-1, 3)[:_COLOURS]
        self.palette = np.zeros((_COLOURS, 3), np.uint8)
        self.palette[: len(listed)] = listed
        self._table = _nearest(listed)
        self._fit = self._misfit(frame)

    def _misfit(self, frame: Frame) -> float:
        """Compute the mean absolute error of the palette on every 16th pixel, in levels."""
        few = np.ascontiguousarray(frame[::4, ::4])
        return float(np.abs(self.palette[self._look_up(few)].astype(np.int16) - few).mean())

    def _look_up(self, frame: Frame) -> NDArray[np.uint8]:
        assert self._table is not None
        parts = (frame >> (8 - _BITS)).astype(np.uint32)
        indices: NDArray[np.uint8] = self._table[
            (parts[..., 0] << (2 * _BITS)) | (parts[..., 1] << _BITS) | parts[..., 2]
        ]
        return indices

    def _pattern_for(self, frame: Frame) -> tuple[Frame, Frame]:
        if self._lighter is None or self._darker is None or self._lighter.shape != frame.shape:
            height, width = frame.shape[:2]
            tiled = np.tile(self._pattern, (height // _THRESHOLDS + 1, width // _THRESHOLDS + 1))[:height, :width]
            colour = np.repeat(tiled[..., None], 3, axis=2)
            self._lighter = np.maximum(colour, 0).astype(np.uint8)
            self._darker = np.maximum(-colour, 0).astype(np.uint8)
        return self._lighter, self._darker


def _balanced_sample(frame: Frame) -> NDArray[np.uint8]:
    """Sample N x 3 pixels of a frame, weighting a colour that occurs n times by about sqrt(n).

    A plain background would otherwise take most of the palette and leave the lips grainy (on faces, against a uniform
    sample: +1 dB over the frame, error of the worst blocks down by a third).
    """
    step = max(1, int(np.sqrt(frame.shape[0] * frame.shape[1] / _SAMPLE)))
    pixels = frame[::step, ::step].reshape(-1, 3)
    coarse = (pixels >> 3).astype(np.int32)
    cells = (coarse[:, 0] << 10) | (coarse[:, 1] << 5) | coarse[:, 2]
    order = np.argsort(cells, kind="stable")
    _, first, counts = np.unique(cells[order], return_index=True, return_counts=True)
    rank = np.arange(len(order)) - np.repeat(first, counts)
    stride = np.repeat(np.rint(np.sqrt(counts)).astype(np.int64), counts)
    return np.ascontiguousarray(pixels[order[rank % stride == 0]])


def _nearest(palette: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Build the table from 6-bit colours (index r << 12 | g << 6 | b) to the index of the nearest palette entry."""
    levels = (np.arange(1 << _BITS) * (1 << (8 - _BITS)) + (1 << (7 - _BITS))).astype(np.float32)
    entries = palette.astype(np.float32)
    constant = (entries**2).sum(axis=1)
    table = np.empty(1 << (3 * _BITS), np.uint8)
    green, blue = np.meshgrid(levels, levels, indexing="ij")
    per_red = green.size
    for index, red in enumerate(levels):
        colours = np.stack([np.full(per_red, red, np.float32), green.ravel(), blue.ravel()], axis=1)
        distance = constant - 2.0 * colours @ entries.T
        table[index * per_red : (index + 1) * per_red] = distance.argmin(axis=1)
    return table


def _bayer(side: int) -> NDArray[np.float64]:
    """Return the Bayer threshold matrix with a power-of-two side, values evenly spaced in (0, 1)."""
    matrix = np.zeros((1, 1))
    while len(matrix) < side:
        matrix = np.block([[4 * matrix, 4 * matrix + 2], [4 * matrix + 3, 4 * matrix + 1]])
    return (matrix + 0.5) / side**2
