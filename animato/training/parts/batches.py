"""Batches of the parts network: people before other backgrounds, moved, relit and worsened.

The batch of a step depends only on the seed and the step, so a resumed run sees what an unbroken one does.
"""

# ruff: noqa: N815  (names carry shapes)

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from animato.models.parts.config import PARTS
from animato.settings.parts import PartsTrainSettings
from animato.training.parts.cases import SIDE, SOME_PART, UNKNOWN, WIDER, PartsCases
from animato.types import Frame

BACKGROUND = PARTS.index("background")

ZOOM, TURN, SHIFT = 0.14, 0.17, 0.06
"""Standard deviations of log scale, rotation in radians, and shift in sides of the square."""

GREY, TONED, BLURRED, NOISY, CODED = 0.15, 0.1, 0.3, 0.4, 0.4
"""Probabilities: no colour, one tone as in a painting, blur, noise, JPEG."""


@dataclass(frozen=True)
class PartsBatch:
    """Input and truth of one step.

    Attributes:
        picture_B3SS: float32 in [-1, 1].
        labels_BSS: int64, index into `PARTS`, `SOME_PART` or `UNKNOWN`.
        depth_BSS: float32, NaN where not known.
    """

    picture_B3SS: Tensor
    labels_BSS: Tensor
    depth_BSS: Tensor

    def to(self, device: torch.device) -> PartsBatch:
        """Return the batch on a device."""
        return PartsBatch(self.picture_B3SS.to(device), self.labels_BSS.to(device), self.depth_BSS.to(device))


class PartsBatches:
    """Draws batches.

    Args:
        cases: all cases.
        side: of the network's square.
        settings: of the training.
    """

    def __init__(self, cases: PartsCases, side: int, settings: PartsTrainSettings) -> None:
        self._cases, self._side, self._settings = cases, side, settings
        self._rendered, self._photos = (cases.numbers("train", kind) for kind in ("rendered", "photo"))

    def batch(self, step: int, share: int = 0, shares: int = 1) -> PartsBatch:
        """Return the batch of a step, or one share of it."""
        random = np.random.default_rng([self._settings.seed, step])
        return _stacked([self._sample(random) for _ in range(self._settings.batch)][share::shares])

    def plain(self, numbers: NDArray[np.int64]) -> PartsBatch:
        """Return cases as they are, without augmentation.

        Args:
            numbers: vector of the cases' numbers.
        """
        to_square = _centred(1.0, 0.0, np.zeros(2), self._side)
        return _stacked([_moved(*self._case(number), to_square, self._side) for number in numbers])

    def _case(self, number: int) -> tuple[Frame, NDArray[np.uint8], NDArray[np.float32]]:
        cases = self._cases
        return cases.pictures[number], cases.labels[number], cases.depth[number].astype(np.float32)

    def _sample(self, random: np.random.Generator) -> tuple[Frame, NDArray[np.uint8], NDArray[np.float32]]:
        photo = len(self._photos) > 0 and (len(self._rendered) == 0 or random.random() < self._settings.real)
        picture, labels, depth = self._case(int(random.choice(self._photos if photo else self._rendered)))
        if random.random() < self._settings.backgrounds:
            picture = self._before_another(picture, labels, random)
        shift = random.normal(0, SHIFT, 2)
        to_square = _centred(float(np.exp(random.normal(0, ZOOM))), float(random.normal(0, TURN)), shift, self._side)
        if random.random() < 0.5:
            to_square = np.array([[-1.0, 0, self._side - 1], [0, 1, 0]]) @ np.vstack([to_square, [0, 0, 1]])
        picture, labels, depth = _moved(picture, labels, depth, to_square, self._side)
        return _worsened(picture, random), labels, depth

    def _before_another(self, picture: Frame, labels: NDArray[np.uint8], random: np.random.Generator) -> Frame:
        """Return a person before another background: another case's, with its person filled in, or a drawn one."""
        person = ((labels != BACKGROUND) & (labels != UNKNOWN)).astype(np.float32)
        # What is not known at the outline of a real person goes with its softened matte.
        alpha = cv2.GaussianBlur(person, (0, 0), float(random.uniform(0.5, 1.2)))[..., None]
        if random.random() < 0.6:
            number = int(random.integers(len(self._cases.pictures)))
            behind = _filled_in(self._cases.pictures[number], self._cases.labels[number], random)
        else:
            behind = _drawn(random)
        return np.asarray(np.clip(picture * alpha + behind * (1 - alpha), 0, 255), np.uint8)


def _stacked(samples: list[tuple[Frame, NDArray[np.uint8], NDArray[np.float32]]]) -> PartsBatch:
    pictures, labels, depth = (np.stack(column) for column in zip(*samples, strict=True))
    picture_B3SS = torch.from_numpy(pictures.transpose(0, 3, 1, 2).astype(np.float32) / 127.5 - 1)
    return PartsBatch(picture_B3SS, torch.from_numpy(labels.astype(np.int64)), torch.from_numpy(depth))


