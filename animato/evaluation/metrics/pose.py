"""Head pose error: the angle between the rotation of the output's head and the driver's."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from animato.evaluation.metrics.base import FrameMean, MetricInfo, ScoredFrame, register
from animato.geometry.pose import fit_pose
from animato.types import Face

Rotation = NDArray[np.float64]


def rotation(face: Face) -> Rotation:
    """Estimate the 3 x 3 rotation of a head by fitting the canonical mesh."""
    return fit_pose(face.points).rotation


def angle(a: Rotation, b: Rotation) -> float:
    """Compute the angle between two rotations, in degrees.

    The geodesic distance arccos((trace(a^T b) - 1) / 2), computed with atan2 for accuracy at small angles (Huynh 2009,
    "Metrics for 3D rotations", equation 23).
    """
    turn = a.T @ b
    skew = (turn[2, 1] - turn[1, 2], turn[0, 2] - turn[2, 0], turn[1, 0] - turn[0, 1])
    return float(np.degrees(np.arctan2(np.linalg.norm(skew), np.trace(turn) - 1)))


def _rotations(scored: ScoredFrame) -> tuple[Rotation, Rotation] | None:
    if scored.face is None:
        return None
    face = scored.face
    driver: Rotation = scored.reference.cached("rotation", lambda: rotation(scored.reference.face))
    output: Rotation = scored.cached("rotation", lambda: rotation(face))
    return output, driver


@register(
    MetricInfo("pose", "degrees", "lower", "driver", "Angle between the output's and the driver's head.", digits=2)
)
class Pose(FrameMean):
    """Absolute pose error."""

    def measure(self, scored: ScoredFrame) -> float | None:
        pair = _rotations(scored)
        return None if pair is None else angle(*pair)


@register(
    MetricInfo(
        "pose-motion",
        "degrees",
        "lower",
        "driver",
        "The same for the rotation since the first scored frame, for systems that keep the pose of the source.",
        digits=2,
    )
)
class PoseMotion(FrameMean):
    """Error of the rotation since the first scored frame."""

    def __init__(self) -> None:
        super().__init__()
        self._first: tuple[Rotation, Rotation] | None = None

    def measure(self, scored: ScoredFrame) -> float | None:
        pair = _rotations(scored)
        if pair is None:
            return None
        if self._first is None:
            self._first = pair
            return None
        return angle(pair[0] @ self._first[0].T, pair[1] @ self._first[1].T)
