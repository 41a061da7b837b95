"""The person's shape stays, the driver's movement comes; strengths, still heads and neutral frames do what they say."""

from __future__ import annotations

from dataclasses import replace
from itertools import combinations
from pathlib import Path

import numpy as np
import pytest
from gallery_faces import PHOTOS, gallery_driver, gallery_photo
from motion_material import (
    POSE,
    SHAPES,
    channels_of,
    clip,
    neutral,
    person,
    relaxed,
    shaped,
    since,
    still,
    tracked,
    turned,
)

from animato.appearance.residual_flow import RING_POINTS
from animato.geometry.apertures import EYE_OPEN, MOUTH_OPEN, apertures
from animato.geometry.landmarks import (
    BROW_LEFT,
    BROW_RIGHT,
    EYE_LEFT,
    EYE_RIGHT,
    IRIS_LEFT,
    IRIS_RIGHT,
    LIPS_INNER,
    LIPS_OUTER,
)
from animato.geometry.pose import fit_pose, rotation_exp
from animato.media.image import load_picture
from animato.media.reader import open_video
from animato.motion.motion_frame import MotionFrame, factor, neutral_of, relative_to
from animato.motion.neck_limits import PIVOT
from animato.motion.retarget import Retargeter
from animato.settings.motion import MotionSettings
from animato.tracking.face_finder import FaceFinder
from animato.tracking.tracker import Tracker
from animato.types import Frame, Points

ALL = MotionSettings()
LIPS = [*LIPS_OUTER, *LIPS_INNER]
LIDS = [*EYE_LEFT, *EYE_RIGHT]
IRISES = [*IRIS_LEFT, *IRIS_RIGHT]
BROWS = [*BROW_LEFT, *BROW_RIGHT]


def off(target: Points, wanted: Points, points: list[int] | slice = slice(None)) -> float:
    """Largest distance in the image, in pixels."""
    return float(np.linalg.norm(target[points, :2] - wanted[points, :2], axis=1).max())


def openly(motion: MotionFrame) -> bool:
    """Whether eyes and mouth are open enough that no closing is at work."""
    return bool(motion.apertures[:2].min() > EYE_OPEN and motion.apertures[2] > MOUTH_OPEN)


def test_a_person_driven_by_themselves_moves_exactly_like_themselves(face_local: np.ndarray) -> None:
    photo = person(face_local)
    retarget = Retargeter(photo, neutral(face_local), ALL)
    checked = 0
    for number, recorded in enumerate(clip("talk").frames):
        face = face_local + 0.7 * recorded.expression
        pose = replace(turned(number * 0.6 - 15, 4 - number * 0.2, number * 0.4), scale=14 + number * 0.01)
        motion = since(face_local, face, pose)
        if openly(motion):
            checked += 1
            assert off(retarget(motion).points, person(face, pose)) < 0.05
    assert checked > 20


def test_a_real_clip_of_a_person_is_reproduced_from_its_first_frame(shared_data: Path, face_finder: FaceFinder) -> None:
    tracker = Tracker(finder=face_finder)
    with open_video(shared_data / "talking" / "g01_01.mp4") as video:
        faces = [tracker.track(frame.image) for frame in video]
    first = factor(faces[0], 0.0)
    retarget = Retargeter(faces[0].points, neutral_of(first), ALL)
    exact, errors = [], []
    for number, face in enumerate(faces):
        motion = relative_to(first, factor(face, number / 25))
        error = np.linalg.norm(retarget(motion).points[:, :2] - face.points[:, :2], axis=1)
        errors.append(error.mean())
        if openly(motion):
            exact.append(error.max())
    assert len(exact) >= 10 and max(exact) < 0.05
    assert max(errors) < 0.15  # where lids or lips come near each other, only they give way


