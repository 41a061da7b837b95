"""Coordinate system of an eye, and the margin of its upper lid in it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from animato.geometry.aperture_mask import smooth_outline
from animato.head.eyeballs import CORNERS
from animato.types import Plane


@dataclass(frozen=True)
class EyeAxes:
    """Axes of an eye: u from its left corner in the image to the right one, v down, both in eye widths.

    Attributes:
        start: x and y of the left corner, pixels.
        across: x and y of one width along u, pixels.
        edge_u: 33 float64, u of the upper lid margin, increasing.
        edge_v: 33 float64, its v.
    """

    start: NDArray[np.float64]
    across: NDArray[np.float64]
    edge_u: NDArray[np.float64]
    edge_v: NDArray[np.float64]

    @classmethod
    def of(cls, outline: NDArray[np.float64]) -> EyeAxes:
        """Return the axes of an eye.

        Args:
            outline: 16 x 2, lid margins, pixels.
        """
        start, across = outline[0], outline[CORNERS[1]] - outline[0]
        upper = smooth_outline(outline, CORNERS)[: 4 * CORNERS[1] + 1] - start
        u, v = _rotated(upper[:, 0], upper[:, 1], across)
        order = np.argsort(u)
        return cls(start, across, u[order], v[order])

    @property
    def width(self) -> float:
        """Distance between the corners, pixels."""
        return float(np.hypot(*self.across))

    def at(self, x: Plane, y: Plane) -> tuple[Plane, Plane]:
        """Return u and v of pixels (each h x w float32)."""
        return _rotated(x - np.float32(self.start[0]), y - np.float32(self.start[1]), self.across)

    def pixels(self, u: Plane, v: Plane) -> tuple[Plane, Plane]:
        """Return x and y, in pixels, of coordinates u and v (each h x w float32)."""
        (ax, ay), (x0, y0) = self.across.astype(np.float32), self.start.astype(np.float32)
        return x0 + u * ax - v * ay, y0 + u * ay + v * ax

    def edge(self, u: Plane) -> Plane:
        """Return v of the upper lid margin at each u (h x w float32)."""
        return np.interp(u.ravel(), self.edge_u, self.edge_v).reshape(u.shape).astype(np.float32)


def _rotated(x: NDArray, y: NDArray, across: NDArray[np.float64]) -> tuple[NDArray, NDArray]:  # type: ignore[type-arg]
    """Return u and v of offsets x and y from the left corner."""
    (ax, ay), squared_width = across.astype(x.dtype), x.dtype.type(across @ across)
    return (x * ax + y * ay) / squared_width, (y * ax - x * ay) / squared_width
