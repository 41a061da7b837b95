"""Write mp4 (H.264, faststart), webm (VP9) and mov (ProRes 4444) with interleaved audio."""

from __future__ import annotations

import contextlib
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import av.error
import numpy as np
from numpy.typing import NDArray

from animato.media.audio import AudioSource
from animato.media.disk import output_error
from animato.media.soundtrack import add_sound
from animato.media.writer_base import Writer
from animato.media.yuv import pad_to_even, rgb_to_i420, update_i420
from animato.settings.media import WriterSettings
from animato.types import Box, Frame

_BT709_PRIMARIES, _BT709_TRANSFER, _BT601_MATRIX, _LIMITED = 1, 1, 6, 1
"""Colour tags (ITU-T H.273): BT.709 primaries and transfer, and the BT.601 matrix of `yuv.rgb_to_i420`."""

_SCALER_BT601 = 5
"""The BT.601 matrix in the constants of FFmpeg's scaler."""


class VideoWriter(Writer):
    """Writes one mp4, webm or mov file.

    Odd sizes are padded by repeating the last column or row, because 4:2:0 video needs even sides.

    Args:
        form: "mp4", "webm" or "mov".
        audio: audio source, or None.
        comment: text for the file's comment field, or None.
        alpha: whether frames are RGBA; for webm and mov.
    """

    def __init__(
        self,
        path: Path,
        width: int,
        height: int,
        fps: Fraction,
        form: str,
        settings: WriterSettings,
        audio: AudioSource | None,
        comment: str | None,
        alpha: bool = False,
    ) -> None:
        super().__init__(path, width, height, fps.limit_denominator(60_000), alpha)
        self._form = form
        self._planes: NDArray[np.uint8] | None = None
        self._stack = contextlib.ExitStack()
        try:
            self._open(form, settings, audio, comment)
        except (av.error.FFmpegError, OSError, ValueError) as problem:
            self._closed = True
            self._remove()
            raise output_error(path, problem) from problem
        except BaseException:
            self._closed = True
            self._remove()
            raise

    def _open(self, form: str, settings: WriterSettings, audio: AudioSource | None, comment: str | None) -> None:
        options = {} if form == "webm" else {"movflags": "+faststart"}
        self._output = av.open(f"file:{self.path.absolute()}", "w", format=form, container_options=options)
        if comment is not None:
            self._output.metadata["comment"] = comment
        self._stream = _add_video(self._output, form, settings, (self.coded_width, self.coded_height), self.fps)
        if form == "mov":
            self._stream.pix_fmt = "yuva444p10le" if self.alpha else "yuv444p10le"
        elif self.alpha:
            self._stream.pix_fmt = "yuva420p"
            self._stream.metadata["alpha_mode"] = "1"
        self._sound = None
        if audio is not None:
            sound = "webm" if form == "webm" else "mp4"
            self._sound = add_sound(self._stack, self._output, sound, audio, settings.audio_kbps, self._warnings)
        self._output.start_encoding()
        self._owned = True

    def _put(self, frame: Frame, touched: Box | None = None) -> None:
        even = pad_to_even(frame)
        if self._form == "mov":
            picture = av.VideoFrame.from_ndarray(even, format="rgba" if self.alpha else "rgb24")
            self._encode(picture.reformat(format=self._stream.pix_fmt, dst_colorspace=_SCALER_BT601))
        elif self.alpha:
            planes = rgb_to_i420(np.ascontiguousarray(even[..., :3])).reshape(-1)
            self._encode(_with_alpha(planes, np.ascontiguousarray(even[..., 3])))
        else:
            if self._planes is None or touched is None:
                self._planes = rgb_to_i420(even)
            else:
                update_i420(self._planes, even, touched)
            self._encode(av.VideoFrame.from_ndarray(self._planes, format="yuv420p"))

    def _put_yuv(self, planes: NDArray[np.uint8]) -> None:
        self._planes = None
        self._encode(av.VideoFrame.from_ndarray(planes, format="yuv420p"))

    def _encode(self, picture: Any) -> None:
        if self._sound is not None:
            self._sound.pump(float((self.frames + 1) / self.fps))
        picture.pts = self.frames
        picture.time_base = 1 / self.fps
        picture.colorspace, picture.color_range = _BT601_MATRIX, _LIMITED
        self._output.mux(self._stream.encode(picture))

    def _finish(self) -> None:
        if self._sound is not None:
            self._sound.finish(float(self.frames / self.fps))
        self._output.mux(self._stream.encode(None))
        self._output.close()
        self._stack.close()

    def _abandon(self) -> None:
        with contextlib.suppress(Exception):
            self._output.close()
        with contextlib.suppress(Exception):
            self._stack.close()
        self._unlink()


def _with_alpha(planes: NDArray[np.uint8], alpha: NDArray[np.uint8]) -> Any:
    """Return an `av.VideoFrame` in yuva420p of packed I420 planes and opacity (H x W uint8)."""
    height, width = alpha.shape
    picture = av.VideoFrame(width, height, "yuva420p")
    sizes = ((height, width), (height // 2, width // 2), (height // 2, width // 2))
    start = 0
    for number, (rows, columns) in enumerate(sizes):
        _fill(picture.planes[number], planes[start : start + rows * columns].reshape(rows, columns))
        start += rows * columns
    _fill(picture.planes[3], alpha)
    return picture


def _fill(plane: Any, values: NDArray[np.uint8]) -> None:
    """Copy values (H x W uint8) into a plane of a frame, whose rows may be longer."""
    rows = np.frombuffer(plane, np.uint8).reshape(-1, plane.line_size)
    rows[: values.shape[0], : values.shape[1]] = values


def _add_video(output: Any, form: str, settings: WriterSettings, size: tuple[int, int], fps: Fraction) -> Any:
    """Add the video stream to an output container, with a time base of one frame."""
    codec, options = _encoder(form, settings)
    stream = output.add_stream(codec, rate=fps, options=options)
    (stream.width, stream.height), stream.pix_fmt = size, "yuv420p"
    stream.time_base = 1 / fps
    context = stream.codec_context
    context.time_base = 1 / fps
    context.thread_count = settings.encode_threads
    context.color_primaries, context.color_trc = _BT709_PRIMARIES, _BT709_TRANSFER
    context.colorspace, context.color_range = _BT601_MATRIX, _LIMITED
    return stream


def _encoder(form: str, settings: WriterSettings) -> tuple[str, dict[str, str]]:
    """Return the name and options of the encoder for "mp4", "webm" or "mov"."""
    if form == "mov":
        return "prores_ks", {"profile": "4444", "alpha_bits": "16", "vendor": "apl0"}
    if form == "mp4":
        return "libx264", {"preset": settings.preset, "crf": str(settings.crf)}
    # Fastest realtime mode: 4 ms per frame at 512 px. "good" takes ten times as long for files a third smaller.
    return "libvpx-vp9", {
        "deadline": "realtime",
        "cpu-used": "8",
        "row-mt": "1",
        "crf": str(settings.webm_crf),
        "b": "0",
        "lag-in-frames": "0",
    }
