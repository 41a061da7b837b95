"""Detect the invisible watermark in frames and decode its id.

    id       the checksum is correct, and the pilots' phases agree, less closely if z >= 6.5
    present  z >= 8.3 and the pilots' phases agree, but the id cannot be decoded

z depends on power only and is raised by periodic textures and the block grid of codecs; phase agreement depends on
position only and is not. Requiring both prevents false positives (counts in docs/provenance.md).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from itertools import islice
from typing import Any

import numpy as np

from animato.errors import PictureError
from animato.trust.mark_sync import ID_PHASE, MarkDecoding, read_near
from animato.trust.payload import MarkPayload
from animato.trust.residual import MIN_SIDE, Residual, flattened
from animato.trust.search import PLAIN, STRETCHED, TURNED, UPRIGHT, Peak, Sweep, find_peaks, whitened_power
from animato.types import Frame, Plane

ID_Z = 6.5
ID_PHASE_ALONE = 5.5
"""Phase agreement from which an id is reported whatever z is.

A look tries at most 80 messages at each of 30 placements; checksum, version and kind accept one wrong message of 2**30.
That is 2 false ids in a million looks if all of them reached this agreement, which few do."""

PRESENT_Z = 8.3
PRESENT_PHASE = 6.5
MAX_CANDIDATES = 6
"""Peaks decoded per sweep."""

MAX_FRAMES = 250
GROUP_FRAMES = 25
"""Frames averaged per detection: a second of video."""

HEAD_FRAMES = 3
"""First frames of a group that are also averaged alone; a group usually begins at a key frame.

