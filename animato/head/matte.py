"""Matte of a head at a photo's resolution: the network's coarse one, refined along the photo's own edges."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from animato.geometry.affine import invert
from animato.geometry.channels import channel_sum
from animato.geometry.landmarks import OVAL
from animato.geometry.smoothstep import smoothstep
from animato.head.parts import HeadParts
from animato.types import Affine, Frame, Plane, Points

RADIUS_CM, EPSILON = 0.6, 1e-3
"""Radius of the guided filter in canonical centimetres, and its regularisation for pictures in [0, 1]."""

FLOOR, CEILING = 0.25, 0.9
"""Opacity below which a pixel is background, and above which it is the person: nothing faint is left standing."""

SURE = 0.85
"""Opacity of the network's from which it is sure of the person, and 1 less it of the background."""

FACE_SIDE, WIDE, GRABCUT_STEPS = 64, 9, 4
"""Unsure areas are decided with a face this high, pixels; those this wide are no edge; and iterations."""

MOST_SOFT = 0.15
"""Largest share of half-transparent pixels in the person's, beyond which a matte is not trusted; 28 portraits and
packaged pictures have 0.06 to 0.12, collages and drawings 0.15 to 0.64."""

LEAST_FACE = 0.97
"""Smallest mean opacity of the face."""

EDGE = 0.12
"""Rim of the head's square over which a wider one takes over, in shares of its side."""

LEAST_TOUCH = 0.02
"""Opacity over which two regions of a matte touch."""

LARGEST_BLOB = 0.05
"""Largest second region, in shares of the person's area."""


@dataclass(frozen=True, eq=False)
class Matte:
    """The opacity of the person in a picture.

    Attributes:
        alpha: H x W float32 in [0, 1].
        doubt: why it is not to be used, as half a sentence; empty where it is good.
    """

    alpha: Plane
    doubt: str


def matte_of(image: Frame, points: Points, parts: HeadParts, wider: HeadParts | None = None) -> Matte:
    """Return the matte of a picture.

    Args:
        image: H x W x 3 uint8 RGB.
        points: 478 x 3, landmarks, pixels of it.
        parts: of the picture, their map from its pixels.
        wider: the same of a wider square, for the body beyond theirs; None where the picture does not show it.
    """
    picture_from_parts = invert(parts.parts_from_photo)
    coarse = np.clip(_placed(parts.person, picture_from_parts, image), 0, 1)
    pixel = float(np.sqrt(np.linalg.det(picture_from_parts[:, :2])))  # of the parts, in pixels of the picture
    radius = max(2, round(RADIUS_CM * pixel * parts.person.shape[0] / 40.0))
    if wider is None:
        alpha = _opacity(guided_filter(image, coarse, radius, EPSILON))
        doubt = _doubt(alpha, points)
        decided = _decided(image, coarse, points)
        if decided is not coarse:
            alpha = _opacity(guided_filter(image, decided, radius, EPSILON))
        return Matte(_without_others(alpha, points), doubt)
    own = _placed(_inside(parts.person.shape[0]), picture_from_parts, image, cv2.BORDER_CONSTANT)
    picture_from_wider = invert(wider.parts_from_photo)
    coarse = np.clip(own * coarse + (1 - own) * _placed(wider.person, picture_from_wider, image), 0, 1)
    # Pixels of the wider square are larger, and its outline is as much less exact.
    ratio = float(np.sqrt(np.linalg.det(picture_from_wider[:, :2]))) / pixel
    near, far = (guided_filter(image, coarse, round(size), EPSILON) for size in (radius, ratio * radius))
    alpha = _without_others(_opacity(own * near + (1 - own) * far), points)
    return Matte(alpha, _doubt(alpha, points))


def _opacity(fine: Plane) -> Plane:
    return np.asarray(np.clip((fine - FLOOR) / (CEILING - FLOOR), 0, 1), np.float32)


def _decided(image: Frame, coarse: Plane, points: Points) -> Plane:
    """Return a coarse matte whose wide unsure areas are decided by colour: they are no edge, the network missed them.

    By GrabCut (Rother, Kolmogorov, Blake 2004) from what is sure around them.

    Args:
        image: H x W x 3 uint8 RGB.
        coarse: H x W float32 in [0, 1].
        points: 478 x 3, landmarks, pixels.
    """
    side = float(np.ptp(points[list(OVAL), 1])) / FACE_SIDE
    size = tuple(max(8, round(length / side)) for length in coarse.shape[::-1])
    small = np.asarray(cv2.resize(coarse, size, interpolation=cv2.INTER_AREA))
    unsure = ((small > 1 - SURE) & (small < SURE)).astype(np.uint8)
    kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (WIDE, WIDE))
    # What is next to them may be wrong as well.
    wide = cv2.dilate(cv2.morphologyEx(unsure, cv2.MORPH_OPEN, kernel), kernel, iterations=2)
    sure = wide == 0
    if not wide.any() or not (small[sure] > 0.5).any() or not (small[sure] < 0.5).any():
        return coarse
    labels = np.where(small > 0.5, cv2.GC_FGD, cv2.GC_BGD).astype(np.uint8)
    labels[wide > 0] = np.where(small > 0.5, cv2.GC_PR_FGD, cv2.GC_PR_BGD)[wide > 0]
    cv2.setRNGSeed(0)
    cv2.grabCut(
        np.asarray(cv2.resize(image, size, interpolation=cv2.INTER_AREA), np.uint8),
        labels,
        (0, 0, 0, 0),
        np.zeros((1, 65)),
        np.zeros((1, 65)),
        GRABCUT_STEPS,
        cv2.GC_INIT_WITH_MASK,
    )
    person = (labels == cv2.GC_FGD) | (labels == cv2.GC_PR_FGD)
    full = coarse.shape[::-1]
    decided = cv2.resize(person.astype(np.float32), full, interpolation=cv2.INTER_LINEAR)
    share = cv2.resize(cv2.GaussianBlur(wide.astype(np.float32), (0, 0), 1.0), full, interpolation=cv2.INTER_LINEAR)
    return np.asarray(coarse + share * (decided - coarse), np.float32)


