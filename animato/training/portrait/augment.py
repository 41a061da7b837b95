"""Augmentation of cases: shape, light, colour, sharpness and sides, of truth, composite and photos alike.

Few people talk in the training data. A mouth stretched, turned and bent is another mouth, as long as everything that
belongs to the case is stretched with it: what is copied still fits what is true.
"""

from __future__ import annotations

from typing import NamedTuple, TypeVar

import cv2
import numpy as np
from numpy.typing import NDArray

from animato.types import Plane

Kind = TypeVar("Kind", bound=np.generic)

RESHAPED = 0.7
"""Share of cases whose shape is changed."""

STRETCH, SHEAR, TURN, SHIFT = 0.10, 0.06, 0.07, 0.03
"""Standard deviations: log of the scale of each axis, shear, radians, and share of half the patch's side."""

BEND = 0.035
"""Standard deviation of the smooth field that bends a patch, in shares of half its side, at 4 x 4 points."""

RELIT = 0.5
"""Share of cases lit anew from one side."""


class Sample(NamedTuple):
    """One case as the networks take it.

    Attributes:
        pictures: S x S x 10 uint8: truth, composite, drawing, validity.
        photos: K x S x S x 6 uint8: RGB and drawing.
        grid: K x g x g x 2 float32, positions in the photos, [-1, 1].
        seen: K x g x g float32; -1 for a photo that is not there.
    """

    pictures: NDArray[np.uint8]
    photos: NDArray[np.uint8]
    grid: NDArray[np.float32]
    seen: Plane


def augmented(sample: Sample, random: np.random.Generator, *, mirror: bool) -> Sample:
    """Return a case changed at random.

    Args:
        sample: the case; its arrays may be written to.
        random: source of every choice.
        mirror: whether left and right may be exchanged (a pair of eyes is one patch each, with sides of its own).
    """
    if random.random() < RESHAPED:
        sample = reshaped(sample, random)
    if random.random() < RELIT:
        sample = relit(sample, random)
    pictures, photos = recoloured(sample.pictures, sample.photos, random)
    pictures, photos = worsened(pictures, photos, random)
    grid, seen = sample.grid, sample.seen
    if mirror and random.random() < 0.5:
        pictures, photos = pictures[:, ::-1].copy(), photos[:, :, ::-1].copy()
        grid, seen = grid[:, :, ::-1].copy(), seen[:, :, ::-1].copy()
        grid[..., 0] *= -1
    return Sample(pictures, photos, grid, seen)


def reshaped(sample: Sample, random: np.random.Generator) -> Sample:
    """Stretch, turn and bend the target's side of a case, and stretch the photos' the same way.

    The target is fetched at W(x), an affine map and a smooth bend; each photo at V(y), the same stretch and shear about
    its middle. A photo's grid g becomes V^-1(g(W(x))): what is fetched from it still shows the same place.
    """
    stretch = np.exp(np.clip(random.normal(0, STRETCH, 2), -2 * STRETCH, 2 * STRETCH))
    shape = np.array([[stretch[0], random.normal(0, SHEAR)], [0.0, stretch[1]]])
    cos, sin = np.cos(angle := random.normal(0, TURN)), np.sin(angle)
    linear = np.array([[cos, -sin], [sin, cos]]) @ shape
    shift = random.normal(0, SHIFT, 2)
    bend = random.normal(0, BEND, (4, 4, 2)).astype(np.float32)

    def target(side: int) -> NDArray[np.float32]:
        field = cv2.resize(bend, (side, side), interpolation=cv2.INTER_CUBIC)
        return np.asarray(_middles(side) @ linear.T + shift + field, np.float32)

    fine, coarse = target(sample.pictures.shape[0]), target(sample.grid.shape[1])
    photo = np.asarray(_middles(sample.photos.shape[1]) @ shape.T, np.float32)
    back = np.linalg.inv(shape)
    photos, grid, seen = sample.photos.copy(), sample.grid.copy(), sample.seen.copy()
    for index in np.flatnonzero(sample.seen[:, 0, 0] >= 0):
        photos[index] = _fetched(photos[index], photo, cv2.INTER_CUBIC)
        grid[index] = _fetched(grid[index], coarse, cv2.INTER_LINEAR) @ back.T
        seen[index] = _fetched(seen[index][..., None], coarse, cv2.INTER_LINEAR)[..., 0]
    return Sample(_fetched(sample.pictures, fine, cv2.INTER_CUBIC), photos, grid, seen)


def _middles(side: int) -> NDArray[np.float64]:
    """Return side x side x 2, the middles of pixels, in [-1, 1]."""
    line = (np.arange(side) + 0.5) * (2 / side) - 1
    return np.stack(np.meshgrid(line, line), -1)


def _fetched(picture: NDArray[Kind], places: NDArray[np.float32], interpolation: int) -> NDArray[Kind]:
    """Return a picture of any number of channels fetched at places in [-1, 1]; outside, its edge goes on."""
    height, width = picture.shape[:2]
    x = (places[..., 0] + 1) * (width / 2) - 0.5
    y = (places[..., 1] + 1) * (height / 2) - 0.5
    parts = [
        cv2.remap(
            np.ascontiguousarray(picture[..., start : start + 4]), x, y, interpolation, None, cv2.BORDER_REPLICATE
        )
        for start in range(0, picture.shape[2], 4)
    ]
    return np.concatenate([part.reshape(*x.shape, -1) for part in parts], 2)


def relit(sample: Sample, random: np.random.Generator) -> Sample:
    """Brighten one side of truth, composite and photos and darken the other, each colour a little differently."""
    angle, depth = random.uniform(0, 2 * np.pi), random.normal(0, 0.2)
    depths = depth + random.normal(0, 0.04, 3)
    side = sample.pictures.shape[0]
    across = _middles(side) @ np.array([np.cos(angle), np.sin(angle)])
    gain = np.exp(across[..., None] * depths).astype(np.float32)

    def change(colour: NDArray[np.uint8]) -> NDArray[np.uint8]:
        return np.asarray(np.clip(colour * gain, 0, 255), np.uint8)

    pictures, photos = sample.pictures.copy(), sample.photos.copy()
    pictures[..., :3], pictures[..., 3:6] = change(pictures[..., :3]), change(pictures[..., 3:6])
    photos[..., :3] = change(photos[..., :3])
    return sample._replace(pictures=pictures, photos=photos)


def recoloured(
    pictures: NDArray[np.uint8], photos: NDArray[np.uint8], random: np.random.Generator
) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    """Change light and colour of truth, composite and photos alike: gain and gamma of each channel, saturation.

    Args:
        pictures, photos: S x S x 10 and K x S x S x 6 uint8, as in `Sample`; their colours are written to.
        random: source of every choice.
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


def worsened(
    pictures: NDArray[np.uint8], photos: NDArray[np.uint8], random: np.random.Generator
) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    """Now and then blur everything, as a small picture would be, or compress what is given, as a bad one would be.

    Args:
        pictures, photos: S x S x 10 and K x S x S x 6 uint8, as in `Sample`; their colours are written to.
        random: source of every choice.
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
