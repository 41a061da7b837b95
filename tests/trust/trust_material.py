"""What happens to videos in the world, in memory: encoding, scaling, cropping, screenshots; and clips to do it to."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import av
import cv2
import numpy as np

from animato.trust.credentials import sidecar_of
from animato.trust.sdk import c2pa, offline_context
from animato.types import Frame


def read_clip(path: Path, count: int, short_side: int = 512) -> list[Frame]:
    """Return the first frames of a video, scaled to a short side and to even sizes."""
    frames: list[Frame] = []
    with av.open(str(path)) as container:
        for decoded in container.decode(video=0):
            image = decoded.to_ndarray(format="rgb24")
            scale = short_side / min(image.shape[:2])
            size = (round(image.shape[1] * scale) // 2 * 2, round(image.shape[0] * scale) // 2 * 2)
            frames.append(cv2.resize(image, size, interpolation=cv2.INTER_CUBIC))
            if len(frames) == count:
                break
    return frames


def h264(frames: list[Frame], crf: int) -> list[Frame]:
    """Return the frames after x264 (veryfast, 4:2:0) and back."""
    buffer = io.BytesIO()
    height, width = (side // 2 * 2 for side in frames[0].shape[:2])
    with av.open(buffer, "w", format="mp4") as container:
        stream = container.add_stream("libx264", rate=25, options={"crf": str(crf), "preset": "veryfast"})
        stream.width, stream.height, stream.pix_fmt, stream.thread_count = width, height, "yuv420p", 1
        for frame in frames:
            picture = av.VideoFrame.from_ndarray(np.ascontiguousarray(frame[:height, :width]), format="rgb24")
            container.mux(stream.encode(picture))
        container.mux(stream.encode())
    buffer.seek(0)
    with av.open(buffer) as container:
        return [decoded.to_ndarray(format="rgb24") for decoded in container.decode(video=0)]


def scaled(frames: list[Frame], factor: float) -> list[Frame]:
    """Return the frames at another size."""
    method = cv2.INTER_AREA if factor < 1 else cv2.INTER_CUBIC
    return [cv2.resize(frame, None, fx=factor, fy=factor, interpolation=method) for frame in frames]


def cropped(frames: list[Frame], share: float) -> list[Frame]:
    """Return the frames without `share` of their width and of their height, not centred."""
    height, width = frames[0].shape[:2]
    rows, columns = int(height * (1 - share)), int(width * (1 - share))
    top, left = int((height - rows) * 0.4), int((width - columns) * 0.6)
    return [np.ascontiguousarray(frame[top : top + rows, left : left + columns]) for frame in frames]


def jpeg(frame: Frame, quality: int) -> Frame:
    """Return a frame after JPEG and back."""
    _, coded = cv2.imencode(".jpg", frame[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, quality])
    return np.ascontiguousarray(cv2.imdecode(coded, cv2.IMREAD_COLOR)[..., ::-1])


HANDLINGS = {
    "h264 crf 23": lambda frames: h264(frames, 23),
    "h264 crf 28": lambda frames: h264(frames, 28),
    "h264 crf 33": lambda frames: h264(frames, 33),
    "half size, crf 23": lambda frames: h264(scaled(frames, 0.5), 23),
    "25 % cropped, crf 28": lambda frames: h264(cropped(frames, 0.25), 28),
    "one screenshot": lambda frames: [jpeg(scaled(frames[7:8], 1.37)[0], 75)],
}
"""The handling a mark must survive, by name."""

FORMATS = {".mp4": "video/mp4", ".webm": "video/webm", ".gif": "image/gif", ".png": "image/png", ".jpg": "image/jpeg"}
"""The formats we sign, by suffix."""


def psnr(one: Frame, other: Frame) -> float:
    """Return the peak signal-to-noise ratio of two frames, in dB."""
    return float(10 * np.log10(255**2 / np.mean((one.astype(np.float64) - other) ** 2)))


def shifted_portrait(portrait: Frame, count: int) -> list[Frame]:
    """Return a 512 px clip in which a portrait slides over its frame by one pixel every other frame."""
    return [np.ascontiguousarray(np.roll(portrait, index // 2, axis=1)) for index in range(count)]


def manifest_of(path: Path, media_type: str) -> dict[str, Any]:
    """Return the active manifest of a signed file."""
    beside = sidecar_of(path).read_bytes() if media_type == "video/webm" else None
    with path.open("rb") as file, c2pa().Reader(media_type, file, beside, offline_context()) as reader:
        return dict(reader.get_active_manifest())
