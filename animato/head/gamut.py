"""Face gamut: the colour range of the face in a photo, and clipping of painted pixels to it.

Networks, drawn textures and the driver add the colours of an ordinary photo. On a monochrome, desaturated or toned
photo (sepia, a coloured lamp) this would result in turquoise teeth and pink gaps. Chroma relative to luma is therefore
clipped to the range of the photo's own face. In a toned photo (cyanotype, selenium) chroma follows from luma, and the
range is one around the photo's tone curve. Ordinary photos are unchanged.
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
"""Longer side, in pixels, to which the face is reduced, which averages out sensor noise."""

LUMA_OFFSET, MIN_LUMA = 4.0, 20.0
"""Offset added to luma in the denominator of chroma, and luma below which pixels are ignored, of 255."""

PERCENTILES = (1.0, 99.0)
"""Percentiles of chroma that define the range."""

ORDINARY_RANGE = 0.17
"""Range of red chroma from which a face has ordinary colours: the minimum of 293 portraits, talking people and rendered
heads is 0.178, their median 0.30; portraits at a quarter of their saturation have 0.09."""

TONED_SHARE = 0.25
"""Range of chroma about the tone curve, relative to its whole range, below which a photo is toned."""

TONE_BINS = 32
"""Number of luma bins whose median chroma is the tone curve."""

GREY_CHROMA = 1 / 256
"""Absolute chroma below which a colour is grey."""


@dataclass(frozen=True)
class FaceGamut:
    """Colour range of one photo's face.

    Attributes:
        low: 2 float32, minimum red and blue chroma: (R - Y) / (Y + LUMA_OFFSET) and (B - Y) / (Y + LUMA_OFFSET).
        high: 2 float32, maximum.
        tone: 256 x 2 float32, chroma of a toned photo at each luma, to which the range is relative; None otherwise.
    """

    low: NDArray[np.float32]
    high: NDArray[np.float32]
    tone: NDArray[np.float32] | None = None

    @classmethod
    def of(cls, image: Frame, points: Points) -> FaceGamut:
        """Measure the colour range of a face.

        Args:
            picture: H x W x 3 uint8 RGB.
            points: 478 x 3, its landmarks, pixels.
        """
        outline = points[list(OVAL), :2].astype(np.float64)
        height, width = image.shape[:2]
        left, top = np.clip(np.floor(outline.min(axis=0)), 0, (width - 2, height - 2)).astype(int)
        right, bottom = np.clip(np.ceil(outline.max(axis=0)) + 1, (left + 2, top + 2), (width, height)).astype(int)
        scale = min(1.0, SIDE / max(right - left, bottom - top))
        size = max(1, round((right - left) * scale)), max(1, round((bottom - top) * scale))
        small = cv2.resize(image[top:bottom, left:right], size, interpolation=cv2.INTER_AREA)
        face = np.zeros(small.shape[:2], np.uint8)
        cv2.fillPoly(face, [np.rint((outline - (left, top)) * scale).astype(np.int32)], 1)
        luma, chroma = _luma_chroma(small[face > 0])
        luma, chroma = luma[luma >= MIN_LUMA], chroma[luma >= MIN_LUMA]
        if not len(chroma):
            return cls(np.zeros(2, np.float32), np.zeros(2, np.float32))
        low, high = np.percentile(chroma, PERCENTILES, axis=0).astype(np.float32)
        tone = _tone_curve(image)
        toned = np.percentile(chroma - _at(tone, luma), PERCENTILES, axis=0).astype(np.float32)
        if ((toned[1] - toned[0]) < TONED_SHARE * (high - low)).all():
            return cls(toned[0], toned[1], tone)
        return cls(*(np.where(np.abs(end) < GREY_CHROMA, np.float32(0), end) for end in (low, high)))

    @property
    def ordinary(self) -> bool:
        """Whether the face has the colours of an ordinary photo."""
        return self.tone is None and float(self.high[0] - self.low[0]) >= ORDINARY_RANGE

    def clip(self, painted: NDArray[Any], copied: NDArray[Any] | None = None) -> NDArray[np.float32]:
        """Return colours with chroma clipped to the range of the face, at unchanged luma.

        Args:
            painted: ... x 3, RGB in 0..255.
            copied: ... x 3, colours before painting; their chroma extends the range.

        Returns:
            ... x 3 float32, RGB in 0..255; unclipped if the face has ordinary colours.
        """
        if self.ordinary:
            return np.asarray(painted, np.float32)
        luma, chroma = _luma_chroma(painted)
        low, high = self.low, self.high
        if copied is not None:
            copied_luma, copied_chroma = _luma_chroma(copied)
            copied_chroma = np.where(np.abs(copied_chroma) < GREY_CHROMA, np.float32(0), copied_chroma)
            copied_chroma = copied_chroma if self.tone is None else copied_chroma - _at(self.tone, copied_luma)
            low, high = np.minimum(low, copied_chroma), np.maximum(high, copied_chroma)
        if self.tone is not None:
            tone = _at(self.tone, luma)
            low, high = tone + low, tone + high
        denominator = luma + np.float32(LUMA_OFFSET)
        red, blue = (np.clip(chroma[..., part], low[..., part], high[..., part]) * denominator for part in (0, 1))
        # Green follows from luma, so that zero chroma gives three equal channels.
        green = red * np.float32(LUMA[0] / LUMA[1]) + blue * np.float32(LUMA[2] / LUMA[1])
        return np.stack([luma + red, luma - green, luma + blue], axis=-1)

    def clip_painted(self, image: Frame, copied: Frame) -> None:
        """Clip the pixels of an image that painting changed, in place.

        Args:
            image: H x W x 3 uint8 RGB, changed.
            copied: H x W x 3 uint8 RGB, the image before painting.
        """
        if self.ordinary:
            return
        same = cv2.inRange(cv2.absdiff(image, copied), (0.0, 0.0, 0.0), (0.0, 0.0, 0.0))
        painted = np.flatnonzero(same == 0)
        pixels = image.reshape(-1, 3)
        clipped = self.clip(pixels[painted], copied.reshape(-1, 3)[painted])
        pixels[painted] = np.clip(clipped + np.float32(0.5), 0, 255).astype(np.uint8)

    def clipped(self, image: Frame) -> Frame:
        """Return an image (H x W x 3 uint8 RGB) clipped to the range; the image itself if the colours are ordinary."""
        return image if self.ordinary else np.clip(self.clip(image) + 0.5, 0, 255).astype(np.uint8)


def _tone_curve(image: Frame) -> NDArray[np.float32]:
    """Return the median chroma at each luma of an image (H x W x 3), 256 x 2 float32."""
    side = 2 * SIDE
    scale = min(1.0, side / max(image.shape[:2]))
    small = cv2.resize(image, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    luma, chroma = _luma_chroma(small.reshape(-1, 3))
    bins = np.minimum(luma * (TONE_BINS / 256), TONE_BINS - 1).astype(np.int64)
    filled = np.unique(bins)
    at = np.array([np.median(luma[bins == number]) for number in filled])
    medians = np.array([np.median(chroma[bins == number], axis=0) for number in filled])
    levels = np.arange(256)
    return np.stack([np.interp(levels, at, medians[:, part]) for part in (0, 1)], axis=1).astype(np.float32)


def _at(tone: NDArray[np.float32], luma: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return the chroma of a tone curve (256 x 2) at any luma (...), ... x 2 float32."""
    return np.asarray(tone[np.clip(luma + np.float32(0.5), 0, 255).astype(np.int64)], np.float32)


def _luma_chroma(colours: NDArray[Any]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Return luma (...) and red and blue chroma (... x 2) of colours (... x 3), float32."""
    colours = np.asarray(colours, np.float32)
    luma = colours @ LUMA.astype(np.float32)
    return luma, (colours[..., [0, 2]] - luma[..., None]) / (luma[..., None] + np.float32(LUMA_OFFSET))
