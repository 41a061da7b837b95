"""Base class of the writers: frame counting, size checks and removal of partial files."""

from __future__ import annotations

import contextlib
from abc import ABC, abstractmethod
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from types import TracebackType

import av.error
import numpy as np
from numpy.typing import NDArray

from animato.errors import AnimatoError
from animato.media.disk import output_error
from animato.types import Box, Frame


class Writer(ABC):
    """Writes frames to one file or folder; use it in a `with` block.

    The file is completed when the block ends normally and removed when it ends with an exception.

    Attributes:
        path: the only file or folder that is written.
        width: of the input frames, in pixels.
        height: of the input frames, in pixels.
        fps: frames per second.
        alpha: whether frames are RGBA.
        frames: frames written so far.
    """

    def __init__(self, path: Path, width: int, height: int, fps: Fraction, alpha: bool = False) -> None:
        self.path = path
        self.width = width
        self.height = height
        self.fps = fps
        self.alpha = alpha
        self.frames = 0
        self._warnings: list[str] = []
        self._closed = False
        self._owned = not path.exists()

    @property
    def coded_width(self) -> int:
        """Width of the planes for `write_yuv`: `width` rounded up to even."""
        return self.width + self.width % 2

    @property
    def coded_height(self) -> int:
        """Height of the luma plane for `write_yuv`: `height` rounded up to even."""
        return self.height + self.height % 2

    @property
    def warnings(self) -> tuple[str, ...]:
        """Messages about content the format cannot store, such as audio in a gif."""
        return tuple(self._warnings)

    def add_warning(self, sentence: str) -> None:
        """Append a message to `warnings`."""
        self._warnings.append(sentence)

    def write(self, frame: Frame, touched: Box | None = None) -> None:
        """Write the next frame.

        Args:
            frame: height x width x 3 uint8 RGB, or height x width x 4 uint8 RGBA with `alpha`.
            touched: where it differs from the last frame, at most; None for everywhere.

        Raises:
            OutputError: the disk is full or not writable.
            ValueError: wrong size, or the writer is closed.
        """
        self._expect(frame, (self.height, self.width, 4 if self.alpha else 3))
        self._guarded(lambda: self._put(frame, touched))

    def write_yuv(self, planes: NDArray[np.uint8]) -> None:
        """Write the next frame from I420 planes (BT.601, limited range; see `rgb_to_i420`).

        Args:
            planes: (coded_height * 3 / 2) x coded_width uint8; for odd sizes make them from `pad_to_even(frame)`.

        Raises:
            OutputError: the disk is full or not writable.
            ValueError: wrong size, or the writer is closed.
        """
        self._expect(planes, (self.coded_height * 3 // 2, self.coded_width))
        self._guarded(lambda: self._put_yuv(planes))

    def close(self) -> None:
        """Finish the file. Idempotent.

        Raises:
            OutputError: the file could not be finished; the partial file was removed.
        """
        if self._closed:
            return
        self._closed = True
        try:
            self._finish()
        except (av.error.FFmpegError, OSError) as problem:
            self._remove()
            raise output_error(self.path, problem) from problem
        except BaseException:
            self._remove()
            raise

    def discard(self) -> None:
        """Stop and remove the partial output."""
        if not self._closed:
            self._closed = True
            self._remove()

    def __enter__(self) -> Writer:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, problem: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is None:
            self.close()
        else:
            self.discard()

    def _expect(self, array: NDArray[np.uint8], shape: tuple[int, ...]) -> None:
        if self._closed:
            raise ValueError("the writer is closed")
        if array.shape != shape or array.dtype != np.uint8:
            raise ValueError(f"expected an array of {shape} uint8, got {array.shape} {array.dtype}")

    def _guarded(self, put: Callable[[], None]) -> None:
        try:
            put()
        except AnimatoError:
            raise
        except (av.error.FFmpegError, OSError) as problem:
            raise output_error(self.path, problem) from problem
        self.frames += 1

    def _remove(self) -> None:
        with contextlib.suppress(Exception):
            self._abandon()

    def _unlink(self) -> None:
        """Delete the file, unless it existed before and was not opened yet."""
        if self._owned:
            self.path.unlink(missing_ok=True)

    @abstractmethod
    def _put(self, frame: Frame, touched: Box | None = None) -> None:
        """Write one RGB frame, of which only a part may be new."""

    @abstractmethod
    def _put_yuv(self, planes: NDArray[np.uint8]) -> None:
        """Write one frame of packed planes."""

    @abstractmethod
    def _finish(self) -> None:
        """Complete the file."""

    @abstractmethod
    def _abandon(self) -> None:
        """Close and delete the partial output."""
