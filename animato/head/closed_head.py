"""Closed head: the face mesh, rings out to the silhouette, a fringe beyond it, and the back of the skull.

Around the face oval 36 columns run outwards. Along each, the silhouette of the head is searched for in its matte. Front
rings lead from the oval to the silhouette on an elliptic profile, a fringe takes in the soft edge of the hair, and back
rings close the skull behind. Below the jaw the columns are a skirt of neck skin that follows the head less and less.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from animato.geometry.landmarks import OVAL, canonical_face
from animato.geometry.pose import HeadPose, local_from_points
from animato.geometry.smoothstep import smoothstep
from animato.head.closed_rings import FAR_FROM_MIDDLE_CM, FAR_SIDE, Columns, rings_of, with_perspective
from animato.head.closed_topology import COLUMNS, FRONT, OPEN_BELOW, RINGS
from animato.head.ears import ears
from animato.head.outline import (
    march,
    mean_along,
    room_beside_jaw,
    rounded_crown,
    without_strands,
)
from animato.types import Plane, Points

FREE_CM = 0.4
"""Half the width of a lock of hair that is no part of the head's outline, centimetres."""

SKIRT_CM = 2.5
"""Length of the skirt of neck skin below the jaw, centimetres."""

HAIR_LOOK_CM = 4.0
"""How far from the jaw hair is looked for, centimetres."""

HAIRED = (0.2, 0.4)
"""Share of hair along a column, from the oval to the silhouette, above which it begins to be hair's, and is."""

EARED = (0.4, 0.7)
"""The same of an ear."""

LEADS_UP = (0.3, 0.7)
"""Cosine of the angle between a column and the head's axis from which it begins to lead over the crown, and does."""

CROWN_CM, CUT_PIXELS = 14.0, 1.5
"""Height of a crown above the canonical origin, centimetres (of 176 rendered heads 14.6 on average, deviation 1.0), and
distance from the picture's edge, pixels, up to which it cuts a column."""

LEAST_CM = 0.4
"""Least distance of the silhouette from the oval, centimetres."""

REACH = ((-0.6, 6.0), (-0.1, 10.0), (0.2, 12.0), (0.6, 16.0))
"""How far the silhouette is searched for beyond the oval, centimetres, by the column's height (1 straight up)."""


@dataclass(frozen=True, eq=False)
class ClosedHead:
    """One photo's head beyond its face mesh.

    Attributes:
        local: N x 3 float64, ring vertices in the head's own frame, canonical centimetres.
        points: N x 3 float64, the same in pixels of the photo.
        source: N x 2 float64, where their texture lies in the photo, pixels; NaN for the back, which it does not show.
        follow: N float64, share of the head's rigid motion each takes.
        expression: N float64, share of the oval's expression each takes.
        radius: 36 float64, distance of the silhouette from the oval, pixels.
        soft: N float64 in [0, 1], 1 at the lower end of the skirt, which passes softly into the neck.
        mirrored: 36 bool, columns of a turned photo's far side, whose shape and texture are the near side's.
        hairless: 36 in [0, 1], columns along which there is no hair.
    """

    local: NDArray[np.float64]
    points: NDArray[np.float64]
    source: NDArray[np.float64]
    follow: NDArray[np.float64]
    expression: NDArray[np.float64]
    radius: NDArray[np.float64]
    soft: NDArray[np.float64]
    mirrored: NDArray[np.bool_]
    hairless: NDArray[np.float64]


def fit_closed_head(
    points: Points, pose: HeadPose, head: Plane, hair: Plane, bare: Plane, top: float | None = None
) -> ClosedHead:
    """Fit the closed head to a photo.

    Args:
        points: 478 x 3, landmarks, pixels.
        pose: fitted to them.
        head: H x W float32 in [0, 1], opacity of face, hair and ears.
        hair: H x W float32 in [0, 1], opacity of the hair.
        bare: H x W float32 in [0, 1], opacity of the person without clothes: a collar is no neck, and does not turn.
        top: row of the picture's upper edge, which cuts the head; None where it does not.
    """
    scale = pose.scale
    oval = points[list(OVAL)].astype(np.float64)
    middle = oval[:, :2].mean(axis=0)
    up = -(pose.rotation @ np.array([0.0, 1.0, 0.0]))[:2]
    up /= np.linalg.norm(up)
    direction = oval[:, :2] - middle
    inner = np.linalg.norm(direction, axis=1)
    direction /= inner[:, None]
    height = direction @ up
    below = np.clip((-height - 0.35) / 0.45, 0, 1)
    # Where hair hangs beside the jaw, the column is no neck's: it turns with the skull.
    below *= 1 - mean_along(hair, oval[:, :2], direction, HAIR_LOOK_CM * scale)
    reach = np.interp(height, *np.transpose(REACH)) * scale
    radius = np.array(
        [
            march(bare if low > 0.5 else head, oval[column, :2], direction[column], reach[column])
            for column, low in enumerate(below)
        ]
    )
    radius = without_strands(np.maximum(radius, LEAST_CM * scale))
    hairless = 1 - smoothstep(mean_along(hair, oval[:, :2], direction, radius), *HAIRED)
    if top is not None:
        cut = (oval[:, 1] + direction[:, 1] * radius <= top + CUT_PIXELS) & (height > 0)
        crown = CROWN_CM * scale + float((pose.translation[:2] - middle) @ up)
        aside = direction @ np.array([-up[1], up[0]])
        radius = rounded_crown(inner + radius, height, aside, cut, crown) - inner
    room = room_beside_jaw(oval[:, :2] - middle, direction, np.array([-up[1], up[0]]))
    radius -= hairless * np.maximum(radius - np.maximum(room, LEAST_CM * scale), 0)
    radius = radius * (1 - below) + np.minimum(radius, SKIRT_CM * scale) * below
    ear = ears(points, pose, np.clip(head - hair, 0, 1))
    eared = smoothstep(mean_along(ear, oval[:, :2], direction, radius), *EARED)
    column = Columns(oval, middle, direction, up, radius, below, hairless, eared)
    vertices, sources, follow = rings_of(column, pose)
    seen = vertices
    vertices = with_perspective(vertices, pose, 1.0)
    expression = np.repeat([max(0.0, 1 - ring / 2.5) for ring in range(1, RINGS + 1)], COLUMNS)
    local = np.asarray(local_from_points(vertices.astype(np.float32), pose), np.float64)
    far = _far_side(pose)
    local = _near_half(local, pose, np.maximum(height, 0))
    local, mirrored = _with_far_side(local, (-1.0, 1.0, 1.0), far), far > 0.5
    sources = np.where(
        np.tile(mirrored, RINGS)[:, None], _with_far_side(sources, (1.0, 1.0), np.ones(COLUMNS)), sources
    )
    hairless += far * (hairless[-np.arange(COLUMNS) % COLUMNS] - hairless)
    return ClosedHead(local, seen, sources, follow, expression, radius, _skirt_end(below), mirrored, hairless)


