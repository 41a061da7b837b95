"""Interface of a data set: a list of clips, and frames of a clip by index. Does not import torch.

Conventions: images are face crops, H x W x 3 uint8 RGB, square; points are the tracker's 478 landmarks in pixels of
that crop, origin at the centre of the top-left pixel, third column depth at the same scale.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from animato.errors import InputError, UsageError
from animato.types import Points

SPLITS = ("train", "val", "test")


@dataclass(frozen=True, slots=True)
class ClipEntry:
    """One clip of a data set.

    Attributes:
        clip: name, unique in the data set.
        person: name of the person; all clips of a person are in one split.
        frames: number of frames, at least 1.
        split: "train", "val" or "test".
        kind: "video", "photo" or "rendered video".
    """

    clip: str
    person: str
    frames: int
    split: str
    kind: str


@dataclass(frozen=True)
class ClipFrames:
    """Frames of one clip, decoded.

    Attributes:
        images: n x H x W x 3 uint8 RGB.
        points: n x 478 x 3 float32, pixels of the images.
        blendshapes: n x 52 float32 in [0, 1].
    """

    images: NDArray[np.uint8]
    points: NDArray[np.float32]
    blendshapes: NDArray[np.float32]


class ClipStore(Protocol):
    """Clips with random access to their frames."""

    @property
    def clips(self) -> Sequence[ClipEntry]:
        """All clips, in a fixed order."""
        ...

    def entry(self, clip: str) -> ClipEntry:
        """Return one clip.

        Raises:
            InputError: there is none of that name.
        """
        ...

    def load(self, clip: str, indices: Sequence[int]) -> ClipFrames:
        """Return the frames of a clip at the given indices (0-based, in that order).

        Raises:
            InputError: the clip or a frame does not exist or is damaged.
        """
        ...


class MemoryClips:
    """A clip store in memory, for photos, synthetic clips and tests."""

    def __init__(self, entries: Sequence[ClipEntry], frames: Mapping[str, ClipFrames]) -> None:
        missing = [entry.clip for entry in entries if entry.clip not in frames]
        if missing:
            raise UsageError(f"no frames for clip {missing[0]}", where=f"{len(missing)} of {len(entries)} clips")
        self._clips = tuple(entries)
        self._entries = {entry.clip: entry for entry in entries}
        self._frames = dict(frames)

    @property
    def clips(self) -> Sequence[ClipEntry]:
        """All clips, in the order given."""
        return self._clips

    def entry(self, clip: str) -> ClipEntry:
        """Return one clip.

        Raises:
            InputError: there is none of that name.
        """
        if clip not in self._entries:
            raise InputError(f"no clip named {clip}", where=f"{len(self._clips)} clips in memory")
        return self._entries[clip]

    def load(self, clip: str, indices: Sequence[int]) -> ClipFrames:
        """Return the frames of a clip at the given indices (0-based, in that order).

        Raises:
            InputError: the clip or a frame does not exist.
        """
        frames = self._frames.get(clip)
        if frames is None:
            raise InputError(f"no clip named {clip}", where=f"{len(self._clips)} clips in memory")
        selected = np.asarray(indices, dtype=np.int64)
        if selected.size and not (int(selected.min()) >= 0 and int(selected.max()) < len(frames.images)):
            raise InputError(f"clip {clip} has no frame {int(selected.max())}", where=f"{len(frames.images)} frames")
        return ClipFrames(frames.images[selected], frames.points[selected], frames.blendshapes[selected])


def clips_of(store: ClipStore, split: str, least_frames: int = 1) -> list[ClipEntry]:
    """Return the clips of one split that have enough frames.

    Raises:
        UsageError: the split's name is unknown.
    """
    if split not in SPLITS:
        raise UsageError(f"no split named {split!r}", where=f"one of: {', '.join(SPLITS)}")
    return [entry for entry in store.clips if entry.split == split and entry.frames >= least_frames]


def scaled_points(points: Points, source: int, target: int) -> Points:
    """Scale points from a `source` px to a `target` px square, respecting pixel centres.

    Args:
        points: ... x 2 or ... x 3 float32, pixels; depth is scaled too.
    """
    scale = target / source
    scaled = points * np.float32(scale)
    scaled[..., :2] += np.float32(0.5 * scale - 0.5)
    return scaled
