"""Crop, split and augment the photos of one person for adaptation."""

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

MIN_PHOTOS_TO_HOLD_OUT = 4
"""Number of photos from which some are held out; with fewer, validation uses rotated copies."""


@dataclass(frozen=True)
class PhotoSplit:
    """Training and validation photos.

    Attributes:
        training: training photos.
        validation: validation photos.
        held_out: whether `validation` are held-out photos rather than rotated copies of training photos.
    """

    training: ClipFrames
    validation: ClipFrames
    held_out: bool


def crop_photos(photos: Sequence[tuple[Frame, Points]], config: PaperConfig) -> ClipFrames:
    """Crop the head in each photo as in the model's training data.

    Args:
        photos: each a full image, H x W x 3 uint8 RGB, and its 478 x 3 landmarks in pixels.
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
    """Hold out some photos, or use rotated copies for validation when there are fewer than four."""
    count = len(photos.images)
    random = np.random.default_rng([seed, 11])
    if count < MIN_PHOTOS_TO_HOLD_OUT:
        copies = [augment_photo(photos, index % count, random) for index in range(4)]
        return PhotoSplit(photos, concatenate_photos(copies), False)
    held_out_count = max(1, round(count * share))
    order = random.permutation(count)
    return PhotoSplit(
        select_photos(photos, sorted(order[held_out_count:])),
        select_photos(photos, sorted(order[:held_out_count])),
        True,
    )


def select_photos(photos: ClipFrames, indices: Sequence[int]) -> ClipFrames:
    """Select photos by index."""
    selected = np.asarray(indices, dtype=np.int64)
    return ClipFrames(photos.images[selected], photos.points[selected], photos.blendshapes[selected])


def concatenate_photos(parts: Sequence[ClipFrames]) -> ClipFrames:
    """Concatenate collections of photos."""
    return ClipFrames(
        np.concatenate([part.images for part in parts]),
        np.concatenate([part.points for part in parts]),
        np.concatenate([part.blendshapes for part in parts]),
    )


def augment_photo(photos: ClipFrames, index: int, random: np.random.Generator) -> ClipFrames:
    """Rotate one photo by up to 8 degrees, scale it by up to 8 % and shift it by up to 4 % of its side, at random."""
    size = int(photos.images.shape[1])
    angle, scale = float(random.uniform(-8, 8)), float(random.uniform(0.92, 1.08))
    shift = random.uniform(-0.04, 0.04, 2) * size
    centre = ((size - 1) / 2, (size - 1) / 2)
    augmented_from_photo = np.asarray(cv2.getRotationMatrix2D(centre, angle, scale), np.float64)
    augmented_from_photo[:, 2] += shift
    image = cv2.warpAffine(
        photos.images[index],
        augmented_from_photo,
        (size, size),
        flags=cv2.INTER_LINEAR,
        borderMode=cv2.BORDER_REPLICATE,
    )
    points = move_points(augmented_from_photo, photos.points[index])
    return ClipFrames(np.asarray(image, np.uint8)[None], points[None], photos.blendshapes[index : index + 1])


def probe_expressions(points: Points) -> tuple[Points, Points]:
    """Return a face's landmarks with the mouth wide open, and with the eyes closed.

    Synthetic expressions, used only to test whether a generator responds to its landmarks.

    Args:
        points: 478 x 3 float32.

    Returns:
        Two copies, 478 x 3 float32, same pixels.
    """
    mesh_index = IBUG68_FROM_MESH
    down = points[mesh_index[8], :2] - points[mesh_index[27], :2]
    opened, closed = points.copy(), points.copy()
    # lower lip and middle of the jaw, by a tenth of the distance from brow to chin
    opened[[*mesh_index[55:60], *mesh_index[64:68], *mesh_index[6:11]], :2] += 0.1 * down
    for upper, lower in ((37, 41), (38, 40), (43, 47), (44, 46)):
        closed[mesh_index[upper], :2] = points[mesh_index[lower], :2]
    return opened, closed
