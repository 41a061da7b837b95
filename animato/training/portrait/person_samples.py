"""Training samples from the photos of one person: each photo is the ground truth for the others warped to it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from animato.data.clips import SPLITS
from animato.geometry.patch import FACE_PATCHES, FacePatch
from animato.geometry.pose import fit_pose
from animato.head.view import HeadView
from animato.head.white_balance import white_balanced
from animato.renderers.portrait.patch_sampling import PhotoPatch, photo_patch
from animato.renderers.warp.multi_view import select_mouth_source, select_side_sources
from animato.renderers.warp.warper import Warper
from animato.settings.portrait import MAX_PHOTOS, PortraitAdaptSettings
from animato.training.portrait.pairs import LandmarkedImage, Pair
from animato.training.portrait.rehearsal import unseen_expressions
from animato.training.portrait.samples import PatchSample, SampleSet, make_sample


@dataclass(frozen=True)
class PersonPair:
    """A pair and its use.

    Attributes:
        pair: truth and photos.
        held_out: whether it is used for validation.
        rehearsed: name of the network for which it is a rehearsal sample, with that network's own output as truth; None
            for a real sample.
    """

    pair: Pair
    held_out: bool
    rehearsed: str | None = None


@dataclass(frozen=True)
class PersonSamples:
    """Cases of one network from one person's photos.

    Attributes:
        samples: split "train" for training, split "val" for validation.
        rehearsed: indices of the samples without a real truth.
    """

    samples: SampleSet
    rehearsed: NDArray[np.int64]


def person_samples(
    photos: Sequence[HeadView], settings: PortraitAdaptSettings, networks: Sequence[str]
) -> dict[str, PersonSamples]:
    """Create the samples of each network in memory.

    Args:
        photos: two or more of one person, each in its square.
        settings: number of pairs and share held out.
        networks: names of the networks.
    """
    random = np.random.default_rng([settings.seed, 21])
    # The renderer white-balances every photo for the networks, so the training input must be too.
    pictures = [white_balanced(photo.image, photo.white_balance) for photo in photos]
    images = [
        LandmarkedImage(image, photo.points, np.zeros(52, np.float32))
        for image, photo in zip(pictures, photos, strict=True)
    ]
    warpers = [Warper(HeadView(image.image, image.points)) for image in images]
    pairs, usable = _photo_pairs(images, settings, random)
    pairs += _rehearsal_pairs(images, usable)
    regions = [region for region in FACE_PATCHES if region.network in networks]
    patches = {region.name: [photo_patch(region, warper) for warper in warpers] for region in regions}
    rows: dict[str, list[tuple[PatchSample, list[int], PersonPair]]] = {name: [] for name in networks}
    offset = {region.name: len(warpers) if region.mirrored else 0 for region in regions}
    for person_pair in pairs:
        truth, animated = person_pair.pair.truth, warpers[person_pair.pair.photos[0]]
        pose = fit_pose(truth.points)
        sources = [warpers[index] for index in person_pair.pair.photos]
        select_mouth_source(sources)
        select_side_sources(sources)
        vertices = animated.target_vertices(truth.points, pose)
        warped = animated.render(truth.points, pose, vertices)
        for region in regions:
            if person_pair.rehearsed not in (None, region.network):
                continue
            sample = make_sample(region, person_pair.pair, warped, vertices, warpers, patches[region.name])
            numbers = [offset[region.name] + index for index in person_pair.pair.photos]
            rows[region.network].append((sample, numbers, person_pair))
    return {
        name: _sample_set([(r, patches[r.name]) for r in regions if r.network == name], rows[name]) for name in networks
    }


def _photo_pairs(
    images: Sequence[LandmarkedImage], settings: PortraitAdaptSettings, random: np.random.Generator
) -> tuple[list[PersonPair], list[int]]:
    """Pair every photo with every other, holding some out as truth; return the pairs and the other photos' indices."""
    order = random.permutation(len(images)).tolist()
    held_out = set(order[: max(1, round(len(images) * settings.hold_out))])
    pairs = [(truth, source) for truth in range(len(images)) for source in range(len(images)) if truth != source]
    chosen = [pairs[index] for index in random.permutation(len(pairs))[: settings.pairs]]
    if not any(truth in held_out for truth, _ in chosen):
        chosen.append(next(pair for pair in pairs if pair[0] in held_out))
    person_pairs = []
    for truth, source in chosen:
        others = [index for index in random.permutation(len(images)).tolist() if index not in (truth, source)]
        # Held-out photos must not be used as sources in training either.
        if truth not in held_out:
            others = [index for index in others if index not in held_out]
            if source in held_out:
                continue
        person_pairs.append(PersonPair(Pair(images[truth], (source, *others)[:MAX_PHOTOS]), truth in held_out))
    return person_pairs, [index for index in range(len(images)) if index not in held_out]


def _rehearsal_pairs(images: Sequence[LandmarkedImage], usable: list[int]) -> list[PersonPair]:
    """Create rehearsal samples of expressions that no photo shows; their truth is unknown and left black."""
    photos = tuple(usable[:MAX_PHOTOS])
    first = images[usable[0]]
    return [
        PersonPair(
            Pair(replace(first, image=np.zeros_like(first.image), points=target.points), photos),
            held_out=False,
            rehearsed=name,
        )
        for name, targets in unseen_expressions(first.points, [image.points for image in images]).items()
        for target in targets
    ]


def _sample_set(
    regions: list[tuple[FacePatch, list[PhotoPatch]]], rows: list[tuple[PatchSample, list[int], PersonPair]]
) -> PersonSamples:
    photos = [np.concatenate([patch.picture, patch.drawing], axis=2) for _, patches in regions for patch in patches]
    count = len(rows)
    photo = np.full((count, MAX_PHOTOS), -1, np.int32)
    grid = regions[0][0].grid
    grids = np.zeros((count, MAX_PHOTOS, grid, grid, 2), np.float16)
    validity = np.zeros((count, MAX_PHOTOS, grid, grid), np.uint8)
    for index, (sample, numbers, _) in enumerate(rows):
        photo[index, : len(numbers)] = numbers
        grids[index, : len(numbers)] = sample.grids
        validity[index, : len(numbers)] = np.rint(sample.validity * 255)
    split: NDArray[np.int8] = np.array(
        [SPLITS.index("val" if person_pair.held_out else "train") for _, _, person_pair in rows], np.int8
    )
    zeros = np.zeros(count, np.int32)
    pictures = np.stack([sample.pictures for sample, _, _ in rows])
    samples = SampleSet(np.stack(photos), pictures, grids, validity, photo, zeros, split, zeros.astype(np.int8))
    return PersonSamples(samples, np.flatnonzero([person_pair.rehearsed is not None for _, _, person_pair in rows]))
