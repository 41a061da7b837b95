"""Select a container's video stream and read its rate and duration, with plausibility checks."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path
from typing import Any

from animato.errors import VideoError
from animato.media.container import VIDEO_CODECS, codec_name
from animato.settings.media import ReaderSettings

_USUAL_RATE = Fraction(25)
_ATTACHED_PICTURE = 0x400
"""`AV_DISPOSITION_ATTACHED_PIC`."""


def picture_tracks(container: Any) -> list[Any]:
    """Return the video streams of an opened container, without attached pictures (album covers)."""
    return [stream for stream in container.streams.video if not stream.disposition.value & _ATTACHED_PICTURE]


def choose_video(container: Any, path: Path) -> Any:
    """Return the main video stream of an opened container.

    Raises:
        VideoError: there is none, or its codec is not in `VIDEO_CODECS`.
    """
    streams = picture_tracks(container)
    if not streams:
        raise VideoError(f"{path} holds no video", where="no picture track in the file", hint="a video with a face")
    best = container.streams.best("video")
    stream = best if best in streams else streams[0]
    name = codec_name(stream)
    if name not in VIDEO_CODECS:
        raise VideoError(
            f"the video codec of {path} is not supported",
            where=f"codec {name}; supported: {', '.join(sorted(VIDEO_CODECS))}",
            hint="export it as mp4 (h264)",
        )
    return stream


def check_size(path: Path, width: int, height: int, settings: ReaderSettings) -> None:
    """Check the frame size against the limits.

    Args:
        width: of the coded frame, in pixels.
        height: of the coded frame, in pixels.

    Raises:
        VideoError: the size is outside the limits.
    """
    if width < 1 or height < 1 or width * height > settings.max_pixels:
        raise VideoError(
            f"{path} has frames of {width} x {height}",
            where=f"frames of up to {settings.max_pixels / 1e6:.1f} million pixels are read",
            hint="export it smaller; 1080 lines are more than enough",
        )


def check_length(path: Path, seconds: float | None, settings: ReaderSettings) -> None:
    """Check a duration against the limit; None (unknown) passes.

    Raises:
        VideoError: it is too long.
    """
    if seconds is not None and seconds > settings.max_seconds:
        raise VideoError(
            f"{path} is too long: {seconds:.0f} s",
            where=f"up to {settings.max_seconds:.0f} s are read",
            hint="cut out the stretch you need",
        )


def plausible_rate(stream: Any, settings: ReaderSettings) -> Fraction:
    """Return the average frame rate of a stream in frames per second, or a default when it is implausible."""
    fastest = Fraction(settings.max_fps).limit_denominator(1000)
    for rate in (stream.average_rate, stream.guessed_rate):
        rounded = Fraction(rate or 0).limit_denominator(10_000)  # 0 for a damaged one of a frame in days
        if 0 < rounded <= fastest:
            return rounded
    claimed = stream.average_rate
    return fastest if claimed and fastest < claimed <= 8 * fastest else _USUAL_RATE


def stated_length(container: Any, stream: Any) -> tuple[float | None, bool]:
    """Return the duration from the file's headers in seconds, and whether it belongs to the video stream alone.

    WebM and MKV store one duration for all streams; a broken file may store none. The AVI demuxer estimates the
    duration of a truncated file from its size, so the frame count in the header is considered too.
    """
    stated = [float(stream.duration * stream.time_base)] if stream.duration and stream.time_base else []
    if stream.frames and stream.average_rate:
        stated.append(float(stream.frames / stream.average_rate))
    if stated and max(stated) > 0:
        return max(stated), True
    if container.duration and container.duration > 0:
        return container.duration / 1e6, False
    return None, False
