"""Drawn clips and pictures, made in the test run; nothing here is read from elsewhere."""

from __future__ import annotations

import struct
from collections.abc import Iterable, Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
from numpy.typing import NDArray

Pixels = NDArray[np.uint8]

QUARTERS: dict[int, tuple[int, int, int, int]] = {
    0: (1, 0, 0, 1),
    90: (0, 1, -1, 0),
    180: (-1, 0, 0, -1),
    270: (0, -1, 1, 0),
}
"""Display matrix (a, b, c, d) of each clockwise turn, as phones write it into `tkhd`."""


def draw_corner(width: int, height: int) -> Pixels:
    """A grey frame whose top-left quarter is red and whose top-right quarter is blue."""
    image = np.full((height, width, 3), 120, np.uint8)
    image[: height // 2, : width // 2] = (220, 30, 30)
    image[: height // 2, width // 2 :] = (30, 30, 220)
    return image


def draw_counter(number: int, width: int = 64, height: int = 48) -> Pixels:
    """A frame that shows its number as its grey level: 20 + 3 * (number mod 70)."""
    return np.full((height, width, 3), 20 + 3 * (number % 70), np.uint8)


def number_of(image: Pixels) -> int:
    """Read back the number (mod 70) that `draw_counter` drew."""
    return round((float(np.median(image)) - 20) / 3)


def tone(seconds: float, rate: int, beeps: Sequence[float], length: float = 0.1) -> NDArray[np.float32]:
    """Silence with 1 kHz beeps of `length` seconds at the given times; N float32 in [-1, 1]."""
    samples = np.zeros(round(seconds * rate), np.float32)
    for begin in beeps:
        first, last = round(begin * rate), min(len(samples), round((begin + length) * rate))
        samples[first:last] = 0.8 * np.sin(2 * np.pi * 1000 * np.arange(last - first) / rate)
    return samples


def onsets(samples: NDArray[np.float32], rate: int) -> list[float]:
    """Times in seconds at which sound begins after at least 50 ms of silence."""
    loud = np.flatnonzero(np.abs(samples) > 0.2)
    if not len(loud):
        return []
    first = np.concatenate([[True], np.diff(loud) > 0.05 * rate])
    return [float(index) / rate for index in loud[first]]


def decode_sound(path: Path) -> tuple[NDArray[np.float32], int]:
    """All samples of a file as mono, placed by their stamps, and the rate."""
    with av.open(f"file:{path}") as container:
        stream = container.streams.audio[0]
        rate = stream.codec_context.sample_rate
        resampler = av.AudioResampler(format="fltp", layout="mono", rate=rate)
        out = np.zeros(0, np.float32)
        for frame in container.decode(stream):
            place = round(float(frame.pts * frame.time_base) * rate)
            frame.pts = None
            for part in resampler.resample(frame):
                block = part.to_ndarray()[0]
                needed = place + len(block)
                if needed > len(out):
                    out = np.concatenate([out, np.zeros(needed - len(out), np.float32)])
                out[max(0, place) : needed] = block[max(0, -place) :]
                place = needed
    return out, rate


_FINE = {
    "libx264": {"preset": "ultrafast", "crf": "10"},
    "libvpx": {"deadline": "realtime", "cpu-used": "8", "b": "3M", "qmin": "0", "qmax": "12"},
    "libvpx-vp9": {"deadline": "realtime", "cpu-used": "8", "crf": "8", "b": "0"},
    "mpeg4": {"b": "3M", "qmin": "1", "qmax": "4"},
}
"""Encoder options that keep drawn levels exact enough to read numbers from."""


def write_clip(
    path: Path,
    frames: Iterable[Pixels],
    *,
    fps: int = 25,
    codec: str = "libx264",
    times: Sequence[float] | None = None,
    options: dict[str, str] | None = None,
    container_options: dict[str, str] | None = None,
    sound: NDArray[np.float32] | None = None,
    sound_rate: int = 44_100,
    sound_codec: str = "aac",
    sound_starts: float = 0.0,
    pix_fmt: str = "yuv420p",
) -> Path:
    """Encode frames (and a mono sound) into a file; `times` in seconds make the rate variable."""
    output = av.open(f"file:{path}", "w", container_options=container_options or {})
    stream: Any = None
    audio: Any = None
    base = Fraction(1, 1000) if times is not None else Fraction(1, fps)
    if sound is not None:
        audio = output.add_stream(sound_codec, rate=sound_rate)
        audio.codec_context.layout = "mono"
    preset = _FINE.get(codec, {})
    for index, image in enumerate(frames):
        if stream is None:
            stream = output.add_stream(codec, rate=fps, options={**preset, **(options or {})})
            stream.width, stream.height, stream.pix_fmt = image.shape[1], image.shape[0], pix_fmt
            stream.codec_context.time_base = base
        picture = av.VideoFrame.from_ndarray(image, "rgb24")
        picture.pts = round(times[index] * 1000) if times is not None else index
        picture.time_base = base
        output.mux(stream.encode(picture))
    if stream is not None:
        output.mux(stream.encode(None))
    if audio is not None and sound is not None:
        for first in range(0, len(sound), 1024):
            frame = av.AudioFrame.from_ndarray(np.ascontiguousarray(sound[None, first : first + 1024]), "fltp", "mono")
            frame.sample_rate, frame.time_base = sound_rate, Fraction(1, sound_rate)
            frame.pts = first + round(sound_starts * sound_rate)
            output.mux(audio.encode(frame))
        output.mux(audio.encode(None))
    output.close()
    return path


def set_matrix(path: Path, abcd: tuple[int, int, int, int]) -> None:
    """Write a display matrix into the first `tkhd` box of an mp4 (ISO/IEC 14496-12, section 8.3.2)."""
    data = bytearray(path.read_bytes())
    place = data.index(b"tkhd") + 44
    a, b, c, d = (value << 16 for value in abcd)
    data[place : place + 36] = struct.pack(">9i", a, b, 0, c, d, 0, 0, 0, 1 << 30)
    path.write_bytes(bytes(data))
