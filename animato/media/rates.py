"""The rate of a video whose frames come unevenly, and of avi files, whose header alone says how fast they run."""

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

_LOOKED_AT = 600
"""Packets at the beginning of a file whose intervals are compared."""

_ALIKE = 0.1
"""Share by which intervals of one rate differ, besides `_ROUNDING`."""

_ROUNDING = 0.0012
"""Seconds by which the milliseconds of webm and mkv make them differ."""

_VARIES = 0.9
"""Below this share of alike intervals the rate is said to vary."""

_SLOWEST, _USUAL, _FASTEST = 5, Fraction(25), 240
"""Frames a second of an avi header: outside these limits it needs the sound's length to be followed."""

_COMMON = (Fraction(24000, 1001), Fraction(30000, 1001), Fraction(60000, 1001), Fraction(120000, 1001))


class Rate(NamedTuple):
    """A frame rate.

    Attributes:
        fps: frames a second.
        warning: a sentence, or None.
        counted: whether the stamps of the file are of no use: frames are counted instead.
    """

    fps: Fraction
    warning: str | None = None
    counted: bool = False


def frame_rate(path: Path, container: Any, stream: Any, stated: Fraction, settings: ReaderSettings) -> Rate:
    """Return the rate at which most frames of a video follow one another.

    Args:
        path: of the file, which is read once more without decoding: its first packets.
        container: the opened file.
        stream: its pictures.
        stated: average rate that the file states, frames a second.
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
    if share >= _VARIES:
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
    """Return the seconds between neighbouring frames at the beginning of a file, N float64."""
    stamps = []
    try:
        with open_container(path, VIDEO_DEMUXERS, VideoError, "video") as container:
            stream = container.streams[index]
            for packet in itertools.islice(container.demux(stream), _LOOKED_AT):
                if packet.pts is not None:
                    stamps.append(float(packet.pts * packet.time_base))
    except (av.error.FFmpegError, VideoError):  # damage is met, and said, where the frames are decoded
        pass
    steps = np.diff(np.sort(np.array(stamps, np.float64)))
    return np.asarray(steps[(steps > 1e-6) & (steps < 60.0)])


def _most_frequent(steps: np.ndarray[Any, np.dtype[np.float64]]) -> tuple[float, float]:
    """Return the mean of the largest group of alike intervals (seconds), and its share of all."""
    ordered = np.sort(steps)
    first = np.searchsorted(ordered, ordered * (1 - _ALIKE) - _ROUNDING)
    last = np.searchsorted(ordered, ordered * (1 + _ALIKE) + _ROUNDING, side="right")
    best = int(np.argmax(last - first))
    group = ordered[first[best] : last[best]]
    return float(group.mean()), len(group) / len(ordered)


def _rounded(rate: float) -> Fraction:
    """Return the usual frame rate that a measured one is within a hundredth of, else itself."""
    usual = min((Fraction(max(1, round(rate))), *_COMMON), key=lambda one: abs(rate - float(one)))
    return usual if abs(rate / float(usual) - 1) < 0.01 else Fraction(rate).limit_denominator(1000)


def _avi_rate(container: Any, stream: Any, stated: Fraction, settings: ReaderSettings) -> Rate:
    claimed = stream.average_rate or stated
    sound = max((float(one.duration * one.time_base) for one in container.streams.audio if one.duration), default=0.0)
    heard = stream.frames / sound if stream.frames and sound > 0.2 else None
    if _SLOWEST <= claimed <= settings.max_fps:
        if heard is not None and sound > 1 and not 0.9 < heard / float(claimed) < 1.1:
            pictures = float(stream.frames / claimed)
            return Rate(
                stated,
                f"the pictures of the avi file last {pictures:.1f} s and its sound {sound:.1f} s: its frame rate of "
                f"{float(claimed):.4g} a second may be wrong; save it as mp4 with the right one",
            )
        return Rate(stated)
    header = f"{float(claimed):.6g}"
    if heard is not None and _SLOWEST <= heard <= settings.max_fps:
        fps = _rounded(heard)
        said = (
            f"the avi header states {header} frames a second; by the length of its sound, {float(fps):.4g} were assumed"
        )
        return Rate(fps, said, counted=True)
    hint = "save it as mp4 with the right rate if the result has the wrong speed"
    if claimed > _FASTEST:
        said = f"the avi header states {header} frames a second, which is implausible; {_USUAL} were assumed: {hint}"
        return Rate(_USUAL, said, counted=True)
    return Rate(stated, f"the avi header states {header} frames a second; nothing in it can confirm that: {hint}")
