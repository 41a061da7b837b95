"""Square crops around a head: position, extraction, and the map between crop and frame."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from animato.geometry.landmarks import MESH_POINTS
from animato.types import Affine, Frame, Points

MARGIN = 2.1
"""Side of the crop in units of the longer side of the mesh's box: hair, ears, neck and some background fit in."""

RAISE = 0.08
"""The crop's centre lies this much above the centre of the mesh, in units of its longer side: hair is above."""


def head_square(points: Points, margin: float = MARGIN) -> tuple[float, float, float]:
    """Return (left, top, side) of the square around a head, in pixels of the frame; it may reach outside the frame.

    Squares count from the frame's edge: one at (0, 0) begins with the first pixel, whose centre is half a pixel inside.

    Args:
        points: N >= 468 x (2 or 3) float32, pixels.
        margin: side in units of the longer side of the mesh's box.
    """
    low, high = points[:MESH_POINTS, :2].min(axis=0), points[:MESH_POINTS, :2].max(axis=0)
    size = float((high - low).max())
    x, y = (low + high) / 2
    side = size * margin
    return float(x - side / 2), float(y - RAISE * size - side / 2), side


def fit_square(square: tuple[float, float, float], width: int, height: int) -> tuple[float, float, float]:
    """Return the square moved, and if need be shrunk, so that it lies inside the frame.

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
        square: (left, top, side) in pixels, counted from the frame's edge: (0, 0, width) is a square frame as it is.
        size: side of the crop in pixels.
    """
    left, top, side = square
    scale = size / side
    # Pixel centres sit at whole numbers, so edges are half a pixel off on either side of the map.
    shift = 0.5 * scale - 0.5
    return np.array([[scale, 0.0, -left * scale + shift], [0.0, scale, -top * scale + shift]])


def shrink(frame: Frame, factor: int) -> Frame:
    """Return a frame reduced by a whole factor, each pixel the mean of factor x factor pixels.

    Rows and columns that do not fill a last block are left out, so that a pixel of the result lies exactly at
    (factor x, factor y) + (factor - 1) / 2 of the frame.

    Args:
        frame: H x W x 3 uint8 RGB.
        factor: 1 or more.
    """
    size = max(1, frame.shape[1] // factor), max(1, frame.shape[0] // factor)
    whole = frame[: size[1] * factor, : size[0] * factor]
    return np.asarray(cv2.resize(whole, size, interpolation=cv2.INTER_AREA), np.uint8)


def cut(frame: Frame, target_from_frame: Affine, size: int) -> Frame:
    """Cut a square crop out of a frame; outside the frame its border pixels are repeated.

    Args:
        frame: H x W x 3 uint8 RGB.
        target_from_frame: 2 x 3 map from frame to crop.
        size: side of the crop in pixels.
    """
    scale = float(np.sqrt(abs(np.linalg.det(target_from_frame[:, :2]))))
    if scale < 0.5:
        # Reduce by area first: a bilinear look-up alone would skip pixels and alias.
        factor = 2 ** int(np.floor(np.log2(1 / scale)))
        frame = shrink(frame, factor)
        frame_from_small = np.array([[factor, 0, (factor - 1) / 2], [0, factor, (factor - 1) / 2], [0, 0, 1]])
        target_from_frame = target_from_frame @ frame_from_small
    method = cv2.INTER_CUBIC if scale > 1 else cv2.INTER_LINEAR
    crop = cv2.warpAffine(frame, target_from_frame, (size, size), flags=method, borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(crop, np.uint8)


def picture_from_frame(points: NDArray[np.floating], room: float, side: int) -> Affine:
    """Return the map from pixels of a frame to those of a square picture with the face's box in its middle.

    Args:
        points: N >= 468 x (2 or 3), landmarks, pixels of the frame.
        room: side of the picture in units of the longer side of the mesh's box.
        side: of the picture, pixels.
    """
    xy = points[:MESH_POINTS, :2].astype(np.float64)
    low, high = xy.min(axis=0), xy.max(axis=0)
    scale = side / (room * float((high - low).max()))
    shift = (side - 1) / 2 - scale * (low + high) / 2
    return np.array([[scale, 0.0, shift[0]], [0.0, scale, shift[1]]])
