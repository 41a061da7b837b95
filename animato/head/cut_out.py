"""A whole photo taken apart: the person's own colours and opacity, and the picture without the person."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from animato.geometry.pose import HeadPose
from animato.head.edge_matte import edge_matte
from animato.head.matte import matte_of
from animato.head.parts import HeadParts
from animato.head.plate import plate_of
from animato.head.strands import strands_of
from animato.types import Frame, Points

WIDER = 2.0
"""Side of the square in which a body is looked for, in units of the head's own (`head.parts.SQUARE_CM`)."""


@dataclass(frozen=True, eq=False)
class PhotoCutOut:
    """The person in a photo, and what lies behind.

    Attributes:
        image: H x W x 3 uint8 RGB, the person's own colours, continued where nothing of it is seen.
        alpha: H x W uint8, opacity of the person.
        plate: H x W x 3 uint8 RGB, the photo without the person.
        doubt: why the outline is not to be used, as half a sentence; empty where it is good.
    """

    image: Frame
    alpha: NDArray[np.uint8]
    plate: Frame
    doubt: str


def cut_out_photo(image: Frame, points: Points, pose: HeadPose, parts: HeadParts, wider: HeadParts) -> PhotoCutOut:
    """Cut the person out of a photo.

    Args:
        image: H x W x 3 uint8 RGB, the photo.
        points: 478 x 3, landmarks, pixels of it.
        pose: fitted to them.
        parts: of the head, their map from pixels of the photo.
        wider: the same of a square wider by `WIDER`.
    """
    matte = matte_of(image, points, parts, wider)
    hair = parts.share(("hair",), (image.shape[1], image.shape[0]))
    seen = np.asarray(hair * matte.alpha, np.float32)
    strands = strands_of(image, matte.alpha, seen, pose.scale)
    plate = plate_of(image, matte.alpha, seen, pose.scale, strands)
    edge = edge_matte(image, matte.alpha, plate, hair, pose.scale)
    return PhotoCutOut(edge.image, np.rint(edge.alpha * 255).astype(np.uint8), plate, matte.doubt)
