"""Sample batches of cases, augment them and convert them to tensors."""

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
from animato.settings.portrait import MOST_PHOTOS
from animato.training.portrait.augment import Sample, augmented
from animato.training.portrait.samples import KINDS, CaseSet

SHARES = {"video": 0.6, "photo": 0.15, "rendered video": 0.25}
"""Sampling share of each kind: real people are the target domain, rendered heads have the largest motion."""

PERSON_POWER = 0.4
"""Exponent of a person's number of cases in the sampling weight, so that people with many clips do not dominate."""

UNSEEN_INSIDE = 0.3
"""Share of mouths without a measured interior, as in motion files that lack it."""

INSIDE_LEVEL, INSIDE_NOISE, INSIDE_COARSE = 0.12, 0.03, (5, 6)
"""Standard deviations of the noise on the target interior: log level, and a smooth field with its grid size (rows,
columns)."""


@dataclass(frozen=True)
class Batch:
    """Cases as network inputs; shapes as in `models.portrait.networks`.

    Attributes:
        truth_B3SS, composite_B3SS: in [-1, 1].
        drawing_B3SS, validity_B1SS: in [0, 1]; the drawing's first channel is the opening.
        photos_BK3SS, strokes_BK3SS: the photos' patches and drawings.
        grid_BKhw2: sampling grids.
        seen_BKhw: validity of the grids; -1 for a missing photo.
        person_B: index of the person.
    """

    truth_B3SS: Tensor
    composite_B3SS: Tensor
    drawing_B3SS: Tensor
    validity_B1SS: Tensor
    photos_BK3SS: Tensor
    strokes_BK3SS: Tensor
    grid_BKhw2: Tensor
    seen_BKhw: Tensor
    person_B: Tensor

    def to(self, device: torch.device) -> Batch:
        """Return the batch on a device."""
        return Batch(*(getattr(self, name).to(device) for name in self.__dataclass_fields__))

    @property
    def given_BCSS(self) -> Tensor:
        """Composite, validity and drawing: the painter's input at full patch size."""
        return torch.cat([self.composite_B3SS, self.validity_B1SS, self.drawing_B3SS], 1)


class Batches:
    """Samples batches deterministically from seed and step.

    Args:
        cases: of one network.
        split: "train" or "val".
        network: "mouth", "eye" or "head".
        seed: random seed.
        augment: whether cases are augmented and photos dropped; False for the photos of one person.
    """

    def __init__(self, cases: CaseSet, split: str, network: str, seed: int, augment: bool = True) -> None:
        self._augment = augment
        self.cases = cases
        self.numbers = cases.of(split)
        self._network = network
        self._seed = seed
        self._weights = self._chances()

    def _chances(self) -> NDArray[np.float64]:
        chances = np.ones(len(self.numbers))
        area = np.array([float(self.cases.pictures[n, ::4, ::4, 6].mean()) / 255 for n in self.numbers])
        if self._network == "mouth":
            chances += 4.0 * np.clip(area / 0.05, 0, 1)
        elif self._network == "eye":
            chances += 2.0 * (area < 0.03)
        kind, person = self.cases.kind[self.numbers], self.cases.person[self.numbers]
        for index in range(len(KINDS)):
            count = np.bincount(person[kind == index], minlength=int(person.max(initial=0)) + 1)[person]
            chances *= np.where(kind == index, np.maximum(count, 1.0) ** (PERSON_POWER - 1), 1.0)
        for index, name in enumerate(KINDS):
            mine = kind == index
            if mine.any():
                chances[mine] *= SHARES[name] / chances[mine].sum()
        return np.asarray(chances / chances.sum())

    def batch(self, step: int, size: int) -> Batch:
        """Return the augmented batch of a step."""
        random = np.random.default_rng([self._seed, 7, step])
        chosen = random.choice(self.numbers, size, p=self._weights)
        return self._build([int(number) for number in chosen], random if self._augment else None)

    def fixed(self, count: int) -> Batch:
        """Return cases sampled over the people of the split without augmentation, for validation."""
        random = np.random.default_rng([self._seed, 8])
        chosen = random.choice(self.numbers, min(count, len(self.numbers)), replace=False, p=self._weights)
        return self.plain([int(number) for number in chosen])

    def plain(self, numbers: list[int]) -> Batch:
        """Return the given cases without augmentation."""
        return self._build(numbers, None)

    def _build(self, numbers: list[int], random: np.random.Generator | None) -> Batch:
        most = MOST_PHOTOS if random is None else int(random.integers(1, MOST_PHOTOS + 1))
        rows = [self._row(number, most, random) for number in numbers]
        parts = [torch.from_numpy(np.stack(column)) for column in zip(*rows, strict=True)]
        pictures, photos, grid, seen = parts
        x = pictures.permute(0, 3, 1, 2).float() / 255
        y = photos.permute(0, 1, 4, 2, 3).float() / 255
        return Batch(
            x[:, :3] * 2 - 1,
            x[:, 3:6] * 2 - 1,
            x[:, 6:9].contiguous(),
            x[:, 9:].contiguous(),
            y[:, :, :3] * 2 - 1,
            y[:, :, 3:].contiguous(),
            grid,
            seen,
            torch.from_numpy(self.cases.person[numbers].astype(np.int64)),
        )

    def _row(self, number: int, most: int, random: np.random.Generator | None) -> tuple[NDArray[np.generic], ...]:
        cases = self.cases
        pictures = np.array(cases.pictures[number])
        present = [index for index in range(most) if cases.photo[number, index] >= 0]
        side, grid_side = pictures.shape[0], cases.seen.shape[-1]
        photos = np.zeros((most, side, side, 6), np.uint8)
        grid = np.zeros((most, grid_side, grid_side, 2), np.float32)
        seen = np.full((most, grid_side, grid_side), -1, np.float32)
        for index in present:
            photos[index] = cases.photos[cases.photo[number, index]]
            grid[index] = cases.grids[number, index]
            seen[index] = cases.seen[number, index].astype(np.float32) / 255
        if self._network == "mouth":
            _show_inside(pictures, random)
        if random is None:
            return pictures, photos, grid, seen
        return augmented(Sample(pictures, photos, grid, seen), random, mirror=self._network != "eye")


def _show_inside(pictures: NDArray[np.uint8], random: np.random.Generator | None) -> None:
    """Match the mouth interior of the composite to the truth, as the renderer does to the driver; skipped at random."""
    if random is not None and random.random() < UNSEEN_INSIDE:
        return
    drawing = np.ascontiguousarray(pictures[..., 6:9])
    truth = np.ascontiguousarray(pictures[..., :3])
    redness = tooth_redness(truth, drawing)
    shown = measure(truth, drawing, redness)
    if shown is None:
        return
    levels = shown.levels
    if random is not None:
        # Simulate the different teeth and light of another driver.
        noise = random.normal(0, INSIDE_NOISE, (*INSIDE_COARSE, 2)).astype(np.float32)
        fine = cv2.resize(noise, levels.shape[1::-1], interpolation=cv2.INTER_LINEAR)
        levels = np.asarray(levels * np.exp(random.normal(0, INSIDE_LEVEL)) + fine, np.float32)
    pictures[..., 3:6] = with_mouth_interior(np.ascontiguousarray(pictures[..., 3:6]), drawing, levels, redness)
