"""Limit head motion away from an edge of the photo that crops the head."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from animato.geometry.landmarks import CHIN, FOREHEAD, OVAL
from animato.geometry.pose import HeadPose
from animato.motion.photo_expression import ease_beyond
from animato.types import Points

FREE, MOST = 0.1, 0.25
"""Of the room between face and edge: movement away from the edge up to the first is free, and eased never to exceed the
second. Hair at the edge is stretched by no more than that."""
LEAST = 1.0
"""Room that counts at least, canonical centimetres."""


@dataclass(frozen=True)
class EdgeRoom:
    """Limits of movement away from the edges that cut a head.

    Attributes:
        anchors: N x 3 float64, a point of the head at each of these edges, in the head's own frame, centimetres.
        inward: N x 2 float64, unit vectors from each edge into the picture.
        turns: N bool, whether turning the head moves that point as it does the hair above; at the sides other parts of
            the head turn into view.
        room: N float64, between face and edge, canonical centimetres.
    """

    anchors: NDArray[np.float64]
    inward: NDArray[np.float64]
    turns: NDArray[np.bool_]
    room: NDArray[np.float64]

    def bounded(self, photo: HeadPose, target: HeadPose) -> HeadPose:
        """Return a target pose shifted back towards the edges as far as it moves away from them too far.

        Args:
            photo: pose of the photo.
            target: pose wanted.
        """
        translation = target.translation.copy()
        for anchor, inward, turns, room in zip(self.anchors, self.inward, self.turns, self.room, strict=True):
            rotation = target.rotation if turns else photo.rotation
            before = photo.scale * photo.rotation @ anchor + photo.translation
            after = target.scale * rotation @ anchor + translation
            away = float((after - before)[:2] @ inward) / photo.scale
            eased = away if away <= 0 else ease_beyond(away, FREE * room, MOST * room)
            translation[:2] -= (away - eased) * photo.scale * inward
        return replace(target, translation=translation)


def edge_room(
    points: Points, pose: HeadPose, extent: tuple[float, float, float, float], cut: Iterable[str]
) -> EdgeRoom:
    """Return the limits of movement for a face.

    Args:
        points: 478 x 3, landmarks, pixels of the crop.
        pose: fitted to them.
        extent: left, top, right and bottom of what the photo shows of the crop, pixels.
        cut: edges that cut the head ("top", "bottom", "left", "right"), of `head.cut_edges.cut_edges`.
    """
    left, top, right, bottom = extent
    oval = points[list(OVAL)].astype(np.float64)
    ends = {
        "top": (points[FOREHEAD].astype(np.float64), 1, top, (0.0, 1.0)),
        "bottom": (points[CHIN].astype(np.float64), 1, bottom, (0.0, -1.0)),
        "left": (oval[oval[:, 0].argmin()], 0, left, (1.0, 0.0)),
        "right": (oval[oval[:, 0].argmax()], 0, right, (-1.0, 0.0)),
    }
    anchors, inward, turns, rooms = [], [], [], []
    for edge in cut:
        point, axis, position, direction = ends[edge]
        rooms.append(max(abs(float(point[axis]) - position) / pose.scale, LEAST))
        at_edge = point.copy()
        at_edge[axis] = position
        anchors.append((at_edge - pose.translation) @ pose.rotation / pose.scale)
        inward.append(direction)
        turns.append(axis == 1)
    return EdgeRoom(
        np.array(anchors, np.float64).reshape(-1, 3),
        np.array(inward, np.float64).reshape(-1, 2),
        np.array(turns, np.bool_),
        np.array(rooms, np.float64),
    )
