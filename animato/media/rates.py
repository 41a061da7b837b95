"""Estimate the frame rate of variable-rate videos, and of AVI files, which store it only in the header."""

from __future__ import annotations

import itertools
from fractions import Fraction
from pathlib import Path
from typing import Any, NamedTuple

import av.error
import numpy as np

from animato.errors import VideoError
from animato.media.container import VIDEO_DEMUXERS, open_container
from animato.settings.media import ReaderSettings

_PACKETS = 600
"""Packets at the beginning of a file used for the estimate."""

_TOLERANCE = 0.1
"""Relative difference within which intervals count as equal, in addition to `_ROUNDING`."""

_ROUNDING = 0.0012
"""Rounding of the millisecond timestamps in WebM and MKV, seconds."""

_CONSTANT_SHARE = 0.9
"""Share of equal intervals below which the rate is reported as variable."""

_SLOWEST, _USUAL, _FASTEST = 5, Fraction(25), 240
"""Plausible frames per second of an AVI header; a rate outside is used only if the audio duration confirms it."""

_COMMON = (Fraction(24000, 1001), Fraction(30000, 1001), Fraction(60000, 1001), Fraction(120000, 1001))


class Rate(NamedTuple):
    """A frame rate.

    Attributes:
        fps: frames per second.
        warning: message for the user, or None.
        counted: whether the timestamps are unusable and frames are counted instead.
    """

    fps: Fraction
    warning: str | None = None
    counted: bool = False


def frame_rate(path: Path, container: Any, stream: Any, stated: Fraction, settings: ReaderSettings) -> Rate:
    """Return the most frequent frame rate of a video.

    Args:
        path: the file; its first packets are read again without decoding.
        container: the opened file.
        stream: its video stream.
        stated: average rate from the header, frames per second.
        settings: limits.
    """
    if container.format.name == "avi":
        return _avi_rate(container, stream, stated, settings)
    steps = _intervals(path, stream.index)
    if len(steps) < 3:
        return Rate(stated)
    step, share = _most_frequent(steps)
    fps = min(_rounded(1 / step), Fraction(settings.max_fps).limit_denominator(1000))
    if abs(fps / stated - 1) < 0.01:
        fps = stated
    if share >= _CONSTANT_SHARE:
        return Rate(fps)
    slow, fast = (1 / float(np.quantile(steps, part)) for part in (0.98, 0.02))
    if slow > 0.9 * fast:
        return Rate(fps)
    return Rate(
        fps,
        f"the frame rate varies from {slow:.3g} to {fast:.3g} a second; the most frequent, {float(fps):.4g}, is "
        "followed: `fps` chooses another",
    )


def _intervals(path: Path, index: int) -> np.ndarray[Any, np.dtype[np.float64]]:
    """Return the intervals between the first frames of a file in seconds, N float64."""
    stamps = []
    try:
        with open_container(path, VIDEO_DEMUXERS, VideoError, "video") as container:
            stream = container.streams[index]
            for packet in itertools.islice(container.demux(stream), _PACKETS):
                if packet.pts is not None:
                    stamps.append(float(packet.pts * packet.time_base))
    except (av.error.FFmpegError, VideoError):  # damage is reported when the frames are decoded
        pass
    steps = np.diff(np.sort(np.array(stamps, np.float64)))
    return np.asarray(steps[(steps > 1e-6) & (steps < 60.0)])


def _most_frequent(steps: np.ndarray[Any, np.dtype[np.float64]]) -> tuple[float, float]:
    """Return the mean of the largest group of equal intervals in seconds, and its share of all intervals."""
    ordered = np.sort(steps)
    first = np.searchsorted(ordered, ordered * (1 - _TOLERANCE) - _ROUNDING)
    last = np.searchsorted(ordered, ordered * (1 + _TOLERANCE) + _ROUNDING, side="right")
    best = int(np.argmax(last - first))
    group = ordered[first[best] : last[best]]
    return float(group.mean()), len(group) / len(ordered)


def _rounded(rate: float) -> Fraction:
    """Round a measured rate to a standard frame rate within 1 %, else return it unchanged."""
    standard = min((Fraction(max(1, round(rate))), *_COMMON), key=lambda candidate: abs(rate - float(candidate)))
    return standard if abs(rate / float(standard) - 1) < 0.01 else Fraction(rate).limit_denominator(1000)


def _avi_rate(container: Any, stream: Any, stated: Fraction, settings: ReaderSettings) -> Rate:
    claimed = stream.average_rate or stated
    sound = max(
        (float(track.duration * track.time_base) for track in container.streams.audio if track.duration), default=0.0
    )
    audio_rate = stream.frames / sound if stream.frames and sound > 0.2 else None
    if _SLOWEST <= claimed <= settings.max_fps:
        if audio_rate is not None and sound > 1 and not 0.9 < audio_rate / float(claimed) < 1.1:
            pictures = float(stream.frames / claimed)
            return Rate(
                stated,
                f"the pictures of the avi file last {pictures:.1f} s and its sound {sound:.1f} s: its frame rate of "
                f"{float(claimed):.4g} a second may be wrong; save it as mp4 with the right one",
            )
        return Rate(stated)
    header = f"{float(claimed):.6g}"
    if audio_rate is not None and _SLOWEST <= audio_rate <= settings.max_fps:
        fps = _rounded(audio_rate)
        message = (
            f"the avi header states {header} frames a second; by the length of its sound, {float(fps):.4g} were assumed"
        )
        return Rate(fps, message, counted=True)
    hint = "save it as mp4 with the right rate if the result has the wrong speed"
    if claimed > _FASTEST:
        message = f"the avi header states {header} frames a second, which is implausible; {_USUAL} were assumed: {hint}"
        return Rate(_USUAL, message, counted=True)
    return Rate(stated, f"the avi header states {header} frames a second; nothing in it can confirm that: {hint}")
