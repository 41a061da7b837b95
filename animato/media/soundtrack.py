"""Add an audio stream to an output: copy its packets when the codec allows, else re-encode."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from fractions import Fraction
from typing import Any, Protocol

import av
import av.error
import numpy as np
from numpy.typing import NDArray

from animato.errors import InputError
from animato.media.audio import SOUND_DEMUXERS, AudioSource, SoundReader, choose_sound, zero_of
from animato.media.container import codec_name, open_container
from animato.media.streams import picture_tracks

_COPIED = {"mp4": ("mov", "aac"), "webm": ("matroska", "opus")}
"""Output format to the demuxer and codec whose packets can be copied."""

_ENCODERS = {"mp4": "aac", "webm": "libopus"}
_OPUS_RATE = 48_000
_AAC_RATES = (48_000, 44_100, 32_000, 24_000, 22_050, 16_000, 12_000, 11_025, 8_000)


class SoundTrack(Protocol):
    """Audio stream written in step with the video."""

    def pump(self, until: float) -> None:
        """Write the audio up to a time in seconds of the output."""

    def finish(self, end: float) -> None:
        """Write the remaining audio up to `end`, the end of the video in seconds."""


def add_sound(
    stack: contextlib.ExitStack, output: Any, form: str, source: AudioSource, kbps: int, warnings: list[str]
) -> SoundTrack | None:
    """Add an audio stream to an output container, before its header is written.

    Args:
        stack: exit stack that closes the source.
        output: an `av.OutputContainer`.
        form: "mp4" or "webm".
        source: audio source.
        kbps: bit rate for encoding, in kbit/s.
        warnings: messages are appended here.

    Returns:
        The track, or None when a video has no readable audio (with a warning).

    Raises:
        InputError: the file cannot be read, or an audio file has no readable audio.
    """
    origin = zero_of(source.path) + source.start
    container = stack.enter_context(open_container(source.path, SOUND_DEMUXERS, InputError, "sound"))
    with_pictures = bool(picture_tracks(container))
    try:
        stream = choose_sound(container, source.path)
    except InputError as problem:
        if not with_pictures:
            raise
        warnings.append(f"{problem.what} ({problem.where}); the output is silent; {problem.hint}")
        return None
    if stream is None:
        if with_pictures:
            warnings.append(f"{source.path.name} has no sound; the output is silent")
            return None
        raise InputError(f"{source.path} holds no sound", hint="a wav, mp3, m4a, flac or ogg file")
    demuxer, codec = _COPIED[form]
    fits = demuxer in container.format.name.split(",") and codec_name(stream) == codec
    if fits and (form == "mp4" or source.start == 0):  # webm cannot begin inside a packet, mp4 can
        return CopiedSound(output, container, stream, origin)
    return EncodedSound(output, container, stream, origin, form, kbps, warnings)


class CopiedSound:
    """Copies the packets of the source, with shifted timestamps and without re-encoding."""

    def __init__(self, output: Any, container: Any, stream: Any, origin: float) -> None:
        self._output = output
        self._out = output.add_stream_from_template(stream)
        self._packets = self._run(container, stream, origin)
        self._next: tuple[float, Any] | None = None
        self._over = False

    def pump(self, until: float) -> None:
        """Mux the packets that begin before `until` seconds."""
        while not self._over:
            if self._next is None:
                self._next = next(self._packets, None)
                if self._next is None:
                    self._over = True
                    return
            begins, packet = self._next
            if begins >= until:
                return
            packet.stream = self._out
            self._output.mux(packet)
            self._next = None

    def finish(self, end: float) -> None:
        """Mux the packets that begin before `end`; the last one may exceed the video by up to 20 ms."""
        self.pump(end)
        self._over = True

    def _run(self, container: Any, stream: Any, origin: float) -> Iterator[tuple[float, Any]]:
        shift = round(origin / stream.time_base)
        last = None
        with contextlib.suppress(av.error.FFmpegError):
            for packet in container.demux(stream):
                if packet.pts is None or packet.dts is None:
                    continue
                ends = packet.pts + (packet.duration or 0) - shift
                packet.pts -= shift
                packet.dts -= shift
                if ends < 0 or (last is not None and packet.dts <= last):
                    continue
                last = packet.dts
                yield float(packet.pts * stream.time_base), packet


class EncodedSound:
    """Decodes the source, aligns it with the video to the sample and encodes it as AAC or Opus."""

    def __init__(
        self, output: Any, container: Any, stream: Any, origin: float, form: str, kbps: int, warnings: list[str]
    ) -> None:
        channels = len(stream.codec_context.layout.channels)
        layout = "mono" if channels == 1 else "stereo"
        rate = _rate_for(form, stream.codec_context.sample_rate)
        self._output = output
        self._out = output.add_stream(_ENCODERS[form], rate=rate)
        self._out.codec_context.layout = layout
        self._out.codec_context.format = "fltp" if form == "mp4" else "flt"
        self._out.codec_context.bit_rate = 1000 * (kbps if channels > 1 else max(32, kbps * 5 // 8))
        self._reader = SoundReader(container, stream, origin, rate, layout)
        self._blocks = self._reader.blocks()
        self._warnings = warnings
        self._layout = layout
        self._rate = rate
        self._pending: NDArray[np.float32] | None = None
        self._written = 0

    def pump(self, until: float) -> None:
        """Encode and mux the samples before `until` seconds."""
        target = int(until * self._rate)
        while self._written < target:
            if self._pending is None:
                self._pending = next(self._blocks, None)
                if self._pending is None:
                    return
            part, rest = np.split(self._pending, [target - self._written], axis=1)
            self._pending = rest if rest.shape[1] else None
            self._encode(part)

    def finish(self, end: float) -> None:
        """Encode the samples up to `end`, the end of the video in seconds, and flush the encoder."""
        self.pump(end)
        self._output.mux(self._out.encode(None))
        if self._reader.damaged:
            self._warnings.append("the sound is damaged; the bad parts were left out")

    def _encode(self, samples: NDArray[np.float32]) -> None:
        frame = av.AudioFrame.from_ndarray(np.ascontiguousarray(samples), format="fltp", layout=self._layout)
        frame.sample_rate = self._rate
        frame.time_base = Fraction(1, self._rate)
        frame.pts = self._written
        self._written += samples.shape[1]
        self._output.mux(self._out.encode(frame))


def _rate_for(form: str, rate: int) -> int:
    """Return the encoding sample rate: 48 kHz for Opus, the source's own for AAC where supported."""
    if form == "webm":
        return _OPUS_RATE
    return rate if rate in _AAC_RATES else min((r for r in _AAC_RATES if r >= rate), default=48_000)
