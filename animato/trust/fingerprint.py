"""Perceptual hashes of an output's pictures, to tell whether a watermark is still on the pictures it was made for.

The watermark can be copied onto other pictures; its id alone therefore does not say which pictures were made here. A
hash survives recompression, scaling and turning, and no picture can be drawn from its 256 bits.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

import cv2
import numpy as np

from animato.errors import AnimatoError
from animato.media.image import load_picture
from animato.media.probe import media_type as probe
from animato.media.reader import open_video
from animato.settings.media import ReaderSettings
from animato.types import Frame, Plane

HASHED_FRAMES = 5
"""Frames of an output that are hashed, spread over its length."""

MAX_DISTANCE = 48
"""Bits in which hashes of the same picture differ at most; those of other portraits in 50 to 130."""

_SIDE, _COEFFICIENTS = 64, 16
_HASH_FRAME_SIDE = 256
_READER = ReaderSettings(decode_threads=1)
_DARK = 24
"""Luma below which a border is taken for a letterbox, levels."""

_CROPS = (0.0, 0.1, 0.25)
"""Shares of width and height cut off, half at each side, for which a hash is stored as well."""


def frame_hash(frame: Frame) -> int:
    """Return the 256-bit perceptual hash of a picture: signs of its lowest cosine coefficients about their median.

    Args:
        frame: H x W x 3 uint8 RGB.
    """
    return _hash(_luma(frame))


def picture_hashes(frame: Frame) -> list[int]:
    """Return the hashes stored for one picture, H x W x 3 uint8 RGB: whole, with its middle parts, and upright 9:16."""
    luma = _luma(frame)
    height, width = luma.shape
    hashes = []
    for share in _CROPS:
        rows, columns = round(height * share / 2), round(width * share / 2)
        hashes.append(_hash(luma[rows : height - rows, columns : width - columns]))
    upright = min(width, max(1, round(height * 9 / 16)))
    left = (width - upright) // 2
    return [*hashes, _hash(luma[:, left : left + upright])]


def file_hashes(paths: Iterable[Path]) -> list[str]:
    """Return the hashes of a finished output as hexadecimal words, without repetition; none if it cannot be read.

    Args:
        paths: one video or picture, or the pictures of a folder.
    """
    hashes: dict[str, None] = {}
    try:
        for frame in _spread(list(paths)):
            hashes.update(dict.fromkeys(f"{value:064x}" for value in picture_hashes(frame)))
    except AnimatoError:
        return []  # a note without hashes says less, but the output is complete
    return list(hashes)


def looks_like(frame: Frame, hashes: Iterable[str]) -> bool:
    """Return whether a picture, in any of its eight orientations and without dark borders, has one of the hashes.

    Args:
        frame: H x W x 3 uint8 RGB.
        hashes: from `file_hashes`.
    """
    known = [int(word, 16) for word in hashes]
    luma = _without_borders(_luma(frame))
    for mirrored in (luma, luma[:, ::-1]):
        for quarters in range(4):
            value = _hash(np.ascontiguousarray(np.rot90(mirrored, quarters)))
            if any((value ^ other).bit_count() <= MAX_DISTANCE for other in known):
                return True
    return False


def _spread(paths: list[Path]) -> Iterator[Frame]:
    if len(paths) == 1 and not probe(paths[0]).startswith("image/"):
        yield from _video_frames(paths[0])
        return
    for path in paths[:: max(1, -(-len(paths) // HASHED_FRAMES))]:
        yield load_picture(path).image


def _video_frames(path: Path) -> Iterator[Frame]:
    with open_video(path, max_side=_HASH_FRAME_SIDE, settings=_READER) as video:
        duration = video.info.duration or 0.0
        yield next(iter(video)).image
    for number in range(1, HASHED_FRAMES):
        if duration * number / HASHED_FRAMES > 0:
            start = duration * number / HASHED_FRAMES
            with open_video(path, max_side=_HASH_FRAME_SIDE, start=start, settings=_READER) as video:
                for timed in video:
                    yield timed.image
                    break


def _luma(frame: Frame) -> Plane:
    return np.asarray(cv2.cvtColor(np.ascontiguousarray(frame), cv2.COLOR_RGB2GRAY), dtype=np.float32)


def _without_borders(luma: Plane) -> Plane:
    """Return the part inside uniformly dark rows and columns at the edges; the whole if little would be left."""
    rows = np.flatnonzero(luma.max(axis=1) > _DARK)
    columns = np.flatnonzero(luma.max(axis=0) > _DARK)
    if len(rows) < luma.shape[0] // 4 or len(columns) < luma.shape[1] // 4:
        return luma
    return luma[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]


def _hash(luma: Plane) -> int:
    small = cv2.resize(np.ascontiguousarray(luma), (_SIDE, _SIDE), interpolation=cv2.INTER_AREA)
    low = np.asarray(cv2.dct(small))[:_COEFFICIENTS, :_COEFFICIENTS].ravel().copy()
    low[0] = 0.0  # brightness alone says nothing
    return int("".join("1" if brighter else "0" for brighter in low > np.median(low)), 2)
