"""Photo selection: all of a few, the most similar of many, and weights change without jumps."""

from __future__ import annotations

from types import SimpleNamespace
from typing import cast

import numpy as np
import pytest

from animato.geometry.landmarks import canonical_face
from animato.geometry.patch import FACE_PATCHES, HEAD, LEFT_EYE, MOUTH, FacePatch
from animato.geometry.pose import HeadPose, points_from_local, rotation_exp
from animato.motion.retarget import Target
from animato.renderers.portrait.photo_selection import EPSILON, PhotoSelector
from animato.renderers.warp.warper import Warper
from animato.types import Points

YAWS = (-30.0, -18.0, -4.0, 7.0, 15.0, 33.0)


def face(opening: float = 0.0) -> Points:
    """Canonical landmarks of the average face, 478 x 3, with its mouth opened by centimetres."""
    mesh = canonical_face().vertices.astype(np.float32)
    eyes = np.repeat([mesh[33], mesh[263]], 5, axis=0)
    whole = np.concatenate([mesh, eyes])
    whole[list(MOUTH.rings[0])[11:], 1] += opening
    return cast(Points, whole)


def pose(yaw: float) -> HeadPose:
    return HeadPose(rotation_exp(np.radians([0.0, yaw, 0.0])), np.array([160.0, 160.0, 0.0]), 8.0)


def photo(yaw: float, opening: float = 0.0) -> Warper:
    """A stand-in for a photo's warper with what selection uses."""
    return cast(Warper, SimpleNamespace(local=face(opening), pose=pose(yaw)))


def target(yaw: float, opening: float = 0.0) -> Target:
    return Target(points_from_local(face(opening), pose(yaw)), pose(yaw))


def weights(selector: PhotoSelector, wanted: Target, count: int) -> np.ndarray:
    """Normalised weight of every photo, 0 for those not selected."""
    selected, prior = selector.select(wanted)
    whole = np.zeros(count)
    whole[selected] = np.exp(prior)
    return np.asarray(whole / whole.sum())


@pytest.mark.parametrize("count", [1, 2, 4])
@pytest.mark.parametrize("region", FACE_PATCHES, ids=lambda region: region.name)
def test_few_photos_all_have_full_weight(region: FacePatch, count: int) -> None:
    selected, prior = PhotoSelector(region, [photo(yaw) for yaw in YAWS[:count]], 4).select(target(50.0))
    assert selected == list(range(count))
    assert np.array_equal(prior, np.zeros(count, np.float32))


@pytest.mark.parametrize("region", [HEAD, LEFT_EYE, MOUTH], ids=lambda region: region.name)
def test_of_many_photos_the_most_similar_are_selected_and_the_best_has_full_weight(region: FacePatch) -> None:
    selector = PhotoSelector(region, [photo(yaw) for yaw in YAWS], 3)
    for yaw, near in ((-29.0, {0, 1, 2}), (5.0, {2, 3, 4}), (40.0, {3, 4, 5})):
        selected, prior = selector.select(target(yaw))
        assert set(selected) == near
        assert len(selected) == len(prior) == 3 and prior.dtype == np.float32
        assert selected[0] == int(np.argmin(np.abs(np.array(YAWS) - yaw)))
        assert prior[0] == 0 and (np.diff(prior) <= 0).all()


def test_an_open_mouth_selects_photos_with_an_open_mouth() -> None:
    photos = [photo(0.0), photo(0.0, 1.5), photo(0.0, 0.2), photo(0.0, 1.2)]
    selector = PhotoSelector(MOUTH, photos, 2)
    assert selector.select(target(0.0, 1.5))[0] == [1, 3]
    assert selector.select(target(0.0))[0] == [0, 2]
    eye = PhotoSelector(LEFT_EYE, [*photos, photo(20.0)], 4)
    assert 4 not in eye.select(target(0.0, 1.5))[0], "the mouth does not affect the eye"


@pytest.mark.parametrize("most", [2, 3, 5])
def test_no_weight_jumps_while_photos_change_rank(most: int) -> None:
    selector = PhotoSelector(MOUTH, [photo(yaw) for yaw in YAWS], most)
    largest = []
    for step in (0.4, 0.04):
        rows = np.stack([weights(selector, target(yaw), len(YAWS)) for yaw in np.arange(-35, 36, step)])
        largest.append(np.abs(np.diff(rows, axis=0)).max())
        assert len({tuple(row > 1e-5) for row in rows}) >= 2, "photos enter and leave on the way"
    assert largest[0] < 0.1
    assert largest[1] < 0.15 * largest[0], "a tenth of the movement is a tenth of the change"


def test_equally_similar_photos_do_not_divide_by_zero() -> None:
    selected, prior = PhotoSelector(HEAD, [photo(10.0)] * 4, 2).select(target(0.0))
    assert selected == [0, 1]
    assert np.isfinite(prior).all() and (prior >= np.log(EPSILON) - 1e-3).all()
