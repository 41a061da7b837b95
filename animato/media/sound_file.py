"""Read a sound file as a driver: mono samples of a part of it, in blocks, so that memory does not grow with length."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from animato.errors import InputError
from animato.media.audio import SOUND_DEMUXERS, SoundReader, choose_sound, zero_of
from animato.media.container import AUDIO_DEMUXERS, VIDEO_DEMUXERS, open_container
from animato.media.probe import media_type
from animato.media.streams import check_length, picture_tracks
from animato.settings.media import ReaderSettings


def is_sound(path: Path) -> bool:
    """Return whether a file holds sound and no moving pictures; a file that cannot be read does not."""
    with contextlib.suppress(InputError):
        kind = media_type(path)
        if kind in AUDIO_DEMUXERS:
            return True
        if kind in VIDEO_DEMUXERS:
            with open_container(path, SOUND_DEMUXERS, InputError, "sound") as container:
                return not picture_tracks(container) and bool(container.streams.audio)
    return False


class SoundFile:
    """A part of a sound file, which can be read several times.

    Args:
        path: wav, mp3, m4a, aac, flac, ogg, or a container of video without pictures.
        start: of the part, seconds.
        end: of the part, seconds; None for the end of the file.
        rate: samples a second that are returned.
        settings: limits.

    Attributes:
        duration: of the part, seconds; known once `blocks` was read to its end.
        damaged: whether parts were left out while `blocks` was read.

    Raises:
        InputError: the file cannot be read, or holds no sound.
    """

    def __init__(
        self, path: Path, start: float, end: float | None, rate: int, settings: ReaderSettings | None = None
    ) -> None:
        self.path, self.duration, self.damaged = path, 0.0, False
        self._start, self._end, self._rate = start, end, rate
        self._settings = settings or ReaderSettings()
        self._zero = zero_of(path)

    def blocks(self) -> Iterator[NDArray[np.float32]]:
        """Yield consecutive blocks of samples in [-1, 1], N float32; the first sample is at `start`.

        Raises:
            InputError: nothing could be read, or the sound is too long.
        """
        most = None if self._end is None else round((self._end - self._start) * self._rate)
        with open_container(self.path, SOUND_DEMUXERS, InputError, "sound") as container:
            stream = choose_sound(container, self.path)
            if stream is None:
                raise InputError(f"{self.path} holds no sound", hint="a wav, mp3, m4a, flac or ogg file")
            reader = SoundReader(container, stream, self._zero + self._start, self._rate, "mono")
            count = 0
            for block in reader.blocks():
                samples = block[0] if most is None else block[0, : most - count]
                count += len(samples)
                check_length(self.path, count / self._rate, self._settings)
                yield samples
                if count == most:
                    break
            self.damaged = reader.damaged
        if count == 0:
            raise self._nothing()
        self.duration = count / self._rate

    def _nothing(self) -> InputError:
        if self._start > 0:
            return InputError(f"{self.path} has no sound after {self._start:g} s", hint="an earlier `start`")
        return InputError(
            f"{self.path} holds no sound that can be decoded", hint="copy or download it again, or export it again"
        )
