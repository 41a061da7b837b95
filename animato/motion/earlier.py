"""What motion files of earlier versions hold, in today's form."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from animato.face.topology import MESH_POINTS
from animato.motion.frames import EYE_PLACES, INSIDE_PLACES

FIRST_PLACES = (5, 6)
"""Places between the lips, down and across, of version 1, which kept their brightness only."""

FIRST_EYE, FIRST_SHADE = (3, 6), MESH_POINTS + 2 * 3 * 6
"""Places behind the lids of an eye, down and across, of version 1, and all of light and shade."""

REDDEST, BLACK = 0.3, 0.05
"""Redness inside a mouth, in units of the brightest: it falls from the first to none in what is brightest (mean of
twelve people who talk); what is black is believed to have the second, and more as it is brighter (`warp.inside`)."""


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


def shade_of_first(steps: NDArray[Any]) -> NDArray[Any]:
    """Return light and shade, of version 1, at today's places.

    Args:
        steps: N x 504 x 3, of any kind: the skin's vertices, then the left eye's places and the right one's.

    Returns:
        N x 568 x 3 of the same kind; a place of an eye has what the nearest one had.
    """
    (rows, columns), (old_rows, old_columns) = EYE_PLACES, FIRST_EYE
    down, across = (2 * np.arange(rows) + 1) * old_rows // (2 * rows), np.arange(columns)
    across = (2 * across + 1) * old_columns // (2 * columns)
    nearest = (down[:, None] * old_columns + across).reshape(-1)
    eyes = MESH_POINTS + np.concatenate([nearest, nearest + old_rows * old_columns])
    return steps[:, np.concatenate([np.arange(MESH_POINTS), eyes])]
