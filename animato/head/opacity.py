"""What of a photo is the person: the plate behind, the matte without gaps in hair, and hair that no matte holds."""

from __future__ import annotations

from typing import NamedTuple

import cv2
import numpy as np

from animato.geometry.landmarks import OVAL
from animato.geometry.pose import HeadPose
from animato.head.gaps import gaps_in_hair
from animato.head.parts import Shares
from animato.head.plate import plate_of
from animato.head.strands import strands_of
from animato.types import Frame, Plane, Points

LOOSE = 2.0
"""How much more of a pixel outside all layers goes away when the head turns than the matte's opacity."""


class Opacity(NamedTuple):
    """What of a photo is the person.

    Attributes:
        plate: S x S x 3 uint8, the photo without the person.
        loose: S x S float32 in [0, 1], how much of the photo is the person, or hair that no matte holds.
        alpha: S x S float32 in [0, 1], opacity of the person without gaps in hair.
    """

    plate: Frame
    loose: Plane
    alpha: Plane


def opacity_of(image: Frame, points: Points, pose: HeadPose, alpha: Plane, shares: Shares) -> Opacity:
    """Return what of a photo is the person.

    Args:
        image: S x S x 3 uint8 RGB.
        points: 478 x 3, landmarks, pixels.
        pose: fitted to them.
        alpha: S x S float32 in [0, 1], the matte.
        shares: of the person's parts.
    """
    hair = np.asarray(shares.hair * alpha, np.float32)
    strands = strands_of(image, alpha, hair, pose.scale)
    plate = plate_of(image, alpha, hair, pose.scale, strands)
    loose = np.maximum(np.clip(LOOSE * alpha, 0, 1), strands)  # in half transparent hair, single hairs are opaque
    # What a gap shows is no part of a person, so of parts only the surest are excluded.
    around_face = (1 - shares.body) * (1 - _face(points, image.shape[0]))
    gaps = gaps_in_hair(image, alpha, around_face, plate, pose.scale)
    return Opacity(plate, np.asarray(loose, np.float32), np.asarray(alpha * (1 - gaps), np.float32))


def _face(points: Points, size: int) -> Plane:
    """Return size x size float32, 1 inside the face's oval."""
    oval = np.zeros((size, size), np.float32)
    cv2.fillConvexPoly(oval, cv2.convexHull(np.rint(points[list(OVAL), :2]).astype(np.int32)), 1.0)
    return oval
