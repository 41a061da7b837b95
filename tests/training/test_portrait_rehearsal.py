"""What no photo of a person shows is rehearsed, so that adapting does not unlearn it."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from animato.geometry.apertures import apertures
from animato.geometry.pose import fit_pose, local_from_points
from animato.head.view import HeadView
from animato.motion.retarget import Target
from animato.settings.portrait import PortraitAdaptSettings
from animato.training.portrait.person_samples import PersonSamples, person_samples
from animato.training.portrait.rehearsal import (
    LOWERED_RATIO,
    MAX_EXPRESSIONS,
    OPENED_RATIO,
    replace_rehearsal_truth,
    unseen_expressions,
)
from animato.types import Face, Frame, Points


def openings(points: Points) -> tuple[float, float]:
    left, right, mouth = apertures(local_from_points(points, fit_pose(points)))
    return float(left + right) / 2, float(mouth)


@pytest.fixture(scope="module")
def expressions(portrait_face: Face) -> dict[str, list[Target]]:
    return unseen_expressions(portrait_face.points, [portrait_face.points])


def test_moments_lie_beyond_what_the_photos_show(portrait_face: Face, expressions: dict[str, list[Target]]) -> None:
    lids, mouth = openings(portrait_face.points)
    assert set(expressions) == {"eye", "mouth"}
    assert 0 < len(expressions["eye"]) <= MAX_EXPRESSIONS
    assert len(expressions["mouth"]) <= MAX_EXPRESSIONS
    assert all(openings(target.points)[0] < LOWERED_RATIO * lids for target in expressions["eye"])
    assert all(openings(target.points)[1] > OPENED_RATIO * mouth for target in expressions["mouth"])
    assert min(openings(target.points)[0] for target in expressions["eye"]) < 0.2 * lids, "down to closed lids"


def test_what_a_photo_shows_is_not_rehearsed(portrait_face: Face, expressions: dict[str, list[Target]]) -> None:
    closed = min((target.points for target in expressions["eye"]), key=lambda points: openings(points)[0])
    again = unseen_expressions(portrait_face.points, [portrait_face.points, closed])
    assert len(again["eye"]) < len(expressions["eye"]) or not again["eye"]
    assert all(openings(target.points)[0] < LOWERED_RATIO * openings(closed)[0] for target in again["eye"])


@pytest.fixture(scope="module")
def person(portrait: Frame, portrait_face: Face) -> PersonSamples:
    photos = [HeadView(np.array(portrait), portrait_face.points)] * 4
    return person_samples(photos, PortraitAdaptSettings(threads=1, pairs=6), ["eye"])["eye"]


def test_only_the_truth_of_rehearsed_cases_is_replaced(person: PersonSamples) -> None:
    grey = torch.full((1, 3, 64, 64), 0.2)
    made = replace_rehearsal_truth(person.samples, person.rehearsed, "eye", lambda batch: grey)
    rest = np.setdiff1d(np.arange(len(person.samples.pictures)), person.rehearsed)
    assert len(person.rehearsed)
    assert (made.pictures[person.rehearsed, ..., :3] == 153).all()
    np.testing.assert_array_equal(
        made.pictures[person.rehearsed, ..., 3:], person.samples.pictures[person.rehearsed, ..., 3:]
    )
    np.testing.assert_array_equal(made.pictures[rest], person.samples.pictures[rest])


def test_rehearsed_cases_are_learnt_from_and_never_judge(person: PersonSamples) -> None:
    assert set(person.rehearsed) <= set(person.samples.of("train"))
