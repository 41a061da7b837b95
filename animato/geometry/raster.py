"""Rasterise the target mesh with a depth test into a dense backward flow.

Triangle indices are drawn far to near (painter's algorithm), and each pixel looks up the affine map of its triangle.
All triangles are drawn at once with array operations: a thousand short calls to a drawing function would contend for
the GIL.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from animato.geometry.mesh import signed_area

GROWTH = 0.5
"""Pixels by which a triangle is grown, so that there are no gaps between neighbours."""


def draw_triangles(
    vertices: NDArray[np.float64],
    triangles: NDArray[np.int32],
    size: int,
    outward: float,
    min_area: NDArray[np.float64] | float = 1e-6,
) -> NDArray[np.int16]:
    """Draw triangle indices with a depth test and back-face culling.

    Args:
        vertices: V x 3, pixels of the target, z away from the camera.
        triangles: T x 3.
        size: side of the output in pixels.
        outward: sign of the signed area of a triangle that faces the camera.
        min_area: twice the minimum area of a drawn triangle, square pixels (scalar or T): the map of a sliver would be
            extrapolated far beyond it in its grown border.

    Returns:
        size x size int16: index of the nearest triangle, -1 for none.
    """
    facing = np.flatnonzero(signed_area(vertices, triangles) * outward > min_area)
    depth = vertices[:, 2][triangles[facing]].mean(axis=1)
    order = facing[np.argsort(-depth, kind="stable")]
    corners = np.clip(vertices[:, :2], -4 * size, 5 * size)[triangles[order]]
    top, middle, bottom = np.take_along_axis(corners, np.argsort(corners[..., 1:], axis=1), axis=1).transpose(1, 2, 0)
    first, rows = _integers_in(top[1], bottom[1], size)
    row = np.arange(rows.sum()) + np.repeat(first - (np.cumsum(rows) - rows), rows)
    # Rows of the grown border use the edges of the nearest row of the triangle.
    y = np.clip(row, np.repeat(top[1], rows), np.repeat(bottom[1], rows))
    edge = _edge_x(top, bottom, y, rows)
    other_edge = np.where(
        y <= np.repeat(middle[1], rows), _edge_x(top, middle, y, rows), _edge_x(middle, bottom, y, rows)
    )
    first, columns = _integers_in(np.minimum(edge, other_edge), np.maximum(edge, other_edge), size)
    pixel = np.repeat(row * size + first - (np.cumsum(columns) - columns), columns)
    pixel += np.arange(len(pixel))
    drawn: NDArray[np.int16] = np.full(size * size, -1, np.int16)
    # The last write to a pixel, the nearest triangle, wins.
    drawn[pixel] = np.repeat(np.repeat(order.astype(np.int16), rows), columns)
    return drawn.reshape(size, size)


def _integers_in(
    low: NDArray[np.float64], high: NDArray[np.float64], size: int
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the first integer of each range grown by `GROWTH`, and the number of integers, within 0 .. size - 1."""
    first = np.ceil(np.maximum(low - GROWTH, 0)).astype(np.int64)
    last = np.floor(np.minimum(high + GROWTH, size - 1)).astype(np.int64)
    return first, np.maximum(last - first + 1, 0)


def _edge_x(
    a: NDArray[np.float64], b: NDArray[np.float64], y: NDArray[np.float64], rows: NDArray[np.int64]
) -> NDArray[np.float64]:
    """Return x of an edge of each triangle in each of its rows.

    Args:
        a, b: 2 x N, the edge's upper and lower end (x, y).
        y: of all rows of all triangles.
        rows: N, number of rows of each.
    """
    height = b[1] - a[1]
    slope = np.where(height < 1e-9, 0.0, (b[0] - a[0]) / np.maximum(height, 1e-9))
    return np.asarray(np.repeat(b[0] - b[1] * slope, rows) + y * np.repeat(slope, rows))


def affine_per_triangle(
    target: NDArray[np.float64],
    source: NDArray[np.float64],
    triangles: NDArray[np.int32],
    source_triangles: NDArray[np.int32] | None = None,
) -> NDArray[np.float32]:
    """Return the map source_from_target of each triangle.

    Args:
        target: V x (2 or 3), pixels.
        source: V x (2 or 3), pixels.
        triangles: T x 3.
        source_triangles: T x 3 into `source`, where a texture is connected otherwise than the mesh; None for the same.

    Returns:
        6 x (T + 1) float32: xx, xy, x0, yx, yy, y0; the last column is the identity (for "no triangle").
    """
    a, b, c = (target[triangles[:, corner], :2] for corner in range(3))
    from_triangles = triangles if source_triangles is None else source_triangles
    p, q, r = (source[from_triangles[:, corner], :2] for corner in range(3))
    ab, ac = b - a, c - a
    det = ab[:, 0] * ac[:, 1] - ab[:, 1] * ac[:, 0]
    det = np.where(np.abs(det) < 1e-9, 1e-9, det)
    pq, pr = q - p, r - p
    xx = (pq * ac[:, 1:] - pr * ab[:, 1:]) / det[:, None]
    yy = (pr * ab[:, :1] - pq * ac[:, :1]) / det[:, None]
    origin = p - xx * a[:, :1] - yy * a[:, 1:]
    rows = np.empty((6, len(triangles) + 1), np.float32)
    rows[0, :-1], rows[1, :-1], rows[2, :-1] = xx[:, 0], yy[:, 0], origin[:, 0]
    rows[3, :-1], rows[4, :-1], rows[5, :-1] = xx[:, 1], yy[:, 1], origin[:, 1]
    rows[:, -1] = 1, 0, 0, 0, 1, 0
    return rows


def flow_from_drawing(
    drawn: NDArray[np.int16], affine: NDArray[np.float32], step: float, first: tuple[int, int] = (0, 0)
) -> NDArray[np.float32]:
    """Return the backward flow of a triangle index map.

    Args:
        drawn: h x w int16 triangle indices, -1 for none.
        affine: 6 x (T + 1), source_from_target in full-resolution pixels, identity last.
        step: full-resolution pixels per pixel of `drawn`.
        first: row and column of its first pixel, if it is a part of a larger map.

    Returns:
        2 x h x w float32: x and y in the source of each pixel, in full-resolution pixels.
    """
    height, width = drawn.shape
    x = (np.arange(first[1], first[1] + width, dtype=np.float32) + 0.5) * step - 0.5
    y = ((np.arange(first[0], first[0] + height, dtype=np.float32) + 0.5) * step - 0.5)[:, None]
    indices = drawn.reshape(-1)
    xx, xy, x0, yx, yy, y0 = (np.take(affine[row], indices, mode="wrap").reshape(height, width) for row in range(6))
    flow = np.empty((2, height, width), np.float32)
    flow[0] = xx * x + xy * y + x0
    flow[1] = yx * x + yy * y + y0
    return flow
