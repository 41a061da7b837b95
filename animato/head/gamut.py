"""Face gamut: the colour range of the face in a photo, and clipping of painted pixels to it.

Painters, drawn parts and what a driver shows bring the colours of an ordinary photo. On a photo without colour, with
little, or in one tone (sepia, a coloured lamp) they would show as turquoise teeth and pink gaps. So chroma relative to
brightness is clipped to the range that the photo's own face has. Ordinary photos are left as they are.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from animato.geometry.landmarks import OVAL
from animato.head.white_balance import LUMA
from animato.types import Frame, Points

SIDE = 96
"""Longer side, in pixels, at which a face's colours are read: averages, so noise of the camera is no colour."""

TOE, DARKEST = 4.0, 20.0
"""Added to brightness before chroma is divided by it, and brightness below which it is not read, of 255."""

ENDS = (1.0, 99.0)
"""Percentiles of the chroma of a face that count as its least and most."""

ORDINARY = 0.17
"""Range of red chroma from which a face has ordinary colours: of 293 portraits, talking people and rendered heads the
least has 0.178, half of them 0.30 and more; portraits with a fourth of their colour have 0.09."""

NONE = 1 / 256
"""Chroma below which there is none."""


@dataclass(frozen=True)
class FaceGamut:
    """The range of colours of one photo's face.

    Attributes:
        low: 2 float32, least red and blue chroma: (R - Y) / (Y + TOE) and (B - Y) / (Y + TOE).
        high: 2 float32, most.
    """

    low: NDArray[np.float32]
    high: NDArray[np.float32]

    @classmethod
    def of(cls, picture: Frame, points: Points) -> FaceGamut:
        """Read the colours of a face.

        Args:
            picture: H x W x 3 uint8 RGB.
            points: 478 x 3, its landmarks, pixels.
        """
        outline = points[list(OVAL), :2].astype(np.float64)
        height, width = picture.shape[:2]
        left, top = np.clip(np.floor(outline.min(axis=0)), 0, (width - 2, height - 2)).astype(int)
        right, bottom = np.clip(np.ceil(outline.max(axis=0)) + 1, (left + 2, top + 2), (width, height)).astype(int)
        scale = min(1.0, SIDE / max(right - left, bottom - top))
        size = max(1, round((right - left) * scale)), max(1, round((bottom - top) * scale))
        small = cv2.resize(picture[top:bottom, left:right], size, interpolation=cv2.INTER_AREA)
        face = np.zeros(small.shape[:2], np.uint8)
        cv2.fillPoly(face, [np.rint((outline - (left, top)) * scale).astype(np.int32)], 1)
        luma, chroma = _split(small[face > 0])
        chroma = chroma[luma >= DARKEST]
        if not len(chroma):
            return cls(np.zeros(2, np.float32), np.zeros(2, np.float32))
        low, high = np.percentile(chroma, ENDS, axis=0).astype(np.float32)
        return cls(*(np.where(np.abs(end) < NONE, np.float32(0), end) for end in (low, high)))

    @property
    def ordinary(self) -> bool:
        """Whether the face has the colours of an ordinary photo."""
        return float(self.high[0] - self.low[0]) >= ORDINARY

    def clip(self, painted: NDArray[Any], copied: NDArray[Any] | None = None) -> NDArray[np.float32]:
        """Return colours with their chroma clipped to the face's, and their brightness kept.

        Args:
            painted: ... x 3, RGB of 255.
            copied: ... x 3, colours that lay there before: their chroma is allowed, too.

        Returns:
            ... x 3 float32, RGB of 255. The colours as given where the face has ordinary colours.
        """
        if self.ordinary:
            return np.asarray(painted, np.float32)
        luma, chroma = _split(painted)
        low, high = self.low, self.high
        if copied is not None:
            _, there = _split(copied)
            there = np.where(np.abs(there) < NONE, np.float32(0), there)
            low, high = np.minimum(low, there), np.maximum(high, there)
        most = luma + np.float32(TOE)
        red, blue = (np.clip(chroma[..., part], low[..., part], high[..., part]) * most for part in (0, 1))
        # Green by what the others take from brightness, so that no chroma gives three equal numbers.
        green = red * np.float32(LUMA[0] / LUMA[1]) + blue * np.float32(LUMA[2] / LUMA[1])
        return np.stack([luma + red, luma - green, luma + blue], axis=-1)

    def clip_painted(self, image: Frame, copied: Frame) -> None:
        """Clip what was painted over a picture, in place; other pixels stay.

        Args:
            image: H x W x 3 uint8 RGB, changed.
            copied: the same picture before painting.
        """
        if self.ordinary:
            return
        same = cv2.inRange(cv2.absdiff(image, copied), (0.0, 0.0, 0.0), (0.0, 0.0, 0.0))
        painted = np.flatnonzero(same == 0)
        pixels = image.reshape(-1, 3)
        clipped = self.clip(pixels[painted], copied.reshape(-1, 3)[painted])
        pixels[painted] = np.clip(clipped + np.float32(0.5), 0, 255).astype(np.uint8)

    def clipped(self, picture: Frame) -> Frame:
        """Return a picture (H x W x 3 uint8 RGB) clipped to the face's colours; itself where they are ordinary."""
        return picture if self.ordinary else np.clip(self.clip(picture) + 0.5, 0, 255).astype(np.uint8)


def _split(colours: NDArray[Any]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Return the brightness (...) and the red and blue chroma (... x 2) of colours (... x 3), float32."""
    colours = np.asarray(colours, np.float32)
    luma = colours @ LUMA.astype(np.float32)
    return luma, (colours[..., [0, 2]] - luma[..., None]) / (luma[..., None] + np.float32(TOE))
