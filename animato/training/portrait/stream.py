"""Samples made from clips when they are needed, so that a data set of any size is trained on without unpacking it.

What a sample is made from is a function of its key alone: kind, person, clip, frames. Making it costs more than a step
on a GPU does, so several processes make them (setting `workers`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from animato.data.clips import ClipEntry, ClipStore
from animato.errors import InputError
from animato.geometry.patch import FACE_PATCHES
from animato.renderers.portrait.patch_sampling import PhotoPatch, photo_patch
from animato.settings.portrait import SampleSettings
from animato.training.portrait.augment import NetworkInput
from animato.training.portrait.pairs import Group, MotionSampler, still_group, video_group
from animato.training.portrait.samples import make_sample, warp_pair
from animato.training.portrait.sources import KIND_SHARES, PERSON_POWER, largest_weight, opening_weight

PER_CLIP = 4
"""Consecutive samples of a batch that share a clip and its photos: preparing photos is three quarters of the work of a
sample that has its own."""

FRAMES = 8
"""Frames that are read of a video: its photos and the candidates for the targets."""

TARGETS = 3
"""Candidates for the target; one with an open mouth or shut eyes is likelier to be taken, as among the cases."""

_KEYS = 2**60
_GROUPS = 8
"""Clips whose prepared photos are kept, as several threads may work on a batch each."""

ATTEMPTS = 20
"""Clips that are tried for one sample, as faces may be turned away in all frames that were read."""


class ClipSource:
    """Samples of one network and split, made from clips.

    Args:
        store: crops of `settings.crop` px; pickled for each process that makes samples.
        split: "train" or "val".
        network: "mouth", "eye" or "head".
        settings: of the samples; the numbers of photos and frames are not used.

    Attributes:
        people: names of the people of the train and val splits, in the order of the table W.
        trained: those of the training split.
        clips: number of clips of the split.
    """

    def __init__(self, store: ClipStore, split: str, network: str, settings: SampleSettings) -> None:
        self.network, self._store = network, store
        self._settings = settings
        self._groups: dict[tuple[int, int], Group] = {}
        used = [entry for entry in store.clips if entry.split in ("train", "val")]
        self.people = tuple(dict.fromkeys(entry.person for entry in used))
        self.trained = frozenset(entry.person for entry in used if entry.split == "train")
        self._rows = {person: row for row, person in enumerate(self.people)}
        self._motion = MotionSampler(store, [entry for entry in used if entry.split == "train" and entry.frames > 1])
        of_split = [entry for entry in used if entry.split == split and (entry.frames >= 3 or entry.frames == 1)]
        self.clips = len(of_split)
        self._kinds = {kind: _People([e for e in of_split if e.kind == kind]) for kind in KIND_SHARES}
        self._kinds = {kind: people for kind, people in self._kinds.items() if people.clips}
        shares = np.array([KIND_SHARES[kind] for kind in self._kinds])
        self._shares = np.cumsum(shares / shares.sum()) if len(shares) else shares

    def choose(self, random: np.random.Generator, count: int, *, repeat: bool = True) -> list[int]:
        """Draw keys; without `repeat`, no more than there are clips, and one of each that is drawn."""
        if not repeat:
            return [int(key) * PER_CLIP for key in random.integers(0, _KEYS, min(count, self.clips))]
        clips = random.integers(0, _KEYS, -(-count // PER_CLIP))
        return [int(key) * PER_CLIP + number for key in clips for number in range(PER_CLIP)][:count]

    def read(self, key: int, photos: int) -> tuple[NetworkInput, int]:
        """Make one sample.

        Raises:
            InputError: no clip gives one, or a clip cannot be read.
        """
        clip, number = divmod(key, PER_CLIP)
        group = self._groups.get((clip, photos))
        if group is None:
            group = self._make_group(clip, photos)
            if len(self._groups) >= _GROUPS:
                self._groups.clear()
            self._groups[clip, photos] = group
        random = np.random.default_rng([12, clip, number])
        return self._sample(group, photos, random), self._rows[group.person]

    def _make_group(self, clip: int, photos: int) -> Group:
        random = np.random.default_rng([11, clip])
        kinds = list(self._kinds.values())
        for _ in range(ATTEMPTS):
            group = self._group(kinds[_drawn(self._shares, random)].choose(random), photos, random)
            if group is not None and group.pairs:
                return group
        raise InputError(
            f"{ATTEMPTS} clips in a row give no sample for {self.network!r}",
            hint="their faces are turned away, or they have fewer than 3 frames",
        )

    def _group(self, entries: list[ClipEntry], photos: int, random: np.random.Generator) -> Group | None:
        entry = entries[int(random.integers(len(entries)))]
        if entry.frames == 1:
            return still_group(self._store, entry, entries, self._motion, random)
        frames = sorted(random.choice(entry.frames, min(FRAMES, entry.frames), replace=False).tolist())
        # Two photos at least, as the most neutral one is animated half of the time.
        settings = replace(self._settings, photos=max(2, photos), frames=FRAMES)
        return video_group(self._store, entry, settings, random, frames)

    def _sample(self, group: Group, photos: int, random: np.random.Generator) -> NetworkInput:
        regions = [region for region in FACE_PATCHES if region.network == self.network]
        region = regions[int(random.integers(len(regions)))]
        patches = [photo_patch(region, warper) for warper in group.photos]
        candidates = random.permutation(len(group.pairs))[:TARGETS].tolist()
        for index in candidates:
            pair = group.pairs[index]
            sample = make_sample(region, pair, *warp_pair(group, pair), group.photos, patches)
            area = np.array([float(sample.pictures[::4, ::4, 6].mean()) / 255])
            if random.random() * largest_weight(self.network) < opening_weight(self.network, area)[0]:
                break
        images = np.stack([_image(patches[index]) for index in pair.photos])
        return _padded(NetworkInput(sample.pictures, images, sample.grids, sample.validity), photos)


class _People:
    """The clips of one kind by person."""

    def __init__(self, entries: Sequence[ClipEntry]) -> None:
        by_person: dict[str, list[ClipEntry]] = {}
        for entry in entries:
            by_person.setdefault(entry.person, []).append(entry)
        self.clips = list(by_person.values())
        frames = np.array([sum(entry.frames for entry in clips) for clips in self.clips], np.float64)
        weights = frames**PERSON_POWER
        self._cumulative: NDArray[np.float64] = np.cumsum(weights / weights.sum()) if len(weights) else weights

    def choose(self, random: np.random.Generator) -> list[ClipEntry]:
        """Draw a person; return their clips."""
        return self.clips[_drawn(self._cumulative, random)]


def _drawn(cumulative: NDArray[np.float64], random: np.random.Generator) -> int:
    """Draw an index, given cumulative probabilities."""
    return min(int(np.searchsorted(cumulative, random.random(), side="right")), len(cumulative) - 1)


def _image(patch: PhotoPatch) -> NDArray[np.uint8]:
    return np.concatenate([patch.picture, patch.drawing], axis=2)


def _padded(sample: NetworkInput, photos: int) -> NetworkInput:
    """Return a sample with exactly this many photos; missing ones have validity -1."""
    count = min(photos, len(sample.grid))
    images = np.zeros((photos, *sample.photos.shape[1:]), np.uint8)
    grid = np.zeros((photos, *sample.grid.shape[1:]), np.float32)
    validity = np.full((photos, *sample.validity.shape[1:]), -1, np.float32)
    images[:count], grid[:count] = sample.photos[:count], sample.grid[:count]
    validity[:count] = sample.validity[:count]
    return NetworkInput(sample.pictures, images, grid, validity)
