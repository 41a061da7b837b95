"""Episodes: pure functions of seed and number, shared fairly, with landmarks that fit their pictures."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
import torch
from drawn_people import drawn_store, person_frames

from animato.data.clips import ClipEntry, ClipFrames, MemoryClips, scaled_points
from animato.errors import InputError, UsageError
from animato.settings.training import TrainSettings
from animato.training.episodes import Episodes, face_regions
from animato.training.frames import FrameCache, resized
from animato.training.sources import sources_of


def test_a_batch_is_a_pure_function_of_seed_and_number(people: MemoryClips, smallest: TrainSettings) -> None:
    one, other = Episodes(people, "train", smallest), Episodes(people, "train", smallest)
    other.batch(0)
    for name, value in vars(one.batch(7)).items():
        assert torch.equal(value, getattr(other.batch(7), name)), name
    changed = Episodes(people, "train", dataclasses.replace(smallest, seed=5)).batch(7)
    assert not torch.equal(changed.target_BCHW, one.batch(7).target_BCHW)


def test_processes_share_one_batch(people: MemoryClips, smallest: TrainSettings) -> None:
    episodes = Episodes(people, "train", smallest)
    whole, first, second = episodes.batch(3), episodes.batch(3, 0, 2), episodes.batch(3, 1, 2)
    assert torch.equal(whole.rows_B[0::2], first.rows_B)
    assert torch.equal(whole.target_BCHW[1::2], second.target_BCHW)
    assert whole.photos_BKCHW.shape[1] == first.photos_BKCHW.shape[1]


def test_the_target_is_never_among_the_photos(people: MemoryClips, smallest: TrainSettings) -> None:
    plain = dataclasses.replace(smallest, augment=False, photos_low=1, photos_high=8)
    episodes = Episodes(people, "train", plain)
    seen = set()
    for number in range(8):
        batch = episodes.batch(number)
        seen.add(batch.photos_BKCHW.shape[1])
        same = (batch.photos_BKCHW == batch.target_BCHW[:, None]).flatten(2).all(2)
        assert not bool(same.any())
    assert len(seen) > 2, "the number of photos varies"


def test_values_shapes_and_boxes_are_as_documented(people: MemoryClips, smallest: TrainSettings) -> None:
    batch = Episodes(people, "train", smallest).batch(1)
    assert float(batch.target_BCHW.min()) >= -1
    assert float(batch.target_BCHW.max()) <= 1
    assert 0 <= float(batch.drawing_BCHW.min()) <= float(batch.drawing_BCHW.max()) <= 1
    assert batch.regions_BCHW.shape == (4, 2, 32, 32)
    left, top, right, bottom = batch.boxes_B4.unbind(1)
    assert bool(((right - left) > 0.2).all() and ((bottom - top) > 0.2).all())
    assert float(batch.boxes_B4.abs().max()) <= 1 + 1e-6


def test_single_photos_of_one_person_become_one_source() -> None:
    frames = person_frames(0, 3, 32)
    entries = [ClipEntry(f"photo-{i}", "anna", 1, "train", "photo") for i in range(2)]
    entries += [ClipEntry("lonely", "bob", 1, "train", "photo"), ClipEntry("film", "carl", 3, "train", "video")]
    parts = {e.clip: ClipFrames(frames.images[:1], frames.points[:1], frames.blendshapes[:1]) for e in entries[:3]}
    store = MemoryClips(entries, {**parts, "film": frames})
    assert [(s.name, len(s.frames)) for s in sources_of(store, "train")] == [("film", 3), ("anna (photos)", 2)]


def test_people_are_drawn_evenly_and_kinds_by_the_root_of_their_frames(smallest: TrainSettings) -> None:
    store = drawn_store(train=3, val=0, frames=4, size=32)
    entries = [
        dataclasses.replace(store.clips[0], person="a"),
        dataclasses.replace(store.clips[1], person="a"),
        dataclasses.replace(store.clips[2], person="b"),
    ]
    episodes = Episodes(MemoryClips(entries, store._frames), "train", smallest)
    rows = np.concatenate([episodes.batch(n).rows_B.numpy() for n in range(100)])
    share = (rows == 2).mean()
    assert 0.4 < share < 0.6, "person b has one clip of three and half the episodes"


def test_a_data_set_without_pairs_is_refused(smallest: TrainSettings) -> None:
    with pytest.raises(UsageError, match="two frames"):
        Episodes(drawn_store(train=2, val=0, frames=1, size=32), "train", smallest)
    with pytest.raises(InputError, match="no clip named x"):
        drawn_store(train=1, val=0, frames=2, size=32).load("x", [0])


def test_reduced_frames_keep_landmarks_on_their_features() -> None:
    frames = person_frames(1, 2, 64)
    small = resized(frames, 32)
    assert small.images.shape == (2, 32, 32, 3)
    corner = np.array([[[-0.5, -0.5, 0.0]]], np.float32)
    assert np.allclose(scaled_points(corner, 64, 32), corner), "the outer edge stays the outer edge"
    assert np.allclose(small.points[..., :2] * 2 + 0.5, frames.points[..., :2], atol=1e-4)


def test_the_cache_gives_what_the_store_gives_at_any_limit() -> None:
    store = drawn_store(train=3, val=0, frames=4, size=64)
    slow = resized(store.load("clip-1", [2, 0]), 32)
    for limit in (0, 1, 1000):
        cache = FrameCache(store, 32, limit)
        for clip in ("clip-0", "clip-1", "clip-2", "clip-1"):
            fast = cache.load(clip, [2, 0])
            if clip == "clip-1":
                assert np.array_equal(fast.images, slow.images)
                assert np.array_equal(fast.points, slow.points)


def test_regions_cover_mouth_and_eyes_inside_the_face() -> None:
    frames = person_frames(0, 1, 64)
    regions, box = face_regions(frames.points[0], 64)
    face, parts = regions
    mouth = frames.points[0][13].round().astype(int)
    assert face[mouth[1], mouth[0]] == 1
    assert parts[mouth[1], mouth[0]] > 0.8
    assert parts[2, 2] == face[2, 2] == 0
    assert 0 < parts.mean() < face.mean()
    assert -1 <= box.min() < box.max() <= 1
