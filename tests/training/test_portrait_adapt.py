"""Adaptation of the portrait renderer: it stops by itself, and changes a person only for the better."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
import torch

from animato.errors import FaceError, RefusedError
from animato.geometry.landmarks import MESH_POINTS, POINTS, canonical_face
from animato.head.view import HeadView
from animato.models.loading import arrays_of
from animato.models.portrait.config import PatchConfig
from animato.models.portrait.networks import PatchNetwork
from animato.settings.portrait import PortraitAdaptSettings
from animato.training.portrait import adapt
from animato.training.portrait.adapt import adapt_portrait
from animato.training.portrait.person_samples import person_samples
from animato.weights.person import PersonRecord
from animato.weights.portrait import PortraitWeights
from animato.weights.portrait_person import read_portrait_person, write_portrait_person

SIDE = 192
TINY = {
    "mouth": PatchConfig(side=96, widths=(8, 8, 8), features=4, encoder=4, embed=8),
    "eye": PatchConfig(side=64, widths=(8, 8, 8), features=4, encoder=4, embed=8),
}


def drawn_photo(number: int) -> HeadView:
    """A smooth picture with the canonical face laid on it, its jaw lower in every further photo."""
    random = np.random.default_rng(number)
    coarse = random.integers(60, 200, (6, 6, 3)).astype(np.uint8)
    image = np.kron(coarse, np.ones((SIDE // 6, SIDE // 6, 1), np.uint8)).astype(np.uint8)
    local = np.zeros((POINTS, 3))
    local[:MESH_POINTS] = canonical_face().vertices
    for first, ring in ((468, (33, 133)), (473, (362, 263))):
        centre = local[list(ring)].mean(0)
        local[first : first + 5] = centre + np.array([[0, 0, 0], [0.5, 0, 0], [0, 0.5, 0], [-0.5, 0, 0], [0, -0.5, 0]])
    low = local[:, 1] > np.median(local[:, 1]) + 3.5
    local[low, 1] += 0.25 * number
    points = local * 5.5 + np.array([SIDE / 2, SIDE / 2, 0])
    return HeadView(image, points.astype(np.float32))


@pytest.fixture(scope="module")
def weights() -> PortraitWeights:
    torch.manual_seed(5)
    arrays = {name: arrays_of(PatchNetwork(config)) for name, config in TINY.items()}
    configs = {name: config.as_json() for name, config in TINY.items()}
    return PortraitWeights(configs, arrays, {"networks": {}}, "tiny.safetensors", "a" * 64)


def settings(**changes: float) -> PortraitAdaptSettings:
    plain = {"steps": 6, "look_steps": 2, "batch": 2, "threads": 1, "pairs": 12}
    return PortraitAdaptSettings(**{**plain, **changes})  # type: ignore[arg-type]


def test_it_stops_by_itself_and_keeps_only_what_got_better(weights: PortraitWeights) -> None:
    made = adapt_portrait([drawn_photo(n) for n in range(5)], weights, settings(), None)
    assert made.report["photos"] == 5
    for name, told in made.report["networks"].items():
        assert 0 < told["steps"] <= 6
        assert told["after"] <= told["before"]
        assert sorted(told["parts"]) == ["content", "edges", "landmarks", "pixel"]
        assert all(after <= before for before, after in told["parts"].values()), "no part pays for another"
        assert (name in made.networks) == told["changed"]


@pytest.mark.parametrize("count", [1, 3])
def test_with_too_few_photos_to_judge_by_nothing_is_changed(weights: PortraitWeights, count: int) -> None:
    made = adapt_portrait([drawn_photo(n) for n in range(count)], weights, settings(margin=0.0), None)
    assert made.networks == {}
    assert {told["ended"] for told in made.report["networks"].values()} == {"fewer than 4 photos"}


def test_psi_stays_what_the_photos_embedding_says(weights: PortraitWeights, monkeypatch: pytest.MonkeyPatch) -> None:
    falling = iter(np.linspace(1.0, 0.1, 100))
    monkeypatch.setattr(
        adapt._NetworkAdapter, "_validate", lambda _: dict.fromkeys(adapt.VALIDATION_LOSSES, float(next(falling)))
    )
    photos = [drawn_photo(n) for n in range(5)]
    few, many = (adapt_portrait(photos, weights, settings(steps=n), None).networks["mouth"] for n in (2, 6))
    np.testing.assert_array_equal(few["affine"], many["affine"])
    assert any(not np.array_equal(few[key], many[key]) for key in few), "the painter learnt"


def test_what_is_no_better_is_left_as_it_was(weights: PortraitWeights) -> None:
    made = adapt_portrait([drawn_photo(n) for n in range(5)], weights, settings(margin=1.0), None)
    assert made.networks == {}


def test_what_is_better_on_the_whole_and_worse_in_one_part_is_not_kept(
    weights: PortraitWeights, monkeypatch: pytest.MonkeyPatch
) -> None:
    looks = {"pixel": [1.0, 0.2], "edges": [1.0, 1.1], "content": [1.0, 0.5], "landmarks": [1.0, 1.0]}

    def validated(again: list[int]) -> dict[str, float]:
        again.append(1)
        return {name: values[min(len(again), 2) - 1] for name, values in looks.items()}

    monkeypatch.setattr(
        adapt._NetworkAdapter, "_validate", lambda trial: validated(trial.__dict__.setdefault("judged", []))
    )
    made = adapt_portrait([drawn_photo(n) for n in range(5)], weights, settings(), None)
    assert made.networks == {}, "softer edges"
    looks["edges"][1] = 0.9
    made = adapt_portrait([drawn_photo(n) for n in range(5)], weights, settings(), None)
    assert set(made.networks) == {"mouth", "eye"}


def test_the_painter_that_is_kept_lies_halfway_between_shipped_and_learnt(
    weights: PortraitWeights, monkeypatch: pytest.MonkeyPatch
) -> None:
    falling = iter(np.linspace(1.0, 0.1, 100))
    monkeypatch.setattr(
        adapt._NetworkAdapter, "_validate", lambda _: dict.fromkeys(adapt.VALIDATION_LOSSES, float(next(falling)))
    )
    photos = [drawn_photo(n) for n in range(5)]
    found = {}
    for share in (1.0, adapt.INTERPOLATION):
        monkeypatch.setattr(adapt, "INTERPOLATION", share)
        found[share] = adapt_portrait(photos, weights, settings(), None).networks["mouth"]
    moved = 0.0
    for key, learnt in found[1.0].items():
        shipped = learnt if key == "affine" else weights.arrays["mouth"][key]
        np.testing.assert_allclose(found[0.5][key], (learnt + shipped) / 2, atol=1e-6)
        moved += float(np.abs(learnt - shipped).sum())
    assert moved > 0, "the painter learnt"


def test_two_adaptations_with_one_seed_are_equal(weights: PortraitWeights) -> None:
    photos = [drawn_photo(n) for n in range(4)]
    one, two = (adapt_portrait(photos, weights, settings(margin=0.0), None) for _ in range(2))
    assert one.report["networks"] == two.report["networks"]
    for name, arrays in one.networks.items():
        for key, array in arrays.items():
            np.testing.assert_array_equal(array, two.networks[name][key])


def test_photos_kept_aside_are_not_learnt_from() -> None:
    photos = [drawn_photo(n) for n in range(6)]
    person = person_samples(photos, settings(pairs=40), ["eye"])["eye"]
    samples = person.samples
    learnt, validated = samples.of("train"), samples.of("val")
    assert len(person.rehearsed), "the drawn faces never lower their lids"
    assert not set(person.rehearsed) & set(validated)
    assert len(learnt)
    assert len(validated)

    def truths(numbers: Sequence[int]) -> set[bytes]:
        return {samples.pictures[n, :, :, :3].tobytes() for n in numbers}

    assert not truths(learnt) & truths(validated)
    aside = {int(samples.photo[n, 0]) for n in validated} - {int(p) for n in learnt for p in samples.photo[n] if p >= 0}
    assert len({int(p) for n in learnt for p in samples.photo[n] if p >= 0}) < len(samples.photos), aside


def test_without_a_photo_there_is_a_sentence(weights: PortraitWeights) -> None:
    with pytest.raises(FaceError, match="no photo"):
        adapt_portrait([], weights, settings(), None)


def test_the_result_survives_its_file_and_is_not_written_without_consent(
    weights: PortraitWeights, tmp_path: Path
) -> None:
    made = adapt_portrait([drawn_photo(0)], weights, settings(margin=-0.0), None)
    consent = {"ground": "self"}
    record = PersonRecord(weights.configs, weights.sha256, ("b" * 64,), consent, made.report, "now", "0")
    write_portrait_person(tmp_path / "me.animato", made.networks, record)
    _, found = read_portrait_person(tmp_path / "me.animato", weights)
    assert set(found) == set(made.networks)
    for name, arrays in made.networks.items():
        for key, array in arrays.items():
            np.testing.assert_array_equal(found[name][key], array)
    bare = PersonRecord(weights.configs, weights.sha256, (), {}, made.report, "now", "0")
    with pytest.raises(RefusedError):
        write_portrait_person(tmp_path / "not.animato", made.networks, bare)
    assert not (tmp_path / "not.animato").exists()
