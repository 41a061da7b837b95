"""Cases of the portrait renderer are complete, reproducible, hold what their module says, and keep the splits apart."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import pytest
from drawn_cases import CASES, CROP, PEOPLE, drawn_clips

from animato.data.clips import SPLITS, MemoryClips
from animato.errors import InputError
from animato.geometry.patch import HEAD, LEFT_EYE, MOUTH, RIGHT_EYE, crop_from_patch, cut_patch
from animato.geometry.pose import fit_pose
from animato.settings.portrait import MAX_PHOTOS, NETWORKS
from animato.training.portrait.batches import BatchSampler
from animato.training.portrait.pairs import groups
from animato.training.portrait.samples import KINDS, SampleSet, make_samples, read_samples, read_summary
from animato.training.portrait.sources import CaseSource

CASES_OF = {"video": 4, "rendered video": 4, "photo": 2 + 2}
"""Of a video its frames, of two stills each from the other and each from a warped copy of itself."""

SIDES = {"mouth": 96, "eye": 64, "head": 128}


def test_every_person_but_those_of_the_test_split_has_its_cases(drawn_cases: Path) -> None:
    wanted = [(person, split, kind, CASES_OF[kind]) for person, split, kind, _ in PEOPLE if split != "test"]
    summary = read_summary(drawn_cases)
    assert summary["cases"] == sum(count for *_, count in wanted)
    assert sorted(summary["people"]) == [f"person-{person}" for person, *_ in wanted]
    for network in NETWORKS:
        samples = read_samples(drawn_cases, network)
        twice = 2 if network == "eye" else 1
        for person, split, kind, count in wanted:
            mine = samples.person == summary["people"].index(f"person-{person}")
            assert mine.sum() == count * twice
            assert set(samples.split[mine]) == {SPLITS.index(split)}
            assert set(samples.kind[mine]) == {KINDS.index(kind)}


@pytest.mark.parametrize("network", NETWORKS)
def test_arrays_have_the_shapes_types_and_ranges_that_the_module_states(drawn_cases: Path, network: str) -> None:
    samples, side = read_samples(drawn_cases, network), SIDES[network]
    count, grid = len(samples.person), side // 2
    assert samples.pictures.shape == (count, side, side, 10) and samples.pictures.dtype == np.uint8
    assert samples.photos.shape[1:] == (side, side, 6) and samples.photos.dtype == np.uint8
    assert samples.grids.shape == (count, MAX_PHOTOS, grid, grid, 2) and samples.grids.dtype == np.float16
    assert samples.validity.shape == (count, MAX_PHOTOS, grid, grid) and samples.validity.dtype == np.uint8
    assert (samples.photo[:, 0] >= 0).all() and samples.photo.max() < len(samples.photos)
    absent = samples.photo < 0
    assert absent.any() and not samples.validity[absent].any() and not samples.grids[absent].any()
    shown = samples.validity > 128
    assert shown.any() and np.abs(samples.grids[shown]).max() <= 1
    if network != "head":
        assert (samples.pictures[..., 6].max((1, 2)) > 128).all(), "every drawn mouth and eye is open"


def test_truths_and_photos_are_patches_of_the_clips_frames_and_no_truth_is_its_own_photo(drawn_cases: Path) -> None:
    store, people = drawn_clips(), read_summary(drawn_cases)["people"]
    for network, regions in (("mouth", [MOUTH]), ("eye", [LEFT_EYE, RIGHT_EYE]), ("head", [HEAD])):
        samples = read_samples(drawn_cases, network)
        for entry in [entry for entry in store.clips if entry.frames > 1 and entry.split != "test"]:
            frames = store.load(entry.clip, range(entry.frames))
            cut = {
                cut_patch(image, crop_from_patch(region, points, fit_pose(points), CROP), region.side).tobytes()
                for region in regions
                for image, points in zip(frames.images, frames.points, strict=True)
            }
            for number in np.flatnonzero(samples.person == people.index(entry.person)):
                truth = samples.pictures[number, ..., :3].tobytes()
                photos = {samples.photos[n, ..., :3].tobytes() for n in samples.photo[number] if n >= 0}
                assert truth in cut
                assert photos <= cut - {truth}
                assert truth != samples.pictures[number, ..., 3:6].tobytes()


def test_the_same_clips_and_seed_give_the_same_files(drawn_cases: Path, tmp_path: Path) -> None:
    make_samples(drawn_clips(), tmp_path, CASES)
    files = sorted(path.relative_to(tmp_path) for path in tmp_path.rglob("*") if path.is_file())
    assert files == sorted(path.relative_to(drawn_cases) for path in drawn_cases.rglob("*") if path.is_file())
    for file in files:
        if file.suffix == ".npz":
            one, other = (np.load(folder / file, allow_pickle=False) for folder in (tmp_path, drawn_cases))
            assert all(np.array_equal(one[name], other[name]) for name in one.files)
        else:
            assert (tmp_path / file).read_bytes() == (drawn_cases / file).read_bytes(), file


def test_complete_cases_are_not_made_again_and_incomplete_ones_are_refused(drawn_cases: Path, tmp_path: Path) -> None:
    empty = MemoryClips([], {})
    make_samples(empty, drawn_cases, CASES)
    assert read_summary(drawn_cases)["cases"] > 0
    with pytest.raises(InputError, match="no complete samples"):
        read_samples(tmp_path, "mouth")


@pytest.mark.parametrize("network", NETWORKS)
def test_people_held_out_never_get_into_a_training_batch(drawn_cases: Path, network: str) -> None:
    people, samples = read_summary(drawn_cases)["people"], read_samples(drawn_cases, network)
    learnt = {people.index(f"person-{person}") for person, split, *_ in PEOPLE if split == "train"}
    held = {people.index(f"person-{person}") for person, split, *_ in PEOPLE if split == "val"}
    train, val = (CaseSource(samples, split, network) for split in ("train", "val"))
    batches = BatchSampler(train, 4, 0)
    drawn = {int(n) for step in range(12) for n in batches.batch(step).person_B}
    assert drawn == learnt
    assert set(BatchSampler(val, 1, 0).fixed(64).person_B.tolist()) == held
    assert not photos_of(samples, train) & photos_of(samples, val)


PER_CASE = ("pictures", "grids", "validity", "photo", "kind")


def photos_of(samples: SampleSet, source: CaseSource) -> set[int]:
    return set(samples.photo[source.numbers].ravel().tolist()) - {-1}


def test_a_still_is_moved_by_people_of_the_training_split_only() -> None:
    store = drawn_clips()
    entries = [entry for entry in store.clips if entry.kind == "photo" or entry.split != "train"]
    clips = {entry.clip: store.load(entry.clip, range(entry.frames)) for entry in entries}
    found = list(groups(MemoryClips(entries, clips), CASES))
    assert [len(group.pairs) for group in found if group.kind == "photo"] == [2], "a case of each still from the other"
    assert any(entry.split == "test" for entry in entries)
    assert all(group.split != "test" for group in found), "people kept for tests are not looked at"


def test_the_same_seed_and_step_give_the_same_batch_and_another_step_another(drawn_cases: Path) -> None:
    source = CaseSource(read_samples(drawn_cases, "mouth"), "train", "mouth")
    one, same, other = (BatchSampler(source, 3, 0).batch(step) for step in (5, 5, 6))
    assert all(bool((getattr(one, name) == getattr(same, name)).all()) for name in one.__dataclass_fields__)
    assert one.truth_B3SS.shape != other.truth_B3SS.shape or not bool((one.truth_B3SS == other.truth_B3SS).all())


def test_a_person_with_many_clips_is_not_most_of_what_is_learnt(drawn_cases: Path) -> None:
    samples = read_samples(drawn_cases, "mouth")
    train = samples.of("train")
    one, other = train[samples.kind[train] == KINDS.index("video")][:2]
    chosen = np.array([*[one] * 40, other])
    many = dataclasses.replace(
        samples,
        **{name: np.asarray(getattr(samples, name))[chosen] for name in PER_CASE},
        person=np.array([0] * 40 + [1], np.int32),
        split=np.zeros(41, np.int8),
    )
    batches = BatchSampler(CaseSource(many, "train", "mouth"), 8, 0)
    drawn = np.concatenate([batches.batch(step).person_B.numpy() for step in range(60)])
    assert 0.05 < (drawn == 1).mean() < 0.25, "drawn one time in ten, not one time in forty-one"