def _centred(zoom: float, turn: float, shift: NDArray[np.float64], side: int) -> NDArray[np.float64]:
    """Return the map (2 x 3) from a case to the network's square; zoom, turn (radians) and shift (sides) added."""
    scale = WIDER * side / SIDE * zoom
    cos, sin = np.cos(turn) * scale, np.sin(turn) * scale
    linear = np.array([[cos, -sin], [sin, cos]])
    middle = np.full(2, (SIDE - 1) / 2)
    return np.column_stack([linear, (side - 1) / 2 + shift * side - linear @ middle])


def _moved(
    picture: Frame, labels: NDArray[np.uint8], depth: NDArray[np.float32], to_square: NDArray[np.float64], side: int
) -> tuple[Frame, NDArray[np.uint8], NDArray[np.float32]]:
    size, nearest = (side, side), cv2.INTER_NEAREST
    moved = cv2.warpAffine(picture, to_square, size, flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    kinds = cv2.warpAffine(
        labels, to_square, size, flags=nearest, borderMode=cv2.BORDER_CONSTANT, borderValue=(UNKNOWN,)
    )
    far = cv2.warpAffine(
        depth, to_square, size, flags=nearest, borderMode=cv2.BORDER_CONSTANT, borderValue=(float("nan"),)
    )
    # A head that is drawn larger is deeper by as much.
    zoom = float(np.sqrt(abs(np.linalg.det(to_square[:, :2])))) / (WIDER * side / SIDE)
    return np.asarray(moved, np.uint8), np.asarray(kinds, np.uint8), np.asarray(far * zoom, np.float32)


def _filled_in(picture: Frame, labels: NDArray[np.uint8], random: np.random.Generator) -> NDArray[np.float32]:
    """Return a case's background, its person replaced by the nearest background, at a random zoom and side."""
    free = (labels == BACKGROUND).astype(np.uint8)
    if free.mean() < 0.15:
        return _drawn(random)
    _, nearest = cv2.distanceTransformWithLabels(1 - free, cv2.DIST_L2, 3, labelType=cv2.DIST_LABEL_PIXEL)
    colours = np.zeros((int(nearest.max()) + 1, 3), np.float32)
    colours[nearest[free > 0]] = picture[free > 0]
    spread = cv2.GaussianBlur(colours[nearest], (0, 0), 6)
    behind = np.where(free[..., None] > 0, picture, spread).astype(np.float32)
    zoom, (left, top) = float(random.uniform(1.0, 2.0)), random.uniform(0, 1, 2)
    room = SIDE - SIDE / zoom
    crop = np.array([[zoom, 0, -zoom * left * room], [0, zoom, -zoom * top * room]])
    moved = cv2.warpAffine(behind, crop, (SIDE, SIDE), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(moved[:, ::-1] if random.random() < 0.5 else moved, np.float32)


def _drawn(random: np.random.Generator) -> NDArray[np.float32]:
    """Return a drawn background: smooth noise of a few scales between two colours, dark as often as bright."""
    field = np.zeros((SIDE, SIDE), np.float32)
    for cells in (2, 5, 14, 40):
        coarse = random.normal(0, 1, (cells + 3, cells + 3)).astype(np.float32)
        field += float(random.uniform(0, 1)) * cv2.resize(coarse, (SIDE, SIDE), interpolation=cv2.INTER_CUBIC)
    mixed = 1 / (1 + np.exp(-field))[..., None]
    first, second = random.uniform(0, 255, (2, 3)) * random.uniform(0.1, 1.0)
    return np.asarray(first * mixed + second * (1 - mixed), np.float32)


def _worsened(picture: Frame, random: np.random.Generator) -> Frame:
    """Return a picture in another light, without colour, blurred, noisy or coded."""
    values = picture.astype(np.float32) / 255
    values = values ** float(np.exp(random.normal(0, 0.3))) * random.uniform(0.6, 1.25)
    values = values * np.exp(random.normal(0, 0.08, 3)).astype(np.float32)
    kind = random.random()
    if kind < GREY + TONED:
        grey = values @ np.array([0.299, 0.587, 0.114], np.float32)
        tone = np.ones(3, np.float32) if kind < GREY else random.uniform(0.6, 1.2, 3).astype(np.float32)
        share = 1.0 if kind < GREY else float(random.uniform(0.3, 0.9))
        values = values * (1 - share) + grey[..., None] * tone * share
    if random.random() < BLURRED:
        values = np.asarray(cv2.GaussianBlur(values, (0, 0), float(random.uniform(0.4, 1.8))), np.float32)
    if random.random() < NOISY:
        values = values + random.normal(0, random.uniform(0.005, 0.05), values.shape).astype(np.float32)
    result = np.clip(values * 255 + 0.5, 0, 255).astype(np.uint8)
    if random.random() < CODED:
        quality = int(random.integers(25, 90))
        result = np.asarray(
            cv2.imdecode(cv2.imencode(".jpg", result, [cv2.IMWRITE_JPEG_QUALITY, quality])[1], cv2.IMREAD_COLOR)
        )
    return result


def unknown_to_ignore(labels_BSS: Tensor) -> Tensor:
    """Return labels with everything that names no single part as -100, torch's index to ignore."""
    return torch.where(labels_BSS >= SOME_PART, torch.full_like(labels_BSS, -100), labels_BSS)
