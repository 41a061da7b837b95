"""Convert the mouth interior of version 1 motion files to the current form."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from animato.appearance.mouth_grid import MOUTH_GRID

VERSION_1_GRID = (5, 6)
"""Rows and columns of version 1's grid, which has brightness only."""

MAX_REDNESS, BLACK_REDNESS = 0.3, 0.05
"""Estimated redness relative to the maximum brightness: it falls linearly from the first value at black to 0 at the
maximum (mean of twelve talking people), limited to the second value at black plus the brightness
(`appearance.mouth_levels`)."""


def migrate_version_1(levels: NDArray[Any], maximum: int) -> NDArray[np.uint8]:
    """Convert stored mouth interiors of version 1 to the current format.

    Args:
        levels: N x 5 x 6 uint8, brightness of each cell; more than `maximum` where absent.
        maximum: stored value of brightness 1.

    Returns:
        N x 16 x 28 x 2 uint8, brightness and redness, interpolated between cells.
    """
    rows, columns = MOUTH_GRID
    migrated = np.zeros((len(levels), rows, columns, 2), np.uint8)
    for target, source in zip(migrated, levels, strict=True):
        bright = cv2.resize(source, (columns, rows), interpolation=cv2.INTER_LINEAR)
        target[..., 0] = bright
        level = np.minimum(bright.astype(np.float32), maximum)
        target[..., 1] = np.rint(np.minimum(MAX_REDNESS * (maximum - level), BLACK_REDNESS * maximum + level))
    return migrated
