"""Laying light and shade, known at the mesh's vertices, on the skin between them."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from animato.face.topology import MESH_POINTS
from animato.types import Frame
from animato.warp.mesh import head_topology
from animato.warp.raster import affine_per_triangle


def shade_skin(
    image: Frame, drawn: NDArray[np.int16], vertices: NDArray[np.float64], shade: NDArray[np.float32]
) -> None:
    """Multiply the skin of a face by its shade, in place.

    Args:
        image: S x S x 3 uint8 RGB, changed.
        drawn: h x w int16, triangle numbers (`warp.warper.Warped.drawn`).
        vertices: V x 3, the extended mesh, pixels of the image.
        shade: 468 x 3 float32, logarithms of ratios, RGB.
    """
    size = image.shape[0]
    low = np.clip(np.floor(vertices[:MESH_POINTS, :2].min(axis=0)), 0, size - 1).astype(int)
    high = np.clip(np.ceil(vertices[:MESH_POINTS, :2].max(axis=0)) + 1, 1, size).astype(int)
    (x0, y0), (x1, y1) = low.tolist(), high.tolist()
    if x1 <= x0 or y1 <= y0:
        return
    # Shade is smooth: half the grid's resolution serves, and is four times as fast.
    coarse = np.ascontiguousarray(drawn[::2, ::2])
    step = size / drawn.shape[0]
    topology = head_topology()
    face = topology.triangles[: topology.face_triangles]
    # A map to two coordinates per triangle is what linear interpolation of two channels is; the third goes alone.
    planes = np.zeros((12, len(topology.triangles) + 1), np.float32)
    for row, channels in ((0, (0, 1)), (6, (2, 2))):
        linear = affine_per_triangle(vertices, shade[:, channels].astype(np.float64), face)
        planes[row : row + 6, : len(face)] = linear[:, :-1]
    field = _interpolated(coarse, planes[:9], step)
    there = np.array([[1 / (2 * step), 0, (0.5 / step - 0.5 + x0 / step) / 2], [0, 1 / (2 * step), 0]])
    there[1, 2] = (0.5 / step - 0.5 + y0 / step) / 2
    np.clip(field, -1, 1, out=field)
    gain = cv2.warpAffine(
        cv2.exp(field), there, (x1 - x0, y1 - y0), flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP, borderValue=(1, 1, 1)
    )
    part = image[y0:y1, x0:x1]
    part[:] = cv2.multiply(part, gain, dtype=cv2.CV_8U)


def _interpolated(coarse: NDArray[np.int16], planes: NDArray[np.float32], step: float) -> NDArray[np.float32]:
    """Return h x w x 3 float32: three linear functions per triangle, at every other pixel of the flow's grid.

    Args:
        coarse: h x w int16, triangle numbers of these pixels, -1 for none.
        planes: 9 x (T + 1), for each channel its rise along x and y and its value at 0, in pixels of the picture.
        step: pixels of the picture in one of the flow's grid.
    """
    height, width = coarse.shape
    x = np.arange(width, dtype=np.float32) * np.float32(2 * step) + np.float32(0.5 * step - 0.5)
    y = (np.arange(height, dtype=np.float32) * np.float32(2 * step) + np.float32(0.5 * step - 0.5))[:, None]
    numbers = coarse.reshape(-1)
    found = np.ascontiguousarray(planes.T)[numbers].reshape(height, width, 3, 3)
    return np.asarray(found[..., 0] * x[..., None] + found[..., 1] * y[..., None] + found[..., 2], np.float32)
