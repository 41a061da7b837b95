"""Aperture of eyes and mouth, measured in the head's own frame and thus invariant to pose."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from animato.geometry.landmarks import EYE_LEFT, EYE_RIGHT, LIP_PAIRS, MOUTH_CORNERS
from animato.geometry.pose import HeadPose, fit_pose, local_from_points
from animato.types import Points

LID_PAIRS_LEFT = tuple(zip(EYE_LEFT[1:8], EYE_LEFT[:8:-1], strict=True))
LID_PAIRS_RIGHT = tuple(zip(EYE_RIGHT[1:8], EYE_RIGHT[:8:-1], strict=True))
"""Lid points that meet when the eye closes: (upper, lower), left to right."""

EYE_CLOSED = 0.055
EYE_OPEN = 0.13
"""Lid gap over eye width: at or below the first the eye is closed (blinks of 18 people: 0.00 to 0.05 closed, 0.17 to
0.26 open); above the second no correction is applied."""

MOUTH_CLOSED = 0.012
MOUTH_OPEN = 0.024
"""The same for the inner lip gap over the mouth's width (0.00 to 0.012 with touching lips)."""


def apertures(local: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the apertures (left eye, right eye, mouth), 3 float64: mean gap over width; 0 is closed.

    Args:
        local: 478 (or 468) x 3, landmarks in the head's own frame.
    """
    result = np.empty(3)
    for index, (pairs, ring) in enumerate(((LID_PAIRS_LEFT, EYE_LEFT), (LID_PAIRS_RIGHT, EYE_RIGHT))):
        result[index] = _gap(local, pairs) / max(float(np.linalg.norm(local[ring[0]] - local[ring[8]])), 1e-6)
    result[2] = _gap(local, LIP_PAIRS) / max(mouth_width(local), 1e-6)
    return result


def face_apertures(points: Points, pose: HeadPose | None = None) -> NDArray[np.float64]:
    """Return the apertures (left eye, right eye, mouth) of a face in an image.

    Args:
        points: 478 (or 468) x 3, landmarks, pixels.
        pose: of the head; fitted to `points` if None.
    """
    return apertures(local_from_points(points, pose or fit_pose(points)))


def mouth_width(local: NDArray[np.float64]) -> float:
    """Return the distance between the corners of the mouth, in the unit of `local` (N >= 468 x 3)."""
    return float(np.linalg.norm(local[MOUTH_CORNERS[0]] - local[MOUTH_CORNERS[1]]))


def eye_widths(local: NDArray[np.float64]) -> tuple[float, float]:
    """Return the distances between the corners of each eye, in the unit of `local` (N >= 468 x 3)."""
    left = float(np.linalg.norm(local[EYE_LEFT[0]] - local[EYE_LEFT[8]]))
    return left, float(np.linalg.norm(local[EYE_RIGHT[0]] - local[EYE_RIGHT[8]]))


def _gap(local: NDArray[np.float64], pairs: tuple[tuple[int, int], ...]) -> float:
    upper, lower = np.array(pairs).T
    return float((local[lower, 1] - local[upper, 1]).mean())
