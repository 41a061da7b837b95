"""Square crops around a head: position, sampling, and the map between crop and frame."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from animato.geometry.landmarks import MESH_POINTS
from animato.types import Affine, Frame, Points

MARGIN = 2.1
"""Side of the crop relative to the longer side of the mesh's bounding box; includes hair, ears, neck and background."""

UPWARD_OFFSET = 0.08
"""Offset of the crop's centre above that of the mesh, relative to its longer side, to include hair."""


def head_square(points: Points, margin: float = MARGIN) -> tuple[float, float, float]:
    """Return (left, top, side) of the square around a head, in pixels of the frame; it may reach outside the frame.

    Squares are measured from the edge of the frame: one at (0, 0) starts at the edge of the first pixel, half a pixel
    before its centre.

    Args:
        points: N >= 468 x (2 or 3) float32, pixels.
        margin: side relative to the longer side of the mesh's bounding box.
    """
    low, high = points[:MESH_POINTS, :2].min(axis=0), points[:MESH_POINTS, :2].max(axis=0)
    size = float((high - low).max())
    x, y = (low + high) / 2
    side = size * margin
    return float(x - side / 2), float(y - UPWARD_OFFSET * size - side / 2), side


def fit_square(square: tuple[float, float, float], width: int, height: int) -> tuple[float, float, float]:
    """Return the square moved, and shrunk if necessary, to lie inside the frame.

    Args:
        square: (left, top, side) in pixels of the frame.
        width: of the frame, pixels.
        height: of the frame, pixels.
    """
    left, top, side = square
    fitted = min(side, float(min(width, height)))
    left += (side - fitted) / 2
    top += (side - fitted) / 2
    return min(max(left, 0.0), width - fitted), min(max(top, 0.0), height - fitted), fitted


def crop_from_frame(square: tuple[float, float, float], size: int) -> Affine:
    """Return the map from pixels of the frame to pixels of a crop.

    Args:
        square: (left, top, side) in pixels from the edge of the frame: (0, 0, width) is a whole square frame.
        size: side of the crop in pixels.
    """
    left, top, side = square
    scale = size / side
    # Pixel centres are at integer coordinates, so edges are half a pixel off on both sides of the map.
    shift = 0.5 * scale - 0.5
    return np.array([[scale, 0.0, -left * scale + shift], [0.0, scale, -top * scale + shift]])


def shrink(frame: Frame, factor: int) -> Frame:
    """Return a frame reduced by an integer factor; each pixel is the mean of factor x factor pixels.

    Incomplete blocks at the right and bottom are dropped, so that a pixel of the result lies exactly at
    (factor x, factor y) + (factor - 1) / 2 of the frame.

    Args:
        frame: H x W x 3 uint8 RGB.
        factor: 1 or more.
    """
    size = max(1, frame.shape[1] // factor), max(1, frame.shape[0] // factor)
    blocks = frame[: size[1] * factor, : size[0] * factor]
    return np.asarray(cv2.resize(blocks, size, interpolation=cv2.INTER_AREA), np.uint8)


def cut(frame: Frame, target_from_frame: Affine, size: int) -> Frame:
    """Sample a square crop of a frame; border pixels are repeated outside it.

    Args:
        frame: H x W x 3 uint8 RGB.
        target_from_frame: 2 x 3 map from frame to crop.
        size: side of the crop in pixels.
    """
    scale = float(np.sqrt(abs(np.linalg.det(target_from_frame[:, :2]))))
    if scale < 0.5:
        # Reduce by area first: bilinear sampling alone would alias.
        factor = 2 ** int(np.floor(np.log2(1 / scale)))
        frame = shrink(frame, factor)
        frame_from_small = np.array([[factor, 0, (factor - 1) / 2], [0, factor, (factor - 1) / 2], [0, 0, 1]])
        target_from_frame = target_from_frame @ frame_from_small
    method = cv2.INTER_CUBIC if scale > 1 else cv2.INTER_LINEAR
    crop = cv2.warpAffine(frame, target_from_frame, (size, size), flags=method, borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(crop, np.uint8)


def picture_from_frame(points: NDArray[np.floating], margin: float, side: int) -> Affine:
    """Return the map from pixels of a frame to those of a square crop centred on the face's bounding box.

    Args:
        points: N >= 468 x (2 or 3), landmarks, pixels of the frame.
        margin: side of the crop relative to the longer side of the mesh's bounding box.
        side: of the crop, pixels.
    """
    xy = points[:MESH_POINTS, :2].astype(np.float64)
    low, high = xy.min(axis=0), xy.max(axis=0)
    scale = side / (margin * float((high - low).max()))
    shift = (side - 1) / 2 - scale * (low + high) / 2
    return np.array([[scale, 0.0, shift[0]], [0.0, scale, shift[1]]])
