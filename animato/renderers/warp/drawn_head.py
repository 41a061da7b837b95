"""The head of one frame on its way to the picture: warped, then drawn with its opacity."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from animato.types import Frame, Plane


@dataclass(frozen=True)
class HeadWarp:
    """The head of one frame, before it is laid over anything.

    Attributes:
        image: S x S x 3 uint8, its colours along the flow.
        flow: 2 x h x w float32, from the closed mesh, continued beyond its edges (`beyond_edges`).
        drawn: h x w int16, number of the triangle at each place, -1 where there is none.
        vertices: (468 + rings + 108) x 3 float64, of the target, pixels.
        affine: 6 x (T + 1) float32, source_from_target of each triangle.
    """

    image: Frame
    flow: NDArray[np.float32]
    drawn: NDArray[np.int16]
    vertices: NDArray[np.float64]
    affine: NDArray[np.float32]


class DrawnHead(NamedTuple):
    """The head of one frame in its own box, with its opacity.

    Attributes:
        box: rows and columns of the square.
        image: h x w x 3 uint8 RGB, its colours in the box, without what lies behind.
        alpha: h x w float32 in [0, 1].
        x: h x w float32, where the photo shows each place, pixels of the square.
        y: h x w float32.
        turn: 0 at the photo's pose to 1 well away from it.
    """

    box: tuple[slice, slice]
    image: Frame
    alpha: Plane
    x: Plane
    y: Plane
    turn: float
