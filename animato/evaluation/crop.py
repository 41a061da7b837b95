"""The square around the source's head in which outputs and true frames are compared."""

from __future__ import annotations

from dataclasses import dataclass, replace

import cv2
import numpy as np
from numpy.typing import NDArray

from animato.geometry.affine import move_points
from animato.geometry.crop import crop_from_frame, cut, head_square
from animato.types import Face, Frame, Points


@dataclass(frozen=True)
class Crop:
    """The square that is scored.

    Attributes:
        square: left, top, side in pixels of the full image (edges, not centres).
        size: side of the crop, pixels.
    """

    square: tuple[float, float, float]
    size: int

    @classmethod
    def around(cls, points: Points, size: int, width: int, height: int) -> Crop:
        """Return the square around a head, shifted and shrunk to fit inside the image, as pixels outside are unknown.

        Args:
            points: 478 x 3 float32, pixels of the whole picture.
            size: side of the crop, pixels.
            width: of the whole picture, pixels.
            height: of the whole picture, pixels.
        """
        left, top, full_side = head_square(points)
        side = min(full_side, width, height)
        left, top = left + (full_side - side) / 2, top + (full_side - side) / 2
        # `crop_from_frame` measures from the edge of the image: the square at 0 with its side covers all of it.
        left, top = np.clip(left, 0, width - side), np.clip(top, 0, height - side)
        return cls((float(left), float(top), side), size)

    def scaled(self, picture: Frame, output: Frame) -> Crop:
        """Return the same square in pixels of an output, which may be upscaled and cropped to even sides."""
        down, across = (
            output_side // 2 * 2 / (side // 2 * 2)
            for output_side, side in zip(output.shape, picture.shape[:2], strict=False)
        )
        left, top, side = self.square
        return replace(self, square=(left * across, top * down, side * across))

    def cut(self, frame: Frame) -> Frame:
        """Crop a full image to size x size x 3 uint8 RGB."""
        return cut(frame, crop_from_frame(self.square, self.size), self.size)

    def cut_labels(self, labels: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """Crop labels of a full image (H x W uint8) to size x size, each pixel taking the nearest one's."""
        crop = crop_from_frame(self.square, self.size)
        size = (self.size, self.size)
        return np.asarray(
            cv2.warpAffine(labels, crop, size, flags=cv2.INTER_NEAREST, borderMode=cv2.BORDER_REPLICATE), np.uint8
        )

    def move(self, face: Face) -> Face:
        """Map a face from the full image to pixels of the crop."""
        return replace(face, points=move_points(crop_from_frame(self.square, self.size), face.points))
