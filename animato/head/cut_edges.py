"""Detect which edges of a picture crop the head."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from animato.geometry.landmarks import CHIN, FOREHEAD, OVAL
from animato.types import Frame, Points

NEAR_TOP, NEAR_SIDE, NEAR_CHIN = 0.5, 0.35, 0.04
"""Room between the face's outline and an edge from which it cuts nothing, in heights (at the sides widths) of it."""
SKULL, EARS = 0.3, 0.05
"""Room below which an edge cuts the head for certain: the top of a skull lies 0.28 heights above the face."""
ALIKE, UNLIKE = 18.0, 40.0
"""Distance in CIE Lab (of 8 bits) below which the picture at its edge is the same thing as what lies beside the face,
and above which it is another than what fills the upper corners."""
STRIP = 0.02
"""Width of the strip along the edge that is compared, in heights of the face."""
EDGES = ("top", "bottom", "left", "right")
CUT_THING = {"top": "the hair", "bottom": "the chin", "left": "the head", "right": "the head"}


@dataclass(frozen=True)
class _Box:
    """The face's outline: its box, its height from forehead to chin and its width, pixels."""

    left: float
    right: float
    forehead: float
    chin: float
    middle: float
    height: float
    width: float


def cut_edges(frame: Frame, points: Points) -> tuple[str, ...]:
    """Return the edges ("top", "bottom", "left", "right") that cut the head of an upright face.

    Above and beside the face an edge cuts when it is near and shows the same colours as what lies next to the face:
    hair, an ear, skin, and not what the upper corners show. Below, when the chin is as good as at it.

    Args:
        frame: H x W x 3 uint8 RGB.
        points: 478 x 3, landmarks in its pixels.
    """
    height, width = frame.shape[:2]
    box = _box(points)
    lab = np.asarray(cv2.cvtColor(frame, cv2.COLOR_RGB2LAB), np.uint8)
    strip = max(2, round(STRIP * box.height))
    across = box.middle - 0.3 * box.width, box.middle + 0.3 * box.width
    # From the brows to the tip of the nose: there ears and hair stand out beside the face.
    down = box.forehead + 0.25 * box.height, box.forehead + 0.6 * box.height
    corners = [lab[:strip, :strip], lab[:strip, -strip:]]
    level, sideways = _span(*down, height), _span(*across, width)
    left_side = _span(box.left - 0.08 * box.width, box.left - 0.02 * box.width, width)
    right_side = _span(box.right + 0.02 * box.width, box.right + 0.08 * box.width, width)
    above = _span(0.5 * box.forehead, 0.9 * box.forehead, height)
    near = {
        "top": box.forehead < SKULL * box.height
        or (box.forehead < NEAR_TOP * box.height and _cuts(lab[:strip, sideways], lab[above, sideways], corners)),
        "bottom": height - box.chin < NEAR_CHIN * box.height,
        "left": box.left < EARS * box.width
        or (box.left < NEAR_SIDE * box.width and _cuts(lab[level, :strip], lab[level, left_side], corners[:1])),
        "right": width - box.right < EARS * box.width
        or (
            width - box.right < NEAR_SIDE * box.width
            and _cuts(lab[level, -strip:], lab[level, right_side], corners[1:])
        ),
    }
    return tuple(edge for edge in EDGES if near[edge])


def edge_findings(cut: tuple[str, ...], name: str) -> list[str]:
    """Return a sentence about the edges that cut the head in a photo, none where nothing is cut."""
    if not cut:
        return []
    where = " and ".join(f"{CUT_THING[edge]} at the {edge}" for edge in cut)
    return [
        f"the edge of {name} cuts {where}; the head keeps near it, because what lies beyond is not in the photo: "
        "a photo with more room around the head works better"
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
    """Return the pixels between two positions, at least one, inside the picture."""
    first = min(max(int(low), 0), size - 1)
    return slice(first, min(max(int(high), first + 1), size))


def _cuts(edge: NDArray[np.uint8], beside: NDArray[np.uint8], corners: list[NDArray[np.uint8]]) -> bool:
    """Return whether what lies at the edge is what lies beside the face, and not what fills the corners."""
    here, there, *others = (
        np.median(part.reshape(-1, 3).astype(np.float64), axis=0) for part in (edge, beside, *corners)
    )
    far = min(float(np.linalg.norm(here - other)) for other in others)
    return float(np.linalg.norm(here - there)) < ALIKE and far > UNLIKE
