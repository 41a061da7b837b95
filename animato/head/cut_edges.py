"""Detect which edges of a picture crop the head."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from animato.geometry.landmarks import CHIN, FOREHEAD, OVAL
from animato.types import Frame, Points

NEAR_TOP, NEAR_SIDE, NEAR_CHIN = 0.5, 0.35, 0.04
"""Distance between face oval and edge above which the edge does not crop the head, relative to the height of the oval
(at the sides, to its width)."""
CROPPED_TOP, CROPPED_SIDE = 0.3, 0.05
"""Distance below which an edge always crops the head: the top of the skull is 0.28 heights above the oval."""
SAME_COLOUR, OTHER_COLOUR = 18.0, 40.0
"""Distance in 8-bit CIE Lab below which the colour at the edge matches that beside the face, and above which it differs
from that of the upper corners."""
STRIP_WIDTH = 0.02
"""Width of the strip along the edge that is compared, relative to the height of the oval."""
EDGES = ("top", "bottom", "left", "right")
CROPPED_PART = {"top": "the hair", "bottom": "the chin", "left": "the head", "right": "the head"}


@dataclass(frozen=True)
class _Box:
    """Bounding box of the face oval, its height from forehead to chin, and its width, pixels."""

    left: float
    right: float
    forehead: float
    chin: float
    middle: float
    height: float
    width: float


def cut_edges(frame: Frame, points: Points) -> tuple[str, ...]:
    """Return the edges ("top", "bottom", "left", "right") that crop the head of an upright face.

    The top and the sides crop the head if they are near the face and their colours match those next to the face (hair,
    ear, skin) rather than those of the upper corners (background). The bottom does if the chin is next to it.

    Args:
        frame: H x W x 3 uint8 RGB.
        points: 478 x 3, landmarks in its pixels.
    """
    height, width = frame.shape[:2]
    box = _box(points)
    lab = np.asarray(cv2.cvtColor(frame, cv2.COLOR_RGB2LAB), np.uint8)
    strip = max(2, round(STRIP_WIDTH * box.height))
    central_columns = box.middle - 0.3 * box.width, box.middle + 0.3 * box.width
    # From the brows to the tip of the nose, where ears and hair are beside the face.
    ear_rows = box.forehead + 0.25 * box.height, box.forehead + 0.6 * box.height
    corners = [lab[:strip, :strip], lab[:strip, -strip:]]
    side_rows, columns = _span(*ear_rows, height), _span(*central_columns, width)
    left_side = _span(box.left - 0.08 * box.width, box.left - 0.02 * box.width, width)
    right_side = _span(box.right + 0.02 * box.width, box.right + 0.08 * box.width, width)
    above = _span(0.5 * box.forehead, 0.9 * box.forehead, height)
    crops = {
        "top": box.forehead < CROPPED_TOP * box.height
        or (box.forehead < NEAR_TOP * box.height and _crops_head(lab[:strip, columns], lab[above, columns], corners)),
        "bottom": height - box.chin < NEAR_CHIN * box.height,
        "left": box.left < CROPPED_SIDE * box.width
        or (
            box.left < NEAR_SIDE * box.width
            and _crops_head(lab[side_rows, :strip], lab[side_rows, left_side], corners[:1])
        ),
        "right": width - box.right < CROPPED_SIDE * box.width
        or (
            width - box.right < NEAR_SIDE * box.width
            and _crops_head(lab[side_rows, -strip:], lab[side_rows, right_side], corners[1:])
        ),
    }
    return tuple(edge for edge in EDGES if crops[edge])


def edge_warnings(cut: tuple[str, ...], name: str) -> list[str]:
    """Return a warning about the edges that crop the head in a photo, if any."""
    if not cut:
        return []
    where = " and ".join(f"{CROPPED_PART[edge]} at the {edge}" for edge in cut)
    return [
        f"the edge of {name} cuts {where}; head movement away from it is limited: "
        "a photo with more space around the head works better"
    ]


def _box(points: Points) -> _Box:
    oval = points[list(OVAL), :2].astype(np.float64)
    (left, _), (right, _) = oval.min(axis=0), oval.max(axis=0)
    forehead, chin = float(points[FOREHEAD, 1]), float(points[CHIN, 1])
    middle = float(points[FOREHEAD, 0])
    return _Box(
        float(left), float(right), forehead, chin, middle, max(chin - forehead, 1.0), max(float(right - left), 1.0)
    )


def _span(low: float, high: float, size: int) -> slice:
    """Return the slice between two positions, with at least one pixel inside the image."""
    first = min(max(int(low), 0), size - 1)
    return slice(first, min(max(int(high), first + 1), size))


def _crops_head(edge: NDArray[np.uint8], beside: NDArray[np.uint8], corners: list[NDArray[np.uint8]]) -> bool:
    """Return whether the edge has the colour next to the face, and not that of the corners."""
    edge_colour, beside_colour, *corner_colours = (
        np.median(part.reshape(-1, 3).astype(np.float64), axis=0) for part in (edge, beside, *corners)
    )
    corner_distance = min(float(np.linalg.norm(edge_colour - corner)) for corner in corner_colours)
    return float(np.linalg.norm(edge_colour - beside_colour)) < SAME_COLOUR and corner_distance > OTHER_COLOUR