Codecs predict the frames after it by moving its pixels, the watermark with them, which blurs the average of a moving
picture: after half size and crf 28 the first 3 frames of 12 clips gave 8 ids, all 25 frames 5."""

MAX_PIXELS = 64_000_000


@dataclass(frozen=True)
class MarkReading:
    """Result of the watermark detection.

    Attributes:
        found_id: the payload, or None when none could be decoded.
        present: whether a mark was detected (always True with an id).
        z: power of the pilots above chance, in standard deviations; up to about 5 by chance.
        phase: agreement of the pilots' phases; 3 to 4 by chance, at most about 11.
        bit_confidence: share of the 210 coded bits that agree with the id, 0.5 by chance; None without an id.
        frames_read: number of frames analysed.
        scale: pixels of the searched image per tile pixel, or None without a mark.
        turn: degrees in [-180, 180), clockwise; None without a mark.
        mirrored: whether the image is flipped horizontally; None without a mark.
    """

    found_id: MarkPayload | None
    present: bool
    z: float
    phase: float
    bit_confidence: float | None
    frames_read: int
    scale: float | None = None
    turn: float | None = None
    mirrored: bool | None = None

    def as_json(self) -> dict[str, Any]:
        """Return the reading as plain JSON types."""
        return {
            "id": None if self.found_id is None else self.found_id.as_json(),
            "present": self.present,
            "z": round(self.z, 2),
            "phase": round(self.phase, 2),
            "bit_confidence": None if self.bit_confidence is None else round(self.bit_confidence, 3),
            "frames_read": self.frames_read,
            "scale": None if self.scale is None else round(self.scale, 4),
            "turn_degrees": None if self.turn is None else round(self.turn, 2),
            "mirrored": self.mirrored,
        }


class WatermarkDetector:
    """Accumulates frames and detects a watermark in them.

    Example:
        >>> detector = Detector()
        >>> detector.read().present
        False
    """

    def __init__(self) -> None:
        self._residual = Residual()

    @property
    def frames(self) -> int:
        """Number of frames accumulated."""
        return self._residual.frames

    def add(self, frame: Frame) -> None:
        """Add one frame; frames beyond `MAX_FRAMES` are ignored.

        Args:
            frame: H x W x 3 uint8 RGB.

        Raises:
            PictureError: not H x W x 3 uint8, or more than `MAX_PIXELS` pixels.
        """
        if frame.ndim != 3 or frame.shape[2] != 3 or frame.dtype != np.uint8 or frame.size == 0:
            raise PictureError("a frame to check must be H x W x 3 uint8", where=f"{frame.shape} {frame.dtype}")
        if frame.shape[0] * frame.shape[1] > MAX_PIXELS:
            raise PictureError(f"a frame to check has at most {MAX_PIXELS:,} pixels", where=f"{frame.shape}")
        if self.frames < MAX_FRAMES:
            self._residual.add(frame)

    def merge(self, other: WatermarkDetector) -> None:
        """Add the frames of another detector."""
        self._residual.merge(other._residual)

    def read(self, thorough: bool = True) -> MarkReading:
        """Detect a mark in the frames added so far. Takes about 0.2 s with a mark, 1 s without.

        Args:
            thorough: whether to go on, where no id is found in the usual placements, with turns up to 14 degrees,
                aspect changes up to 13 % and pictures on their side.
        """
        mean = self._residual.mean()
        if mean is None or min(mean.shape) < MIN_SIDE or not _has_signal(mean):
            return MarkReading(None, False, 0.0, 0.0, None, self.frames)
        mean = flattened(mean)
        best = self._searched(mean, UPRIGHT, 0)
        for sweep, quarters in ((UPRIGHT, 1), (STRETCHED, 0), (TURNED, 0)) if thorough else ():
            if best.found_id is not None:
                break
            best = _better(best, self._searched(mean, sweep, quarters), self.frames)
        return best

    def _searched(self, mean: Plane, sweep: Sweep, quarters: int) -> MarkReading:
        """Search the average residual, turned by quarter turns (anticlockwise) first."""
        mean = np.ascontiguousarray(np.rot90(mean, quarters))
        best: tuple[Peak, MarkDecoding] | None = None
        power = whitened_power(mean)
        sweeps = (sweep, PLAIN) if sweep is UPRIGHT and not quarters else (sweep,)
        for candidate in (peak for part in sweeps for peak in find_peaks(power, MAX_CANDIDATES, part)):
            decoding, placement = read_near(mean, candidate.placement)
            peak = replace(candidate, placement=placement)
            if best is None or _weight(peak, decoding) > _weight(*best):
                best = (peak, decoding)
            if decoding.payload is not None and _id_holds(peak, decoding):
                best = (peak, decoding)
                break
        assert best is not None  # find_peaks returns candidates
        return _reading(*best, self.frames, quarters)


def detect_mark(frames: Iterable[Frame], max_frames: int = MAX_FRAMES) -> MarkReading:
    """Detect a mark in the frames of a clip or in one image.

    Frames are averaged per second of video. Each second is analysed separately, because a mark may cover only a part of
    a clip, its first frames before all of them (see `HEAD_FRAMES`); then the whole clip in the same way. The search
    ends at the first decoded id.

    Args:
        frames: H x W x 3 uint8 RGB each.
        max_frames: maximum number of frames, 1..250.

    Raises:
        PictureError: a frame is not H x W x 3 uint8.
    """
    stream = islice(iter(frames), max(1, min(max_frames, MAX_FRAMES)))
    heads, whole = WatermarkDetector(), WatermarkDetector()
    best = MarkReading(None, False, 0.0, 0.0, None, 0)
    while head := _next(stream, HEAD_FRAMES):
        heads.merge(head)
        whole.merge(head)
        best = _better(best, head.read(thorough=False), whole.frames)
        if best.found_id is not None:
            return best
        if rest := _next(stream, GROUP_FRAMES - HEAD_FRAMES):
            whole.merge(rest)
            head.merge(rest)
            best = _better(best, head.read(thorough=False), whole.frames)
            if best.found_id is not None:
                return best
    for detector in (heads, whole) if heads.frames < whole.frames else (whole,):
        best = _better(best, detector.read(), whole.frames)
        if best.found_id is not None:
            break
    return best


def _next(stream: Iterator[Frame], count: int) -> WatermarkDetector | None:
    """Return a detector for the next `count` frames of a stream, or None at its end."""
    detector = WatermarkDetector()
    for frame in islice(stream, count):
        detector.add(frame)
    return detector if detector.frames else None


def _better(old: MarkReading, new: MarkReading, frames: int) -> MarkReading:
    """Return the stronger of two readings, with the number of frames read in all."""

    def rank(reading: MarkReading) -> tuple[bool, bool, float]:
        return reading.found_id is not None, reading.present, reading.z

    winner = new if rank(new) > rank(old) else old
    return MarkReading(**{**winner.__dict__, "frames_read": frames})


def _has_signal(mean: Plane) -> bool:
    """Return whether the average residual is not flat; that of a black clip is."""
    return bool(np.isfinite(mean).all() and float(mean.std()) > 1e-3)


def _weight(peak: Peak, decoding: MarkDecoding) -> float:
    return peak.z + decoding.phase


def _id_holds(peak: Peak, decoding: MarkDecoding) -> bool:
    return decoding.phase >= ID_PHASE and (peak.z >= ID_Z or decoding.phase >= ID_PHASE_ALONE)


def _reading(peak: Peak, decoding: MarkDecoding, frames: int, quarters: int) -> MarkReading:
    named = decoding.payload is not None and _id_holds(peak, decoding)
    present = named or (peak.z >= PRESENT_Z and decoding.phase >= PRESENT_PHASE)
    place = peak.placement
    # The residual was turned anticlockwise before the search; turns count clockwise (from x to y).
    turn = float(np.rad2deg(place.turn)) + 90.0 * quarters + 180.0 * decoding.upside_down
    return MarkReading(
        found_id=decoding.payload if named else None,
        present=present,
        z=peak.z,
        phase=decoding.phase,
        bit_confidence=decoding.agreement if named else None,
        frames_read=frames,
        scale=place.scale if present else None,
        turn=(turn + 180.0) % 360.0 - 180.0 if present else None,
        mirrored=place.mirror < 0 if present else None,
    )
