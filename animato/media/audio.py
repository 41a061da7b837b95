"""Where the sound of the output comes from, and how its samples are laid on the time of the pictures."""

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
"""Everything that can hold sound."""

_MAX_ERRORS = 200
_LOOSE = 0.04
"""Seconds by which stamps and samples may disagree before silence is put in or samples are cut out."""

_LONGEST_HOLE = 3600.0
"""Seconds of silence that stamps may ask for at most."""


@dataclass(frozen=True)
class AudioSource:
    """Sound for an output: that of a video, or a sound file.

    Attributes:
        path: a video (its sound is kept in step with its pictures) or a wav, mp3, m4a, aac, flac or ogg file.
        start: seconds of the source that fall on the first output frame: for a video counted from its first frame, for
            a sound file from its beginning.
    """

    path: Path
    start: float = 0.0


def choose_sound(container: Any, path: Path) -> Any | None:
    """Return the main sound stream that may be decoded, or None when there is none.

    Raises:
        InputError: there is sound, but only in codecs that are not read.
    """
    streams = list(container.streams.audio)
    usable = [stream for stream in streams if allowed_sound(stream)]
    if usable:
        best = container.streams.best("audio")
        return best if best in usable else usable[0]
    if streams:
        raise InputError(
            f"the sound of {path} is coded in a way animato does not read",
            where=f"codec {codec_name(streams[0])}",
            hint="convert it to wav or m4a, and give that as `audio`",
        )
    return None


def zero_of(path: Path) -> float:
    """Return the stamp, in seconds, of the moment that counts as the beginning of a file.

    For a video that is its first frame that decodes, where a `VideoReader` starts to count. For a sound file it is the
    first sample that is heard: mp3 and AAC begin with a run-in (25 ms) that the decoder cuts off.

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
    """Return the stream whose first frame is the beginning: the pictures when there are any, held to their limits."""
    if not picture_tracks(container):
        return choose_sound(container, path)
    stream, limits = choose_video(container, path), ReaderSettings()
    check_size(path, stream.codec_context.width, stream.codec_context.height, limits)
    stream.codec_context.options = {"max_pixels": str(limits.max_pixels)}
    return stream


class SoundReader:
    """Decodes sound to float samples at a fixed rate and puts each on its place in time.

    Args:
        container: an opened container.
        stream: its sound stream.
        origin: stamp, in seconds of the file, of the output's time 0.
        rate: samples a second to deliver.
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
        """Whether packets had to be left out so far."""
        return self._decoder.errors > 0

    def blocks(self) -> Iterator[NDArray[np.float32]]:
        """Yield consecutive C x N float32 blocks in [-1, 1] that begin at the output's time 0, without holes."""
        for frame in self._decoder.frames():
            moment = stamp(frame)
            place = None if moment is None else round((moment - self._origin) * self._rate)
            for part in self._resample(frame):
                yield from self._placed(part, place)
                place = None
        for part in self._resample(None):
            yield from self._placed(part, None)

    def _resample(self, frame: Any) -> list[NDArray[np.float32]]:
        try:
            if frame is not None:
                frame.pts = None
            return [np.asarray(part.to_ndarray(), dtype=np.float32) for part in self._resampler.resample(frame)]
        except (av.error.FFmpegError, ValueError):
            self._decoder.errors += 1
            return []

    def _placed(self, block: NDArray[np.float32], place: int | None) -> Iterator[NDArray[np.float32]]:
        """Cut what lies before time 0, fill holes with silence, cut overlaps; small disagreement is left alone."""
        prefetch = 0 if place is None else place - self._next
        if self._next > 0 and abs(prefetch) <= _LOOSE * self._rate:
            prefetch = 0
        if 0 < prefetch <= _LONGEST_HOLE * self._rate:
            yield from self._silence(prefetch)
        elif prefetch < 0:
            block = block[:, -prefetch:]
        if block.shape[1]:
            self._next += block.shape[1]
            yield np.clip(np.nan_to_num(block), -1.0, 1.0)

    def _silence(self, samples: int) -> Iterator[NDArray[np.float32]]:
        self._next += samples
        while samples > 0:
            size = min(samples, self._rate)
            yield np.zeros((self._channels, size), np.float32)
            samples -= size
