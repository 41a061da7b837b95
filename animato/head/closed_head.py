"""Closed head: the face mesh, rings out to the silhouette, a fringe beyond it, and the back of the skull.

Around the face oval 36 columns run outwards. Along each, the silhouette of the head is searched for in its matte. Front
rings lead from the oval to the silhouette on an elliptic profile, a fringe takes in the soft edge of the hair, and back
rings close the skull behind. Below the jaw the columns are a skirt of neck skin that follows the head less and less.
"""

from __future__ import annotations

import functools
import itertools
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from animato.geometry.landmarks import MESH_POINTS, OVAL, canonical_face
from animato.geometry.mesh import HeadTopology, head_topology, mirror_partners, signed_area
from animato.geometry.pose import HeadPose, local_from_points
from animato.types import Plane, Points

COLUMNS = len(OVAL)
FRONT, BACK = 5, 5
"""Rings from the oval to the silhouette, and from there to the back of the skull."""

SILHOUETTE = FRONT - 1
"""Number of the ring that lies on the silhouette; the fringe is the next one."""

RINGS = FRONT + 1 + 1 + BACK
"""All rings: front, fringe, the silhouette once more as the beginning of the back, and back."""

OPEN_BELOW = 3
"""Columns to either side of the chin without a back: the neck begins there."""
WIDEST_SIDE, WIDEST_TOP, BACK_CM = 5.0, 2.875, 12.35
"""Depth of the silhouette behind the canonical origin at the sides and at the top, and of the back of the skull behind
that, centimetres. Fitted, like the two below, by `scripts/fit_closed_head.py`."""

PERSPECTIVE = 0.00625
"""How much smaller things look for each centimetre that they lie farther away than the face: a camera at 160 cm."""

BACK_RISE_CM = 4.25
"""How much higher the back of the skull lies than its widest section, centimetres."""

FRINGE_CM = 1.2
"""Width of the fringe beyond the silhouette, centimetres."""

SKIRT_CM = 2.5
"""Length of the skirt of neck skin below the jaw, centimetres."""

HAIR_LOOK_CM = 4.0
"""How far from the jaw hair is looked for, centimetres."""

NECK_SHARE = 0.25
"""Share of the head's motion that the lower end of the skirt takes."""

REACH = ((-0.6, 6.0), (-0.1, 10.0), (0.2, 12.0), (0.6, 16.0))
"""How far the silhouette is searched for beyond the oval, centimetres, by the column's height (1 straight up)."""


@dataclass(frozen=True)
class ClosedTopology(HeadTopology):
    """Connectivity of the closed head.

    Attributes:
        fringe: T bool, triangles of the fringe.
        back: T bool, triangles behind the silhouette.
    """

    fringe: NDArray[np.bool_]
    back: NDArray[np.bool_]


@functools.cache
def closed_topology() -> ClosedTopology:
    """Return the triangles of the closed head, built once."""
    face = canonical_face()
    inner = head_topology()
    loops = [np.array(OVAL), *(MESH_POINTS + COLUMNS * ring + np.arange(COLUMNS) for ring in range(RINGS))]
    strips = [_strip(a, b) for a, b in itertools.pairwise(loops[: FRONT + 1])]
    fringe = _strip(loops[FRONT], loops[FRONT + 1])
    open_columns = np.abs(np.arange(COLUMNS) + 0.5 - COLUMNS / 2) <= OPEN_BELOW
    back = [_strip(a, b)[~np.tile(open_columns, 2)] for a, b in itertools.pairwise(loops[FRONT + 2 :])]
    ring_triangles = np.concatenate([*strips, fringe, *back])
    oval = face.vertices[list(OVAL), :2]
    flat = np.concatenate([face.vertices[:, :2], *(oval * (1 + 0.2 * number) for number in range(1, RINGS + 1))])
    if np.sign(np.median(signed_area(flat, np.concatenate(strips)))) != inner.outward:
        ring_triangles = ring_triangles[:, ::-1]
    triangles = np.ascontiguousarray(np.concatenate([face.triangles, ring_triangles]).astype(np.int32))
    number = np.arange(len(triangles)) - len(face.triangles)
    strip = 2 * COLUMNS
    aperture = np.zeros(len(triangles), bool)
    aperture[: len(face.triangles)] = inner.aperture[: len(face.triangles)]
    is_fringe = (number >= FRONT * strip) & (number < (FRONT + 1) * strip)
    return ClosedTopology(
        triangles,
        len(face.triangles),
        aperture,
        inner.outward,
        mirror_partners(RINGS),
        np.asarray((triangles < MESH_POINTS + COLUMNS).all(axis=1)),
        ~is_fringe,
        is_fringe,
        number >= (FRONT + 1) * strip,
    )


