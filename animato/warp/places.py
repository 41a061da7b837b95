"""A grid of places behind an opening (lips, lids): each column reaches from the opening's upper to its lower edge.

Two faces that open differently far are compared place by place.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from animato.types import Plane

LEAST = 12.0
"""Area of an opening, in pixels of its patch, below which nothing can be seen in it."""

FINE = 4
"""Samples that are averaged for one place, in each direction."""


def read_places(
    picture: NDArray[np.float32], opening: NDArray[np.uint8], shape: tuple[int, int]
) -> NDArray[np.float32] | None:
    """Return the mean of a picture at each place behind an opening, or None where too little is open.

    Args:
        picture: S x S or S x S x C float32.
        opening: S x S uint8, 255 behind the opening.
        shape: rows and columns of places.

    Returns:
        rows x columns (x C) float32.
    """
    span = _span(opening)
    if span is None:
        return None
    first, last, top, bottom = span
    rows, columns = shape
    across = (np.arange(columns * FINE, dtype=np.float32) + 0.5) / (columns * FINE) * (last + 1 - first) - 0.5
    at = np.clip(np.rint(across), 0, last - first).astype(int)
    down = (np.arange(rows * FINE, dtype=np.float32)[:, None] + 0.5) / (rows * FINE)
    y = np.ascontiguousarray(top[at] + down * (bottom - top)[at], np.float32)
    x = np.ascontiguousarray(np.broadcast_to(across + first, y.shape), np.float32)
    fine = cv2.remap(picture, x, y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(cv2.resize(fine, (columns, rows), interpolation=cv2.INTER_AREA), np.float32)


def spread_places(values: NDArray[np.float32], opening: NDArray[np.uint8]) -> NDArray[np.float32] | None:
    """Return values at places as a picture, interpolated between them and 0 outside; None where too little is open.

    Args:
        values: rows x columns (x C) float32.
        opening: S x S uint8, 255 behind the opening.

    Returns:
        S x S (x C) float32.
    """
    span = _span(opening)
    if span is None:
        return None
    first, last, top, bottom = span
    rows, columns = values.shape[:2]
    x = np.arange(first, last + 1, dtype=np.float32)
    y = np.arange(opening.shape[0], dtype=np.float32)[:, None]
    down = (y - top) / np.maximum(bottom - top, 1.0) * rows - 0.5
    across = np.broadcast_to((x - first + 0.5) / (last + 1 - first) * columns - 0.5, down.shape)
    found = cv2.remap(
        np.ascontiguousarray(values, np.float32),
        np.ascontiguousarray(across, np.float32),
        np.ascontiguousarray(down, np.float32),
        cv2.INTER_LINEAR,
        borderMode=cv2.BORDER_REPLICATE,
    )
    soft = opening[:, first : last + 1].astype(np.float32) / 255
    whole = np.zeros((*opening.shape, *values.shape[2:]), np.float32)
    whole[:, first : last + 1] = found * (soft if values.ndim == 2 else soft[..., None])
    return whole


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
