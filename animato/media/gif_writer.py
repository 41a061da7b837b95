"""Write animated gifs with an adaptive palette and an endless loop."""

from __future__ import annotations

import contextlib
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import av.error
import numpy as np
from numpy.typing import NDArray

from animato.media.disk import output_error
from animato.media.palette import PaletteMapper
from animato.media.writer_base import Writer
from animato.media.yuv import i420_to_rgb
from animato.settings.media import WriterSettings
from animato.types import Box, Frame

_TICKS = 100
"""Time base of gif: hundredths of a second."""

_SHORTEST = 2
"""Shortest frame duration in ticks; browsers play frames of one tick as ten."""

_TRAILER = b"\x3b"


class GifWriter(Writer):
    """Writes one gif; above 50 frames per second frames are dropped, as gif cannot store them.

    Args:
        comment: text for a comment block, or None.
    """

    def __init__(
        self, path: Path, width: int, height: int, fps: Fraction, settings: WriterSettings, comment: str | None
    ) -> None:
        super().__init__(path, width, height, fps)
        self._mapper = PaletteMapper(settings.gif_dither)
        self._comment = comment
        self._last_tick = -_SHORTEST
        try:
            self._output = av.open(
                f"file:{path.absolute()}",
                "w",
                format="gif",
                container_options={"loop": "0", "final_delay": self._delay()},
            )
            self._stream: Any = self._output.add_stream("gif", rate=_TICKS)
            self._stream.width, self._stream.height = width, height
            self._stream.pix_fmt = "pal8"
            self._stream.time_base = self._stream.codec_context.time_base = Fraction(1, _TICKS)
            self._output.start_encoding()
            self._owned = True
        except (av.error.FFmpegError, OSError, ValueError) as problem:
            self._closed = True
            self._remove()
            raise output_error(path, problem) from problem
        if fps > _TICKS / _SHORTEST:
            self._warnings.append("gif shows at most 50 frames a second; some frames were left out")

    def _delay(self) -> str:
        return str(max(_SHORTEST, round(_TICKS / self.fps)))

    def _put(self, frame: Frame, touched: Box | None = None) -> None:  # noqa: ARG002
        tick = round(self.frames * _TICKS / self.fps)
        if tick - self._last_tick < _SHORTEST:
            return
        self._last_tick = tick
        indices = self._mapper(frame)
        palette = np.zeros((256, 4), np.uint8)
        palette[: len(self._mapper.palette), 1:] = self._mapper.palette
        palette[: len(self._mapper.palette), 0] = 255
        picture = av.VideoFrame.from_ndarray((indices, palette), format="pal8")  # type: ignore[arg-type]
        picture.pts = tick
        picture.time_base = Fraction(1, _TICKS)
        self._output.mux(self._stream.encode(picture))

    def _put_yuv(self, planes: NDArray[np.uint8]) -> None:
        self._put(np.ascontiguousarray(i420_to_rgb(planes)[: self.height, : self.width]))

    def _finish(self) -> None:
        self._output.mux(self._stream.encode(None))
        self._output.close()
        if self._comment:
            _add_comment(self.path, self._comment)

    def _abandon(self) -> None:
        with contextlib.suppress(Exception):
            self._output.close()
        self._unlink()


def _add_comment(path: Path, text: str) -> None:
    """Insert a comment block (GIF89a, section 24) before the trailer of a finished gif."""
    data = text.encode("ascii", "replace")
    blocks = b"".join(bytes([len(data[i : i + 255])]) + data[i : i + 255] for i in range(0, len(data), 255))
    with path.open("r+b") as file:
        file.seek(-1, 2)
        if file.read(1) != _TRAILER:
            return
        file.seek(-1, 2)
        file.write(b"\x21\xfe" + blocks + b"\x00" + _TRAILER)
