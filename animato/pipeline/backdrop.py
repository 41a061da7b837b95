"""What lies behind a person instead of the photo's own background: a picture, a video, or the photo blurred."""

from __future__ import annotations

from collections.abc import Generator
from fractions import Fraction
from pathlib import Path
from typing import Protocol

import cv2
import numpy as np

from animato.media.container import VIDEO_DEMUXERS
from animato.media.image import load_picture
from animato.media.probe import media_type
from animato.media.reader import open_video
from animato.media.sealed_image import read_picture
from animato.runtime.parser import Parser
from animato.settings.media import ReaderSettings
from animato.types import Frame

BLUR_CM = 1.2
"""Standard deviation of a blurred background, canonical centimetres: a face is about 18 high."""

_SAME = 1e-6
"""Difference in seconds below which two times are equal."""


class Backdrop(Protocol):
    """Source of the pictures behind a person.

    Attributes:
        still: the picture, H x W x 3 uint8 RGB, if it is the same in every frame, else None.
    """

    still: Frame | None

    def frames(self, fps: Fraction) -> Generator[Frame]:
        """Yield the picture behind each frame, H x W x 3 uint8 RGB, without end; do not change them.

        Args:
            fps: frames per second of the output.
        """
        ...


class StillBackdrop:
    """The same picture behind every frame.

    Args:
        still: H x W x 3 uint8 RGB.
    """

    def __init__(self, still: Frame) -> None:
        self.still: Frame | None = still
        self._picture = still

    def frames(self, fps: Fraction) -> Generator[Frame]:  # noqa: ARG002
        """Yield the picture without end."""
        while True:
            yield self._picture


class VideoBackdrop:
    """A video, shown at its own speed and from its beginning again when it ends.

    Args:
        path: of the video.
        width: of the output, pixels.
        height: of the output, pixels.
        threads: of the decoder.
    """

    def __init__(self, path: Path, width: int, height: int, threads: int = 1) -> None:
        self.still: Frame | None = None
        self._reading = ReaderSettings(decode_threads=threads)
        self._path, self._width, self._height = path, width, height

    def frames(self, fps: Fraction) -> Generator[Frame]:
        """Yield the video's frame at the time of each frame of the output, without end.

        Raises:
            VideoError: it cannot be read.
        """
        count, started = 0, 0.0
        while True:
            with open_video(self._path, settings=self._reading) as video:
                last: Frame | None = None
                for timed in video:
                    while last is not None and count / fps < started + timed.time - _SAME:
                        yield last
                        count += 1
                    if count / fps < started + timed.time + 1 / video.info.fps:  # else it is skipped
                        last = cover(timed.image, self._width, self._height)
                ends = started + video.end
            while last is not None and count / fps < ends - _SAME:
                yield last
                count += 1
            started = max(ends, started + 1 / float(fps))


def cover(image: Frame, width: int, height: int) -> Frame:
    """Return the middle of a picture, scaled to cover width x height pixels.

    Args:
        image: H x W x 3 uint8 RGB.
        width: of the result, pixels.
        height: of the result, pixels.
    """
    scale = max(width / image.shape[1], height / image.shape[0])
    part_width = min(image.shape[1], max(1, round(width / scale)))
    part_height = min(image.shape[0], max(1, round(height / scale)))
    left, top = (image.shape[1] - part_width) // 2, (image.shape[0] - part_height) // 2
    part = np.ascontiguousarray(image[top : top + part_height, left : left + part_width])
    interpolation = cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC
    return np.asarray(cv2.resize(part, (width, height), interpolation=interpolation), np.uint8)


def is_video(path: Path) -> bool:
    """Return whether a file is a video, by its content.

    Raises:
        InputError: there is no such file, or it cannot be read.
    """
    return media_type(path) in VIDEO_DEMUXERS


def open_backdrop(
    path: Path, width: int, height: int, threads: int = 1, parser: Parser | None = None
) -> tuple[Backdrop, tuple[str, ...]]:
    """Return the backdrop of a picture or video, fitted to cover the output, and warnings about it.

    Args:
        path: of the file.
        width: of the output, pixels.
        height: of the output, pixels.
        threads: of a video's decoder.
        parser: reads a picture; None for this process, in which videos are always read.

    Raises:
        InputError: it can be read neither as a picture nor as a video.
    """
    if is_video(path):
        with open_video(path):  # an unreadable one ends here, not in the middle of a render
            return VideoBackdrop(path, width, height, threads), ()
    picture = load_picture(path) if parser is None else read_picture(path, parser)
    return StillBackdrop(cover(picture.image, width, height)), picture.warnings


def blurred(plate: Frame, pixels_per_cm: float) -> StillBackdrop:
    """Return a photo's own background, blurred.

    Args:
        plate: H x W x 3 uint8 RGB, the photo without the person, so that none of their colours spread.
        pixels_per_cm: scale of the head's pose.
    """
    return StillBackdrop(np.asarray(cv2.GaussianBlur(plate, (0, 0), BLUR_CM * pixels_per_cm), np.uint8))
