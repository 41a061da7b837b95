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
from animato.training.portrait.own_photos import OwnCases, own_cases
from animato.training.portrait.rehearsal import LOWERED, MOMENTS, OPENED, moments_beyond, remembered
from animato.types import Face, Frame, Points


def openings(points: Points) -> tuple[float, float]:
    left, right, mouth = apertures(local_from_points(points, fit_pose(points)))
    return float(left + right) / 2, float(mouth)


@pytest.fixture(scope="module")
def moments(portrait_face: Face) -> dict[str, list[Target]]:
    return moments_beyond(portrait_face.points, [portrait_face.points])


def test_moments_lie_beyond_what_the_photos_show(portrait_face: Face, moments: dict[str, list[Target]]) -> None:
    lids, mouth = openings(portrait_face.points)
    assert set(moments) == {"eye", "mouth"}
    assert 0 < len(moments["eye"]) <= MOMENTS
    assert len(moments["mouth"]) <= MOMENTS
    assert all(openings(target.points)[0] < LOWERED * lids for target in moments["eye"])
    assert all(openings(target.points)[1] > OPENED * mouth for target in moments["mouth"])
    assert min(openings(target.points)[0] for target in moments["eye"]) < 0.2 * lids, "down to closed lids"


def test_what_a_photo_shows_is_not_rehearsed(portrait_face: Face, moments: dict[str, list[Target]]) -> None:
    closed = min((target.points for target in moments["eye"]), key=lambda points: openings(points)[0])
    again = moments_beyond(portrait_face.points, [portrait_face.points, closed])
    assert len(again["eye"]) < len(moments["eye"]) or not again["eye"]
    assert all(openings(target.points)[0] < LOWERED * openings(closed)[0] for target in again["eye"])


@pytest.fixture(scope="module")
def own(portrait: Frame, portrait_face: Face) -> OwnCases:
    photos = [HeadView(np.array(portrait), portrait_face.points)] * 4
    return own_cases(photos, PortraitAdaptSettings(threads=1, pairs=6), ["eye"])["eye"]


def test_only_the_truth_of_rehearsed_cases_is_replaced(own: OwnCases) -> None:
    grey = torch.full((1, 3, 64, 64), 0.2)
    made = remembered(own.cases, own.rehearsed, "eye", lambda batch: grey)
    rest = np.setdiff1d(np.arange(len(own.cases.pictures)), own.rehearsed)
    assert len(own.rehearsed)
    assert (made.pictures[own.rehearsed, ..., :3] == 153).all()
    np.testing.assert_array_equal(made.pictures[own.rehearsed, ..., 3:], own.cases.pictures[own.rehearsed, ..., 3:])
    np.testing.assert_array_equal(made.pictures[rest], own.cases.pictures[rest])


def test_rehearsed_cases_are_learnt_from_and_never_judge(own: OwnCases) -> None:
    assert set(own.rehearsed) <= set(own.cases.of("train"))
