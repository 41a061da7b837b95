"""Where the samples of a batch come from: the cases on disk, drawn with weights."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from animato.settings.portrait import MAX_PHOTOS
from animato.training.portrait.augment import NetworkInput
from animato.training.portrait.samples import KINDS, SampleSet

KIND_SHARES = {"video": 0.6, "photo": 0.15, "rendered video": 0.25}
"""Sampling share of each kind: real people are the target domain, rendered heads have the largest motion."""

PERSON_POWER = 0.4
"""Exponent of a person's number of samples in the sampling weight, so that people with many clips do not dominate."""

OPEN_MOUTH, SHUT_EYE = 4.0, 2.0
"""Extra sampling weight of open mouths and of shut eyes, which are rare and hard."""


class SampleSource(Protocol):
    """Samples of one network and split."""

    @property
    def network(self) -> str:
        """Name of the network: "mouth", "eye" or "head"."""
        ...

    def choose(self, random: np.random.Generator, count: int, *, repeat: bool = True) -> list[int]:
        """Draw samples.

        Args:
            random: random generator.
            count: number of samples.
            repeat: whether one may be drawn twice; if not, there may be fewer.
        """
        ...

    def read(self, key: int, photos: int) -> tuple[NetworkInput, int]:
        """Return a sample and the number of its person.

        Args:
            key: from `choose`.
            photos: number of photos; missing ones have validity -1.
        """
        ...


def opening_weight(network: str, area: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the sampling weight of samples, from 1 up.

    Args:
        network: name of the network.
        area: vector, the mean of the drawing's opening of each sample, in [0, 1].
    """
    if network == "mouth":
        return np.asarray(1 + OPEN_MOUTH * np.clip(area / 0.05, 0, 1))
    return np.asarray(1 + SHUT_EYE * (area < 0.03) if network == "eye" else np.ones(len(area)))


def largest_weight(network: str) -> float:
    """Return the upper bound of `opening_weight`."""
    return 1 + {"mouth": OPEN_MOUTH, "eye": SHUT_EYE}.get(network, 0.0)


class CaseSource:
    """The cases of one network and split.

    Args:
        samples: of the network, all splits.
        split: "train" or "val".
        network: "mouth", "eye" or "head".

    Attributes:
        samples: as given.
        numbers: N int64, indices of the split's samples.
    """

    def __init__(self, samples: SampleSet, split: str, network: str) -> None:
        self.samples, self.network = samples, network
        self.numbers = samples.of(split)
        self._weights = self._sampling_weights()

    def _sampling_weights(self) -> NDArray[np.float64]:
        area = np.array([float(self.samples.pictures[n, ::4, ::4, 6].mean()) / 255 for n in self.numbers])
        weights = opening_weight(self.network, area)
        kind, person = self.samples.kind[self.numbers], self.samples.person[self.numbers]
        for index in range(len(KINDS)):
            count = np.bincount(person[kind == index], minlength=int(person.max(initial=0)) + 1)[person]
            weights *= np.where(kind == index, np.maximum(count, 1.0) ** (PERSON_POWER - 1), 1.0)
        for index, name in enumerate(KINDS):
            of_kind = kind == index
            if of_kind.any():
                weights[of_kind] *= KIND_SHARES[name] / weights[of_kind].sum()
        return np.asarray(weights / weights.sum())

    def people_of(self, people: Sequence[str]) -> frozenset[str]:
        """Return the names of the people of the split's samples, given those of all samples."""
        return frozenset(people[number] for number in self.samples.person[self.numbers])

    def choose(self, random: np.random.Generator, count: int, *, repeat: bool = True) -> list[int]:
        """Draw samples."""
        if not repeat:
            count = min(count, len(self.numbers))
        if not count:
            return []
        return [int(number) for number in random.choice(self.numbers, count, replace=repeat, p=self._weights)]

    def read(self, key: int, photos: int) -> tuple[NetworkInput, int]:
        """Read one sample from disk."""
        samples = self.samples
        pictures = np.array(samples.pictures[key])
        side, grid_side = pictures.shape[0], samples.validity.shape[-1]
        images = np.zeros((photos, side, side, 6), np.uint8)
        grid = np.zeros((photos, grid_side, grid_side, 2), np.float32)
        validity = np.full((photos, grid_side, grid_side), -1, np.float32)
        for index in range(min(photos, MAX_PHOTOS)):
            if samples.photo[key, index] >= 0:
                images[index] = samples.photos[samples.photo[key, index]]
                grid[index] = samples.grids[key, index]
                validity[index] = samples.validity[key, index].astype(np.float32) / 255
        return NetworkInput(pictures, images, grid, validity), int(samples.person[key])
