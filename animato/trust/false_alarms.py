"""Count false positives of the watermark detector on unmarked images.

Periodic images are the hardest case, because the mark is periodic too; `periodic_pictures` generates common ones.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from animato.trust.detect import WatermarkDetector
from animato.types import Frame


@dataclass(frozen=True)
class AlarmCount:
    """Detector results on unmarked images.

    Attributes:
        clips: number of clips tested.
        ids: number of clips in which an id was read.
        present: number of clips in which a mark was detected, ids included.
        mean_z: mean z of the pilots.
        highest_z: largest z of the pilots.
        highest_phase: largest phase agreement of the pilots.
    """

    clips: int
    ids: int
    present: int
    mean_z: float
    highest_z: float
    highest_phase: float


@dataclass(frozen=True)
class AlarmLook:
    """Detector result on one unmarked clip; see `MarkReading`."""

    id: bool
    present: bool
    z: float
    phase: float


def look_at(frames: Iterable[Frame]) -> AlarmLook:
    """Run the detector on an unmarked clip (frames H x W x 3 uint8 RGB).

    Raises:
        PictureError: a frame is not H x W x 3 uint8.
    """
    detector = WatermarkDetector()
    for frame in frames:
        detector.add(frame)
    reading = detector.read()
    return AlarmLook(reading.found_id is not None, reading.present, float(reading.z), float(reading.phase))


def count_alarms(looks: Iterable[AlarmLook]) -> AlarmCount:
    """Sum up looks at unmarked clips."""
    seen = list(looks)
    if not seen:
        return AlarmCount(0, 0, 0, 0.0, 0.0, 0.0)
    ids, present = (sum(values) for values in zip(*((look.id, look.present) for look in seen), strict=True))
    strengths = [look.z for look in seen]
    return AlarmCount(
        len(seen), ids, present, float(np.mean(strengths)), max(strengths), max(look.phase for look in seen)
    )


def count_false_alarms(clips: Iterable[Iterable[Frame]]) -> AlarmCount:
    """Run the detector on unmarked clips and count its false positives.

    Args:
        clips: one iterable of frames (H x W x 3 uint8 RGB) per clip; an image is a clip of one frame.

    Raises:
        PictureError: a frame is not H x W x 3 uint8.
    """
    return count_alarms(look_at(frames) for frames in clips)


def periodic_pictures(side: int = 512) -> Iterator[tuple[str, Frame]]:
    """Yield named periodic images: stripes, checks, bricks, halftone, moire, fabric, wallpaper, a screen grid.

    Args:
        side: height and width, in pixels.

    Yields:
        name and side x side x 3 uint8 RGB.
    """
    y, x = np.mgrid[0:side, 0:side].astype(np.float32)
    rng = np.random.default_rng(7)
    for period in (8, 13, 16, 21, 28, 64):
        yield f"stripes {period} px", _grey(np.sin(2 * np.pi * x / period) > 0)
        yield f"slanted waves {period} px", _grey(0.5 + 0.5 * np.sin(2 * np.pi * (x + 0.4 * y) / period))
        yield f"checks {period} px", _grey((x // period + y // period) % 2)
    for width, height in ((24, 8), (64, 24), (128, 48), (96, 32)):
        yield f"bricks {width} x {height} px", _grey(_bricks(x, y, width, height))
    for pitch in (4.0, 6.3, 9.0):
        dots = np.cos(2 * np.pi * (x + y) / pitch) + np.cos(2 * np.pi * (x - y) / pitch)
        yield f"halftone {pitch} px", _grey(dots > 4 * (x / side) - 2)
        yield (
            f"moire {pitch} px",
            _grey(0.5 + 0.5 * np.sign(np.sin(2 * np.pi * x / pitch) * np.sin(2.1 * np.pi * x / pitch))),
        )
    for period in (47, 96, 128, 200):
        motif = cv2.GaussianBlur(rng.random((period, period), dtype=np.float32), (0, 0), 2.0)
        motif = (motif - motif.min()) / (motif.max() - motif.min())
        yield f"wallpaper {period} px", _grey(np.tile(motif, (side // period + 1,) * 2)[:side, :side])
    yield "fabric", _grey(0.5 + 0.25 * np.sin(2 * np.pi * x / 5.3) + 0.25 * np.sin(2 * np.pi * y / 5.7))
    yield "screen door", _grey((x % 8 > 0) & (y % 8 > 0))


def _bricks(x: NDArray[np.float32], y: NDArray[np.float32], width: int, height: int) -> NDArray[np.bool_]:
    """Return a running-bond brick pattern: False on the mortar, which is 3 px wide."""
    shifted = x + (y // height % 2) * (width / 2)
    return np.asarray((shifted % width > 3) & (y % height > 3))


def _grey(values: NDArray[np.generic]) -> Frame:
    """Convert values in [0, 1] to a grey image with levels 40 to 220."""
    level = np.clip(np.asarray(values, dtype=np.float32), 0, 1) * 180 + 40
    return np.repeat(level.astype(np.uint8)[..., None], 3, axis=2)
