"""Seven points of a face that people know, and can place by hand."""

from __future__ import annotations

from animato.types import Points

SEVEN_POINTS = (468, 473, 4, 61, 291, 152, 10)
"""Mesh points of right and left iris, tip of the nose, corners of the mouth, chin, and top of the forehead."""


def seven_points(points: Points) -> list[list[float]]:
    """Return the seven points as x and y, from 478 x 3 landmarks in pixels."""
    chosen: list[list[float]] = points[list(SEVEN_POINTS), :2].astype(float).round(2).tolist()
    return chosen
