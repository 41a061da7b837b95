"""Sample batches of samples, augment them and convert them to tensors."""

# ruff: noqa: N802, N815  (names carry shapes)

from __future__ import annotations

from collections.abc import Sequence
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
from animato.training.portrait.sources import SampleSource

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
        source: of one network and split.
        size: samples of a batch.
        seed: random seed.
        augment: whether samples are augmented and photos dropped; False for the photos of one person.
    """

    def __init__(self, source: SampleSource, size: int, seed: int, augment: bool = True) -> None:
        self.source = source
        self._size, self._seed, self._augment = size, seed, augment

    def batch(self, step: int, share: int = 0, shares: int = 1) -> PatchBatch:
        """Return the augmented batch of a step, or one share of it.

        Args:
            step: number of the step.
            share: number of the share.
            shares: number of shares; must divide the batch.
        """
        random = np.random.default_rng([self._seed, 7, step])
        keys = self.source.choose(random, self._size)
        part = range(share * self._size // shares, (share + 1) * self._size // shares)
        if not self._augment:
            return self.plain([keys[index] for index in part])
        photos = int(random.integers(1, MAX_PHOTOS + 1))
        rows = []
        for index in part:
            # A generator for each sample, so that any process can make it.
            row_random = np.random.default_rng([self._seed, 9, step, index])
            rows.append(self._row(keys[index], photos, row_random))
        return _stacked(rows)

    def fixed(self, count: int) -> PatchBatch | None:
        """Return different samples of the split without augmentation, for validation; None if it has none."""
        random = np.random.default_rng([self._seed, 8])
        keys = self.source.choose(random, count, repeat=False)
        return self.plain(keys) if keys else None

    def plain(self, keys: Sequence[int]) -> PatchBatch:
        """Return the given samples without augmentation."""
        return _stacked([self._row(key, MAX_PHOTOS, None) for key in keys])

    def _row(self, key: int, photos: int, random: np.random.Generator | None) -> _Row:
        sample, person = self.source.read(key, photos)
        if self.source.network == "mouth":
            _match_interior(sample.pictures, random)
        if random is not None:
            sample = augmented(sample, random, mirror=self.source.network != "eye")
        return sample, person


_Row = tuple[NetworkInput, int]


def _stacked(rows: Sequence[_Row]) -> PatchBatch:
    pictures, photos, grid, validity = (
        torch.from_numpy(np.stack(column)) for column in zip(*(sample for sample, _ in rows), strict=True)
    )
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
        torch.tensor([person for _, person in rows]),
    )


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
