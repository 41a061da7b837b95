"""Augmentation of shape, light, colour, sharpness and mirroring, applied consistently to truth, composite and photos.

The training data has few talking people. Geometric augmentation creates new mouths; truth, photos and sampling grids
are transformed together, so that they stay consistent.
"""

from __future__ import annotations

from typing import NamedTuple, TypeVar

import cv2
import numpy as np
from numpy.typing import NDArray

from animato.types import Plane

Kind = TypeVar("Kind", bound=np.generic)

DEFORM_PROBABILITY = 0.7
"""Probability of a geometric augmentation."""

STRETCH, SHEAR, TURN, SHIFT = 0.10, 0.06, 0.07, 0.03
"""Standard deviations: log scale per axis, shear, rotation in radians, and translation in half patch sides."""

DEFORMATION = 0.035
"""Standard deviation of the smooth 4 x 4 deformation field, in half patch sides."""

RELIGHT_PROBABILITY = 0.5
"""Probability of a directional light augmentation."""


class NetworkInput(NamedTuple):
    """One sample as network input.

    Attributes:
        pictures: S x S x 10 uint8: truth, composite, drawing, validity.
        photos: K x S x S x 6 uint8: RGB and drawing.
        grid: K x g x g x 2 float32, positions in the photos, [-1, 1].
        validity: K x g x g float32; -1 for a missing photo.
    """

    pictures: NDArray[np.uint8]
    photos: NDArray[np.uint8]
    grid: NDArray[np.float32]
    validity: Plane


def augmented(sample: NetworkInput, random: np.random.Generator, *, mirror: bool) -> NetworkInput:
    """Augment a sample at random.

    Args:
        sample: the sample; its arrays may be modified.
        random: random generator.
        mirror: whether to flip horizontally at random (not for eyes, which have one patch per side).
    """
    if random.random() < DEFORM_PROBABILITY:
        sample = deformed(sample, random)
    if random.random() < RELIGHT_PROBABILITY:
        sample = relit(sample, random)
    pictures, photos = colour_jittered(sample.pictures, sample.photos, random)
    pictures, photos = degraded(pictures, photos, random)
    grid, validity = sample.grid, sample.validity
    if mirror and random.random() < 0.5:
        pictures, photos = pictures[:, ::-1].copy(), photos[:, :, ::-1].copy()
        grid, validity = grid[:, :, ::-1].copy(), validity[:, :, ::-1].copy()
        grid[..., 0] *= -1
    return NetworkInput(pictures, photos, grid, validity)


def deformed(sample: NetworkInput, random: np.random.Generator) -> NetworkInput:
    """Apply a random affine map and a smooth deformation to the target, and its scale and shear to the photos.

    The target is sampled at W(x), an affine map and a smooth deformation; each photo at V(y), the same scale and shear
    about its centre. A photo's grid g becomes V^-1(g(W(x))), so that it samples the same points.
    """
    stretch = np.exp(np.clip(random.normal(0, STRETCH, 2), -2 * STRETCH, 2 * STRETCH))
    shape = np.array([[stretch[0], random.normal(0, SHEAR)], [0.0, stretch[1]]])
    cos, sin = np.cos(angle := random.normal(0, TURN)), np.sin(angle)
    linear = np.array([[cos, -sin], [sin, cos]]) @ shape
    shift = random.normal(0, SHIFT, 2)
    bend = random.normal(0, DEFORMATION, (4, 4, 2)).astype(np.float32)

    def target(side: int) -> NDArray[np.float32]:
        field = cv2.resize(bend, (side, side), interpolation=cv2.INTER_CUBIC)
        return np.asarray(_pixel_centres(side) @ linear.T + shift + field, np.float32)

    fine, coarse = target(sample.pictures.shape[0]), target(sample.grid.shape[1])
    photo = np.asarray(_pixel_centres(sample.photos.shape[1]) @ shape.T, np.float32)
    back = np.linalg.inv(shape)
    photos, grid, validity = sample.photos.copy(), sample.grid.copy(), sample.validity.copy()
    for index in np.flatnonzero(sample.validity[:, 0, 0] >= 0):
        photos[index] = _sampled(photos[index], photo, cv2.INTER_CUBIC)
        grid[index] = _sampled(grid[index], coarse, cv2.INTER_LINEAR) @ back.T
        validity[index] = _sampled(validity[index][..., None], coarse, cv2.INTER_LINEAR)[..., 0]
    return NetworkInput(_sampled(sample.pictures, fine, cv2.INTER_CUBIC), photos, grid, validity)


def _pixel_centres(side: int) -> NDArray[np.float64]:
    """Return the pixel centres, side x side x 2, in [-1, 1]."""
    line = (np.arange(side) + 0.5) * (2 / side) - 1
    return np.stack(np.meshgrid(line, line), -1)


