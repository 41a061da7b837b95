"""Write a folder of lossless PNG frames: frame_000001.png and so on."""

from __future__ import annotations

import contextlib
import errno
import os
import zlib
from fractions import Fraction
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from animato.media.disk import output_error
from animato.media.writer_base import Writer
from animato.media.yuv import i420_to_rgb
from animato.types import Box, Frame

PATTERN = "frame_%06d.png"
"""File name of each frame, numbered from 1."""

_HEADER = 8 + 25
"""Bytes of the signature and the IHDR chunk, after which a text chunk is allowed (PNG, third edition, 5.6)."""

_OPTIONS = [cv2.IMWRITE_PNG_COMPRESSION, 1, cv2.IMWRITE_PNG_STRATEGY, cv2.IMWRITE_PNG_STRATEGY_RLE]
"""16 ms per 512 px face image, and no larger than the default strategy at level 6, which takes 70 ms."""


class PngWriter(Writer):
    """Writes numbered PNG files into a folder and creates it when it is absent.

    Args:
        folder: output folder.
        pattern: file name with one %d.
        comment: text for the Comment field of every frame, or None.
        alpha: whether frames are RGBA.
    """

    def __init__(
        self,
        folder: Path,
        pattern: str,
        width: int,
        height: int,
        fps: Fraction,
        comment: str | None,
        alpha: bool = False,
    ) -> None:
        super().__init__(folder, width, height, fps, alpha)
        self._pattern = pattern
        self._note = _text_chunk("Comment", comment) if comment else b""
        self._created = not folder.exists()
        self._written = 0
        try:
            folder.mkdir(exist_ok=True)
            if not os.access(folder, os.W_OK | os.X_OK):
                raise PermissionError(errno.EACCES, "no permission")
        except OSError as problem:
            self._closed = True
            self._remove()
            raise output_error(folder, problem) from problem

    def _put(self, frame: Frame, touched: Box | None = None) -> None:  # noqa: ARG002
        order = cv2.COLOR_RGBA2BGRA if self.alpha else cv2.COLOR_RGB2BGR
        encoded, buffer = cv2.imencode(".png", cv2.cvtColor(frame, order), _OPTIONS)
        if not encoded:
            raise OSError("the picture cannot be coded as PNG")
        data = buffer.tobytes()
        self._written = self.frames + 1
        (self.path / (self._pattern % self._written)).write_bytes(data[:_HEADER] + self._note + data[_HEADER:])

    def _put_yuv(self, planes: NDArray[np.uint8]) -> None:
        self._put(np.ascontiguousarray(i420_to_rgb(planes)[: self.height, : self.width]))

    def _finish(self) -> None:
        """Do nothing: every frame is already a complete file."""

    def _abandon(self) -> None:
        for number in range(1, self._written + 1):
            (self.path / (self._pattern % number)).unlink(missing_ok=True)
        if self._created:
            with contextlib.suppress(OSError):
                self.path.rmdir()


def _text_chunk(keyword: str, text: str) -> bytes:
    """Build a PNG tEXt chunk (section 11.3.3.2): length, type, keyword, zero, Latin-1 text, CRC-32."""
    body = b"tEXt" + keyword.encode("latin-1") + b"\x00" + text.replace("\x00", "").encode("latin-1", "replace")
    return (len(body) - 4).to_bytes(4, "big") + body + zlib.crc32(body).to_bytes(4, "big")