def _placed(plane: Plane, picture_from_parts: Affine, image: Frame, border: int = cv2.BORDER_REPLICATE) -> Plane:
    """Return a plane (S x S float32) of the parts in the pixels of a picture, H x W float32."""
    size = image.shape[1], image.shape[0]
    placed = cv2.warpAffine(plane, picture_from_parts, size, flags=cv2.INTER_CUBIC, borderMode=border)
    return np.asarray(placed, np.float32)


def _inside(side: int) -> Plane:
    """Return side x side float32: 1 in the middle of a square, falling to 0 at its edge."""
    line = smoothstep((np.minimum(np.arange(side), np.arange(side)[::-1]) + 0.5) / side, 0.0, EDGE)
    return np.asarray(np.minimum(line[:, None], line[None, :]), np.float32)


def _without_others(alpha: Plane, points: Points) -> Plane:
    """Return a matte without regions that do not touch the person's own: other people, things taken for people."""
    _, labels = cv2.connectedComponents((alpha > LEAST_TOUCH).astype(np.uint8), connectivity=8)
    x, y = np.rint(points[list(OVAL), :2].mean(axis=0)).astype(int)
    height, width = alpha.shape
    own = labels[np.clip(y, 0, height - 1), np.clip(x, 0, width - 1)]
    return np.where((labels == own) & (own > 0), alpha, 0).astype(np.float32)


def guided_filter(image: Frame, plane: Plane, radius: int, epsilon: float) -> Plane:
    """Return a plane smoothed so that its edges follow those of a colour picture.

    The guided filter (He, Sun, Tang 2013, equations 14-16), its linear maps computed at a lower resolution where the
    radius allows it (He, Sun 2015, "Fast guided filter").

    Args:
        image: H x W x 3 uint8 RGB, the guide.
        plane: H x W float32.
        radius: of the box filter, pixels.
        epsilon: regularisation, for a guide in [0, 1].
    """
    height, width = plane.shape
    factor = max(1, radius // 3)
    small = max(1, width // factor), max(1, height // factor)
    guide = cv2.resize(image, small, interpolation=cv2.INTER_AREA).astype(np.float32) / 255
    coarse = np.asarray(cv2.resize(plane, small, interpolation=cv2.INTER_AREA), np.float32)
    window = 2 * max(1, round(radius / factor)) + 1

    def box(values: NDArray[np.floating]) -> NDArray[np.float32]:
        return np.asarray(cv2.blur(values, (window, window), borderType=cv2.BORDER_REFLECT), np.float32)

    mean_guide, mean_plane = box(guide), box(coarse)
    covariance = box(guide * coarse[..., None]) - mean_guide * mean_plane[..., None]
    spread = np.empty((*coarse.shape, 3, 3), np.float32)
    for row in range(3):
        for column in range(row, 3):
            product = box(guide[..., row] * guide[..., column]) - mean_guide[..., row] * mean_guide[..., column]
            spread[..., row, column] = spread[..., column, row] = product
    spread[..., range(3), range(3)] += epsilon
    slope = np.linalg.solve(spread, covariance[..., None])[..., 0].astype(np.float32)
    offset = mean_plane - channel_sum(slope * mean_guide)
    linear = cv2.resize(box(np.dstack([slope, offset])), (width, height), interpolation=cv2.INTER_LINEAR)
    return np.asarray(channel_sum(linear[..., :3] * (image.astype(np.float32) / 255)) + linear[..., 3], np.float32)


def _doubt(alpha: Plane, points: Points) -> str:
    """Return why a matte is not trusted, as half a sentence, or nothing."""
    person = (alpha > 0.5).astype(np.uint8)
    area = int(person.sum())
    if area == 0:
        return "the person was not found in the picture"
    oval = np.zeros(alpha.shape, np.uint8)
    cv2.fillConvexPoly(oval, cv2.convexHull(np.rint(points[list(OVAL), :2]).astype(np.int32)), 1)
    if alpha[oval > 0].size and float(alpha[oval > 0].mean()) < LEAST_FACE:
        return "the outline of the person cuts the face"
    soft = float(((alpha > 0.1) & (alpha < 0.9)).sum()) / area
    if soft > MOST_SOFT:
        return "the outline of the person is unsure"
    _, _, stats, _ = cv2.connectedComponentsWithStats(person, connectivity=8)
    regions = np.sort(stats[1:, cv2.CC_STAT_AREA])
    if len(regions) > 1 and regions[-2] > LARGEST_BLOB * area:
        return "the person was found in several pieces"
    return ""
