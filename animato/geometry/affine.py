"""Affine maps of the plane: 2 x 3 arrays named `target_from_source`, in pixels, pixel centres at whole numbers."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from animato.types import Affine, Points


def invert(target_from_source: Affine) -> Affine:
    """Return source_from_target, the inverse of a 2 x 3 map."""
    return np.asarray(cv2.invertAffineTransform(target_from_source), np.float64)


def chain(*maps: Affine) -> Affine:
    """Return the product of 2 x 3 maps, the last applied first: `chain(c_from_b, b_from_a)` is c_from_a."""
    product = maps[0]
    for affine in maps[1:]:
        linear = product[:, :2]
        product = linear @ affine + np.array([[0.0, 0.0, product[0, 2]], [0.0, 0.0, product[1, 2]]])
    return product


def move(target_from_source: Affine, xy: NDArray[np.floating]) -> NDArray[np.float64]:
    """Return points (N x 2 or more columns, of which x and y are used) mapped by a 2 x 3 map, N x 2 float64."""
    return np.asarray(xy[:, :2].astype(np.float64) @ target_from_source[:, :2].T + target_from_source[:, 2])


def move_points(target_from_source: Affine, points: Points) -> Points:
    """Map points; z, where present, is scaled like x.

    Args:
        target_from_source: 2 x 3 map.
        points: N x 2 or N x 3 float32.
    """
    moved = points.astype(np.float64).copy()
    moved[:, :2] = moved[:, :2] @ target_from_source[:, :2].T + target_from_source[:, 2]
    if points.shape[1] == 3:
        moved[:, 2] *= np.sqrt(abs(np.linalg.det(target_from_source[:, :2])))
    return moved.astype(np.float32)


def downscale(step: float) -> Affine:
    """Return the map from pixels of an image to pixels of its downscaled copy.

    Args:
        step: image pixels per pixel of the copy.
    """
    return np.array([[1 / step, 0, 0.5 / step - 0.5], [0, 1 / step, 0.5 / step - 0.5]])


def similarity(source: NDArray[np.float64], target: NDArray[np.float64]) -> Affine:
    """Return the least-squares similarity (rotation, scale, translation) from points (N x 2) to others (N x 2)."""
    source_mean, target_mean = source.mean(axis=0), target.mean(axis=0)
    a, b = source - source_mean, target - target_mean
    squared_norm = float((a * a).sum())
    cos, sin = float((a * b).sum()) / squared_norm, float((a[:, 0] * b[:, 1] - a[:, 1] * b[:, 0]).sum()) / squared_norm
    linear = np.array([[cos, -sin], [sin, cos]])
    return np.column_stack([linear, target_mean - linear @ source_mean])