def solid_part(head: Plane, pixels_per_cm: float) -> Plane:
    """Return the opacity of a head without locks and curls that hang free of it: they are no outline of a skull.

    Args:
        head: H x W float32 in [0, 1], opacity of face, hair and ears.
        pixels_per_cm: scale of the head's pose.
    """
    size = 2 * max(1, round(FREE_CM * pixels_per_cm)) + 1
    kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (size, size))
    return np.asarray(cv2.morphologyEx(head.astype(np.float32), cv2.MORPH_OPEN, kernel), np.float32)


def upwards(middle: NDArray[np.floating], pose: HeadPose, size: int) -> Plane:
    """Return the cosine of the angle between the head's axis and the direction from a point, size x size float32.

    Args:
        middle: 2, the point, pixels.
        pose: of the head.
        size: side of the square, pixels.
    """
    line = np.arange(size, dtype=np.float32)
    x, y = line[None] - np.float32(middle[0]), line[:, None] - np.float32(middle[1])
    up = -(pose.rotation @ np.array([0.0, 1.0, 0.0]))[:2]
    up /= np.linalg.norm(up)
    return np.asarray((x * up[0] + y * up[1]) / np.maximum(np.hypot(x, y), 1e-6), np.float32)


def _skirt_end(below: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return how near each ring vertex is to the skirt's lower end, N in [0, 1], by the columns' share of neck (36)."""
    ring = np.arange(1, RINGS + 1)
    along = np.where(ring <= FRONT, ring / FRONT, 0.0)
    along[FRONT] = 1.0
    # Only there is no nape behind it.
    opening = np.clip(OPEN_BELOW + 1.5 - np.abs(np.arange(COLUMNS) - COLUMNS // 2), 0, 1)
    return np.asarray((along[:, None] * below * opening).reshape(-1))


def _far_side(pose: HeadPose) -> NDArray[np.float64]:
    """Return how far each column lies on the far side of a photo turned to a pose, 36 in [0, 1]."""
    aside = canonical_face().vertices[list(OVAL), 0]
    far = smoothstep(np.sign(aside) * pose.rotation[2, 0], *FAR_SIDE)
    return np.asarray(far * smoothstep(np.abs(aside), *FAR_FROM_MIDDLE_CM))


def _near_half(local: NDArray[np.float64], pose: HeadPose, upper: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return ring vertices (N x 3, centimetres), of a turned photo none beyond the middle of the crown.

    Upwards, columns of a turned head lead over its crown to the far side, where the mirrored near side lies.

    Args:
        local: N x 3, in the head's own frame.
        pose: of the photo.
        upper: 36 in [0, 1], how much each column leads upwards.
    """
    beyond = np.maximum(local.reshape(RINGS, COLUMNS, 3)[..., 0] * np.sign(pose.rotation[2, 0]), 0)
    share = smoothstep(abs(pose.rotation[2, 0]), *FAR_SIDE) * smoothstep(upper, *LEADS_UP)
    moved = local.copy()
    moved[:, 0] -= np.sign(pose.rotation[2, 0]) * (share * beyond).reshape(-1)
    return moved


def _with_far_side(
    values: NDArray[np.float64], mirror: tuple[float, ...], far: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Return values of the ring vertices (N x C) with those of the other side in the far columns (36 in [0, 1])."""
    rings = values.reshape(RINGS, COLUMNS, -1)
    other = rings[:, -np.arange(COLUMNS) % COLUMNS] * mirror
    return np.asarray((rings + far[None, :, None] * (other - rings)).reshape(values.shape))
