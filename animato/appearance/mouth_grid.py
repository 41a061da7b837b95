"""Sampling grid inside an opening: each column runs from the upper to the lower edge of the opening.

Cells of two mouths correspond even if the mouths open to different degrees.
"""

from __future__ import annotations

import functools
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from animato.types import Plane

MIN_AREA = 12.0
"""Smallest area of an opening that is sampled, pixels of its patch."""

SUPERSAMPLING = 4
"""Samples averaged per cell, in each direction."""

MOUTH_GRID = (16, 28)
"""Rows and columns of cells between the lips, about two per tooth."""

MOUTH_INTERIOR_SHAPE = (*MOUTH_GRID, 2)
"""Shape of a mouth interior: rows, columns, (brightness, redness)."""


@dataclass(frozen=True)
class ApertureGrid:
    """A grid of cells inside one opening.

    Attributes:
        shape: rows and columns of cells.
        opening: S x S uint8, 255 inside the opening.
        first: first column of the opening, pixels.
        last: last column.
        top: upper edge of the opening in each of these columns, pixels.
        bottom: lower edge, likewise.
    """

    shape: tuple[int, int]
    opening: NDArray[np.uint8]
    first: int
    last: int
    top: Plane
    bottom: Plane

    @classmethod
    def from_mask(cls, opening: NDArray[np.uint8], shape: tuple[int, int]) -> ApertureGrid | None:
        """Return the grid of an opening; None if the opening is too small.

        Args:
            opening: S x S uint8, 255 inside the opening.
            shape: rows and columns of cells.
        """
        span = _span(opening)
        return None if span is None else cls(shape, opening, *span)

    def sample(self, picture: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return the mean of a picture (S x S or S x S x C float32) in each cell: rows x columns (x C) float32."""
        x, y = self._sample_positions
        samples = cv2.remap(picture, x, y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
        rows, columns = self.shape
        return np.asarray(cv2.resize(samples, (columns, rows), interpolation=cv2.INTER_AREA), np.float32)

    def interpolate(self, values: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return cell values (rows x columns (x C) float32) as a picture, S x S (x C) float32, bilinearly interpolated.

        0 outside the opening.
        """
        rows, columns = self.shape
        x = np.arange(self.last + 1 - self.first, dtype=np.float32)
        y = np.arange(self.opening.shape[0], dtype=np.float32)[:, None]
        down = (y - self.top) / np.maximum(self.bottom - self.top, 1.0) * rows - 0.5
        across = np.broadcast_to((x + 0.5) / len(x) * columns - 0.5, down.shape)
        interpolated = cv2.remap(
            np.ascontiguousarray(values, np.float32),
            np.ascontiguousarray(across, np.float32),
            np.ascontiguousarray(down, np.float32),
            cv2.INTER_LINEAR,
            borderMode=cv2.BORDER_REPLICATE,
        )
        mask = self.opening[:, self.first : self.last + 1].astype(np.float32) / 255
        picture = np.zeros((*self.opening.shape, *values.shape[2:]), np.float32)
        picture[:, self.first : self.last + 1] = interpolated * (mask if values.ndim == 2 else mask[..., None])
        return picture

    @functools.cached_property
    def _sample_positions(self) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Return x and y of the samples, each (rows SUPERSAMPLING) x (columns SUPERSAMPLING) float32."""
        rows, columns = self.shape
        width = self.last + 1 - self.first
        across = (np.arange(columns * SUPERSAMPLING, dtype=np.float32) + 0.5) / (columns * SUPERSAMPLING) * width - 0.5
        column = np.clip(np.rint(across), 0, width - 1).astype(int)
        down = (np.arange(rows * SUPERSAMPLING, dtype=np.float32)[:, None] + 0.5) / (rows * SUPERSAMPLING)
        y = np.ascontiguousarray(self.top[column] + down * (self.bottom - self.top)[column], np.float32)
        return np.ascontiguousarray(np.broadcast_to(across + self.first, y.shape), np.float32), y


def _span(opening: NDArray[np.uint8]) -> tuple[int, int, Plane, Plane] | None:
    """Return the first and last column of an opening, and its upper and lower edge in each (W float32, pixels)."""
    mask = opening > 127
    if mask.sum() < MIN_AREA:
        return None
    columns = np.flatnonzero(mask.any(axis=0))
    first, last = int(columns[0]), int(columns[-1])
    cropped = mask[:, first : last + 1]
    top = cropped.argmax(axis=0).astype(np.float32) - 0.5
    bottom = opening.shape[0] - cropped[::-1].argmax(axis=0).astype(np.float32) - 0.5
    empty = ~cropped.any(axis=0)
    if empty.any():
        x = np.arange(cropped.shape[1])
        top[empty], bottom[empty] = (np.interp(x[empty], x[~empty], edge[~empty]) for edge in (top, bottom))
    # Edges at integer pixels would show as a staircase.
    smooth = [cv2.GaussianBlur(edge[None].astype(np.float32), (0, 0), 2.0)[0] for edge in (top, bottom)]
    return first, last, np.asarray(smooth[0], np.float32), np.asarray(smooth[1], np.float32)
