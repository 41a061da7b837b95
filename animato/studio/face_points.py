"""Seven points of a face, in the order in which people place them (`head.placed_face`)."""

from __future__ import annotations

from animato.head.placed_face import PLACED
from animato.types import Points


def seven_points(points: Points) -> list[list[float]]:
    """Return the seven points as x and y, from 478 x 3 landmarks in pixels."""
    chosen: list[list[float]] = points[list(PLACED), :2].astype(float).round(2).tolist()
    return chosen