def _strip(inner: NDArray[np.int64], outer: NDArray[np.int64]) -> NDArray[np.int64]:
    after, beyond = np.roll(inner, -1), np.roll(outer, -1)
    return np.concatenate([np.stack([inner, outer, beyond], axis=1), np.stack([inner, beyond, after], axis=1)])


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
    """

    local: NDArray[np.float64]
    points: NDArray[np.float64]
    source: NDArray[np.float64]
    follow: NDArray[np.float64]
    expression: NDArray[np.float64]
    radius: NDArray[np.float64]


def fit_closed_head(points: Points, pose: HeadPose, head: Plane, hair: Plane, person: Plane) -> ClosedHead:
    """Fit the closed head to a photo.

    Args:
        points: 478 x 3, landmarks, pixels.
        pose: fitted to them.
        head: H x W float32 in [0, 1], opacity of face, hair and ears.
        hair: H x W float32 in [0, 1], opacity of the hair.
        person: H x W float32 in [0, 1], opacity of the whole person.
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
    below *= 1 - _mean_along(hair, oval[:, :2], direction, HAIR_LOOK_CM * scale)
    reach = np.interp(height, *np.transpose(REACH)) * scale
    radius = np.array(
        [
            _march(person if low > 0.5 else head, oval[column, :2], direction[column], reach[column])
            for column, low in enumerate(below)
        ]
    )
    radius = _smoothed(np.maximum(radius, 0.4 * scale))
    radius = radius * (1 - below) + np.minimum(radius, SKIRT_CM * scale) * below
    column = _Columns(oval, middle, direction, up, radius, below)
    vertices, sources, follow = _rings(column, pose)
    seen = vertices
    vertices = with_perspective(vertices, pose, 1.0)
    expression = np.repeat([max(0.0, 1 - ring / 2.5) for ring in range(1, RINGS + 1)], COLUMNS)
    local = local_from_points(vertices.astype(np.float32), pose)
    return ClosedHead(local, seen, sources, follow, expression, radius)


@dataclass(frozen=True)
class _Columns:
    """The 36 columns of one photo: where they start, where they run to, and which are the neck's.

    Attributes:
        oval: 36 x 3, the face oval, pixels.
        middle: its middle, x and y.
        direction: 36 x 2, unit vectors outwards.
        up: 2, unit vector towards the top of the head.
        radius: 36, distance of the silhouette from the oval, pixels.
        below: 36 in [0, 1], 1 for columns straight below the chin.
    """

    oval: NDArray[np.float64]
    middle: NDArray[np.float64]
    direction: NDArray[np.float64]
    up: NDArray[np.float64]
    radius: NDArray[np.float64]
    below: NDArray[np.float64]


