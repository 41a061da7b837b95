"""Sample batches of samples, augment them and convert them to tensors."""

# ruff: noqa: N802, N815  (names carry shapes)

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from animato.appearance.mouth_levels import measure, with_mouth_interior
from animato.appearance.teeth import tooth_redness
from animato.settings.portrait import MAX_PHOTOS
from animato.training.portrait.augment import NetworkInput, augmented
from animato.training.portrait.samples import KINDS, SampleSet

KIND_SHARES = {"video": 0.6, "photo": 0.15, "rendered video": 0.25}
"""Sampling share of each kind: real people are the target domain, rendered heads have the largest motion."""

PERSON_POWER = 0.4
"""Exponent of a person's number of samples in the sampling weight, so that people with many clips do not dominate."""

NO_INTERIOR_PROBABILITY = 0.3
"""Share of mouths without a measured interior, as in motion files that lack it."""

INTERIOR_LOG_LEVEL, INTERIOR_NOISE, INTERIOR_GRID = 0.12, 0.03, (5, 6)
"""Standard deviations of the noise on the target interior: log level, and a smooth field with its grid size (rows,
columns)."""


@dataclass(frozen=True)
class PatchBatch:
    """Cases as network inputs; shapes as in `models.portrait.networks`.

    Attributes:
        truth_B3SS, composite_B3SS: in [-1, 1].
        drawing_B3SS, validity_B1SS: in [0, 1]; the drawing's first channel is the opening.
        photos_BK3SS, strokes_BK3SS: the photos' patches and drawings.
        grid_BKhw2: sampling grids.
        validity_BKhw: validity of the grids; -1 for a missing photo.
        person_B: index of the person.
    """

    truth_B3SS: Tensor
    composite_B3SS: Tensor
    drawing_B3SS: Tensor
    validity_B1SS: Tensor
    photos_BK3SS: Tensor
    strokes_BK3SS: Tensor
    grid_BKhw2: Tensor
    validity_BKhw: Tensor
    person_B: Tensor

    def to(self, device: torch.device) -> PatchBatch:
        """Return the batch on a device."""
        return PatchBatch(*(getattr(self, name).to(device) for name in self.__dataclass_fields__))

    @property
    def input_BCSS(self) -> Tensor:
        """Composite, validity and drawing: the painter's input at full patch size."""
        return torch.cat([self.composite_B3SS, self.validity_B1SS, self.drawing_B3SS], 1)


