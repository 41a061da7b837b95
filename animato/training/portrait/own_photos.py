"""Training cases from the photos of one person: each photo is the ground truth for the others warped to it."""

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
from animato.settings.portrait import MOST_PHOTOS, PortraitAdaptSettings
from animato.training.portrait.pairs import Pair, Shot
from animato.training.portrait.rehearsal import moments_beyond
from animato.training.portrait.samples import Case, CaseSet, make_case


@dataclass(frozen=True)
class OwnPair:
    """A pair and its use.

    Attributes:
        pair: truth and photos.
        held_out: whether it is used for validation.
        rehearsed: name of the network for which it is a rehearsal case, with that network's own output as truth; None
            for a real case.
    """

    pair: Pair
    held_out: bool
    rehearsed: str | None = None


@dataclass(frozen=True)
class OwnCases:
    """Cases of one network from one person's photos.

    Attributes:
        cases: split "train" for training, split "val" for validation.
        rehearsed: indices of the cases without a real truth.
    """

    cases: CaseSet
    rehearsed: NDArray[np.int64]


def own_cases(
    photos: Sequence[HeadView], settings: PortraitAdaptSettings, networks: Sequence[str]
) -> dict[str, OwnCases]:
    """Create the cases of each network in memory.

    Args:
        photos: two or more of one person, each in its square.
        settings: number of pairs and share held out.
        networks: names of the networks.
    """
    random = np.random.default_rng([settings.seed, 21])
    # The renderer white-balances every photo for the networks, so the training input must be too.
    pictures = [white_balanced(photo.image, photo.white_balance) for photo in photos]
    shots = [Shot(image, photo.points, np.zeros(52, np.float32)) for image, photo in zip(pictures, photos, strict=True)]
    warpers = [Warper(HeadView(shot.image, shot.points)) for shot in shots]
    pairs, usable = _among(shots, settings, random)
    pairs += _beyond(shots, usable)
    regions = [region for region in FACE_PATCHES if region.network in networks]
    patches = {region.name: [photo_patch(region, warper) for warper in warpers] for region in regions}
    rows: dict[str, list[tuple[Case, list[int], OwnPair]]] = {name: [] for name in networks}
    offset = {region.name: len(warpers) if region.mirrored else 0 for region in regions}
    for own in pairs:
        truth, main = own.pair.truth, warpers[own.pair.photos[0]]
        pose = fit_pose(truth.points)
        together = [warpers[index] for index in own.pair.photos]
        select_mouth_source(together)
        select_side_sources(together)
        vertices = main.target_vertices(truth.points, pose)
        warped = main.render(truth.points, pose, vertices)
        for region in regions:
            if own.rehearsed not in (None, region.network):
                continue
            case = make_case(region, own.pair, warped, vertices, warpers, patches[region.name])
            numbers = [offset[region.name] + index for index in own.pair.photos]
            rows[region.network].append((case, numbers, own))
    return {
        name: _case_set([(r, patches[r.name]) for r in regions if r.network == name], rows[name]) for name in networks
    }


def _among(
    shots: Sequence[Shot], settings: PortraitAdaptSettings, random: np.random.Generator
) -> tuple[list[OwnPair], list[int]]:
    """Pair every photo with every other, holding some out as truth; return the pairs and the other photos' indices."""
    order = random.permutation(len(shots)).tolist()
    held_out = set(order[: max(1, round(len(shots) * settings.hold_out))])
    pairs = [(truth, source) for truth in range(len(shots)) for source in range(len(shots)) if truth != source]
    chosen = [pairs[index] for index in random.permutation(len(pairs))[: settings.pairs]]
    if not any(truth in held_out for truth, _ in chosen):
        chosen.append(next(pair for pair in pairs if pair[0] in held_out))
    own_pairs = []
    for truth, source in chosen:
        others = [index for index in random.permutation(len(shots)).tolist() if index not in (truth, source)]
        # Held-out photos must not be used as sources in training either.
        if truth not in held_out:
            others = [index for index in others if index not in held_out]
            if source in held_out:
                continue
        own_pairs.append(OwnPair(Pair(shots[truth], (source, *others)[:MOST_PHOTOS]), truth in held_out))
    return own_pairs, [index for index in range(len(shots)) if index not in held_out]


def _beyond(shots: Sequence[Shot], usable: list[int]) -> list[OwnPair]:
    """Create rehearsal cases of expressions that no photo shows; their truth is unknown and left black."""
    photos = tuple(usable[:MOST_PHOTOS])
    first = shots[usable[0]]
    return [
        OwnPair(
            Pair(replace(first, image=np.zeros_like(first.image), points=target.points), photos),
            held_out=False,
            rehearsed=name,
        )
        for name, targets in moments_beyond(first.points, [shot.points for shot in shots]).items()
        for target in targets
    ]


def _case_set(
    regions: list[tuple[FacePatch, list[PhotoPatch]]], rows: list[tuple[Case, list[int], OwnPair]]
) -> OwnCases:
    photos = [np.concatenate([patch.picture, patch.drawing], axis=2) for _, patches in regions for patch in patches]
    count = len(rows)
    photo = np.full((count, MOST_PHOTOS), -1, np.int32)
    grid = regions[0][0].grid
    grids = np.zeros((count, MOST_PHOTOS, grid, grid, 2), np.float16)
    seen = np.zeros((count, MOST_PHOTOS, grid, grid), np.uint8)
    for index, (case, numbers, _) in enumerate(rows):
        photo[index, : len(numbers)] = numbers
        grids[index, : len(numbers)] = case.grids
        seen[index, : len(numbers)] = np.rint(case.seen * 255)
    split: NDArray[np.int8] = np.array(
        [SPLITS.index("val" if own.held_out else "train") for _, _, own in rows], np.int8
    )
    zeros = np.zeros(count, np.int32)
    pictures = np.stack([case.pictures for case, _, _ in rows])
    cases = CaseSet(np.stack(photos), pictures, grids, seen, photo, zeros, split, zeros.astype(np.int8))
    return OwnCases(cases, np.flatnonzero([own.rehearsed is not None for _, _, own in rows]))