def test_a_real_person_is_reproduced_from_a_first_frame(face_finder: FaceFinder) -> None:
    faces = [face_finder.find(frame)[0] for frame in gallery_driver("portrait-c049f")]
    first = factor(faces[0], 0.0)
    retarget = Retargeter(faces[0].points, neutral_of(first), ALL)
    exact = []
    for number, face in enumerate(faces):
        motion = relative_to(first, factor(face, number / 25))
        error = np.linalg.norm(retarget(motion).points[:, :2] - face.points[:, :2], axis=1)
        assert error.mean() < 0.15
        if openly(motion):
            exact.append(error.max())
    assert exact and max(exact) < 0.05


@pytest.mark.parametrize("whose", SHAPES[:-1])
@pytest.mark.parametrize("drivers", SHAPES)
def test_the_drivers_neutral_frame_leaves_a_photo_as_it_is(face_local: np.ndarray, whose: str, drivers: str) -> None:
    photo = person(relaxed(shaped(face_local, whose)), turned(12, -5, 3))
    driver = shaped(relaxed(face_local), drivers) if drivers != "lips-apart" else face_local
    retarget = Retargeter(photo, neutral(driver), ALL)
    target = retarget(since(driver, driver))
    if drivers == "lips-apart":  # an open mouth as neutral opens a closed one; the rest stays
        assert off(target.points, photo, LIDS + IRISES + BROWS) < 0.05
    else:
        assert off(target.points, photo) < 0.05
    assert np.allclose(target.pose.rotation, retarget.pose.rotation, atol=1e-6)


def openings(photo: np.ndarray, calm: np.ndarray, settings: MotionSettings) -> list[float]:
    """How far a photo's mouth is open while the driver's opens further and further."""
    retarget = Retargeter(person(photo), neutral(calm), settings)
    motion = still(local=calm)
    moved = [replace(motion, apertures=np.array([*motion.apertures[:2], value])) for value in DRIVEN]
    return [float(apertures(seen_local(retarget(moment).points))[2]) for moment in moved]


DRIVEN = (0.0, 0.02, 0.05, 0.1, 0.3, 0.6)


def test_a_photos_open_mouth_opens_as_far_as_the_drivers_and_no_further(face_local: np.ndarray) -> None:
    found = openings(shaped(face_local, "lips-apart"), relaxed(face_local), ALL)
    assert found[0] == pytest.approx(0, abs=1e-4)
    assert found[2:] == pytest.approx(DRIVEN[2:], abs=0.02)


def test_with_neutralise_0_an_open_mouth_stays_open_while_the_driver_talks(face_local: np.ndarray) -> None:
    smile = shaped(face_local, "lips-apart")
    own = float(apertures(smile)[2])
    found = openings(smile, relaxed(face_local), MotionSettings(neutralise=0.0))
    assert found == sorted(found)
    assert found[0] == pytest.approx(0, abs=1e-4)
    assert found[2] == pytest.approx(own, rel=0.1)
    assert found[-1] < 0.6 + own / 4  # the two openings do not add up


def seen_local(points: Points) -> np.ndarray:
    from animato.geometry.pose import local_from_points

    return local_from_points(points, fit_pose(points))


@pytest.mark.parametrize("pair", list(combinations(SHAPES[:3], 2)), ids="-".join)
def test_the_drivers_face_shape_does_not_leak(calm_local: np.ndarray, pair: tuple[str, str]) -> None:
    first, second = (shaped(calm_local, name) for name in pair)
    # The shapes differ by pixels where the target may differ by a fraction of one.
    shapes_apart = POSE.scale * np.linalg.norm(first - second, axis=1).mean()
    apart = []
    for recorded in clip("talk").frames[::5]:
        targets = [
            Retargeter(person(calm_local), neutral(face), ALL)(since(face, face + recorded.expression)).points
            for face in (first, second)
        ]
        apart.append(np.linalg.norm(targets[0] - targets[1], axis=1)[:468].mean())
    assert shapes_apart > 6
    assert np.mean(apart) < 0.05 * shapes_apart


