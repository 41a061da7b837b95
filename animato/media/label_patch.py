"""Draw a short text on a dark plate, as a patch that is blended into frames."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from animato.errors import MissingPartError
from animato.types import Frame

PLATE_OPACITY = 0.68
"""Of the plate behind the text, in frames without transparency."""
_OVERSAMPLING = 4
"""The plate's round corners are drawn larger and reduced, since Pillow's shapes are not antialiased."""


@dataclass(frozen=True, eq=False)
class LabelPatch:
    """A label, ready to be blended.

    Attributes:
        colours: H x W x 3 uint8 RGB, text on the plate.
        coverage: H x W float32 in 0..1, the shape of the plate.
        opacity: H x W float32 in 0..1, coverage times the opacity of plate or text.
    """

    colours: Frame
    coverage: NDArray[np.float32]
    opacity: NDArray[np.float32]

    @property
    def height(self) -> int:
        """Pixels."""
        return int(self.colours.shape[0])

    @property
    def width(self) -> int:
        """Pixels."""
        return int(self.colours.shape[1])


def label_patch(text: str, size: int) -> LabelPatch:
    """Draw a label.

    Args:
        text: printable ASCII; the font of Pillow has little else.
        size: of the font, pixels.

    Raises:
        MissingPartError: Pillow was built without FreeType.
    """
    try:
        font = ImageFont.load_default(size)
    except ImportError as problem:
        raise MissingPartError(
            "Pillow was built without FreeType, which draws the label",
            where=str(problem),
            hint="pip install --force-reinstall pillow",
        ) from problem
    pad = max(2, round(0.32 * size))
    # Capitals rise to about 0.72 of the size; the same height for every text keeps the plate's proportions.
    cap = round(0.72 * size)
    width, height = round(font.getlength(text)) + 2 * pad, cap + round(0.2 * size) + 2 * pad
    mask = Image.new("L", (width, height))
    ImageDraw.Draw(mask).text((pad, pad + cap), text, fill=255, font=font, anchor="ls", stroke_width=size / 60)
    big = Image.new("L", (width * _OVERSAMPLING, height * _OVERSAMPLING))
    ImageDraw.Draw(big).rounded_rectangle(
        (0, 0, big.width - 1, big.height - 1), radius=_OVERSAMPLING * 0.28 * size, fill=255
    )
    letters = np.asarray(mask, np.float32) / 255
    coverage = np.asarray(big.resize((width, height), Image.Resampling.BOX), np.float32) / 255
    colours = np.asarray(cv2.cvtColor(np.asarray(mask, np.uint8), cv2.COLOR_GRAY2RGB), np.uint8)
    opacity = coverage * (PLATE_OPACITY + (1 - PLATE_OPACITY) * letters)
    return LabelPatch(colours, np.asarray(coverage, np.float32), np.asarray(opacity, np.float32))