def _sampled(picture: NDArray[Kind], positions: NDArray[np.float32], interpolation: int) -> NDArray[Kind]:
    """Sample an image with any number of channels at positions in [-1, 1], with border replication."""
    height, width = picture.shape[:2]
    x = (positions[..., 0] + 1) * (width / 2) - 0.5
    y = (positions[..., 1] + 1) * (height / 2) - 0.5
    parts = [
        cv2.remap(
            np.ascontiguousarray(picture[..., start : start + 4]), x, y, interpolation, None, cv2.BORDER_REPLICATE
        )
        for start in range(0, picture.shape[2], 4)
    ]
    return np.concatenate([part.reshape(*x.shape, -1) for part in parts], 2)


def relit(sample: NetworkInput, random: np.random.Generator) -> NetworkInput:
    """Apply a random linear light gradient to truth, composite and photos, slightly different per channel."""
    angle, depth = random.uniform(0, 2 * np.pi), random.normal(0, 0.2)
    depths = depth + random.normal(0, 0.04, 3)
    side = sample.pictures.shape[0]
    across = _pixel_centres(side) @ np.array([np.cos(angle), np.sin(angle)])
    gain = np.exp(across[..., None] * depths).astype(np.float32)

    def change(colour: NDArray[np.uint8]) -> NDArray[np.uint8]:
        return np.asarray(np.clip(colour * gain, 0, 255), np.uint8)

    pictures, photos = sample.pictures.copy(), sample.photos.copy()
    pictures[..., :3], pictures[..., 3:6] = change(pictures[..., :3]), change(pictures[..., 3:6])
    photos[..., :3] = change(photos[..., :3])
    return sample._replace(pictures=pictures, photos=photos)


def colour_jittered(
    pictures: NDArray[np.uint8], photos: NDArray[np.uint8], random: np.random.Generator
) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    """Apply random gain and gamma per channel and saturation to truth, composite and photos.

    Args:
        pictures, photos: S x S x 10 and K x S x S x 6 uint8, as in `Sample`; modified in place.
        random: random generator.
    """
    if random.random() < 0.2:
        return pictures, photos
    level = np.arange(256, dtype=np.float32) / 255
    gamma = np.exp(random.normal(0, 0.2))
    gains = np.exp(random.normal(0, 0.15) + random.normal(0, 0.08, 3))
    table = np.stack([np.clip(gain * level**gamma, 0, 1) for gain in gains], 1)
    table = np.rint(table * 255).astype(np.uint8)
    saturation = float(np.clip(random.normal(1.0, 0.3), 0.0, 1.6))

    def change(colour: NDArray[np.uint8]) -> NDArray[np.uint8]:
        mapped = np.stack([table[colour[..., i], i] for i in range(3)], -1)
        grey = mapped.mean(-1, keepdims=True, dtype=np.float32)
        return np.asarray(np.clip(grey + saturation * (mapped - grey), 0, 255), np.float32).astype(np.uint8)

    pictures[..., :3], pictures[..., 3:6] = change(pictures[..., :3]), change(pictures[..., 3:6])
    photos[..., :3] = change(photos[..., :3])
    return pictures, photos


def degraded(
    pictures: NDArray[np.uint8], photos: NDArray[np.uint8], random: np.random.Generator
) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    """Randomly blur all images (low resolution), or JPEG-compress composite and photos.

    Args:
        pictures, photos: S x S x 10 and K x S x S x 6 uint8, as in `Sample`; modified in place.
        random: random generator.
    """
    if random.random() < 0.2:
        share = float(random.uniform(0.4, 0.9))

        def soften(colour: NDArray[np.uint8]) -> NDArray[np.uint8]:
            side = colour.shape[0]
            small = cv2.resize(np.ascontiguousarray(colour), None, fx=share, fy=share, interpolation=cv2.INTER_AREA)
            return np.asarray(cv2.resize(small, (side, side), interpolation=cv2.INTER_LINEAR), np.uint8)

        pictures[..., :3], pictures[..., 3:6] = soften(pictures[..., :3]), soften(pictures[..., 3:6])
        for photo in photos:
            photo[..., :3] = soften(photo[..., :3])
    if random.random() < 0.15:
        quality = int(random.integers(30, 90))

        def compress(colour: NDArray[np.uint8]) -> NDArray[np.uint8]:
            _, data = cv2.imencode(".jpg", np.ascontiguousarray(colour), [cv2.IMWRITE_JPEG_QUALITY, quality])
            return np.asarray(cv2.imdecode(data, cv2.IMREAD_COLOR), np.uint8)

        pictures[..., 3:6] = compress(pictures[..., 3:6])
        for photo in photos:
            photo[..., :3] = compress(photo[..., :3])
    return pictures, photos