def test_a_shape_that_differs_away_from_eyes_and_mouth_leaves_no_trace(calm_local: np.ndarray) -> None:
    other = calm_local.copy()
    chin = np.linalg.norm(calm_local - calm_local[152], axis=1) < 2.0
    other[chin] += (0.0, 1.5, -0.8)
    other[[1, 4, 5, 195]] += (0.0, 0.0, -1.0)  # a longer nose
    for recorded in clip("talk").frames[::7]:
        ours, theirs = (
            Retargeter(person(calm_local), neutral(face), ALL)(since(face, face + recorded.expression)).points
            for face in (calm_local, other)
        )
        assert off(ours, theirs) < 0.3


def test_shapes_of_real_people_hardly_leak(face_finder: FaceFinder, calm_local: np.ndarray) -> None:
    hardly_leak([gallery_photo(sheet, 2.0) for sheet in PHOTOS[:4]], face_finder, calm_local)


@pytest.mark.data
def test_shapes_of_more_people_hardly_leak(shared_data: Path, face_finder: FaceFinder, calm_local: np.ndarray) -> None:
    paths = sorted((shared_data / "portraits").glob("*_neutral.jpg"))[::20][:5]
    hardly_leak([load_picture(path).image for path in paths], face_finder, calm_local)


def hardly_leak(pictures: list[Frame], face_finder: FaceFinder, calm_local: np.ndarray) -> None:
    drivers = [factor(face_finder.find(picture)[0], 0.0).local for picture in pictures]
    for first, second in combinations(drivers, 2):
        apart = []
        for recorded in clip("talk").frames[::15]:
            targets = [
                Retargeter(person(calm_local), neutral(face), ALL)(since(face, face + recorded.expression)).points
                for face in (first, second)
            ]
            apart.append(np.linalg.norm(targets[0] - targets[1], axis=1)[:468].mean())
        assert np.mean(apart) < 0.15 * POSE.scale * np.linalg.norm(first - second, axis=1).mean()


PARTS = {"mouth": LIPS, "eyes": LIDS + IRISES, "brows": BROWS}


@pytest.mark.parametrize("part", PARTS)
def test_strength_nought_leaves_a_part_still(calm_local: np.ndarray, part: str) -> None:
    talk, photo = clip("talk"), person(calm_local)
    moving = Retargeter(photo, talk.neutral, MotionSettings(still_head=True))
    stilled = Retargeter(photo, talk.neutral, MotionSettings(still_head=True, **{part: 0.0}))
    moved = [off(moving(frame).points, photo, PARTS[part]) for frame in talk.frames]
    left = [off(stilled(frame).points, photo, PARTS[part]) for frame in talk.frames]
    assert max(moved) > 1.5
    assert max(left) < 0.05


@pytest.mark.parametrize("part", ["eyes", "brows"])
def test_strength_scales_a_movement_in_proportion(calm_local: np.ndarray, part: str) -> None:
    photo, points = person(calm_local), IRISES if part == "eyes" else BROWS
    motion = replace(still(local=calm_local), expression=np.zeros((478, 3), np.float32))
    motion.expression[points] = (0.05, -0.1, 0.0)
    one, two = (
        Retargeter(photo, neutral(calm_local), MotionSettings(**{part: strength}))(motion).points
        for strength in (1.0, 2.0)
    )
    assert np.allclose(2 * (one - photo)[points, :2], (two - photo)[points, :2], atol=0.02)
    assert np.linalg.norm((one - photo)[points, :2], axis=1).min() > 1.0


def swung(local: np.ndarray) -> MotionFrame:
    """A driver whose head turns about its neck, moves by (20, -10) pixels there and comes a little nearer."""
    pose = replace(turned(20, 10, -15), scale=POSE.scale * 1.05)
    swing = POSE.scale * PIVOT - pose.scale * pose.rotation @ PIVOT
    return since(local, local, replace(pose, translation=POSE.translation + swing * (1, 1, 0) + (20.0, -10.0, 0.0)))


