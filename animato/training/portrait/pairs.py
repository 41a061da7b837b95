"""Select the ground truth frame and the source photos of each sample."""

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
from animato.settings.portrait import MAX_PHOTOS, SampleSettings
from animato.types import Face, Frame, Points

MAX_YAW = 65.0
"""Yaw in degrees beyond which a face is not used, because half of its landmarks are occluded and unreliable."""


@dataclass(frozen=True)
class LandmarkedImage:
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
    """One sample: the truth, and the indices of its photos, the animated one first."""

    truth: LandmarkedImage
    photos: tuple[int, ...]


@dataclass(frozen=True)
class Group:
    """Photos of one person and the samples made from them.

    Attributes:
        person: name of the person.
        kind: kind of the clip.
        split: split of the person.
        photos: warpers of the photos.
        pairs: the samples.
    """

    person: str
    kind: str
    split: str
    photos: list[Warper]
    pairs: list[Pair]


def groups(store: ClipStore, settings: SampleSettings) -> Iterator[Group]:
    """Yield the groups of the train and val splits: one per video, one per person's stills, inverse-warped stills.

    Args:
        store: crops of `settings.crop` px.
        settings: number of samples of each kind.
    """
    videos = [entry for entry in store.clips if entry.frames > 1]
    stills: dict[str, list[ClipEntry]] = {}
    for entry in store.clips:
        if entry.frames == 1:
            stills.setdefault(entry.person, []).append(entry)
    motion_sampler = MotionSampler(store, [entry for entry in videos if entry.split == "train"])
    for number, entry in enumerate(videos):
        if entry.split == "test":
            continue
        yield video_group(store, entry, settings, np.random.default_rng([settings.seed, 1, number]))
    for number, (person, entries) in enumerate(sorted(stills.items())):
        if entries[0].split == "test":
            continue
        random = np.random.default_rng([settings.seed, 2, number])
        images = [image for entry in entries for image in _landmarked_images(store.load(entry.clip, [0]))]
        if len(images) > 1:
            pairs = [Pair(images[a], (b,)) for a in range(len(images)) for b in range(len(images)) if a != b]
            yield Group(
                person, entries[0].kind, entries[0].split, [Warper(HeadView(s.image, s.points)) for s in images], pairs
            )
        for image in images:
            warped = [moved for moved in (motion_sampler.move(image, random) for _ in range(settings.inverse)) if moved]
            if warped:
                pairs = [Pair(image, (index,)) for index in range(len(warped))]
                yield Group(person, entries[0].kind, entries[0].split, warped, pairs)


def _landmarked_images(frames: ClipFrames) -> list[LandmarkedImage]:
    rows = zip(frames.images, frames.points, frames.blendshapes, strict=True)
    return [LandmarkedImage(image, points, blendshapes) for image, points, blendshapes in rows]


def video_group(
    store: ClipStore,
    entry: ClipEntry,
    settings: SampleSettings,
    random: np.random.Generator,
    frames: Sequence[int] | None = None,
) -> Group:
    """Return the photos and samples of one video.

    Args:
        store: crops of `settings.crop` px.
        entry: the video.
        settings: number of photos and samples.
        random: random generator.
        frames: numbers of the frames to use; None for all.
    """
    images = _landmarked_images(store.load(entry.clip, range(entry.frames) if frames is None else frames))
    images = [image for image in images if abs(fit_pose(image.points).degrees()[0]) < MAX_YAW]
    if len(images) < 3:
        return Group(entry.person, entry.kind, entry.split, [], [])
    by_neutrality = np.argsort([neutral_cost(factor(image.face, 0.0)) for image in images], kind="stable").tolist()
    others_than_neutral = [index for index in range(len(images)) if index != by_neutrality[0]]
    chosen = [by_neutrality[0], *random.permutation(others_than_neutral)[: settings.photos - 1].tolist()]
    warpers = [Warper(HeadView(images[index].image, images[index].points)) for index in chosen]
    truths = random.permutation(len(images))[: settings.frames].tolist()
    pairs = []
    for truth in truths:
        usable = [number for number, index in enumerate(chosen) if index != truth]
        # Users mostly supply neutral photos, so the neutral one is animated half of the time.
        first = usable[0] if random.random() < 0.5 else int(random.choice(usable))
        others = [number for number in random.permutation(usable).tolist() if number != first]
        pairs.append(Pair(images[truth], (first, *others)[:MAX_PHOTOS]))
    return Group(entry.person, entry.kind, entry.split, warpers, pairs)


def still_group(
    store: ClipStore,
    entry: ClipEntry,
    stills: Sequence[ClipEntry],
    motion_sampler: MotionSampler,
    random: np.random.Generator,
) -> Group | None:
    """Return one sample of a still: from another still of the person, or from itself, warped; None if that fails.

    Args:
        store: crops of one size.
        entry: the still.
        stills: all stills of the person.
        motion_sampler: moves a still.
        random: random generator.
    """
    (image,) = _landmarked_images(store.load(entry.clip, [0]))
    others = [other for other in stills if other.clip != entry.clip]
    photo: Warper | None
    if others and random.random() < 0.5:
        (other,) = _landmarked_images(store.load(others[int(random.integers(len(others)))].clip, [0]))
        photo = Warper(HeadView(other.image, other.points))
    else:
        photo = motion_sampler.move(image, random)
    if photo is None:
        return None
    return Group(entry.person, entry.kind, entry.split, [photo], [Pair(image, (0,))])


class MotionSampler:
    """Motion of people in the training split, applied to still photos."""

    def __init__(self, store: ClipStore, videos: Sequence[ClipEntry]) -> None:
        self._store = store
        self._videos = list(videos)
        self._cache: dict[str, list[LandmarkedImage]] = {}

    def move(self, image: LandmarkedImage, random: np.random.Generator) -> Warper | None:
        """Warp a still to a random expression and pose; return a warper of the result."""
        if not self._videos:
            return None
        entry = self._videos[int(random.integers(len(self._videos)))]
        images = self._cache.get(entry.clip)  # several threads may do this at once
        if images is None:
            if len(self._cache) > 24:
                self._cache.clear()
            images = _landmarked_images(self._store.load(entry.clip, range(0, entry.frames, 3)))
            self._cache[entry.clip] = images
        moving, reference = (images[int(random.integers(len(images)))] for _ in range(2))
        if max(abs(fit_pose(s.points).degrees()[0]) for s in (moving, reference)) > MAX_YAW / 2:
            return None
        neutral = factor(reference.face, 0.0)
        retargeter = Retargeter(image.points, neutral_of(neutral), MotionSettings())
        target = retargeter(relative_to(neutral, factor(moving.face, 0.0)))
        warped = Warper(HeadView(image.image, image.points)).render(target.points, target.pose).image
        return Warper(HeadView(warped, target.points))
