"""A photo's own mouth opening, smile and gaze are measured, reported and not added to the driver's motion."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from gallery_faces import gallery_driver
from motion_material import POSE, neutral, person, relaxed, since, still, turned

from animato.geometry.apertures import mouth_width
from animato.geometry.landmarks import BLENDSHAPES, CHIN, EYE_LEFT, EYE_RIGHT, FOREHEAD, IRIS_LEFT, IRIS_RIGHT
from animato.geometry.pose import fit_pose, local_from_points
from animato.media.image import load_picture
from animato.motion.motion_frame import factor
from animato.motion.photo_expression import (
    EYEBALL_RADIUS,
    IRIS_HARD_LIMIT,
    averted,
    expression_warnings,
    move_gaze,
    own_expression,
    remove_expression,
)
from animato.motion.retarget import Retargeter
from animato.settings.motion import MotionSettings
from animato.tracking.face_finder import FaceFinder
from animato.types import Points

ASIDE = np.array([0.2, 0.0])
IRISES = [*IRIS_LEFT, *IRIS_RIGHT]


def gaze(local: np.ndarray) -> np.ndarray:
    """Mean offset of both irises from the centres of their eyes, eye widths."""
    found = []
    for ring, iris in ((EYE_LEFT, IRIS_LEFT), (EYE_RIGHT, IRIS_RIGHT)):
        first, last = local[ring[0]], local[ring[8]]
        found.append((local[iris[0]] - (first + last) / 2)[:2] / np.linalg.norm(last - first))
    return np.mean(found, axis=0)


def seen_local(points: Points) -> np.ndarray:
    return local_from_points(points, fit_pose(points))


def smiling(score: float) -> np.ndarray:
    scores = np.zeros(52, np.float32)
    scores[[BLENDSHAPES.index("mouthSmileLeft"), BLENDSHAPES.index("mouthSmileRight")]] = score
    return scores


def test_a_photo_that_looks_aside_looks_where_the_driver_looks(calm_local: np.ndarray) -> None:
    aside = move_gaze(calm_local, ASIDE)
    looking = Retargeter(person(aside), neutral(calm_local), MotionSettings())(still(local=calm_local))
    assert abs(gaze(seen_local(looking.points))[0]) < 0.03
    kept = Retargeter(person(aside), neutral(calm_local), MotionSettings(neutralise=0.0))(still(local=calm_local))
    assert gaze(seen_local(kept.points))[0] > 0.12


def test_irises_stay_inside_their_eyes_for_any_photo_and_driver(calm_local: np.ndarray) -> None:
    motion = since(calm_local, calm_local)
    for right in (-1.5, 1.5):
        expression = motion.expression.copy()
        expression[IRISES, 0] += right
        expression[IRISES, 1] += right
        strong = MotionSettings(eyes=2.0, neutralise=0.0)
        target = Retargeter(person(move_gaze(calm_local, ASIDE)), neutral(calm_local), strong)(
            replace(motion, expression=expression)
        )
        across, down = gaze(seen_local(target.points))
        assert abs(across) <= IRIS_HARD_LIMIT[0] + 0.01 and abs(down) < 0.25


def test_a_neutral_gaze_is_unchanged(calm_local: np.ndarray) -> None:
    target = Retargeter(person(calm_local), neutral(calm_local), MotionSettings())(still(local=calm_local))
    assert np.abs(target.points[IRISES] - person(calm_local)[IRISES]).max() < 1e-3


def test_a_turned_head_that_looks_at_the_camera_does_not_look_aside(calm_local: np.ndarray) -> None:
    pose = turned(yaw=25)
    towards_camera = move_gaze(calm_local, -EYEBALL_RADIUS * pose.rotation[2, :2])
    assert not averted(own_expression(towards_camera, pose).gaze).any()
    assert averted(own_expression(towards_camera, POSE).gaze).any()  # of a head that faces the camera, it does


def test_a_smile_is_removed_by_the_given_share(calm_local: np.ndarray) -> None:
    widths = []
    for share in (0.0, 0.5, 1.0):
        settings = MotionSettings(neutralise=share)
        retarget = Retargeter(person(calm_local), neutral(calm_local), settings, smiling(0.8))
        widths.append(mouth_width(retarget.local))
    assert widths[0] == pytest.approx(mouth_width(calm_local), abs=1e-3)
    assert widths[0] - widths[1] == pytest.approx((widths[0] - widths[2]) / 2, rel=0.1)
    assert widths[0] - widths[2] == pytest.approx(1.48 * 0.8, rel=0.15)


def test_a_neutral_face_has_no_expression_to_remove(calm_local: np.ndarray) -> None:
    own = own_expression(calm_local, POSE, smiling(0.15))
    assert own.opening < 0.001 and own.smile == 0 and not averted(own.gaze).any()
    assert expression_warnings(own, 0.5) == []


def test_closing_an_open_mouth_lifts_the_chin(face_local: np.ndarray) -> None:
    closed = remove_expression(face_local, 1.0, 0.0)
    assert face_local[CHIN, 1] - closed[CHIN, 1] == pytest.approx(0.5, abs=0.1)
    assert np.linalg.norm(closed[FOREHEAD] - face_local[FOREHEAD]) < 0.2


def test_expression_of_the_drivers_neutral_frame_is_not_removed(face_local: np.ndarray) -> None:
    """A person who drives their own photo with an open mouth keeps it open."""
    same = Retargeter(person(face_local), neutral(face_local), MotionSettings())
    assert np.abs(same.local - face_local).max() < 1e-3


def test_a_driver_whose_neutral_frame_looks_aside_is_followed(calm_local: np.ndarray) -> None:
    aside = move_gaze(calm_local, ASIDE)
    retarget = Retargeter(person(calm_local), neutral(aside), MotionSettings())
    assert gaze(seen_local(retarget(since(aside, aside)).points))[0] > 0.12
    assert abs(gaze(seen_local(retarget(since(aside, calm_local)).points))[0]) < 0.05


def test_a_person_who_looks_aside_and_drives_themselves_keeps_looking_there(calm_local: np.ndarray) -> None:
    aside = move_gaze(calm_local, ASIDE / 2)
    same = Retargeter(person(aside), neutral(aside), MotionSettings())
    assert np.abs(same.local - aside).max() < 1e-3


def test_mouth_and_eyes_that_are_not_driven_are_unchanged(face_local: np.ndarray) -> None:
    photo = move_gaze(face_local, ASIDE / 2)
    settings = MotionSettings(mouth=0.0, eyes=0.0)
    kept = Retargeter(person(photo), neutral(relaxed(face_local)), settings, smiling(0.8))
    assert np.abs(kept.local - photo).max() < 1e-3


def test_warnings_about_an_expression_name_the_option_that_helps(face_local: np.ndarray) -> None:
    own = own_expression(move_gaze(face_local, ASIDE), POSE, smiling(0.8))
    warnings = {share: expression_warnings(own, share) for share in (0.0, 0.5, 1.0)}
    assert [len(warnings[share]) for share in warnings] == [3, 3, 2], "a removed smile needs no warning"
    assert all("neutralise" in message for messages in warnings.values() for message in messages)
    assert "is added to it" in warnings[0.0][0] and "is closed before" in warnings[0.5][0]


@pytest.mark.data
def test_a_photo_with_an_open_mouth_gets_a_warning(shared_data: Path, face_finder: FaceFinder) -> None:
    case = shared_data.parent / "cases" / "open.png"
    if not case.is_file():
        pytest.skip("the cases are not beside this checkout")
    calm = shared_data / "portraits" / "l113_neutral.jpg"
    for path, open_mouths in ((case, 1), (calm, 0)):
        image = load_picture(path).image
        (face,) = face_finder.find(image)
        face = face_finder.refined(image, face)
        own = own_expression(factor(face, 0.0).local, fit_pose(face.points), face.blendshapes)
        assert len(expression_warnings(own, 0.5)) == open_mouths


def test_only_the_frame_with_an_open_mouth_gets_a_warning(face_finder: FaceFinder) -> None:
    calm, *_, speaking, _, _ = gallery_driver("portrait-c049f", 2.0)
    for image, open_mouths in ((speaking, 1), (calm, 0)):
        (face,) = face_finder.find(image)
        face = face_finder.refined(image, face)
        own = own_expression(factor(face, 0.0).local, fit_pose(face.points), face.blendshapes)
        assert len(expression_warnings(own, 0.5)) == open_mouths
