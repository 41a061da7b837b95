"""Grid behind an opening (lips, lids): each column runs from the upper to the lower edge of the opening.

Two faces that open differently far are compared place by place.
"""

from __future__ import annotations

import functools
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from animato.types import Plane

LEAST = 12.0
"""Area of an opening, in pixels of its patch, below which nothing can be seen in it."""

FINE = 4
"""Samples that are averaged for one place, in each direction."""

INSIDE_PLACES = (16, 28)
"""Places between the lips, down and across, whose brightness and redness are kept: about two to a tooth."""

INSIDE_SHAPE = (*INSIDE_PLACES, 2)
"""Shape of what a mouth shows inside: the places, and of each its brightness, then its redness."""


@dataclass(frozen=True)
class Places:
    """A grid of places behind one opening.

    Attributes:
        shape: rows and columns of places.
        opening: S x S uint8, 255 behind the opening.
        first: first column of the opening.
        last: last column.
        top: upper end of the opening in each of these columns, pixels.
        bottom: lower end, likewise.
    """

    shape: tuple[int, int]
    opening: NDArray[np.uint8]
    first: int
    last: int
    top: Plane
    bottom: Plane

    @classmethod
    def behind(cls, opening: NDArray[np.uint8], shape: tuple[int, int]) -> Places | None:
        """Find the places behind an opening; None where too little is open.

        Args:
            opening: S x S uint8, 255 behind the opening.
            shape: rows and columns of places.
        """
        span = _span(opening)
        return None if span is None else cls(shape, opening, *span)

    def read(self, picture: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return the mean of a picture (S x S or S x S x C float32) at each place: rows x columns (x C) float32."""
        x, y = self._samples
        fine = cv2.remap(picture, x, y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
        rows, columns = self.shape
        return np.asarray(cv2.resize(fine, (columns, rows), interpolation=cv2.INTER_AREA), np.float32)

    def spread(self, values: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return values at places (rows x columns (x C) float32) as a picture: S x S (x C) float32, 0 outside the
        opening and interpolated between places."""
        rows, columns = self.shape
        x = np.arange(self.last + 1 - self.first, dtype=np.float32)
        y = np.arange(self.opening.shape[0], dtype=np.float32)[:, None]
        down = (y - self.top) / np.maximum(self.bottom - self.top, 1.0) * rows - 0.5
        across = np.broadcast_to((x + 0.5) / len(x) * columns - 0.5, down.shape)
        found = cv2.remap(
            np.ascontiguousarray(values, np.float32),
            np.ascontiguousarray(across, np.float32),
            np.ascontiguousarray(down, np.float32),
            cv2.INTER_LINEAR,
            borderMode=cv2.BORDER_REPLICATE,
        )
        soft = self.opening[:, self.first : self.last + 1].astype(np.float32) / 255
        whole = np.zeros((*self.opening.shape, *values.shape[2:]), np.float32)
        whole[:, self.first : self.last + 1] = found * (soft if values.ndim == 2 else soft[..., None])
        return whole

    @functools.cached_property
    def _samples(self) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Return x and y of the fine places, each (rows FINE) x (columns FINE) float32."""
        rows, columns = self.shape
        width = self.last + 1 - self.first
        across = (np.arange(columns * FINE, dtype=np.float32) + 0.5) / (columns * FINE) * width - 0.5
        at = np.clip(np.rint(across), 0, width - 1).astype(int)
        down = (np.arange(rows * FINE, dtype=np.float32)[:, None] + 0.5) / (rows * FINE)
        y = np.ascontiguousarray(self.top[at] + down * (self.bottom - self.top)[at], np.float32)
        return np.ascontiguousarray(np.broadcast_to(across + self.first, y.shape), np.float32), y


def _span(opening: NDArray[np.uint8]) -> tuple[int, int, Plane, Plane] | None:
    """Return the first and last column of an opening, and its upper and lower end in each (W float32, pixels)."""
    mask = opening > 127
    if mask.sum() < LEAST:
        return None
    columns = np.flatnonzero(mask.any(axis=0))
    first, last = int(columns[0]), int(columns[-1])
    part = mask[:, first : last + 1]
    top = part.argmax(axis=0).astype(np.float32) - 0.5
    bottom = opening.shape[0] - part[::-1].argmax(axis=0).astype(np.float32) - 0.5
    hole = ~part.any(axis=0)
    if hole.any():
        x = np.arange(part.shape[1])
        top[hole], bottom[hole] = (np.interp(x[hole], x[~hole], ends[~hole]) for ends in (top, bottom))
    # Ends at whole pixels would show as teeth of a saw.
    smooth = [cv2.GaussianBlur(ends[None].astype(np.float32), (0, 0), 2.0)[0] for ends in (top, bottom)]
    return first, last, np.asarray(smooth[0], np.float32), np.asarray(smooth[1], np.float32)
