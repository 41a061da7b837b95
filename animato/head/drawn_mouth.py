"""Mouth of a drawing: landmarks are moved onto the line that is drawn for the lips.

The landmarks of a face without lips lie beside its mouth, and unevenly. When it opens, the line would stay on one side
of the gap and the other side would be ragged. On the line, they split it: half goes with either lip.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from animato.geometry.landmarks import LIP_PAIRS, LIPS_INNER, MESH_POINTS
from animato.types import Frame, Plane, Points

CORNERS = LIPS_INNER[0], LIPS_INNER[10]
COLUMNS, ROWS, REACH = 64, 57, 0.25
"""Samples across and down, and how far above and below the corners the line is searched, mouth widths."""
MIN_WIDTH = 8
"""Width of a mouth, pixels, below which its line is not searched."""
MIN_DIFFERENCE = 12.0
"""Mean difference of the line's colour from the skin's, CIE Lab, from which there is a line."""
MAX_THICKNESS = 0.15
"""Thickness of the line from which it is an open mouth or a pair of lips, mouth widths."""
MAX_STEP, STEP_COST = 2, 1.0
"""Largest step of the line between neighbouring columns, rows, and the cost of a step of one row, CIE Lab."""
SPREAD = 0.25
"""Sigma of the decay with which the skin around the mouth follows the correction, mouth widths."""


def on_drawn_line(image: Frame, points: Points) -> Points:
    """Return landmarks whose lips meet on the line drawn for the mouth; unchanged where there is none.

    Args:
        image: H x W x 3 uint8 RGB, a drawing.
        points: 478 x 3 float32, its landmarks, pixels.
    """
    start, end = (points[corner, :2].astype(np.float64) for corner in CORNERS)
    across = end - start
    width = float(np.hypot(*across))
    if width < MIN_WIDTH:
        return points
    down = np.array([-across[1], across[0]])
    u, v = np.linspace(0, 1, COLUMNS), np.linspace(-REACH, REACH, ROWS)
    xy = start + u[None, :, None] * across + v[:, None, None] * down
    maps = np.moveaxis(xy, 2, 0).astype(np.float32)
    patch = cv2.remap(image, np.ascontiguousarray(maps[0]), np.ascontiguousarray(maps[1]), cv2.INTER_LINEAR)
    lab = cv2.cvtColor(patch.astype(np.float32) / 255, cv2.COLOR_RGB2LAB)
    skin = np.median(np.concatenate([lab[: ROWS // 6], lab[-(ROWS // 6) :]]).reshape(-1, 3), axis=0)
    difference = np.linalg.norm(lab - skin, axis=2)
    difference = cv2.GaussianBlur(difference.astype(np.float32), (0, 0), 1.5)
    rows = _strongest_path(difference)
    along = difference[rows, np.arange(COLUMNS)]
    thickness = (difference > along / 2).sum(axis=0) * (v[1] - v[0])
    if np.median(along) < MIN_DIFFERENCE or np.median(thickness) > MAX_THICKNESS:
        return points
    line = cv2.GaussianBlur(v[rows][None].astype(np.float32), (0, 0), 1.5)[0]
    return _moved(points, u, line, start, np.stack([across, down]) / width**2)


def _strongest_path(strength: Plane) -> NDArray[np.int64]:
    """Return the row in each column of the path from left to right with the largest sum (dynamic programming)."""
    height, width = strength.shape
    best, came = strength[:, 0].astype(np.float64), np.zeros((width, height), np.int64)
    steps = np.arange(-MAX_STEP, MAX_STEP + 1)
    origins = np.arange(height)[:, None] + steps
    for column in range(1, width):
        inside = (origins >= 0) & (origins < height)
        reached = np.where(inside, best[origins.clip(0, height - 1)] - STEP_COST * np.abs(steps), -np.inf)
        choice = reached.argmax(axis=1)
        came[column] = origins[np.arange(height), choice]
        best = reached.max(axis=1) + strength[:, column]
    rows = np.empty(width, np.int64)
    rows[-1] = best.argmax()
    for column in range(width - 1, 0, -1):
        rows[column - 1] = came[column, rows[column]]
    return rows


def _moved(
    points: Points,
    u: NDArray[np.float64],
    line: NDArray[np.float32],
    start: NDArray[np.float64],
    axes: NDArray[np.float64],
) -> Points:
    """Return landmarks with the inner lips on a line, and the skin around them moved along.

    Args:
        points: 478 x 3 float32.
        u: positions across the mouth, in its widths.
        line: of each position, how far it lies below the corners, mouth widths.
        start: left corner, pixels.
        axes: 2 x 2, pixels from the corner to mouth widths, across and down.
    """
    result = points.copy()
    local = (points[:MESH_POINTS, :2] - start) @ axes.T
    seam = {corner: local[corner, 1] for corner in CORNERS}
    for upper, lower in LIP_PAIRS:
        seam[upper] = seam[lower] = local[[upper, lower], 1].mean()
    lips = list(LIPS_INNER)
    order = np.argsort(local[lips, 0])
    old = np.interp(local[:, 0], local[lips, 0][order], np.array([seam[lip] for lip in lips])[order])
    away = np.hypot(local[:, 1] - old, local[:, 0] - local[:, 0].clip(0, 1))
    shift = (np.interp(local[:, 0], u, line) - old) * np.exp(-0.5 * (away / SPREAD) ** 2)
    local[:, 1] += shift
    local[lips, 1] = np.interp(local[lips, 0], u, line)
    result[:MESH_POINTS, :2] = local @ np.linalg.inv(axes).T + start
    return np.asarray(result, np.float32)
