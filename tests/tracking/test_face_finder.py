"""A face is found wherever and however it lies in a picture, and the right one of several is chosen."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from animato.errors import FaceError
from animato.tracking.detector import Detection
from animato.tracking.face_finder import FaceFinder, _turn_back, choose_face, face_width
from animato.types import Face, Frame

GREY = 90


def distance(face: Face, points: np.ndarray) -> float:
    """Mean distance of all landmarks to expected ones, in pixels."""
    return float(np.linalg.norm(face.points[:, :2] - points, axis=1).mean())


def resized(picture: Frame, side: int) -> Frame:
    method = cv2.INTER_AREA if side < picture.shape[0] else cv2.INTER_CUBIC
    return np.asarray(cv2.resize(picture, (side, side), interpolation=method), np.uint8)


def pasted(width: int, height: int, *items: tuple[Frame, int, int]) -> Frame:
    canvas = np.full((height, width, 3), GREY, np.uint8)
    for picture, left, top in items:
        canvas[top : top + picture.shape[0], left : left + picture.shape[1]] = picture
    return canvas


def test_the_portrait_shows_one_face_with_478_points_and_52_scores(portrait: Frame, face_finder: FaceFinder) -> None:
    (face,) = face_finder.find(portrait)
    assert face.points.shape == (478, 3) and face.points.dtype == np.float32
    assert face.blendshapes.shape == (52,) and face.blendshapes.min() >= 0 and face.blendshapes.max() <= 1
    assert face.score > 0.99


def test_the_landmarks_lie_where_a_person_sees_them(portrait_face: Face) -> None:
    # Read off the portrait by eye, in pixels: middle of either iris, tip of the nose, corners of the mouth, chin.
    seen = {468: (204, 100), 473: (247, 103), 1: (225, 129), 61: (204, 140), 291: (245, 141), 152: (221, 178)}
    for index, place in seen.items():
        assert np.hypot(*(portrait_face.points[index, :2] - place)) < 3.5, index


def test_a_smile_is_read_from_the_portrait(portrait_face: Face) -> None:
    from animato.geometry.landmarks import BLENDSHAPES

    scores = dict(zip(BLENDSHAPES, portrait_face.blendshapes.tolist(), strict=True))
    assert scores["mouthSmileLeft"] > 0.5 and scores["mouthSmileRight"] > 0.5
    assert scores["jawOpen"] < 0.2 and scores["eyeBlinkLeft"] < 0.4


@pytest.mark.parametrize("window", [np.s_[:, :], np.s_[:480, 40:400], np.s_[:300, :]], ids=["square", "tall", "wide"])
@pytest.mark.parametrize("quarters", [1, 2, 3])
def test_a_face_is_found_on_its_side_and_upside_down(
    portrait: Frame, portrait_face: Face, face_finder: FaceFinder, window: tuple[slice, slice], quarters: int
) -> None:
    picture = portrait[window]
    height, width = picture.shape[:2]
    x, y = (portrait_face.points[:, :2] - (window[1].start or 0, window[0].start or 0)).T
    expected = {
        1: np.stack([y, width - 1 - x], axis=1),
        2: np.stack([width - 1 - x, height - 1 - y], axis=1),
        3: np.stack([height - 1 - y, x], axis=1),
    }
    (face,) = face_finder.find(np.ascontiguousarray(np.rot90(picture, quarters)))
    assert distance(face, expected[quarters]) < 1.0


@pytest.mark.parametrize("quarters", [1, 2, 3])
def test_a_detection_in_a_turned_picture_is_turned_back_to_the_pixel(quarters: int) -> None:
    rows, columns = np.mgrid[:30, :50]
    turned = np.rot90(np.stack([columns, rows], axis=2), quarters)  # each pixel says where it came from
    spots = [(3, 4), (17, 9), (25, 28), (11, 20), (6, 1), (22, 13)]
    found = Detection((4.0, 2.0, 20.0, 24.0), np.array(spots, np.float32), 0.9)
    back = _turn_back(found, quarters, 50, 30)
    assert np.array_equal(back.keypoints, [turned[y, x] for x, y in spots])
    corners = np.array([turned[2, 4], turned[24, 20]])
    assert back.box == (*corners.min(axis=0), *corners.max(axis=0))


@pytest.mark.parametrize(("side", "left", "top"), [(512, 1300, 700), (400, 400, 150), (250, 917, 633)])
def test_a_small_face_is_found_in_a_large_picture(
    portrait: Frame, portrait_face: Face, face_finder: FaceFinder, side: int, left: int, top: int
) -> None:
    picture = pasted(2000, 1500, (resized(portrait, side), left, top))
    (face,) = face_finder.find(picture)
    scale = side / 512
    expected = (portrait_face.points[:, :2] + 0.5) * scale - 0.5 + (left, top)
    assert distance(face, expected) < 1.0 * scale


@pytest.mark.parametrize("side", [256, 1024, 3072])
def test_landmarks_scale_with_the_picture(
    portrait: Frame, portrait_face: Face, face_finder: FaceFinder, side: int
) -> None:
    # One row and column less, so that no reduction of a large picture comes out even.
    (face,) = face_finder.find(np.ascontiguousarray(resized(portrait, side)[:-1, :-1]))
    scale = side / 512
    assert distance(face, (portrait_face.points[:, :2] + 0.5) * scale - 0.5) < 0.8 * scale
    assert face_width(face) == pytest.approx(face_width(portrait_face) * scale, rel=0.03)


def test_an_empty_picture_shows_no_face(face_finder: FaceFinder) -> None:
    assert face_finder.find(np.full((480, 640, 3), GREY, np.uint8)) == []


def test_the_same_picture_gives_the_same_landmarks(
    portrait: Frame, portrait_face: Face, face_finder: FaceFinder
) -> None:
    (again,) = face_finder.find(portrait)
    assert np.array_equal(again.points, portrait_face.points)
    assert np.array_equal(again.blendshapes, portrait_face.blendshapes)


@pytest.fixture(scope="module")
def couple(portrait: Frame, face_finder: FaceFinder) -> tuple[list[Face], int]:
    """Two faces, the smaller on the left; and the width of their picture."""
    head = portrait[0:300, 60:400]
    small = np.asarray(cv2.resize(head, (238, 210), interpolation=cv2.INTER_AREA), np.uint8)
    picture = pasted(900, 500, (small, 100, 150), (head, 450, 100))
    return face_finder.find(picture), 900


@pytest.mark.parametrize(
    ("choice", "side"), [("largest", "right"), ("left", "left"), ("right", "right"), ("1", "left"), ("2", "right")]
)
def test_a_choice_of_face_means_what_it_says(couple: tuple[list[Face], int], choice: str, side: str) -> None:
    faces, width = couple
    assert len(faces) == 2
    chosen = faces[choose_face(faces, width, choice)]
    assert ("left" if chosen.points[:, 0].mean() < 400 else "right") == side


@pytest.mark.parametrize("choice", ["99", "3", "0"])
def test_a_number_without_a_face_says_how_many_there_are(couple: tuple[list[Face], int], choice: str) -> None:
    faces, width = couple
    with pytest.raises(FaceError, match=f"no face number {choice}: 2 found") as caught:
        choose_face(faces, width, choice)
    assert caught.value.hint == "`face=largest`"
    assert "faces at x = " in (caught.value.where or "")
