"""Load frames at the network's input size, with an LRU cache."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from animato.data.clips import ClipFrames, ClipStore, scaled_points


def resized(frames: ClipFrames, size: int) -> ClipFrames:
    """Resize frames and their points.

    Args:
        frames: square images of any one size.
        size: side of the result, pixels.
    """
    source = frames.images.shape[1]
    if source == size:
        return frames
    interpolation = cv2.INTER_AREA if source > size else cv2.INTER_CUBIC
    images = np.stack([cv2.resize(image, (size, size), interpolation=interpolation) for image in frames.images])
    return ClipFrames(images.astype(np.uint8), scaled_points(frames.points, source, size), frames.blendshapes)


class FrameCache:
    """LRU cache of whole clips at one size. Thread-safe."""

    def __init__(self, store: ClipStore, size: int, limit_mb: int) -> None:
        self._store = store
        self._size = size
        self._limit = limit_mb * 1_000_000
        self._clips: OrderedDict[str, ClipFrames] = OrderedDict()
        self._bytes = 0
        self._lock = threading.Lock()

    def load(self, clip: str, indices: Sequence[int]) -> ClipFrames:
        """Return frames of a clip, in the given order, at the cache's size.

        Raises:
            InputError: the clip or a frame is unknown or damaged.
        """
        with self._lock:
            cached = self._clips.get(clip)
            if cached is not None:
                self._clips.move_to_end(clip)
        if cached is None:
            count = self._store.entry(clip).frames
            size_of_clip = count * self._size * self._size * 3
            if size_of_clip * 4 > self._limit:
                return resized(self._store.load(clip, indices), self._size)
            cached = resized(self._store.load(clip, range(count)), self._size)
            self._insert(clip, cached)
        selected: NDArray[np.int64] = np.asarray(indices, dtype=np.int64)
        return ClipFrames(cached.images[selected], cached.points[selected], cached.blendshapes[selected])

    def _insert(self, clip: str, frames: ClipFrames) -> None:
        with self._lock:
            if clip in self._clips:
                return
            self._clips[clip] = frames
            self._bytes += frames.images.nbytes
            while self._bytes > self._limit:
                _, evicted = self._clips.popitem(last=False)
                self._bytes -= evicted.images.nbytes
