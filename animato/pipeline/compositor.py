"""Composite any number of layers over a base image."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from fractions import Fraction
from typing import NamedTuple

import cv2
import numpy as np

from animato.geometry.paste import paste, soft_square
from animato.renderers.base import Layer
from animato.types import Frame


class Placement(NamedTuple):
    """Position of an animated square in the output.

    Attributes:
        left: column of its first pixel; the square may extend beyond the output.
        top: row of its first pixel.
        side: side of the square in the output, pixels; the layer is resized to it.
    """

    left: int
    top: int
    side: int

    def moved(self, left: int, top: int) -> Placement:
        """Return the placement shifted by a number of columns and rows."""
        return self._replace(left=self.left + left, top=self.top + top)


class Compositor:
    """Composites the layers of a frame over a base, each feathered at the border of its square.

    Args:
        base: H x W x 3 uint8 RGB background; None if a single layer is the whole output.
        placements: one per layer, in compositing order.

    Attributes:
        placements: the argument.
        width, height: of the output, pixels.
    """

    def __init__(self, base: Frame | None, placements: Sequence[Placement]) -> None:
        if base is None and len(placements) != 1:
            raise ValueError("several layers need a base")
        self._base, self.placements = base, tuple(placements)
        self._masks = [] if base is None else [soft_square(place.side) for place in placements]
        self.height, self.width = (placements[0].side,) * 2 if base is None else base.shape[:2]

    def backdrops(self, fps: Fraction) -> Generator[Frame | None]:  # noqa: ARG002
        """Yield what lies behind each frame, without end: here nothing but the base.

        Args:
            fps: frames per second of the output.
        """
        while True:
            yield None

    def compose(self, layers: Sequence[Layer], behind: Frame | None = None) -> Frame:  # noqa: ARG002
        """Return the output frame, H x W x 3 uint8 RGB, as a new array.

        Args:
            layers: one per placement; their images may be overwritten or returned.
            behind: from `backdrops`, for this frame.
        """
        images = [_resized(layer, place) for layer, place in zip(layers, self.placements, strict=True)]
        if self._base is None:
            return images[0]
        frame = self._base
        for image, place, mask in zip(images, self.placements, self._masks, strict=True):
            frame = paste(frame, image, place.left, place.top, mask)
        return frame


def _resized(layer: Layer, place: Placement) -> Frame:
    if layer.image.shape[0] == place.side:
        return layer.image
    return np.asarray(cv2.resize(layer.image, (place.side, place.side), interpolation=cv2.INTER_CUBIC), np.uint8)
