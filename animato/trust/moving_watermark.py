"""Marking the frames of a video: what did not change since the frame before is not marked again.

In a large photo only the square around the head moves. The result is the same, bit by bit, as that of `Marker.embed`.
What is remembered of the frame before is a copy: frames that come in and go out belong to the caller.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from animato.trust.watermark import QUARTER, REACH, Marker
from animato.types import Frame

WORTH = 0.5
"""Share of a frame that changed from which all of it is marked anew."""

Box = tuple[int, int, int, int]
"""Left, top, right and bottom in pixels, the last two exclusive."""


class MovingMarker:
    """Marks frame after frame.

    Args:
        marker: what marks a single frame.
    """

    def __init__(self, marker: Marker) -> None:
        self._marker = marker
        self._last: tuple[Frame, Frame] | None = None

    def embed(self, frame: Frame) -> Frame:
        """Return a marked copy of a frame, an array of its own; see `Marker.embed`.

        Args:
            frame: H x W x 3 uint8 RGB.
        """
        height, width = frame.shape[:2]
        if not frame.flags.c_contiguous or height % QUARTER or width % QUARTER:
            self._last = None  # a part of it cannot be marked by itself
            return self._marker.embed(frame)
        if not self._update(frame):
            self._last = frame.copy(), self._marker.embed(frame)
        assert self._last is not None
        return self._last[1].copy()

    def _update(self, frame: Frame) -> bool:
        """Bring the last frame and its marked twin up to date; False, and nothing done, where that gains nothing."""
        if self._last is None or self._last[0].shape != frame.shape:
            return False
        before, marked = self._last
        height, width = frame.shape[:2]
        box = changed(before, frame)
        if box is None:
            return True
        # The gain of a pixel depends on its surroundings: so much more has another one, and so much more tells it.
        touched, needed = _grown(box, REACH, width, height), _grown(box, 2 * REACH, width, height)
        left, top, right, bottom = needed
        if (right - left) * (bottom - top) > WORTH * width * height:
            return False
        part = self._marker.embed_part(frame, needed)
        x0, y0, x1, y1 = touched
        marked[y0:y1, x0:x1] = part[y0 - top : y1 - top, x0 - left : x1 - left]
        before[y0:y1, x0:x1] = frame[y0:y1, x0:x1]
        return True


def changed(before: Frame, now: Frame) -> Box | None:
    """Return a box with all pixels that differ between two frames (H x W x 3 uint8, W a multiple of 4), or None.

    Four bytes are compared at once, so its left and right may lie a pixel further out.
    """
    one, two = (_words(frame) for frame in (before, now))
    rows = np.flatnonzero((one != two).any(axis=1))
    if not len(rows):
        return None
    top, bottom = int(rows[0]), int(rows[-1]) + 1
    columns = np.flatnonzero((one[top:bottom] != two[top:bottom]).any(axis=0))
    return int(columns[0]) * 4 // 3, top, -(-(int(columns[-1]) + 1) * 4 // 3), bottom


def _words(frame: Frame) -> NDArray[np.uint32]:
    return frame.reshape(frame.shape[0], -1).view(np.uint32)


def _grown(box: Box, by: int, width: int, height: int) -> Box:
    """Return a box grown to multiples of `QUARTER`, within the frame."""
    left, top = (max(0, (edge - by) // QUARTER * QUARTER) for edge in box[:2])
    right, bottom = (
        min(most, -(-(edge + by) // QUARTER) * QUARTER) for edge, most in zip(box[2:], (width, height), strict=True)
    )
    return left, top, right, bottom
