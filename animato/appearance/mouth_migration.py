"""Convert the mouth interior of version 1 motion files to the current form."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from animato.appearance.mouth_grid import INSIDE_PLACES

FIRST_PLACES = (5, 6)
"""Places between the lips, down and across, of version 1, which kept their brightness only."""

REDDEST, BLACK = 0.3, 0.05
"""Redness inside a mouth, in units of the brightest: it falls from the first to none in what is brightest (mean of
twelve people who talk); what is black is believed to have the second, and more as it is brighter
(`appearance.mouth_levels`)."""


def inside_of_first(levels: NDArray[Any], most: int) -> NDArray[np.uint8]:
    """Return what mouths show inside, of version 1, as it is stored now.

    Args:
        levels: N x 5 x 6 uint8, brightness of each place; more than `most` where nothing is known.
        most: what the brightest is stored as.

    Returns:
        N x 16 x 28 x 2 uint8, brightness and redness, interpolated between places.
    """
    rows, columns = INSIDE_PLACES
    fine = np.zeros((len(levels), rows, columns, 2), np.uint8)
    for made, given in zip(fine, levels, strict=True):
        bright = cv2.resize(given, (columns, rows), interpolation=cv2.INTER_LINEAR)
        made[..., 0] = bright
        level = np.minimum(bright.astype(np.float32), most)
        made[..., 1] = np.rint(np.minimum(REDDEST * (most - level), BLACK * most + level))
    return fine
