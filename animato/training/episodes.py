"""K-shot episodes: K photos of one clip and another frame of it as target (Zakharov et al. 2019, section 3.2).

Episode n is a pure function of the seed and n, so a resumed run only needs the number of episodes seen, and several
processes share one sequence by striding over each batch.
"""

# ruff: noqa: N815  (names carry shapes)

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from animato.data.clips import ClipFrames, ClipStore
from animato.errors import UsageError
from animato.models.drawing import draw_landmarks, ibug68
from animato.settings.training import TrainSettings
from animato.training.frames import FrameCache
from animato.training.sources import Source, SourceSampler, sources_of


@dataclass(frozen=True)
class EpisodeBatch:
    """A batch of episodes, on the device.

    Shapes: B episodes, K photos each, S = side in pixels.

    Attributes:
        photos_BKCHW: B K 3 S S float32 in [-1, 1].
        photo_drawings_BKCHW: B K 3 S S float32 in [0, 1].
        target_BCHW: B 3 S S float32 in [-1, 1], the frame to reconstruct.
        drawing_BCHW: B 3 S S float32 in [0, 1], its landmarks.
        regions_BCHW: B 2 S S float32 in [0, 1]: the face; mouth and eyes.
        boxes_B4: B 4 float32, left, top, right, bottom of the face in [-1, 1] (edges of the image).
        rows_B: B int64, the source's row in the embedding table.
    """

    photos_BKCHW: Tensor
    photo_drawings_BKCHW: Tensor
    target_BCHW: Tensor
    drawing_BCHW: Tensor
    regions_BCHW: Tensor
    boxes_B4: Tensor
    rows_B: Tensor

    def to(self, device: torch.device) -> EpisodeBatch:
        """Return the batch on another device."""
        return EpisodeBatch(**{name: value.to(device, non_blocking=True) for name, value in vars(self).items()})


class Episodes:
    """The endless, numbered sequence of episodes of one split."""

    def __init__(self, store: ClipStore, split: str, settings: TrainSettings) -> None:
        self.sources = sources_of(store, split)
        if not self.sources:
            raise UsageError(
                f"no clip of the split {split!r} has two frames of one person",
                where=f"{len(store.clips)} clips in the data set",
                hint="animato data check DIR",
            )
        self._settings = settings
        self._cache = FrameCache(store, settings.size, settings.cache_mb)
        self._sampler = SourceSampler(self.sources)

    def batch(self, number: int, rank: int = 0, world: int = 1) -> EpisodeBatch:
        """Return batch `number`, or one process's share of it.

        Args:
            number: 0, 1, 2, ...; the batch holds episodes number * batch and following.
            rank: this process.
            world: number of processes; must divide the batch.
        """
        settings = self._settings
        random = np.random.default_rng([settings.seed, 1, number])
        photos = int(random.integers(settings.photos_low, settings.photos_high + 1))
        first = number * settings.batch
        return stack([self.episode(first + i, photos) for i in range(rank, settings.batch, world)])

    def episode(self, number: int, photos: int) -> EpisodeBatch:
        """Return episode `number` with this many photos, as a batch of one."""
        settings = self._settings
        random = np.random.default_rng([settings.seed, 2, number])
        row = self._sampler.draw(random)
        source = self.sources[row]
        order = random.permutation(source.count)
        candidates = order[1:]
        chosen = (
            candidates[:photos]
            if len(candidates) >= photos
            else candidates[random.integers(0, len(candidates), photos)]
        )
        frames = self._frames(source, [int(order[0]), *(int(i) for i in chosen)])
        augmentation = _Augmentation.draw(random) if settings.augment else _Augmentation()
        return make_episode(frames, settings.drawing, row, augmentation)

    def fixed(self, row: int, target: int, photos: Sequence[int]) -> EpisodeBatch:
        """Return an episode with the given frames of one source, without augmentation."""
        frames = self._frames(self.sources[row], [target, *photos])
        return make_episode(frames, self._settings.drawing, row, _Augmentation())

    def _frames(self, source: Source, indices: Sequence[int]) -> ClipFrames:
        by_clip: dict[str, list[tuple[int, int]]] = {}
        source_frames = source.frames
        for position, index in enumerate(indices):
            clip, number = source_frames[index]
            by_clip.setdefault(clip, []).append((position, number))
        selected: list[tuple[int, ClipFrames, int]] = []
        for clip, entries in by_clip.items():
            loaded = self._cache.load(clip, [number for _, number in entries])
            selected += [(position, loaded, i) for i, (position, _) in enumerate(entries)]
        selected.sort(key=lambda item: item[0])
        return ClipFrames(
            np.stack([loaded.images[i] for _, loaded, i in selected]),
            np.stack([loaded.points[i] for _, loaded, i in selected]),
            np.stack([loaded.blendshapes[i] for _, loaded, i in selected]),
        )