class BatchSampler:
    """Samples batches deterministically from seed and step.

    Args:
        samples: of one network.
        split: "train" or "val".
        network: "mouth", "eye" or "head".
        seed: random seed.
        augment: whether samples are augmented and photos dropped; False for the photos of one person.
    """

    def __init__(self, samples: SampleSet, split: str, network: str, seed: int, augment: bool = True) -> None:
        self._augment = augment
        self.samples = samples
        self.numbers = samples.of(split)
        self._network = network
        self._seed = seed
        self._weights = self._sampling_weights()

    def _sampling_weights(self) -> NDArray[np.float64]:
        weights = np.ones(len(self.numbers))
        area = np.array([float(self.samples.pictures[n, ::4, ::4, 6].mean()) / 255 for n in self.numbers])
        if self._network == "mouth":
            weights += 4.0 * np.clip(area / 0.05, 0, 1)
        elif self._network == "eye":
            weights += 2.0 * (area < 0.03)
        kind, person = self.samples.kind[self.numbers], self.samples.person[self.numbers]
        for index in range(len(KINDS)):
            count = np.bincount(person[kind == index], minlength=int(person.max(initial=0)) + 1)[person]
            weights *= np.where(kind == index, np.maximum(count, 1.0) ** (PERSON_POWER - 1), 1.0)
        for index, name in enumerate(KINDS):
            of_kind = kind == index
            if of_kind.any():
                weights[of_kind] *= KIND_SHARES[name] / weights[of_kind].sum()
        return np.asarray(weights / weights.sum())

    def batch(self, step: int, size: int) -> PatchBatch:
        """Return the augmented batch of a step."""
        random = np.random.default_rng([self._seed, 7, step])
        chosen = random.choice(self.numbers, size, p=self._weights)
        return self._build([int(number) for number in chosen], random if self._augment else None)

    def fixed(self, count: int) -> PatchBatch:
        """Return samples sampled over the people of the split without augmentation, for validation."""
        random = np.random.default_rng([self._seed, 8])
        chosen = random.choice(self.numbers, min(count, len(self.numbers)), replace=False, p=self._weights)
        return self.plain([int(number) for number in chosen])

    def plain(self, numbers: list[int]) -> PatchBatch:
        """Return the given samples without augmentation."""
        return self._build(numbers, None)

    def _build(self, numbers: list[int], random: np.random.Generator | None) -> PatchBatch:
        max_photos = MAX_PHOTOS if random is None else int(random.integers(1, MAX_PHOTOS + 1))
        rows = [self._row(number, max_photos, random) for number in numbers]
        parts = [torch.from_numpy(np.stack(column)) for column in zip(*rows, strict=True)]
        pictures, photos, grid, validity = parts
        pictures_BCSS = pictures.permute(0, 3, 1, 2).float() / 255
        photos_BKCSS = photos.permute(0, 1, 4, 2, 3).float() / 255
        return PatchBatch(
            pictures_BCSS[:, :3] * 2 - 1,
            pictures_BCSS[:, 3:6] * 2 - 1,
            pictures_BCSS[:, 6:9].contiguous(),
            pictures_BCSS[:, 9:].contiguous(),
            photos_BKCSS[:, :, :3] * 2 - 1,
            photos_BKCSS[:, :, 3:].contiguous(),
            grid,
            validity,
            torch.from_numpy(self.samples.person[numbers].astype(np.int64)),
        )

    def _row(self, number: int, max_photos: int, random: np.random.Generator | None) -> tuple[NDArray[np.generic], ...]:
        samples = self.samples
        pictures = np.array(samples.pictures[number])
        present = [index for index in range(max_photos) if samples.photo[number, index] >= 0]
        side, grid_side = pictures.shape[0], samples.validity.shape[-1]
        photos = np.zeros((max_photos, side, side, 6), np.uint8)
        grid = np.zeros((max_photos, grid_side, grid_side, 2), np.float32)
        validity = np.full((max_photos, grid_side, grid_side), -1, np.float32)
        for index in present:
            photos[index] = samples.photos[samples.photo[number, index]]
            grid[index] = samples.grids[number, index]
            validity[index] = samples.validity[number, index].astype(np.float32) / 255
        if self._network == "mouth":
            _match_interior(pictures, random)
        if random is None:
            return pictures, photos, grid, validity
        return augmented(NetworkInput(pictures, photos, grid, validity), random, mirror=self._network != "eye")


def _match_interior(pictures: NDArray[np.uint8], random: np.random.Generator | None) -> None:
    """Match the mouth interior of the composite to the truth, as the renderer does to the driver; skipped at random."""
    if random is not None and random.random() < NO_INTERIOR_PROBABILITY:
        return
    drawing = np.ascontiguousarray(pictures[..., 6:9])
    truth = np.ascontiguousarray(pictures[..., :3])
    redness = tooth_redness(truth, drawing)
    interior = measure(truth, drawing, redness)
    if interior is None:
        return
    levels = interior.levels
    if random is not None:
        # Simulate the different teeth and light of another driver.
        noise = random.normal(0, INTERIOR_NOISE, (*INTERIOR_GRID, 2)).astype(np.float32)
        fine = cv2.resize(noise, levels.shape[1::-1], interpolation=cv2.INTER_LINEAR)
        levels = np.asarray(levels * np.exp(random.normal(0, INTERIOR_LOG_LEVEL)) + fine, np.float32)
    pictures[..., 3:6] = with_mouth_interior(np.ascontiguousarray(pictures[..., 3:6]), drawing, levels, redness)
