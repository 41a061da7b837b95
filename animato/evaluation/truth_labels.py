"""Parts of the head in true frames: labels stored beside a rendered clip, else those of the parts network."""

from __future__ import annotations

import functools
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from animato.errors import FileFormatError
from animato.geometry.affine import invert
from animato.geometry.pose import fit_pose
from animato.head.parts import read_parts
from animato.runtime.engine import Engine
from animato.types import Face, Frame

UNKNOWN = 255
"""Label of pixels outside the frame."""


@dataclass(frozen=True, eq=False)
class ViewLabels:
    """Labels of some frames of a clip.

    Attributes:
        frames: numbers of the labelled frames, ascending.
        parts: N x H x W uint8, index into `models.parts.config.PARTS`, one plane for each of them.
    """

    frames: tuple[int, ...]
    parts: NDArray[np.uint8]

    def of(self, index: int) -> NDArray[np.uint8]:
        """Return the labels of a frame, H x W uint8."""
        return np.asarray(self.parts[self.frames.index(index)])


def read_view_labels(clip: Path) -> ViewLabels | None:
    """Return the labels beside a clip (`NAME.npz` for `NAME.mp4`), or None if there are none.

    Raises:
        FileFormatError: the file does not hold labels.
    """
    path = clip.with_suffix(".npz")
    if not path.is_file():
        return None
    try:
        with np.load(path, allow_pickle=False) as file:
            return ViewLabels(tuple(int(number) for number in file["frames"]), np.asarray(file["parts"], np.uint8))
    except (OSError, ValueError, KeyError) as problem:
        raise FileFormatError(f"{path.name} holds no labels of views", where=str(problem)) from problem


class TruthLabels:
    """Labels of the frames of one clip.

    Args:
        clip: the clip's file, or None for a clip that is not a file.
        engine: runs the parts network where no labels are stored.
    """

    def __init__(self, clip: Path | None, engine: Engine) -> None:
        self._clip, self._engine = clip, engine

    @functools.cached_property
    def stored(self) -> ViewLabels | None:
        """Labels beside the clip, if any."""
        return None if self._clip is None else read_view_labels(self._clip)

    def of(self, index: int, frame: Frame, face: Face) -> NDArray[np.uint8]:
        """Return the labels of a frame, H x W uint8.

        Args:
            index: its number.
            frame: H x W x 3 uint8 RGB.
            face: its landmarks, pixels.
        """
        if self.stored is not None and index in self.stored.frames:
            return self.stored.of(index)
        parts = read_parts(frame, fit_pose(face.points), self._engine)
        likeliest = parts.probabilities.argmax(axis=0).astype(np.uint8)
        height, width = frame.shape[:2]
        return np.asarray(
            cv2.warpAffine(
                likeliest,
                invert(parts.parts_from_photo),
                (width, height),
                flags=cv2.INTER_NEAREST,
                borderMode=cv2.BORDER_CONSTANT,
                borderValue=(UNKNOWN,),
            ),
            np.uint8,
        )
