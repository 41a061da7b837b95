"""Choose the audio source of an output and align its samples with the video timeline."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import av
import av.error
import numpy as np
from numpy.typing import NDArray

from animato.errors import InputError
from animato.media.container import (
    AUDIO_DEMUXERS,
    VIDEO_DEMUXERS,
    allowed_sound,
    codec_name,
    open_container,
)
from animato.media.decode import Decoder, stamp
from animato.media.streams import check_size, choose_video, picture_tracks
from animato.settings.media import ReaderSettings

SOUND_DEMUXERS = {**VIDEO_DEMUXERS, **AUDIO_DEMUXERS}
"""Media type to demuxer for every file that can hold audio."""

_MAX_ERRORS = 200
_TOLERANCE = 0.04
"""Drift between timestamps and sample count, in seconds, above which silence is inserted or samples are dropped."""

_LONGEST_GAP = 3600.0
"""Longest silence inserted for a gap in the timestamps, in seconds."""


@dataclass(frozen=True)
class AudioSource:
    """Audio for an output: the soundtrack of a video, or an audio file.

    Attributes:
        path: a video (its audio stays in sync with its frames) or a wav, mp3, m4a, aac, flac or ogg file.
        start: time in the source, in seconds, of the first output frame; for a video measured from its first frame,
            for an audio file from its beginning.
    """

    path: Path
    start: float = 0.0


def choose_sound(container: Any, path: Path) -> Any | None:
    """Return the main audio stream with an allowed codec, or None when the container has no audio.

    Raises:
        InputError: every audio stream has an unsupported codec.
    """
    streams = list(container.streams.audio)
    usable = [stream for stream in streams if allowed_sound(stream)]
    if usable:
        best = container.streams.best("audio")
        return best if best in usable else usable[0]
    if streams:
        raise InputError(
            f"the audio codec of {path} is not supported",
            where=f"codec {codec_name(streams[0])}",
            hint="convert it to wav or m4a, and give that as `audio`",
        )
    return None


def zero_of(path: Path) -> float:
    """Return the timestamp of a file's time 0, in seconds.

    For a video it is the first frame that decodes, which is time 0 of a `VideoReader`. For an audio file it is the
    first audible sample: MP3 and AAC begin with a priming delay (25 ms) that the decoder removes.

    Raises:
        InputError: the file cannot be opened.
    """
    with open_container(path, SOUND_DEMUXERS, InputError, "sound") as container:
        stream: Any = None
        with contextlib.suppress(InputError):
            stream = _first_stream(container, path)
        first = Decoder(container, stream, _MAX_ERRORS).first if stream is not None else None
        return (stamp(first) or 0.0) if first is not None else 0.0


def _first_stream(container: Any, path: Path) -> Any | None:
    """Return the stream that defines time 0: the video stream, with its limits checked, else the audio stream."""
    if not picture_tracks(container):
        return choose_sound(container, path)
    stream, limits = choose_video(container, path), ReaderSettings()
    check_size(path, stream.codec_context.width, stream.codec_context.height, limits)
    stream.codec_context.options = {"max_pixels": str(limits.max_pixels)}
    return stream


class SoundReader:
    """Decodes audio to float samples at a fixed rate, aligned with the output timeline.

    Args:
        container: an opened container.
        stream: its audio stream.
        origin: timestamp in the file, in seconds, of the output's time 0.
        rate: output sample rate, Hz.
        layout: "mono" or "stereo".
    """

    def __init__(self, container: Any, stream: Any, origin: float, rate: int, layout: str) -> None:
        self._decoder = Decoder(container, stream, _MAX_ERRORS)
        self._resampler = av.AudioResampler(format="fltp", layout=layout, rate=rate)
        self._origin = origin
        self._rate = rate
        self._channels = 1 if layout == "mono" else 2
        self._next = 0

    @property
    def damaged(self) -> bool:
        """Whether damaged packets were skipped so far."""
        return self._decoder.errors > 0

    def blocks(self) -> Iterator[NDArray[np.float32]]:
        """Yield consecutive C x N float32 blocks in [-1, 1], gapless from the output's time 0."""
        for frame in self._decoder.frames():
            moment = stamp(frame)
            position = None if moment is None else round((moment - self._origin) * self._rate)
            for part in self._resample(frame):
                yield from self._aligned(part, position)
                position = None
        for part in self._resample(None):
            yield from self._aligned(part, None)

    def _resample(self, frame: Any) -> list[NDArray[np.float32]]:
        try:
            if frame is not None:
                frame.pts = None
            return [np.asarray(part.to_ndarray(), dtype=np.float32) for part in self._resampler.resample(frame)]
        except (av.error.FFmpegError, ValueError):
            self._decoder.errors += 1
            return []

    def _aligned(self, block: NDArray[np.float32], position: int | None) -> Iterator[NDArray[np.float32]]:
        """Drop samples before time 0 and overlaps, fill gaps with silence; drift below `_TOLERANCE` is ignored."""
        gap = 0 if position is None else position - self._next
        if self._next > 0 and abs(gap) <= _TOLERANCE * self._rate:
            gap = 0
        if 0 < gap <= _LONGEST_GAP * self._rate:
            yield from self._silence(gap)
        elif gap < 0:
            block = block[:, -gap:]
        if block.shape[1]:
            self._next += block.shape[1]
            yield np.clip(np.nan_to_num(block), -1.0, 1.0)

    def _silence(self, samples: int) -> Iterator[NDArray[np.float32]]:
        self._next += samples
        while samples > 0:
            size = min(samples, self._rate)
            yield np.zeros((self._channels, size), np.float32)
            samples -= size
