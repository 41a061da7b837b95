"""Choose the ground truth frame and the source photos of each case."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from animato.data.clips import ClipEntry, ClipFrames, ClipStore
from animato.geometry.pose import fit_pose
from animato.head.view import HeadView
from animato.motion.motion_frame import factor, neutral_cost, neutral_of, relative_to
from animato.motion.retarget import Retargeter
from animato.renderers.warp.warper import Warper
from animato.settings.motion import MotionSettings
from animato.settings.portrait import MOST_PHOTOS, CaseSettings
from animato.types import Face, Frame, Points

CROOKED = 65.0
"""Yaw in degrees beyond which a face is not used, because half of its landmarks are occluded and unreliable."""


@dataclass(frozen=True)
class Shot:
    """One image of a person with its landmarks.

    Attributes:
        image: S x S x 3 uint8 RGB.
        points: 478 x 3 float32, pixels.
        blendshapes: 52 float32.
    """

    image: Frame
    points: Points
    blendshapes: np.ndarray

    @property
    def face(self) -> Face:
        """The landmarks as a tracked face."""
        return Face(self.points, self.blendshapes, 1.0)


@dataclass(frozen=True)
class Pair:
    """One case: the truth, and the indices of its photos, the animated one first."""

    truth: Shot
    photos: tuple[int, ...]


@dataclass(frozen=True)
class Group:
    """Photos of one person and the cases made from them.

    Attributes:
        person: name of the person.
        kind: kind of the clip.
        split: split of the person.
        photos: warpers of the photos.
        pairs: the cases.
    """

    person: str
    kind: str
    split: str
    photos: list[Warper]
    pairs: list[Pair]


def groups(store: ClipStore, settings: CaseSettings) -> Iterator[Group]:
    """Yield the groups of the train and val splits: one per video, one per person's stills, inverse-warped stills.

    Args:
        store: crops of `settings.crop` px.
        settings: number of cases of each kind.
    """
    videos = [entry for entry in store.clips if entry.frames > 1]
    stills: dict[str, list[ClipEntry]] = {}
    for entry in store.clips:
        if entry.frames == 1:
            stills.setdefault(entry.person, []).append(entry)
    movers = _Movers(store, [entry for entry in videos if entry.split == "train"])
    for number, entry in enumerate(videos):
        if entry.split == "test":
            continue
        yield _video_group(store, entry, settings, np.random.default_rng([settings.seed, 1, number]))
    for number, (person, entries) in enumerate(sorted(stills.items())):
        if entries[0].split == "test":
            continue
        random = np.random.default_rng([settings.seed, 2, number])
        shots = [shot for entry in entries for shot in _shots(store.load(entry.clip, [0]))]
        if len(shots) > 1:
            pairs = [Pair(shots[a], (b,)) for a in range(len(shots)) for b in range(len(shots)) if a != b]
            yield Group(
                person, entries[0].kind, entries[0].split, [Warper(HeadView(s.image, s.points)) for s in shots], pairs
            )
        for shot in shots:
            warped = [moved for moved in (movers.move(shot, random) for _ in range(settings.inverse)) if moved]
            if warped:
                pairs = [Pair(shot, (index,)) for index in range(len(warped))]
                yield Group(person, entries[0].kind, entries[0].split, warped, pairs)


def _shots(frames: ClipFrames) -> list[Shot]:
    rows = zip(frames.images, frames.points, frames.blendshapes, strict=True)
    return [Shot(image, points, blendshapes) for image, points, blendshapes in rows]


def _video_group(store: ClipStore, entry: ClipEntry, settings: CaseSettings, random: np.random.Generator) -> Group:
    shots = _shots(store.load(entry.clip, range(entry.frames)))
    shots = [shot for shot in shots if abs(fit_pose(shot.points).degrees()[0]) < CROOKED]
    if len(shots) < 3:
        return Group(entry.person, entry.kind, entry.split, [], [])
    order = np.argsort([neutral_cost(factor(shot.face, 0.0)) for shot in shots], kind="stable").tolist()
    rest = [index for index in range(len(shots)) if index != order[0]]
    chosen = [order[0], *random.permutation(rest)[: settings.photos - 1].tolist()]
    warpers = [Warper(HeadView(shots[index].image, shots[index].points)) for index in chosen]
    truths = random.permutation(len(shots))[: settings.frames].tolist()
    pairs = []
    for truth in truths:
        usable = [number for number, index in enumerate(chosen) if index != truth]
        # Users mostly supply neutral photos, so the neutral one is animated half of the time.
        first = usable[0] if random.random() < 0.5 else int(random.choice(usable))
        others = [number for number in random.permutation(usable).tolist() if number != first]
        pairs.append(Pair(shots[truth], (first, *others)[:MOST_PHOTOS]))
    return Group(entry.person, entry.kind, entry.split, warpers, pairs)


class _Movers:
    """Motion of people in the training split, applied to still photos."""

    def __init__(self, store: ClipStore, videos: Sequence[ClipEntry]) -> None:
        self._store = store
        self._videos = list(videos)
        self._cache: dict[str, list[Shot]] = {}

    def move(self, shot: Shot, random: np.random.Generator) -> Warper | None:
        """Warp a still to a random expression and pose; return a warper of the result."""
        if not self._videos:
            return None
        entry = self._videos[int(random.integers(len(self._videos)))]
        if entry.clip not in self._cache:
            if len(self._cache) > 24:
                self._cache.clear()
            self._cache[entry.clip] = _shots(self._store.load(entry.clip, range(0, entry.frames, 3)))
        shots = self._cache[entry.clip]
        mover, still = (shots[int(random.integers(len(shots)))] for _ in range(2))
        if max(abs(fit_pose(s.points).degrees()[0]) for s in (mover, still)) > CROOKED / 2:
            return None
        neutral = factor(still.face, 0.0)
        retargeter = Retargeter(shot.points, neutral_of(neutral), MotionSettings())
        target = retargeter(relative_to(neutral, factor(mover.face, 0.0)))
        image = Warper(HeadView(shot.image, shot.points)).render(target.points, target.pose).image
        return Warper(HeadView(image, target.points))
