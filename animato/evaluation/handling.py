"""What happens to a video after it is published: recompression, scaling, cropping, screenshots, turning.

Used by `animato bench mark` to measure what the watermark survives. Everything happens in memory.
"""

from __future__ import annotations

import io
from collections.abc import Callable
from fractions import Fraction
from typing import Any

import av
import cv2
import numpy as np

from animato.types import Frame

Handling = Callable[[list[Frame]], list[Frame]]
"""Changes the frames of a clip, H x W x 3 uint8 RGB each; all frames of the result have one size."""

MIN_CODED_SIDE = 16
"""Shortest side an encoder is given, pixels."""


def encoder_exists(name: str) -> bool:
    """Return whether this installation of FFmpeg has an encoder."""
    return name in av.codecs_available and _can_encode(name)


def _can_encode(name: str) -> bool:
    try:
        av.codec.Codec(name, "w")
    except ValueError:
        return False
    return True


def coded(frames: list[Frame], crf: int, encoder: str = "libx264") -> list[Frame]:
    """Return the frames after encoding (preset veryfast, 4:2:0) and decoding.

    Args:
        frames: H x W x 3 uint8 RGB; an odd last row or column is cut.
        crf: constant rate factor; higher is worse.
        encoder: "libx264" or "libx265".
    """
    buffer = io.BytesIO()
    height, width = (max(MIN_CODED_SIDE, side // 2 * 2) for side in frames[0].shape[:2])
    options = {"crf": str(crf), "preset": "veryfast"}
    if encoder == "libx265":
        options["x265-params"] = "log-level=none:pools=1"
    container: Any  # PyAV's types do not tell a video stream from others
    with av.open(buffer, "w", format="mp4") as container:
        stream: Any = container.add_stream(encoder, rate=Fraction(25), options=options)
        stream.width, stream.height, stream.pix_fmt, stream.thread_count = width, height, "yuv420p", 1
        for frame in frames:
            picture = av.VideoFrame.from_ndarray(np.ascontiguousarray(frame[:height, :width]), format="rgb24")
            container.mux(stream.encode(picture))
        container.mux(stream.encode())
    buffer.seek(0)
    with av.open(buffer) as container:
        return [np.asarray(decoded.to_ndarray(format="rgb24"), np.uint8) for decoded in container.decode(video=0)]


def scaled(frames: list[Frame], across: float, down: float | None = None) -> list[Frame]:
    """Return the frames at another size: width times `across`, height times `down` (by default the same)."""
    down = across if down is None else down
    method = cv2.INTER_AREA if min(across, down) < 1 else cv2.INTER_CUBIC
    return [np.asarray(cv2.resize(frame, None, fx=across, fy=down, interpolation=method), np.uint8) for frame in frames]


def cropped(frames: list[Frame], share: float) -> list[Frame]:
    """Return the frames without `share` of their width and of their height, off centre."""
    height, width = frames[0].shape[:2]
    rows, columns = int(height * (1 - share)), int(width * (1 - share))
    top, left = int((height - rows) * 0.4), int((width - columns) * 0.6)
    return [np.ascontiguousarray(frame[top : top + rows, left : left + columns]) for frame in frames]


def upright_crop(frames: list[Frame]) -> list[Frame]:
    """Return the middle of the frames at 9:16, for a telephone held upright."""
    height, width = frames[0].shape[:2]
    columns = min(width, round(height * 9 / 16))
    left = (width - columns) // 2
    return [np.ascontiguousarray(frame[:, left : left + columns]) for frame in frames]


def letterboxed(frames: list[Frame], share: float = 0.75) -> list[Frame]:
    """Return the frames at `share` of their height in the middle of a black frame of 16:9."""
    height = frames[0].shape[0]
    small = scaled(frames, share)
    rows, columns = small[0].shape[:2]
    width = max(columns, round(height * 16 / 9))
    top, left = (height - rows) // 2, (width - columns) // 2
    borders = (top, height - rows - top, left, width - columns - left)
    return [np.asarray(cv2.copyMakeBorder(frame, *borders, cv2.BORDER_CONSTANT), np.uint8) for frame in small]


def inset(frames: list[Frame], share: float = 0.4) -> list[Frame]:
    """Return another moving picture of the same size with the frames in a corner, at `share` of their size."""
    height, width = frames[0].shape[:2]
    noise = np.random.default_rng(3).integers(0, 256, (height // 8 + 8, width // 8 + 8, 3)).astype(np.uint8)
    scene = np.asarray(cv2.resize(noise, None, fx=8, fy=8, interpolation=cv2.INTER_CUBIC), np.uint8)
    out = []
    for number, small in enumerate(scaled(frames, share)):
        shift = number % 32
        frame = scene[shift : shift + height, shift : shift + width].copy()
        frame[-small.shape[0] - 16 : -16, -small.shape[1] - 16 : -16] = small
        out.append(frame)
    return out


def turned(frames: list[Frame], degrees: float) -> list[Frame]:
    """Return the frames turned about their middle, in a frame of the same size."""
    height, width = frames[0].shape[:2]
    turn = cv2.getRotationMatrix2D(((width - 1) / 2, (height - 1) / 2), degrees, 1.0)
    return [np.asarray(cv2.warpAffine(frame, turn, (width, height)), np.uint8) for frame in frames]


def quarter_turned(frames: list[Frame], quarters: int) -> list[Frame]:
    """Return the frames turned by quarter turns, anticlockwise."""
    return [np.ascontiguousarray(np.rot90(frame, quarters)) for frame in frames]


def screenshot(frames: list[Frame]) -> list[Frame]:
    """Return one frame as it is shown 1.37 times as large and saved as a JPEG of quality 75."""
    [shown] = scaled([frames[len(frames) // 2]], 1.37)
    _, data = cv2.imencode(".jpg", shown[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, 75])
    picture = np.asarray(cv2.imdecode(data, cv2.IMREAD_COLOR), np.uint8)
    return [np.ascontiguousarray(picture[..., ::-1])]


def _messenger(frames: list[Frame]) -> list[Frame]:
    for _ in range(2):
        frames = coded(scaled(frames, min(1.0, 480 / min(frames[0].shape[:2]))), 28)
    return frames


HANDLINGS: dict[str, Handling] = {
    "none": lambda frames: frames,
    "h264 crf 28": lambda frames: coded(frames, 28),
    "HEVC crf 28": lambda frames: coded(frames, 28, "libx265"),
    "10 % cropped, half size, crf 23": lambda frames: coded(scaled(cropped(frames, 0.1), 0.5), 23),
    "messenger at 480p, twice": _messenger,
    "9:16 crop, crf 23": lambda frames: coded(upright_crop(frames), 23),
    "one screenshot": screenshot,
    "letterboxed, crf 26": lambda frames: coded(letterboxed(frames), 26),
    "harsh chain: crf 23, 0.66 x and crf 30, crf 30": lambda frames: coded(
        coded(scaled(coded(frames, 23), 0.66), 30), 30
    ),
    "half size, crf 28": lambda frames: coded(scaled(frames, 0.5), 28),
    "0.35 x, crf 23": lambda frames: coded(scaled(frames, 0.35), 23),
    "picture in picture at 40 %, crf 23": lambda frames: coded(inset(frames), 23),
    "10 % wider, crf 23": lambda frames: coded(scaled(frames, 1.1, 1.0), 23),
    "rotated by 10°, crf 23": lambda frames: coded(turned(frames, 10.0), 23),
    "upside down, crf 23": lambda frames: coded(quarter_turned(frames, 2), 23),
    "quarter turn, crf 23": lambda frames: coded(quarter_turned(frames, 1), 23),
    "mirrored, crf 23": lambda frames: coded([np.ascontiguousarray(frame[:, ::-1]) for frame in frames], 23),
}
"""Everything measured, by name. The harsh chain is re-encoded three times and scaled once."""