def test_a_still_head_keeps_its_pose_and_moves_its_face(calm_local: np.ndarray) -> None:
    photo = person(calm_local, turned(-8, 3, 5))
    motion = replace(swung(calm_local), expression=clip("smile").frames[60].expression)
    for chosen in (MotionSettings(still_head=True), MotionSettings(pose=0.0)):
        retarget = Retargeter(photo, neutral(calm_local), chosen)
        target = retarget(motion)
        assert np.allclose(target.pose.rotation, retarget.pose.rotation)
        assert np.allclose(target.pose.translation, retarget.pose.translation)
        assert target.pose.scale == pytest.approx(retarget.pose.scale)
        assert off(target.points, photo, LIPS) > 2


def test_the_head_turns_shifts_and_grows_as_the_drivers_does(calm_local: np.ndarray) -> None:
    retarget = Retargeter(person(calm_local), neutral(calm_local), ALL)
    target = retarget(swung(calm_local))
    wanted = replace(turned(20, 10, -15), scale=POSE.scale * 1.05)
    assert np.abs(target.pose.rotation - wanted.rotation @ retarget.pose.rotation).max() < 1e-3
    assert target.pose.scale == pytest.approx(retarget.pose.scale * 1.05, rel=1e-4)
    first, now = (pose.translation + pose.scale * pose.rotation @ PIVOT for pose in (retarget.pose, target.pose))
    assert (now - first)[:2] == pytest.approx((20, -10), abs=0.2)


def test_the_targets_pose_is_the_pose_of_its_points(calm_local: np.ndarray) -> None:
    retarget = Retargeter(person(calm_local, turned(15, 5, 0)), neutral(calm_local), ALL)
    target = retarget(swung(calm_local))
    assert np.abs(fit_pose(target.points).rotation - target.pose.rotation).max() < 1e-4


def test_half_the_pose_is_half_the_turn(calm_local: np.ndarray) -> None:
    motion = replace(still(local=calm_local), rotation=rotation_exp(np.array([0.0, 0.6, 0.0])))
    retarget = Retargeter(person(calm_local), neutral(calm_local), MotionSettings(pose=0.5))
    turn = retarget(motion).pose.rotation @ retarget.pose.rotation.T
    assert np.abs(turn - rotation_exp(np.array([0.0, 0.3, 0.0]))).max() < 1e-9


def test_absolute_motion_takes_the_drivers_direction(calm_local: np.ndarray) -> None:
    driver_pose = turned(25, -10, 5)
    face = tracked(calm_local, driver_pose)
    motion = relative_to(face, face)  # the driver rests in a turned pose
    settings = MotionSettings(motion="absolute")
    target = Retargeter(person(calm_local, turned(-20, 0, 0)), neutral_of(face), settings)(motion)
    assert np.abs(target.pose.rotation - face.pose.rotation).max() < 1e-6
    relative = Retargeter(person(calm_local, turned(-20, 0, 0)), neutral_of(face), ALL)(motion)
    assert np.abs(relative.pose.rotation - turned(-20, 0, 0).rotation @ fit_rotation(calm_local)).max() < 1e-3


def fit_rotation(local: np.ndarray) -> np.ndarray:
    """What the fit makes of a face that looks straight ahead: its own asymmetry."""
    return fit_pose(person(local)).rotation


def test_hair_and_shoulders_move_as_far_as_asked_and_no_further_than_the_head(calm_local: np.ndarray) -> None:
    points, drift = person(calm_local), np.full((RING_POINTS, 2), 0.5, np.float32)
    motion = replace(still(local=calm_local), channels=channels_of(residual_flow=drift))

    def moved(**settings: float | bool) -> np.ndarray | None:
        return Retargeter(points, neutral(calm_local), MotionSettings(**settings))(motion).channels.get("residual_flow")  # type: ignore[arg-type]

    assert moved() == pytest.approx(0.5 * POSE.scale, rel=1e-3)
    assert moved(residual_flow=0.5, pose=0.5) == pytest.approx(0.125 * POSE.scale, rel=1e-3)
    assert moved(residual_flow=0.0) is None and moved(still_head=True) is None
    assert (
        Retargeter(points, neutral(calm_local), MotionSettings())(still(local=calm_local)).channels.get("residual_flow")
        is None
    )
