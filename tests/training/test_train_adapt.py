"""Adaptation: starts at P e, gets nearer to photos it has not seen, keeps the face alive, leaves a file that draws."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import pytest
import torch
from drawn_people import drawn_store, face_points, person_frames

from animato.data.clips import MemoryClips
from animato.errors import FaceError, FileFormatError
from animato.models.paper.runtime import PaperPerson
from animato.settings.adapt import AdaptSettings
from animato.settings.training import TrainSettings
from animato.training.adapt import _start, adapt, expression_collapsed, feed_forward, rate_at
from animato.training.holdout_loss import HoldoutScore
from animato.training.meta import train
from animato.training.model import PaperModel, load_model
from animato.training.photos import augment_photo, crop_photos, probe_expressions, select_photos, split_photos
from animato.weights.io import write_arrays

QUICK = AdaptSettings(iterations=20, lr_drawer=2e-3, device="cpu", threads=1)


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest) -> PaperModel:
    from smallest_recipe import SMALLEST

    from animato.settings.training import recipe_settings

    folder = tmp_path_factory.mktemp("run")
    settings = recipe_settings("tiny", {**SMALLEST, "episodes": 80, "augment": False})
    train(settings, drawn_store(size=32), folder)
    return load_model(folder)


def test_iterations_rise_from_125_to_460_with_the_photos() -> None:
    settings = AdaptSettings()
    counts = [settings.iterations_for(photos) for photos in (1, 2, 8, 32, 64)]
    assert counts == [125, 192, 326, 460, 460]
    assert AdaptSettings(iterations=7).iterations_for(3) == 7


def test_no_iterations_leave_the_feed_forward_person(model: PaperModel) -> None:
    photos = person_frames(8, 2, 32)
    none = adapt(model, photos, dataclasses.replace(QUICK, iterations=0))
    points = photos.points[1]
    assert none.iterations == 0
    assert np.array_equal(none.person.render_frame(points, 32), feed_forward(model, photos).render_frame(points, 32))


def test_adaptation_draws_a_held_out_photo_better_and_leaves_the_model_alone(model: PaperModel) -> None:
    before = {name: value.clone() for name, value in model.generator.state_dict().items()}
    frames = person_frames(9, 10, 32)
    photos, unseen = select_photos(frames, range(8)), select_photos(frames, [8, 9])
    scores = []
    adapted = adapt(model, photos, QUICK, scores.append)
    assert scores[-1].iteration <= scores[-1].total == 20
    assert 0 < adapted.iterations <= 20
    errors = []
    for person in (feed_forward(model, photos), adapted.person):
        drawn = np.stack([person.render_frame(points, 32) for points in unseen.points])
        errors.append(np.abs(drawn.astype(float) - unseen.images).mean())
    assert errors[1] < 0.9 * errors[0]
    for name, value in model.generator.state_dict().items():
        assert torch.equal(value, before[name]), name
    again = adapt(model, photos, QUICK)
    assert np.array_equal(
        again.person.render_frame(unseen.points[0], 32), adapted.person.render_frame(unseen.points[0], 32)
    )


def test_the_rate_rises_shortly_and_ends_near_zero() -> None:
    rates = [rate_at(iteration, 100) for iteration in range(1, 101)]
    assert rates[0] < 0.25 and max(rates) == rates[4] > 0.9
    assert rates[4:] == sorted(rates[4:], reverse=True)
    assert 0 < rates[-1] < 0.02


def test_the_critic_starts_without_an_embedding_that_was_never_matched(model: PaperModel) -> None:
    photos = person_frames(9, 4, 32)
    vectors = []
    for weighting in ("pixel", "v2"):
        other = dataclasses.replace(model, settings=dataclasses.replace(model.settings, weighting=weighting))
        _, person_discriminator = _start(other, photos, torch.device("cpu"))
        vectors.append(person_discriminator.person_1E.detach())
    assert float(vectors[0].abs().max()) == 0.0 < float(vectors[1].abs().max())


def test_the_best_look_is_kept_and_a_run_without_progress_stops_early(model: PaperModel) -> None:
    photos = person_frames(9, 8, 32)
    wild = dataclasses.replace(QUICK, iterations=40, lr_drawer=0.5, patience=2, expression_floor=0.0)
    adapted = adapt(model, photos, wild)
    assert adapted.stop_reason == "held-out photos"
    errors = {iteration: score.error for iteration, score in adapted.scores}
    assert errors[adapted.iterations] == min(errors.values())
    few = adapt(model, select_photos(photos, range(3)), wild)
    assert few.stop_reason == "rotated copies"


def test_a_face_that_freezes_is_noticed_after_the_start() -> None:
    def scores(*answers: float) -> list[tuple[int, HoldoutScore]]:
        return [(10 * place, HoldoutScore(0.1, answer)) for place, answer in enumerate(answers)]

    assert not expression_collapsed(scores(9.0, 9.0, 9.0, 9.0, 1.0, 1.0), 100, 0.7), (
        "the feed-forward person's answers do not count"
    )
    assert not expression_collapsed(scores(0.0, 0.1, 0.1, 0.1, 1.0, 0.8), 100, 0.7)
    assert expression_collapsed(scores(0.0, 0.1, 0.1, 0.1, 1.0, 0.6), 100, 0.7)


def test_photos_are_kept_aside_from_four_on_and_copies_stand_in_below() -> None:
    frames = person_frames(3, 10, 32)
    split = split_photos(frames, 0.2, 0)
    assert (len(split.training.images), len(split.validation.images), split.held_out) == (8, 2, True)
    for image in split.validation.images:
        assert not any(np.array_equal(image, other) for other in split.training.images)
    few = split_photos(select_photos(frames, range(3)), 0.2, 0)
    assert (len(few.training.images), len(few.validation.images), few.held_out) == (3, 4, False)


def test_turned_photos_carry_their_landmarks_along() -> None:
    frames = person_frames(2, 1, 64)
    copy = augment_photo(frames, 0, np.random.default_rng(4))
    assert not np.allclose(copy.points[0], frames.points[0], atol=0.5)
    for points, image in ((frames.points[0], frames.images[0]), (copy.points[0], copy.images[0])):
        x, y = points[13, :2].round().astype(int)
        cheek_x, cheek_y = points[205, :2].round().astype(int)
        assert np.abs(image[y, x].astype(int) - image[cheek_y, cheek_x]).sum() > 40, "the mouth is at its landmark"


def test_probes_open_the_mouth_and_close_the_lids() -> None:
    points = face_points(256, 0.0, 0.0)
    opened, closed = probe_expressions(points)
    assert opened[14, 1] - points[14, 1] > 4
    assert np.array_equal(opened[13], points[13])
    assert abs(closed[160, 1] - closed[144, 1]) < 0.1 * abs(points[160, 1] - points[144, 1])


def test_a_person_survives_the_round_trip_through_arrays(model: PaperModel) -> None:
    photos = person_frames(9, 1, 32)
    person = feed_forward(model, photos)
    arrays = person.arrays()
    again = PaperPerson.from_arrays(model.config.as_json(), arrays, "me.animato")
    frame = again.render_frame(photos.points[0] * 8 + 3.5, 256)
    assert frame.dtype == np.uint8
    assert np.array_equal(frame, person.render_frame(photos.points[0], 32)), "points in another canvas, same picture"
    assert not any("project" in name or "left" in name for name in arrays)
    del arrays["affine"]
    with pytest.raises(FileFormatError, match="AdaIN"):
        PaperPerson.from_arrays(model.config.as_json(), arrays, "me.animato")


def test_photos_are_cut_at_the_models_margin(model: PaperModel) -> None:
    image = np.zeros((300, 400, 3), np.uint8)
    points = face_points(200, 0.0, 0.0) + np.array([100, 40, 0], np.float32)
    crops = crop_photos([(image, points)], model.config)
    assert crops.images.shape == (1, 32, 32, 3)
    low, high = crops.points[0, :468, :2].min(axis=0), crops.points[0, :468, :2].max(axis=0)
    assert float((high - low).max()) == pytest.approx(32 / model.config.margin, rel=1e-3)
    with pytest.raises(FaceError, match="no photo"):
        crop_photos([], model.config)


def test_a_file_of_another_kind_is_no_model(tmp_path: Path, smallest: TrainSettings, people: MemoryClips) -> None:
    write_arrays(tmp_path / "x.safetensors", {}, {"kind": "paper-model", "schema": 1})
    with pytest.raises(FileFormatError, match="lacks how it was trained"):
        load_model(tmp_path / "x.safetensors")
