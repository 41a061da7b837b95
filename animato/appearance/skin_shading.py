"""Apply expression light to the skin of a rendered face."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from animato.geometry.landmarks import MESH_POINTS
from animato.geometry.mesh import head_topology
from animato.types import Frame


def apply_expression_light(
    image: Frame, triangle_map: NDArray[np.int16], vertices: NDArray[np.float64], log_ratio: NDArray[np.float32]
) -> None:
    """Multiply the skin of a face by its expression light, in place.

    Args:
        image: S x S x 3 uint8 RGB, changed.
        triangle_map: h x w int16, triangle indices (`warp.warper.Warped.triangle_map`).
        vertices: V x 3, the extended mesh, pixels of the image.
        log_ratio: 468 x 3 float32, RGB.
    """
    size = image.shape[0]
    low = np.clip(np.floor(vertices[:MESH_POINTS, :2].min(axis=0)), 0, size - 1).astype(int)
    high = np.clip(np.ceil(vertices[:MESH_POINTS, :2].max(axis=0)) + 1, 1, size).astype(int)
    (x0, y0), (x1, y1) = low.tolist(), high.tolist()
    if x1 <= x0 or y1 <= y0:
        return
    # Shading is smooth: half the resolution of the flow's grid is enough, and four times as fast.
    step = size / triangle_map.shape[0]
    left, top = int(x0 / (2 * step)), int(y0 / (2 * step))
    right, bottom = int(x1 / (2 * step)) + 2, int(y1 / (2 * step)) + 2
    topology = head_topology()
    face = topology.triangles[: topology.face_triangles]
    coarse = triangle_map[2 * top : 2 * bottom : 2, 2 * left : 2 * right : 2]
    coarse = np.where(coarse < len(face), coarse, -1)  # whatever shell surrounds the face
    planes = np.zeros((len(face) + 1, 3, 3), np.float32)
    planes[: len(face)] = _planes(vertices[:, :2], log_ratio, face, step)
    gain = _interpolated(coarse, planes, (left, top), step)
    np.clip(gain, np.minimum(log_ratio.min(axis=0), 0), np.maximum(log_ratio.max(axis=0), 0), out=gain)
    coarse_from_image = np.array([[1.0, 0.0, x0], [0.0, 1.0, y0]]) / (2 * step)
    coarse_from_image[:, 2] += (0.5 / step - 0.5) / 2 - np.array([left, top])
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    enlarged = cv2.warpAffine(cv2.exp(gain), coarse_from_image, (x1 - x0, y1 - y0), flags=flags, borderValue=(1, 1, 1))
    region = image[y0:y1, x0:x1]
    region[:] = cv2.multiply(region, enlarged, dtype=cv2.CV_8U)


def _planes(
    vertices: NDArray[np.float64], values: NDArray[np.float32], triangles: NDArray[np.int32], thin: float
) -> NDArray[np.float64]:
    """Return, for each triangle, the linear functions through the values at its corners.

    A triangle may be rasterised at a pixel whose centre lies slightly outside it. For triangles thinner than that,
    where lips close, extrapolation would explode, so slopes are reduced with thickness.

    Args:
        vertices: V x 2, pixels.
        values: V x C.
        triangles: T x 3.
        thin: height of a triangle, in pixels, below which its slopes are reduced.

    Returns:
        T x 3 x C: slope along x, slope along y, value at 0.
    """
    a, b, c = (vertices[triangles[:, corner]] for corner in range(3))
    p, q, r = (values[triangles[:, corner]].astype(np.float64) for corner in range(3))
    ab, ac, pq, pr = b - a, c - a, q - p, r - p
    det = ab[:, :1] * ac[:, 1:] - ab[:, 1:] * ac[:, :1]
    longest = np.sqrt(np.max([(edge**2).sum(axis=1) for edge in (ab, ac, c - b)], axis=0))[:, None]
    factor = np.minimum(np.abs(det) / np.maximum(longest * thin, 1e-9), 1) ** 2
    factor /= np.where(np.abs(det) < 1e-9, np.inf, det)
    slope_x = (pq * ac[:, 1:] - pr * ab[:, 1:]) * factor
    slope_y = (pr * ab[:, :1] - pq * ac[:, :1]) * factor
    centre, mean = (a + b + c) / 3, (p + q + r) / 3
    return np.stack([slope_x, slope_y, mean - slope_x * centre[:, :1] - slope_y * centre[:, 1:]], axis=1)


def _interpolated(
    coarse: NDArray[np.int16], planes: NDArray[np.float32], corner: tuple[int, int], step: float
) -> NDArray[np.float32]:
    """Evaluate linear functions per triangle at every other pixel of a region of the flow's grid, h x w x C float32.

    Args:
        coarse: h x w int16, triangle indices of these pixels, -1 for none.
        planes: (T + 1) x 3 x C, see `_planes`, the last for no triangle.
        corner: x and y of the region's first pixel, in pixels of the halved grid.
        step: pixels of the picture per pixel of the flow's grid.
    """
    height, width = coarse.shape
    spacing, first = np.float32(2 * step), np.float32(0.5 * step - 0.5)
    x = ((np.arange(width, dtype=np.float32) + corner[0]) * spacing + first)[:, None]
    y = ((np.arange(height, dtype=np.float32) + corner[1]) * spacing + first)[:, None, None]
    selected = planes[coarse.reshape(-1)].reshape(height, width, 3, planes.shape[2])
    return np.asarray(selected[:, :, 0] * x + selected[:, :, 1] * y + selected[:, :, 2], np.float32)