def _rings(columns: _Columns, pose: HeadPose) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """Return vertices (N x 3) and source (N x 2) of all rings, pixels, and their share of the rigid motion (N)."""
    oval, middle, direction = columns.oval, columns.middle, columns.direction
    radius, below, scale = columns.radius, columns.below, pose.scale
    start = oval[:, 2]
    height = np.clip(direction @ columns.up, 0, 1)
    behind = WIDEST_SIDE + (WIDEST_TOP - WIDEST_SIDE) * height
    origin = pose.translation[2] + scale * pose.rotation[2, 1] * -1.0
    widest = np.maximum(origin + scale * pose.rotation[2, 2] * behind, start + scale)
    rings: list[NDArray[np.float64]] = []
    sources: list[NDArray[np.float64]] = []
    follow: list[NDArray[np.float64]] = []
    for ring in range(1, FRONT + 1):
        turn = ring / FRONT * np.pi / 2
        depth = start + (widest - start) * (1 - np.cos(turn))
        skirt = start + (widest - start) * 0.8 * ring / FRONT
        xy = oval[:, :2] + direction * (radius * np.sin(turn))[:, None]
        rings.append(np.column_stack([xy, depth * (1 - below) + skirt * below]))
        sources.append(xy)
        follow.append(1 - below * (ring / FRONT) ** 1.2 * (1 - NECK_SHARE))
    rim = rings[-1]
    fringe = rim[:, :2] + direction * ((1 - 0.8 * below) * FRINGE_CM * scale)[:, None]
    rings.append(np.column_stack([fringe, rim[:, 2]]))
    sources.append(fringe)
    follow.append(follow[-1])
    outer = np.linalg.norm(rim[:, :2] - middle, axis=1)
    for ring in range(BACK + 1):
        turn = ring / BACK * np.pi / 2 * 0.98
        rise = columns.up * (BACK_RISE_CM * scale * np.sin(turn))
        xy = middle + rise + direction * (outer * np.cos(turn))[:, None]
        rings.append(np.column_stack([xy, rim[:, 2] + BACK_CM * scale * np.sin(turn)]))
        sources.append(np.full((COLUMNS, 2), np.nan))
        follow.append(follow[FRONT - 1])
    return np.concatenate(rings), np.concatenate(sources), np.concatenate(follow)


def with_perspective(vertices: NDArray[np.float64], pose: HeadPose, sign: float) -> NDArray[np.float64]:
    """Return vertices (N x 3, pixels) as they are in space (sign 1) from how they look, or the reverse (sign -1)."""
    away = (vertices[:, 2:] - pose.translation[2]) / pose.scale
    factor = np.maximum(1 + PERSPECTIVE * away, 0.5) ** sign
    offset = vertices[:, :2] - pose.translation[:2]
    return np.column_stack([pose.translation[:2] + offset * factor, vertices[:, 2]])


def _march(plane: Plane, start: NDArray[np.float64], direction: NDArray[np.float64], reach: float) -> float:
    """Return how far a plane stays above one half from a point on, pixels."""
    steps = np.arange(0.0, max(reach, 1.0), 1.0)
    xy = start + direction * steps[:, None]
    height, width = plane.shape
    column, row = np.rint(xy).astype(int).T
    inside = (column >= 0) & (row >= 0) & (column < width) & (row < height)
    value = np.where(inside, plane[row.clip(0, height - 1), column.clip(0, width - 1)], 0)
    out = np.flatnonzero(value < 0.5)
    return float(steps[out[0]] if len(out) else steps[-1])


def _mean_along(
    plane: Plane, start: NDArray[np.float64], direction: NDArray[np.float64], reach: float
) -> NDArray[np.float64]:
    """Return a plane's mean along each column (starts and directions 36 x 2), up to a reach in pixels."""
    xy = start[:, None] + direction[:, None] * np.linspace(0.15, 1.0, 16)[None, :, None] * reach
    height, width = plane.shape
    column, row = np.clip(np.rint(xy), 0, (width - 1, height - 1)).astype(int).transpose(2, 0, 1)
    return np.asarray(plane[row, column].mean(axis=1), np.float64)


def _smoothed(radius: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return radii without single strands: the median of each column and its neighbours around the head."""
    return np.asarray(np.median([np.roll(radius, shift) for shift in (-1, 0, 1)], axis=0))
