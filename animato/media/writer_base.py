"""What every writer does: count frames, check their size, leave nothing half-written behind."""

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
from animato.types import Frame


class Writer(ABC):
    """Takes frames one at a time and writes them to one file or folder; use it in a `with` block.

    When the block ends with an exception, what was written so far is removed. When it ends well, the file is complete.

    Attributes:
        path: the file or folder that is written; nothing else is touched.
        width: of the frames handed in, in pixels.
        height: of the frames handed in, in pixels.
        fps: frames a second.
        frames: frames written so far.
    """

    def __init__(self, path: Path, width: int, height: int, fps: Fraction) -> None:
        self.path = path
        self.width = width
        self.height = height
        self.fps = fps
        self.frames = 0
        self._found: list[str] = []
        self._closed = False
        self._ours = not path.exists()

    @property
    def coded_width(self) -> int:
        """Width of the planes that `write_yuv` takes: `width`, made even."""
        return self.width + self.width % 2

    @property
    def coded_height(self) -> int:
        """Height of the picture in the planes that `write_yuv` takes: `height`, made even."""
        return self.height + self.height % 2

    @property
    def warnings(self) -> tuple[str, ...]:
        """Sentences about what could not be kept, such as sound in a gif."""
        return tuple(self._found)

    def add_finding(self, sentence: str) -> None:
        """Add a sentence to `warnings`."""
        self._found.append(sentence)

    def write(self, frame: Frame) -> None:
        """Write the next frame.

        Args:
            frame: height x width x 3 uint8 RGB.

        Raises:
            OutputError: no room, or the file cannot be written any more.
            ValueError: another size, or the writer is closed.
        """
        self._expect(frame, (self.height, self.width, 3))
        self._guarded(lambda: self._put(frame))

    def write_yuv(self, planes: NDArray[np.uint8]) -> None:
        """Write the next frame from planes as `rgb_to_i420` makes them (BT.601, limited range).

        Args:
            planes: (coded_height * 3 / 2) x coded_width uint8; for odd sizes make them from `pad_to_even(frame)`.

        Raises:
            OutputError: no room, or the file cannot be written any more.
            ValueError: another size, or the writer is closed.
        """
        self._expect(planes, (self.coded_height * 3 // 2, self.coded_width))
        self._guarded(lambda: self._put_yuv(planes))

    def close(self) -> None:
        """Finish the file; doing so twice is harmless.

        Raises:
            OutputError: the end could not be written; the partial file was removed.
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
        """Stop and remove what was written."""
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
        """Delete the file, unless it was there before and nothing was written into it yet."""
        if self._ours:
            self.path.unlink(missing_ok=True)

    @abstractmethod
    def _put(self, frame: Frame) -> None:
        """Write one RGB frame."""

    @abstractmethod
    def _put_yuv(self, planes: NDArray[np.uint8]) -> None:
        """Write one frame of packed planes."""

    @abstractmethod
    def _finish(self) -> None:
        """Complete the file."""

    @abstractmethod
    def _abandon(self) -> None:
        """Close and delete what was written."""
