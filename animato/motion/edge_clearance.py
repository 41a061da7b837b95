"""Limit head motion away from an edge of the photo that crops the head."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from animato.geometry.landmarks import CHIN, FOREHEAD, OVAL
from animato.geometry.pose import HeadPose
from animato.motion.photo_expression import soft_clamp
from animato.types import Points

FREE_SHARE, MAX_SHARE = 0.1, 0.25
"""Shares of the clearance between face and edge: motion away from the edge is unchanged up to the first and never
exceeds the second, which bounds the stretch of hair at the edge."""
MIN_CLEARANCE = 1.0
"""Lower bound of the clearance, canonical centimetres."""


@dataclass(frozen=True)
class EdgeLimits:
    """Limits of motion away from the edges of the photo that crop the head.

    Attributes:
        anchors: N x 3 float64, a point of the head at each of these edges, canonical coordinates, centimetres.
        inward: N x 2 float64, unit vectors from each edge into the picture.
        rotates: N bool, whether the anchor moves with the head's rotation; not at the sides, where rotation exposes
            other parts of the head.
        clearance: N float64, distance between face and edge, canonical centimetres.
    """

    anchors: NDArray[np.float64]
    inward: NDArray[np.float64]
    rotates: NDArray[np.bool_]
    clearance: NDArray[np.float64]

    def limit(self, photo: HeadPose, target: HeadPose) -> HeadPose:
        """Return a target pose whose motion away from the edges is limited.

        Args:
            photo: pose of the photo.
            target: pose before limiting.
        """
        translation = target.translation.copy()
        for anchor, inward, rotates, clearance in zip(
            self.anchors, self.inward, self.rotates, self.clearance, strict=True
        ):
            rotation = target.rotation if rotates else photo.rotation
            before = photo.scale * photo.rotation @ anchor + photo.translation
            after = target.scale * rotation @ anchor + translation
            away = float((after - before)[:2] @ inward) / photo.scale
            limited = away if away <= 0 else soft_clamp(away, FREE_SHARE * clearance, MAX_SHARE * clearance)
            translation[:2] -= (away - limited) * photo.scale * inward
        return replace(target, translation=translation)


def edge_limits(
    points: Points, pose: HeadPose, extent: tuple[float, float, float, float], cut: Iterable[str]
) -> EdgeLimits:
    """Return the limits of motion for a face.

    Args:
        points: 478 x 3, landmarks, pixels of the crop.
        pose: fitted to them.
        extent: left, top, right and bottom of the crop's area that the photo covers, pixels.
        cut: edges that crop the head ("top", "bottom", "left", "right"), see `head.cut_edges.cut_edges`.
    """
    left, top, right, bottom = extent
    oval = points[list(OVAL)].astype(np.float64)
    extremes = {
        "top": (points[FOREHEAD].astype(np.float64), 1, top, (0.0, 1.0)),
        "bottom": (points[CHIN].astype(np.float64), 1, bottom, (0.0, -1.0)),
        "left": (oval[oval[:, 0].argmin()], 0, left, (1.0, 0.0)),
        "right": (oval[oval[:, 0].argmax()], 0, right, (-1.0, 0.0)),
    }
    anchors, inward, rotates, clearances = [], [], [], []
    for edge in cut:
        point, axis, position, direction = extremes[edge]
        clearances.append(max(abs(float(point[axis]) - position) / pose.scale, MIN_CLEARANCE))
        at_edge = point.copy()
        at_edge[axis] = position
        anchors.append((at_edge - pose.translation) @ pose.rotation / pose.scale)
        inward.append(direction)
        rotates.append(axis == 1)
    return EdgeLimits(
        np.array(anchors, np.float64).reshape(-1, 3),
        np.array(inward, np.float64).reshape(-1, 2),
        np.array(rotates, np.bool_),
        np.array(clearances, np.float64),
    )
