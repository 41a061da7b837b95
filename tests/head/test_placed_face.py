"""Landmarks follow seven points placed by hand, on a detected face and where none is found."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from animato.errors import UsageError
from animato.geometry.pose import fit_pose
from animato.head.placed_face import PLACED, checked_points, placed_face, placed_photo, thin_plate
from animato.pipeline.demo import DEMO_PHOTO
from animato.tracking.face_finder import FaceFinder
from animato.types import Face


@pytest.fixture(scope="module")
def seven(portrait_face: Face) -> Iterator[NDArray[np.float64]]:
    yield portrait_face.points[list(PLACED), :2].astype(np.float64)


def test_points_where_they_were_found_change_nothing(portrait_face: Face, seven: NDArray[np.float64]) -> None:
    same = placed_face(seven, portrait_face)
    assert np.allclose(same.points, portrait_face.points, atol=1e-3)
    assert same.blendshapes is portrait_face.blendshapes


def test_a_moved_point_is_met_and_those_far_from_it_hardly_move(
    portrait_face: Face, seven: NDArray[np.float64]
) -> None:
    moved = seven.copy()
    moved[5] += [2.0, 9.0]  # the chin
    face = placed_face(moved, portrait_face)
    assert np.allclose(face.points[list(PLACED), :2], moved, atol=1e-3)
    assert np.array_equal(face.points[:, 2], portrait_face.points[:, 2])
    change = np.linalg.norm(face.points[:, :2] - portrait_face.points[:, :2], axis=1)
    assert change[152] > 9 and change[468:].max() < 1.0


def test_without_a_detected_face_the_mesh_is_near_that_of_the_detector(
    portrait_face: Face, seven: NDArray[np.float64]
) -> None:
    face = placed_face(seven, None)
    width = np.ptp(portrait_face.points[:468, 0])
    distance = np.linalg.norm(face.points[:468, :2] - portrait_face.points[:468, :2], axis=1)
    assert distance.mean() < 0.06 * width
    assert np.allclose(face.points[list(PLACED), :2], seven, atol=1e-3)
    assert abs(fit_pose(face.points).degrees()[2] - fit_pose(portrait_face.points).degrees()[2]) < 5


@pytest.mark.parametrize("degrees", [0, 90, 180, -45])
def test_a_face_may_be_turned_in_the_picture(seven: NDArray[np.float64], degrees: float) -> None:
    angle = np.radians(degrees)
    turn = np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]])
    upright, turned = placed_face(seven, None), placed_face(seven @ turn, None)
    assert np.allclose(upright.points[:, :2] @ turn, turned.points[:, :2], atol=0.01)


def test_swapped_eyes_and_a_mouth_above_the_nose_form_no_face(seven: NDArray[np.float64]) -> None:
    for order in ([1, 0, 2, 3, 4, 5, 6], [0, 1, 2, 3, 4, 6, 5]):
        with pytest.raises(UsageError, match="do not form a face"):
            checked_points(seven[order].tolist(), 512, 512)


def test_points_outside_the_photo_or_in_one_place_are_refused(seven: NDArray[np.float64]) -> None:
    with pytest.raises(UsageError, match="outside the photo"):
        checked_points([*seven[:6], [-5.0, 3.0]], 512, 512)
    with pytest.raises(UsageError, match="needs 7 points"):
        checked_points(seven[:6].tolist(), 512, 512)
    with pytest.raises(UsageError, match="do not form a face"):
        checked_points([seven[0], *seven[:1], *seven[2:]], 512, 512)


def test_a_spline_through_points_on_a_line_is_refused() -> None:
    line = np.stack([np.arange(4.0), np.zeros(4)], axis=1)
    with pytest.raises(UsageError, match="line"):
        thin_plate(line, line, line)


def test_a_photo_keeps_its_placed_face(face_finder: FaceFinder, tmp_path: Path) -> None:
    seven = [
        [135.6, 130.4],
        [203.0, 134.5],
        [165.4, 168.7],
        [140.0, 199.6],
        [190.4, 203.1],
        [162.5, 262.0],
        [172.2, 83.1],
    ]
    photo = placed_photo(DEMO_PHOTO, seven, face_finder)
    assert np.allclose(photo.face.points[list(PLACED), :2], seven, atol=1e-2)
    assert photo.parts is not None and photo.path == DEMO_PHOTO
