"""Local axes of an eye, and the edge of its upper lid in them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from animato.geometry.aperture_mask import smooth_outline
from animato.head.eyeballs import CORNERS
from animato.types import Plane


@dataclass(frozen=True)
class EyeAxes:
    """An eye's own axes: u from its left corner in the picture to the right one, v down, both in widths of the eye.

    Attributes:
        start: x and y of the left corner, pixels.
        across: x and y of one width along u, pixels.
        edge_u: 33 float64, u of the upper lid's edge, rising.
        edge_v: 33 float64, v of it.
    """

    start: NDArray[np.float64]
    across: NDArray[np.float64]
    edge_u: NDArray[np.float64]
    edge_v: NDArray[np.float64]

    @classmethod
    def of(cls, outline: NDArray[np.float64]) -> EyeAxes:
        """Return the axes of an eye.

        Args:
            outline: 16 x 2, its lids, pixels.
        """
        start, across = outline[0], outline[CORNERS[1]] - outline[0]
        upper = smooth_outline(outline, CORNERS)[: 4 * CORNERS[1] + 1] - start
        u, v = _turned(upper[:, 0], upper[:, 1], across)
        order = np.argsort(u)
        return cls(start, across, u[order], v[order])

    @property
    def width(self) -> float:
        """Pixels between the corners."""
        return float(np.hypot(*self.across))

    def at(self, x: Plane, y: Plane) -> tuple[Plane, Plane]:
        """Return u and v of pixels (each h x w float32)."""
        return _turned(x - np.float32(self.start[0]), y - np.float32(self.start[1]), self.across)

    def pixels(self, u: Plane, v: Plane) -> tuple[Plane, Plane]:
        """Return x and y of places (each h x w float32)."""
        (ax, ay), (x0, y0) = self.across.astype(np.float32), self.start.astype(np.float32)
        return x0 + u * ax - v * ay, y0 + u * ay + v * ax

    def edge(self, u: Plane) -> Plane:
        """Return v of the upper lid's edge at each u (h x w float32)."""
        return np.interp(u.ravel(), self.edge_u, self.edge_v).reshape(u.shape).astype(np.float32)


def _turned(x: NDArray, y: NDArray, across: NDArray[np.float64]) -> tuple[NDArray, NDArray]:  # type: ignore[type-arg]
    """Return u and v of what lies at x and y from the left corner."""
    (ax, ay), square = across.astype(x.dtype), x.dtype.type(across @ across)
    return (x * ax + y * ay) / square, (y * ax - x * ay) / square
