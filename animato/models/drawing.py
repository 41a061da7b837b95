"""Landmark drawings for the 2019 system: 68 of the 478 points in fixed colours. Does not import torch.

Conventions: points are N x 2 or N x 3 float32 in pixels of the crop, origin at the centre of the top-left pixel; the
drawing is S x S x 3 uint8 RGB on black. Colours and order are those of the authors' lab's FSTH loader: jaw white,
brows red and green, nose blue, eyes magenta and cyan, mouth (outer lip, closed) yellow.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from animato.errors import UsageError
from animato.types import Frame, Points

IBUG68_FROM_MESH = np.array(
    [
        # jaw, from the subject's right ear over the chin (8) to the left ear
        *(127, 234, 93, 58, 172, 136, 149, 148, 152, 377, 378, 365, 397, 288, 323, 454, 356),
        # right brow, left brow: upper edge, from the outside in and from the inside out
        *(70, 63, 105, 66, 107),
        *(336, 296, 334, 293, 300),
        # nose: ridge from between the eyes to the tip, then the base from the right to the left nostril
        *(168, 197, 5, 4),
        *(98, 97, 2, 326, 327),
        # right eye and left eye: outer corner first for the right, inner corner first for the left, over the top
        *(33, 160, 158, 133, 153, 144),
        *(362, 385, 387, 263, 373, 380),
        # mouth: outer lip from the right corner over the top, then inner lip likewise
        *(61, 39, 37, 0, 267, 269, 291, 405, 314, 17, 84, 181),
        *(78, 82, 13, 312, 308, 317, 14, 87),
    ],
    dtype=np.int64,
)
"""Index of the mesh point for each of the 68 iBUG points (the subject's right is the left side of the image)."""

MIRROR68 = np.array(
    [
        *range(16, -1, -1),
        *range(26, 16, -1),
        *range(27, 31),
        *range(35, 30, -1),
        *(45, 44, 43, 42, 47, 46, 39, 38, 37, 36, 41, 40),
        *(54, 53, 52, 51, 50, 49, 48, 59, 58, 57, 56, 55),
        *(64, 63, 62, 61, 60, 67, 66, 65),
    ],
    dtype=np.int64,
)
"""Permutation of the 68 points under horizontal mirroring."""

RIGHT_IRIS = (468, 469, 470, 471, 472)
LEFT_IRIS = (473, 474, 475, 476, 477)


@dataclass(frozen=True)
class Stroke:
    """One polyline of the drawing: indices into the 68 points, whether it is closed, and its RGB colour."""

    points: tuple[int, ...]
    closed: bool
    colour: tuple[int, int, int]


PAPER_STROKES = (
    Stroke(tuple(range(17)), False, (255, 255, 255)),
    Stroke(tuple(range(17, 22)), False, (255, 0, 0)),
    Stroke(tuple(range(22, 27)), False, (0, 255, 0)),
    Stroke(tuple(range(27, 31)), False, (0, 0, 255)),
    Stroke(tuple(range(31, 36)), False, (0, 0, 255)),
    Stroke(tuple(range(36, 42)), True, (255, 0, 255)),
    Stroke(tuple(range(42, 48)), True, (0, 255, 255)),
    Stroke(tuple(range(48, 60)), True, (255, 255, 0)),
)
INNER_LIP = Stroke(tuple(range(60, 68)), True, (255, 128, 0))
IRIS_COLOUR = (96, 96, 96)

_FRACTION_BITS = 5


def ibug68(points: Points) -> NDArray[np.float32]:
    """Return the 68 iBUG-style points, 68 x 2 float32 in the same pixels, from 468 or 478 mesh points.

    Raises:
        UsageError: fewer than 468 points.
    """
    if points.ndim != 2 or points.shape[0] < 468:
        raise UsageError("a landmark drawing needs the 468 mesh points", where=f"got an array of shape {points.shape}")
    return np.ascontiguousarray(points[IBUG68_FROM_MESH, :2], dtype=np.float32)


def draw_landmarks(
    points: Points, size: int, style: str = "paper", canvas: int | None = None, mirror: bool = False
) -> Frame:
    """Draw landmarks as input of the generator.

    Lines are anti-aliased and 2 px wide at 256 px, scaled with the drawing and at least 1 px.

    Convention: `points` are pixels of a `canvas` px square crop; the drawing is that square at `size` px.

    Args:
        points: 478 x 2 or 478 x 3 (468 suffice for the style "paper").
        size: side of the drawing, pixels.
        style: "paper" for the 2019 strokes; "full" adds inner lips (orange) and irises (white), which the paper lists
            as missing.
        canvas: side of the crop of the points, pixels; `size` by default.
        mirror: whether to draw the mirrored face, with colours swapped accordingly.

    Raises:
        UsageError: too few points for the style, or an unknown style.
    """
    if style not in ("paper", "full"):
        raise UsageError(f"unknown drawing style {style!r}", where="one of: paper, full")
    scale = size / (canvas or size)
    scaled = points[:, :2] * np.float32(scale) + np.float32(0.5 * scale - 0.5)
    points68 = ibug68(scaled)
    if mirror:
        points68 = points68[MIRROR68]
        points68[:, 0] = size - 1 - points68[:, 0]
    width = max(1, round(2 * size / 256))
    picture = np.zeros((size, size, 3), np.uint8)
    strokes = (*PAPER_STROKES, INNER_LIP) if style == "full" else PAPER_STROKES
    for stroke in strokes:
        _polyline(picture, points68[list(stroke.points)], stroke.closed, stroke.colour, width)
    if style == "full":
        if len(points) < 478:
            raise UsageError("irises need all 478 points", where=f"got {len(points)}")
        for iris in (RIGHT_IRIS, LEFT_IRIS):
            ring = scaled[list(iris)]
            if mirror:
                ring = np.stack([size - 1 - ring[:, 0], ring[:, 1]], axis=1)
            _iris(picture, ring)
    return picture


def _polyline(
    picture: Frame, points: NDArray[np.float32], closed: bool, colour: tuple[int, int, int], width: int
) -> None:
    fixed = np.round(points * (1 << _FRACTION_BITS)).astype(np.int32)
    cv2.polylines(picture, [fixed], closed, colour, width, cv2.LINE_AA, _FRACTION_BITS)


def _iris(picture: Frame, ring: NDArray[np.float32]) -> None:
    radius = float(np.linalg.norm(ring[1:] - ring[0], axis=1).mean()) * 0.5
    unit = 1 << _FRACTION_BITS
    centre = (round(float(ring[0, 0]) * unit), round(float(ring[0, 1]) * unit))
    cv2.circle(
        picture, centre, max(round(radius * unit), unit // 2), IRIS_COLOUR, cv2.FILLED, cv2.LINE_AA, _FRACTION_BITS
    )
