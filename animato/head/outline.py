"""The outline of a head along the columns of its shell: where it lies in a picture, and its smooth form."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from animato.head.closed_topology import COLUMNS
from animato.types import Plane

JAW = 11
"""Column that starts at the jaw below the ear."""

CALM_COLUMNS = 2.0
"""Width over which the silhouette is smoothed around the head for what lies behind it, columns."""


def march(plane: Plane, start: NDArray[np.float64], direction: NDArray[np.float64], reach: float) -> float:
    """Return how far a plane stays above one half from a point on, pixels."""
    steps = np.arange(0.0, max(reach, 1.0), 1.0)
    xy = start + direction * steps[:, None]
    height, width = plane.shape
    column, row = np.rint(xy).astype(int).T
    inside = (column >= 0) & (row >= 0) & (column < width) & (row < height)
    value = np.where(inside, plane[row.clip(0, height - 1), column.clip(0, width - 1)], 0)
    out = np.flatnonzero(value < 0.5)
    return float(steps[out[0]] if len(out) else steps[-1])


def mean_along(
    plane: Plane, start: NDArray[np.float64], direction: NDArray[np.float64], reach: NDArray[np.float64] | float
) -> NDArray[np.float64]:
    """Return a plane's mean along each column (starts and directions 36 x 2), up to its reach in pixels (36 or one)."""
    steps = np.linspace(0.15, 1.0, 16) * np.reshape(reach, (-1, 1))
    xy = start[:, None] + direction[:, None] * steps[..., None]
    height, width = plane.shape
    column, row = np.clip(np.rint(xy), 0, (width - 1, height - 1)).astype(int).transpose(2, 0, 1)
    return np.asarray(plane[row, column].mean(axis=1), np.float64)


def without_strands(radius: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return radii (36, pixels) without single strands: the median of each column and its neighbours around."""
    return np.asarray(np.median([np.roll(radius, shift) for shift in (-1, 0, 1)], axis=0))


def room_beside_jaw(
    oval: NDArray[np.float64], direction: NDArray[np.float64], across: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Return how far each column may reach until it is as far aside as the jaw below the ears, 36, pixels.

    No neck is wider; what is seen beside it belongs to clothes. Columns above have no limit, infinity.

    Args:
        oval: 36 x 2, the face oval from its middle, pixels.
        direction: 36 x 2, unit vectors outwards.
        across: 2, unit vector to the side.
    """
    room = np.full(COLUMNS, np.inf)
    for corner, columns in ((JAW, np.arange(JAW + 1, COLUMNS // 2)), (-JAW, -np.arange(JAW + 1, COLUMNS // 2))):
        side = np.sign(oval[corner] @ across) * across
        outwards = np.maximum(direction[columns] @ side, 1e-3)
        room[columns] = (oval[corner] @ side - oval[columns] @ side) / outwards
    return room


def rounded_crown(
    reach: NDArray[np.float64],
    along: NDArray[np.float64],
    aside: NDArray[np.float64],
    cut: NDArray[np.bool_],
    crown: float,
) -> NDArray[np.float64]:
    """Return how far columns reach from the middle of the face, 36, pixels, where the picture's upper edge cuts a head.

    The crown goes on as half an ellipse for each side, from the highest column that is not cut up to the crown.

    Args:
        reach: 36, how far they reach in the picture, pixels.
        along: 36, cosine of the angle between each column and the head's axis upwards.
        aside: 36, of that and the direction aside.
        cut: 36 bool, columns that the edge cuts.
        crown: usual height of a crown above the middle of the face, pixels.
    """
    height, width = reach * along, np.abs(reach * aside)
    top = max(crown, float(height.max()))
    result = reach.copy()
    for side in (-1.0, 1.0):
        here = (aside * side >= 0) & (along > 0)
        beside = here & ~cut
        widest = float(width[here].max())
        if beside.any():
            highest = np.flatnonzero(beside)[np.argmax(height[beside])]
            widest = max(widest, width[highest] / np.sqrt(1 - min(height[highest] / top, 0.95) ** 2))
        of_ellipse = 1 / np.sqrt((aside / widest) ** 2 + (along / top) ** 2)
        result = np.where(here & cut, np.maximum(reach, of_ellipse), result)
    return result


def calm_outline(rim: NDArray[np.float64], middle: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return a silhouette without its bumps, 36 x 3, pixels: what lies behind it is as round as a skull.

    Args:
        rim: 36 x 3, the silhouette, pixels.
        middle: of the face, x and y.
    """
    out = rim[:, :2] - middle
    distance = np.linalg.norm(out, axis=1)
    apart = np.abs(np.arange(COLUMNS)[:, None] - np.arange(COLUMNS)[None])
    near = np.exp(-0.5 * (np.minimum(apart, COLUMNS - apart) / CALM_COLUMNS) ** 2)
    near /= near.sum(axis=1, keepdims=True)
    near = near @ (2 * np.eye(COLUMNS) - near)  # twice, so that it does not shrink at the crown and at the chin
    return np.column_stack([middle + out * (near @ distance / distance)[:, None], near @ rim[:, 2]])


def behind_outline(
    points: NDArray[np.float64], rim: NDArray[np.float64], middle: NDArray[np.float64], up: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Return places of the back as a photo sees them, N x 2, pixels: above the face, none looks over the silhouette.

    The back of a head that is lowered, or drawn with a high crown, would.

    Args:
        points: N x 2, pixels.
        rim: 36 x 2, the silhouette, pixels.
        middle: of the face, x and y.
        up: 2, unit vector towards the top of the head.
    """
    across = np.array([-up[1], up[0]])

    def turn_and_distance(xy: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        return np.arctan2((xy - middle) @ across, (xy - middle) @ up), np.linalg.norm(xy - middle, axis=1)

    angles, limits = turn_and_distance(rim)
    order = np.argsort(angles)
    angle, distance = turn_and_distance(points)
    limit = np.interp(angle, angles[order], limits[order], period=2 * np.pi)
    inside = np.minimum(distance, np.where(np.abs(angle) < np.pi / 2, limit, np.inf))
    return middle + (points - middle) * (inside / np.maximum(distance, 1e-6))[:, None]


def curve_through(
    at: NDArray[np.float64], value: NDArray[np.float64], place: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Return a smooth curve at some places, which goes through given points and never beyond its neighbours.

    Args:
        at: N, where the curve is given, rising; outside it stays constant.
        value: N, there.
        place: of any shape.
    """
    step, rise = np.diff(at), np.diff(value) / np.diff(at)
    # Fritsch, Butland 1984.
    weight = (2 * step[1:] + step[:-1]) / (3 * (step[1:] + step[:-1]))
    before, after = rise[:-1], rise[1:]
    mean = weight * after + (1 - weight) * before
    slope = np.where(before * after > 0, before * after / np.where(mean == 0, 1, mean), 0.0)
    slope = np.concatenate([rise[:1], slope, rise[-1:]])
    place = np.clip(place, at[0], at[-1])
    k = np.clip(np.searchsorted(at, place, side="right") - 1, 0, len(step) - 1)
    t = (place - at[k]) / step[k]
    first = value[k] * (1 + 2 * t) * (1 - t) ** 2 + value[k + 1] * t**2 * (3 - 2 * t)
    return np.asarray(first + step[k] * (slope[k] * t * (1 - t) ** 2 - slope[k + 1] * t**2 * (1 - t)))
