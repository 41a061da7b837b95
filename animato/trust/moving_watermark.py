"""Watermark a video incrementally: only the region that changed since the previous frame is marked again.

In a large photo only the square around the head moves. The result is bit-identical to `Marker.embed`. The previous
frame is kept as a copy; input and output frames belong to the caller.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from animato.trust.watermark import QUARTER, REACH, Marker
from animato.types import Box, Frame

FULL_SHARE = 0.5
"""Changed share of a frame above which the whole frame is marked."""


class MovingMarker:
    """Watermarks consecutive frames.

    Args:
        marker: watermarks a single frame.

    Attributes:
        touched: where the last marked frame differs from the one before it, at most; None for everywhere.
    """

    def __init__(self, marker: Marker) -> None:
        self._marker = marker
        self.touched: Box | None = None
        self._last: tuple[Frame, Frame] | None = None

    def embed(self, frame: Frame) -> Frame:
        """Return a marked copy of a frame; see `Marker.embed`.

        Args:
            frame: H x W x 3 uint8 RGB.
        """
        height, width = frame.shape[:2]
        self.touched = None
        if not frame.flags.c_contiguous or height % QUARTER or width % QUARTER:
            self._last = None  # regions of this frame cannot be marked separately
            return self._marker.embed(frame)
        if not self._update(frame):
            self._last = frame.copy(), self._marker.embed(frame)
        assert self._last is not None
        return self._last[1].copy()

    def _update(self, frame: Frame) -> bool:
        """Update the last frame and its marked copy in place; return False, unchanged, when that saves no time."""
        if self._last is None or self._last[0].shape != frame.shape:
            return False
        before, marked = self._last
        height, width = frame.shape[:2]
        box = changed(before, frame)
        if box is None:
            self.touched = 0, 0, 0, 0
            return True
        # The gain depends on pixels up to REACH away: grow once for the pixels affected, once for their inputs.
        touched, needed = _grown(box, REACH, width, height), _grown(box, 2 * REACH, width, height)
        left, top, right, bottom = needed
        if (right - left) * (bottom - top) > FULL_SHARE * width * height:
            return False
        part = self._marker.embed_part(frame, needed)
        x0, y0, x1, y1 = touched
        marked[y0:y1, x0:x1] = part[y0 - top : y1 - top, x0 - left : x1 - left]
        before[y0:y1, x0:x1] = frame[y0:y1, x0:x1]
        self.touched = touched
        return True


def changed(before: Frame, now: Frame) -> Box | None:
    """Return a bounding box of the pixels that differ between two frames, or None if they are equal.

    Frames are H x W x 3 uint8, W a multiple of 4. Four bytes are compared at once, so the box may be one pixel wider on
    the left and right.
    """
    words_before, words_now = _words(before), _words(now)
    rows = np.flatnonzero((words_before != words_now).any(axis=1))
    if not len(rows):
        return None
    top, bottom = int(rows[0]), int(rows[-1]) + 1
    columns = np.flatnonzero((words_before[top:bottom] != words_now[top:bottom]).any(axis=0))
    return int(columns[0]) * 4 // 3, top, -(-(int(columns[-1]) + 1) * 4 // 3), bottom


def _words(frame: Frame) -> NDArray[np.uint32]:
    return frame.reshape(frame.shape[0], -1).view(np.uint32)


def _grown(box: Box, by: int, width: int, height: int) -> Box:
    """Grow a box by a margin to multiples of `QUARTER`, clipped to the frame."""
    left, top = (max(0, (edge - by) // QUARTER * QUARTER) for edge in box[:2])
    right, bottom = (
        min(most, -(-(edge + by) // QUARTER) * QUARTER) for edge, most in zip(box[2:], (width, height), strict=True)
    )
    return left, top, right, bottom
