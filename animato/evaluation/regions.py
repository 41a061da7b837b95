"""Masks of regions in a crop: face, mouth interior and eyes from landmarks, head, hair and neck from labels."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from animato.geometry.landmarks import EYE_LEFT, EYE_RIGHT, LIPS_INNER, OVAL
from animato.models.parts.config import PARTS
from animato.types import Points

MIN_AREA = 16.0
"""Minimum area of a scored region in pixels at 256; a closed mouth has no interior."""

HEAD = tuple(PARTS.index(name) for name in ("face", "hair", "eyes", "mouth_interior", "ear"))
"""Labels that make up the head; hair that hangs below the chin counts as head."""

REGION_LABELS = {
    "head": HEAD,
    "hair": (PARTS.index("hair"),),
    "neck": (PARTS.index("body_skin"),),
    "background": (PARTS.index("background"),),
}
"""Regions that are scored by labels; the neck includes the skin below it."""

MIN_LABELLED_AREA = 200.0
"""Minimum area of such a region in pixels at 256: a few pixels of neck say little."""


@dataclass(frozen=True)
class Regions:
    """Masks, each S x S bool; None where the region is too small to score.

    Attributes:
        face: inside the outline of the face.
        mouth: inside the inner lips.
        eyes: inside the lids of both eyes.
    """

    face: NDArray[np.bool_] | None
    mouth: NDArray[np.bool_] | None
    eyes: NDArray[np.bool_] | None

    @classmethod
    def of(cls, points: Points, size: int) -> Regions:
        """Draw the regions of one face.

        Args:
            points: 478 x (2 or 3) float32, pixels of the crop.
            size: side of the crop, pixels.
        """
        return cls(
            face=filled(points, (OVAL,), size),
            mouth=filled(points, (LIPS_INNER,), size),
            eyes=filled(points, (EYE_LEFT, EYE_RIGHT), size),
        )


def labelled_region(labels: NDArray[np.uint8], name: str) -> NDArray[np.bool_] | None:
    """Return a region of `REGION_LABELS`, S x S bool, or None below the minimum area.

    Args:
        labels: S x S uint8, index into `models.parts.config.PARTS`; other values belong to no region.
        name: of the region.
    """
    mask = np.isin(labels, REGION_LABELS[name])
    return mask if mask.sum() >= MIN_LABELLED_AREA * (labels.shape[0] / 256) ** 2 else None


def filled(points: Points, loops: Sequence[Sequence[int]], size: int) -> NDArray[np.bool_] | None:
    """Return the mask of the pixels with centres inside closed loops of landmarks, or None below the minimum area.

    Args:
        points: 478 x (2 or 3) float32, pixels of the crop.
        loops: landmark indices along each loop.
        size: side of the mask, pixels.
    """
    # Even-odd rule: along each row, the parity changes at every edge that crosses the row's centre line.
    changes = np.zeros((size, size + 1), np.int32)
    rows = np.arange(size)[:, None]
    for loop in loops:
        corners = points[list(loop), :2].astype(np.float64)
        (x0, y0), (x1, y1) = corners.T, np.roll(corners, -1, axis=0).T
        crosses = (y0 <= rows) != (y1 <= rows)
        slope = (x1 - x0) / np.where(y1 == y0, 1.0, y1 - y0)
        row, edge = np.nonzero(crosses)
        column = np.ceil(x0[edge] + (row - y0[edge]) * slope[edge])
        np.add.at(changes, (row, np.clip(column, 0, size).astype(np.int64)), 1)
    inside = np.cumsum(changes, axis=1)[:, :size] % 2 == 1
    return inside if inside.sum() >= MIN_AREA * (size / 256) ** 2 else None
