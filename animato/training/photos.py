"""Photos of one person as adaptation uses them: cut alike, turned a little, some kept aside, some faces moved."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np

from animato.data.clips import ClipFrames
from animato.errors import FaceError
from animato.geometry.affine import move_points
from animato.geometry.crop import crop_from_frame, cut, head_square
from animato.models.drawing import IBUG68_FROM_MESH
from animato.models.paper.config import PaperConfig
from animato.types import Frame, Points

HOLD_OUT_FROM = 4
"""With this many photos some are kept aside; with fewer, turned copies take their place."""


@dataclass(frozen=True)
class PhotoSplit:
    """Photos to learn from and photos to validate on.

    Attributes:
        learn: used for training.
        validation: never trained on as they are.
        held_out: True when `validation` are photos of their own, False when they are turned copies.
    """

    learn: ClipFrames
    validation: ClipFrames
    held_out: bool


def crop_photos(photos: Sequence[tuple[Frame, Points]], config: PaperConfig) -> ClipFrames:
    """Cut the head out of each photo as the model's training data was cut.

    Args:
        photos: each a whole picture, H x W x 3 uint8 RGB, and its 478 x 3 landmarks in pixels of it.
        config: the model's configuration: size and margin.

    Raises:
        FaceError: there is no photo.
    """
    if not photos:
        raise FaceError("no photo of the person was given")
    images, points = [], []
    for image, face in photos:
        crop_from_photo = crop_from_frame(head_square(face, config.margin), config.size)
        images.append(cut(image, crop_from_photo, config.size))
        points.append(move_points(crop_from_photo, face))
    count = len(images)
    return ClipFrames(np.stack(images), np.stack(points).astype(np.float32), np.zeros((count, 52), np.float32))


def split_photos(photos: ClipFrames, share: float, seed: int) -> PhotoSplit:
    """Keep some photos aside, or make turned copies to validate on when there are fewer than four."""
    count = len(photos.images)
    random = np.random.default_rng([seed, 11])
    if count < HOLD_OUT_FROM:
        copies = [turned(photos, index % count, random) for index in range(4)]
        return PhotoSplit(photos, joined(copies), False)
    aside = max(1, round(count * share))
    order = random.permutation(count)
    return PhotoSplit(picked(photos, sorted(order[aside:])), picked(photos, sorted(order[:aside])), True)


def picked(photos: ClipFrames, indices: Sequence[int]) -> ClipFrames:
    """Return some of the photos."""
    wanted = np.asarray(indices, dtype=np.int64)
    return ClipFrames(photos.images[wanted], photos.points[wanted], photos.blendshapes[wanted])


def joined(parts: Sequence[ClipFrames]) -> ClipFrames:
    """Return photos of several collections as one."""
    return ClipFrames(
        np.concatenate([part.images for part in parts]),
        np.concatenate([part.points for part in parts]),
        np.concatenate([part.blendshapes for part in parts]),
    )


def turned(photos: ClipFrames, index: int, random: np.random.Generator) -> ClipFrames:
    """Return one photo turned by up to 8 degrees, scaled by up to 8 % and shifted by up to 4 % of its side."""
    size = int(photos.images.shape[1])
    angle, scale = float(random.uniform(-8, 8)), float(random.uniform(0.92, 1.08))
    move = random.uniform(-0.04, 0.04, 2) * size
    centre = ((size - 1) / 2, (size - 1) / 2)
    turned_from_photo = np.asarray(cv2.getRotationMatrix2D(centre, angle, scale), np.float64)
    turned_from_photo[:, 2] += move
    image = cv2.warpAffine(
        photos.images[index],
        turned_from_photo,
        (size, size),
        flags=cv2.INTER_LINEAR,
        borderMode=cv2.BORDER_REPLICATE,
    )
    points = move_points(turned_from_photo, photos.points[index])
    return ClipFrames(np.asarray(image, np.uint8)[None], points[None], photos.blendshapes[index : index + 1])


def probe_faces(points: Points) -> tuple[Points, Points]:
    """Return a face's landmarks with the mouth wide open, and with the lids closed.

    The moves are drawn, not measured: they only serve to see whether a generator still answers to its landmarks.

    Args:
        points: 478 x 3 float32.

    Returns:
        Two copies, 478 x 3 float32, same pixels.
    """
    line = IBUG68_FROM_MESH
    down = points[line[8], :2] - points[line[27], :2]
    opened, closed = points.copy(), points.copy()
    # lower lip and the jaw's middle, by a tenth of the way from brow to chin
    opened[[*line[55:60], *line[64:68], *line[6:11]], :2] += 0.1 * down
    for upper, lower in ((37, 41), (38, 40), (43, 47), (44, 46)):
        closed[line[upper], :2] = points[line[lower], :2]
    return opened, closed
