"""Frames at the size the networks want: reduced once, kept in memory up to a limit."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from animato.data.clips import ClipFrames, ClipStore, scaled_points


def reduced(frames: ClipFrames, size: int) -> ClipFrames:
    """Return frames at another size, points moved with them.

    Args:
        frames: square images of any one size.
        size: side of the result, pixels.
    """
    source = frames.images.shape[1]
    if source == size:
        return frames
    how = cv2.INTER_AREA if source > size else cv2.INTER_CUBIC
    images = np.stack([cv2.resize(image, (size, size), interpolation=how) for image in frames.images])
    return ClipFrames(images.astype(np.uint8), scaled_points(frames.points, source, size), frames.blendshapes)


class FrameCache:
    """Reads clips of a store at one size; whole clips stay in memory, the least recently used leave first.

    Safe to read from several threads.
    """

    def __init__(self, store: ClipStore, size: int, limit_mb: int) -> None:
        self._store = store
        self._size = size
        self._limit = limit_mb * 1_000_000
        self._held: OrderedDict[str, ClipFrames] = OrderedDict()
        self._bytes = 0
        self._lock = threading.Lock()
        self._frames = {entry.clip: entry.frames for entry in store.clips}

    def load(self, clip: str, indices: Sequence[int]) -> ClipFrames:
        """Return frames of a clip, in the order asked, at the cache's size.

        Raises:
            InputError: the clip or a frame is unknown or damaged.
        """
        with self._lock:
            held = self._held.get(clip)
            if held is not None:
                self._held.move_to_end(clip)
        if held is None:
            size_of_clip = self._frames.get(clip, 0) * self._size * self._size * 3
            if size_of_clip * 4 > self._limit:
                return reduced(self._store.load(clip, indices), self._size)
            held = reduced(self._store.load(clip, range(self._frames[clip])), self._size)
            self._keep(clip, held)
        wanted: NDArray[np.int64] = np.asarray(indices, dtype=np.int64)
        return ClipFrames(held.images[wanted], held.points[wanted], held.blendshapes[wanted])

    def _keep(self, clip: str, frames: ClipFrames) -> None:
        with self._lock:
            if clip in self._held:
                return
            self._held[clip] = frames
            self._bytes += frames.images.nbytes
            while self._bytes > self._limit:
                _, gone = self._held.popitem(last=False)
                self._bytes -= gone.images.nbytes
