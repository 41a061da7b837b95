"""Limit translation and scale of the head to what a neck allows.

A head that turns carries the middle of its face along, so movement is measured at the neck's pivot, where turning and
nodding move almost nothing: over 40 rendered clips with turns up to 60 degrees the 99th percentile is 1.6 cm there
and 4.1 cm at the origin of the face.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from animato.geometry.landmarks import FACE_SIDES
from animato.geometry.pose import HeadPose

PIVOT = np.array([0.0, 6.0, 6.0])
"""Where a head turns and nods on its neck, canonical centimetres (x right, y down, z away)."""

REACH = 0.25
"""Farthest a head moves on its neck, in widths of the face."""

GROWTH = 1.1
"""Most that a head grows or shrinks by moving towards the camera or away from it."""

KNEE = 0.6
"""Share of a limit up to which movement passes unchanged; beyond it approaches the limit."""


def soft_limit(length: float, limit: float) -> float:
    """Return a length held below a limit: unchanged up to `KNEE` of it, then approaching it exponentially.

    Args:
        length: not negative.
        limit: positive, in the same unit.
    """
    knee = KNEE * limit
    if length <= knee:
        return length
    return knee + (limit - knee) * (1.0 - math.exp(-(length - knee) / (limit - knee)))


def face_width_cm(local: NDArray[np.float64]) -> float:
    """Return the width of a face (478 x 3, the head's own frame), canonical centimetres."""
    left, right = FACE_SIDES
    return float(np.linalg.norm(local[left] - local[right]))


def on_neck(photo: HeadPose, wanted: HeadPose, width: float, shift: float, zoom: float) -> tuple[HeadPose, float]:
    """Return the pose wanted, as far as the neck of a photo's head allows it, and how much was asked of the neck.

    Args:
        photo: the photo's own pose.
        wanted: the pose that the driver's movement asks for; its rotation is kept.
        width: of the face, canonical centimetres.
        shift: strength of the pivot's movement, 1 for the driver's own; 0 keeps the head in its place.
        zoom: strength of growing and shrinking, likewise.

    Returns:
        (pose, the larger of shift and growth that were asked for, in units of their limits).
    """
    asked = zoom * math.log(wanted.scale / photo.scale)
    grown = math.copysign(soft_limit(abs(asked), math.log(GROWTH)), asked)
    scale = photo.scale * math.exp(grown)
    rest = _pivot(photo)
    moved = shift * (_pivot(wanted) - rest)
    length, reach = float(np.hypot(*moved[:2])), REACH * width * photo.scale
    if length > 0:
        moved *= soft_limit(length, reach) / length
    translation = rest + moved - scale * wanted.rotation @ PIVOT
    translation[2] = wanted.translation[2]
    return HeadPose(wanted.rotation, translation, scale), max(length / reach, abs(asked) / math.log(GROWTH))


def _pivot(pose: HeadPose) -> NDArray[np.float64]:
    """Return where the pivot lies, 3 float64, pixels."""
    return np.asarray(pose.translation + pose.scale * pose.rotation @ PIVOT)
