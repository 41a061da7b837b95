"""The square around the source's head in which outputs and true frames are compared."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from animato.geometry.affine import move_points
from animato.geometry.crop import crop_from_frame, cut, head_square
from animato.types import Face, Frame, Points


@dataclass(frozen=True)
class Crop:
    """The square that is scored.

    Attributes:
        square: left, top, side in pixels of the whole picture (edges, not centres).
        size: side of the crop, pixels.
    """

    square: tuple[float, float, float]
    size: int

    @classmethod
    def around(cls, points: Points, size: int, width: int, height: int) -> Crop:
        """Return the square around a head, moved and if need be shrunk so that it lies inside the picture.

        What lies outside a picture is not known and would be scored as if it were.

        Args:
            points: 478 x 3 float32, pixels of the whole picture.
            size: side of the crop, pixels.
            width: of the whole picture, pixels.
            height: of the whole picture, pixels.
        """
        left, top, wanted = head_square(points)
        side = min(wanted, width, height)
        left, top = left + (wanted - side) / 2, top + (wanted - side) / 2
        # `crop_from_frame` counts from the picture's edge: a square at 0, as large as the picture, is the picture.
        left, top = np.clip(left, 0, width - side), np.clip(top, 0, height - side)
        return cls((float(left), float(top), side), size)

    def scaled(self, picture: Frame, output: Frame) -> Crop:
        """Return the same square in pixels of an output, which may be the picture enlarged and cut to even sides."""
        down, across = (
            made // 2 * 2 / (side // 2 * 2) for made, side in zip(output.shape, picture.shape[:2], strict=False)
        )
        left, top, side = self.square
        return replace(self, square=(left * across, top * down, side * across))

    def cut(self, frame: Frame) -> Frame:
        """Return the crop of a whole picture, size x size x 3 uint8 RGB."""
        return cut(frame, crop_from_frame(self.square, self.size), self.size)

    def move(self, face: Face) -> Face:
        """Return a face of the whole picture in pixels of the crop."""
        return replace(face, points=move_points(crop_from_frame(self.square, self.size), face.points))
