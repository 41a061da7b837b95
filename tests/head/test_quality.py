"""Bad photos are named with a remedy, good ones pass in silence."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest
from gallery_faces import gallery_driver, gallery_photo

from animato.errors import FaceError
from animato.geometry.pose import fit_pose
from animato.head.head import Head
from animato.head.quality import check_photo_face, is_covered, is_drawn, no_face, turned_warnings
from animato.media.image import load_picture
from animato.media.reader import open_video
from animato.tracking.face_finder import FaceFinder
from animato.types import Face, Frame

FRONT = 0.0
SMALL = "is only 109 px across; the result will look soft: use a larger photo"


def warnings(finder: FaceFinder, picture: Frame) -> list[str]:
    (face,) = finder.find(picture)
    yaw = fit_pose(face.points).degrees()[0]
    return [*check_photo_face(picture, face, yaw, "me.jpg"), *turned_warnings(yaw, "me.jpg")]


def refusal(picture: Frame, face: Face, yaw: float = FRONT) -> FaceError:
    with pytest.raises(FaceError) as caught:
        check_photo_face(picture, face, yaw, "me.jpg")
    problem = caught.value
    assert "me.jpg" in problem.what and problem.hint and problem.more == "docs/photos.md" and problem.exit_code == 3
    assert f"{picture.shape[1]} x {picture.shape[0]}" in (problem.where or "")
    return problem


def large(portrait: Frame) -> Frame:
    """The head of the portrait, enlarged so that its size is no finding."""
    return np.asarray(cv2.resize(portrait[0:300, 75:375], (900, 900), interpolation=cv2.INTER_CUBIC), np.uint8)


def test_a_good_photo_passes_in_silence(portrait: Frame, face_finder: FaceFinder) -> None:
    assert warnings(face_finder, large(portrait)) == []


def test_a_smallish_face_is_noted(portrait: Frame, face_finder: FaceFinder) -> None:
    (said,) = warnings(face_finder, portrait)
    assert said.endswith(SMALL)


def test_a_tiny_face_is_refused_with_its_size(portrait: Frame, face_finder: FaceFinder) -> None:
    small = np.asarray(cv2.resize(portrait, (180, 180), interpolation=cv2.INTER_AREA), np.uint8)
    (face,) = face_finder.find(small)
    problem = refusal(small, face)
    assert "too small: 38 px across, at least 48 are needed" in problem.what
    assert "closer" in (problem.hint or "")


@pytest.mark.parametrize("window", [np.s_[:, 210:], np.s_[:, :225], np.s_[125:, :], np.s_[:140, :]])
def test_a_face_cut_by_the_edge_is_refused(portrait: Frame, portrait_face: Face, window: tuple[slice, slice]) -> None:
    picture = np.ascontiguousarray(portrait[window])
    offset = np.array([window[1].start or 0, window[0].start or 0, 0], np.float32)
    problem = refusal(picture, Face(portrait_face.points - offset, portrait_face.blendshapes, 1.0))
    assert "cut off by the edge" in problem.what and "% of the face lies outside" in (problem.where or "")


def test_a_cut_face_is_refused_as_it_is_tracked(portrait: Frame, face_finder: FaceFinder) -> None:
    picture = np.ascontiguousarray(portrait[:, 205:])
    (face,) = face_finder.find(picture)
    assert "cut off" in refusal(picture, face).what


def test_a_face_turned_away_is_refused_with_the_angle(portrait: Frame, portrait_face: Face) -> None:
    for yaw in (-60.0, 60.0):
        problem = refusal(portrait, portrait_face, yaw)
        assert "turned away too far (60 degrees)" in problem.what
        assert problem.hint == "a photo in which both eyes are visible"


def test_a_turned_face_is_noted(shared_data: Path, face_finder: FaceFinder) -> None:
    with open_video(shared_data / "rendered" / "r003.mp4") as video:
        frame = next(iter(video)).image
    turned = [said for said in warnings(face_finder, frame) if "turned by" in said]
    assert len(turned) == 1 and "a photo from the front works better" in turned[0]


def test_a_blurred_photo_is_noted(portrait: Frame, face_finder: FaceFinder) -> None:
    (said,) = warnings(face_finder, np.asarray(cv2.GaussianBlur(large(portrait), (0, 0), 9), np.uint8))
    assert said == "me.jpg is blurred; the result cannot be sharper: use a photo in focus"


def test_a_dark_photo_is_called_dark_and_not_blurred(portrait: Frame, face_finder: FaceFinder) -> None:
    (said,) = warnings(face_finder, (large(portrait) * 0.15).astype(np.uint8))
    assert said == "the face in me.jpg is very dark; use a photo with more light on the face"


def test_an_overexposed_photo_is_noted(portrait: Frame, face_finder: FaceFinder) -> None:
    bright = np.clip(large(portrait) * 2.2, 0, 255).astype(np.uint8)
    assert [said for said in warnings(face_finder, bright) if "overexposed" in said and "without glare" in said]


@pytest.mark.parametrize(("gain", "added"), [(0.12, 0), (0.25, 0), (1.9, 20), (0.3, 90)])
def test_a_dark_bright_or_hazy_photo_is_not_taken_for_a_drawing(
    portrait: Frame, portrait_face: Face, gain: float, added: float
) -> None:
    changed = np.clip(portrait * gain + added, 0, 255).astype(np.uint8)
    assert not is_drawn(changed, portrait_face)


def test_a_photo_cut_through_the_mouth_is_refused(portrait: Frame, portrait_face: Face) -> None:
    bottom = int(portrait_face.points[17, 1]) - 2
    with pytest.raises(FaceError, match="cut off by the edge"):
        check_photo_face(np.ascontiguousarray(portrait[:bottom]), portrait_face, 0.0, "me.jpg")


def test_no_face_says_what_was_searched_and_what_would_help() -> None:
    problem = no_face("wall.png", 640, 480)
    assert problem.what == "no face found in wall.png" and problem.where and "640 x 480" in problem.where
    assert problem.hint and problem.more


MASKS = {"surgical": (90, 140, 190), "black": (20, 20, 22), "white": (235, 235, 238), "green": (40, 120, 60)}


def masked(picture: Frame, face: Face, colour: tuple[int, int, int]) -> Frame:
    """Cover the face from the tip of the nose down."""
    low, high = face.points[:468, :2].min(axis=0).astype(int), face.points[:468, :2].max(axis=0).astype(int)
    result = picture.copy()
    result[int(face.points[4, 1]) : high[1] + 5, low[0] : high[0]] = colour
    return result


@pytest.mark.parametrize("name", MASKS)
def test_a_covered_face_is_noted(portrait: Frame, face_finder: FaceFinder, name: str) -> None:
    picture = large(portrait)
    (face,) = face_finder.find(picture)
    said = warnings(face_finder, masked(picture, face, MASKS[name]))
    assert len(said) == 1 and "seems to be covered" in said[0] and "use a photo of an uncovered face" in said[0]


def shared_portraits(folder: Path, every: int) -> list[Path]:
    """Portraits of the shared data, evenly through the sorted list: women, men, many skin colours, some beards."""
    return sorted((folder / "portraits").glob("*.jpg"))[::every]


def test_thirty_good_portraits_raise_no_alarm(shared_data: Path, face_finder: FaceFinder) -> None:
    paths = shared_portraits(shared_data, 7)
    assert len(paths) >= 30
    alarms = {path.name: said for path in paths if (said := warnings(face_finder, load_picture(path).image))}
    assert alarms == {}


def test_most_masks_on_other_people_are_noted(shared_data: Path, face_finder: FaceFinder) -> None:
    noted = []
    for number, path in enumerate(shared_portraits(shared_data, 20)):
        picture = load_picture(path).image
        (face,) = face_finder.find(picture)
        picture = masked(picture, face, list(MASKS.values())[number % len(MASKS)])
        noted += [is_covered(picture, found) for found in face_finder.find(picture)]
    assert np.mean(noted) >= 0.8


SHARP = ("portrait-c049f", "portrait-l006", "beard-c110m", "talking-g11")
"""Photos of the gallery that are in focus."""


def test_a_turned_head_of_the_gallery_is_noted_and_a_straight_one_is_not(face_finder: FaceFinder) -> None:
    _, straight, _, turned, *_ = gallery_driver("turned-rendered", 2.0)
    said = [sentence for sentence in warnings(face_finder, turned) if "turned by" in sentence]
    assert len(said) == 1 and "a photo from the front works better" in said[0]
    assert not [sentence for sentence in warnings(face_finder, straight) if "turned by" in sentence]


def test_a_photo_from_the_side_is_noted_only_where_it_is_animated(face_finder: FaceFinder) -> None:
    _, _, straight, turned, *_ = gallery_driver("turned-rendered", 2.0)
    alone = Head.from_photos([turned], finder=face_finder)
    together = Head.from_photos([turned, straight], finder=face_finder)
    assert [sentence for sentence in alone.warnings if "turned by" in sentence]
    np.testing.assert_array_equal(together.photo.image, straight)
    assert not [sentence for sentence in together.warnings if "turned by" in sentence]


def test_good_photos_of_the_gallery_raise_no_alarm_and_masks_on_them_do(face_finder: FaceFinder) -> None:
    noted = []
    for number, sheet in enumerate(SHARP):
        picture = gallery_photo(sheet, 2.6)
        assert warnings(face_finder, picture) == [], sheet
        (face,) = face_finder.find(picture)
        picture = masked(picture, face, list(MASKS.values())[number])
        noted += [is_covered(picture, found) for found in face_finder.find(picture)]
    assert np.mean(noted) >= 0.75


def test_a_face_half_outside_is_not_called_covered_for_what_lies_elsewhere(
    portrait: Frame, portrait_face: Face
) -> None:
    shifted = Face(portrait_face.points - np.float32([0, 100, 0]), portrait_face.blendshapes, 1.0)
    assert not is_covered(np.ascontiguousarray(portrait[100:]), shifted)