@dataclass(frozen=True)
class _Augmentation:
    """Augmentation of an episode: mirroring, gain per channel and offset."""

    mirror: bool = False
    gain: tuple[float, float, float] = (1.0, 1.0, 1.0)
    offset: float = 0.0

    @classmethod
    def draw(cls, random: np.random.Generator) -> _Augmentation:
        gain_level = float(random.uniform(0.8, 1.25))
        channel_gains = random.uniform(0.9, 1.1, 3)
        gain = (
            gain_level * float(channel_gains[0]),
            gain_level * float(channel_gains[1]),
            gain_level * float(channel_gains[2]),
        )
        return cls(bool(random.random() < 0.5), gain, float(random.uniform(-0.1, 0.1)))

    def apply(self, images: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Return n x S x S x 3 float32 in [-1, 1]."""
        values = images.astype(np.float32) * np.float32(1 / 127.5) - 1
        if self.mirror:
            values = values[:, :, ::-1]
        if self.offset or self.gain != (1.0, 1.0, 1.0):
            values = np.clip((values + 1) * np.asarray(self.gain, np.float32) - 1 + np.float32(self.offset), -1, 1)
        return np.ascontiguousarray(values)


def make_episode(
    frames: ClipFrames, drawing: str, row: int = 0, augmentation: _Augmentation | None = None
) -> EpisodeBatch:
    """Build a batch of one episode: the first frame is the target, the others are the photos.

    Args:
        frames: at least two frames, square.
        drawing: style of the landmark drawing.
        row: row in the embedding table.
    """
    augmentation = augmentation or _Augmentation()
    size = int(frames.images.shape[1])
    images = torch.from_numpy(augmentation.apply(frames.images)).permute(0, 3, 1, 2)
    drawn = np.stack([draw_landmarks(points, size, drawing, mirror=augmentation.mirror) for points in frames.points])
    drawings = torch.from_numpy(drawn).permute(0, 3, 1, 2).float() / 255
    regions, box = face_regions(frames.points[0], size)
    if augmentation.mirror:
        regions = np.ascontiguousarray(regions[:, :, ::-1])
        box = np.array([-box[2], box[1], -box[0], box[3]], np.float32)
    return EpisodeBatch(
        photos_BKCHW=images[1:][None],
        photo_drawings_BKCHW=drawings[1:][None],
        target_BCHW=images[:1],
        drawing_BCHW=drawings[:1],
        regions_BCHW=torch.from_numpy(regions)[None],
        boxes_B4=torch.from_numpy(box)[None],
        rows_B=torch.tensor([row]),
    )


def stack(episodes: Sequence[EpisodeBatch]) -> EpisodeBatch:
    """Concatenate batches with the same number of photos."""
    return EpisodeBatch(**{name: torch.cat([getattr(item, name) for item in episodes]) for name in vars(episodes[0])})


def face_regions(points: NDArray[np.float32], size: int) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Compute masks of the face and of mouth and eyes, and the face's box.

    Args:
        points: 478 x 3 float32, pixels of the `size` px image.

    Returns:
        2 x size x size float32 in [0, 1] with soft edges, and left, top, right, bottom in [-1, 1] (edges of the image)
        of a square around the face, inside the image.
    """
    lines = ibug68(points)
    face_mask, feature_mask = np.zeros((size, size), np.float32), np.zeros((size, size), np.float32)
    low, high = points[:468, :2].min(axis=0), points[:468, :2].max(axis=0)
    hull = cv2.convexHull(np.round(points[:468, :2]).astype(np.int32))
    cv2.fillConvexPoly(face_mask, hull, 1.0)
    margin = max(1, round(0.04 * float((high - low).max())))
    for first, last in ((36, 42), (42, 48), (48, 60)):
        cv2.fillConvexPoly(feature_mask, cv2.convexHull(np.round(lines[first:last]).astype(np.int32)), 1.0)
    kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * margin + 1, 2 * margin + 1))
    soft_features = cv2.GaussianBlur(cv2.dilate(feature_mask, kernel), (0, 0), max(0.5, margin / 2))
    half = min(float((high - low).max()) * 0.55, size / 2)
    centre = np.clip((low + high) / 2 + 0.5, half, size - half)
    box = np.concatenate([centre - half, centre + half]) * (2 / size) - 1
    return np.stack([face_mask, soft_features]).astype(np.float32), box.astype(np.float32)
