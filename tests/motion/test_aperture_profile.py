"""Closure: lids and lips meet exactly when the driver's do, for any face shapes, and never cross."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from gallery_faces import PHOTOS, gallery_driver, gallery_photo
from motion_material import POSE, SHAPES, clip, neutral, person, relaxed, shaped, since, still, tracked, turned

from animato.geometry.apertures import (
    EYE_CLOSED,
    LID_PAIRS_LEFT,
    LID_PAIRS_RIGHT,
    MOUTH_CLOSED,
    apertures,
)
from animato.geometry.landmarks import canonical_face
from animato.geometry.pose import local_from_points
from animato.geometry.smoothstep import smoothstep
from animato.media.image import load_picture
from animato.media.reader import open_video
from animato.motion.aperture_profile import aperture_vectors, scale_apertures, set_aperture_vectors
from animato.motion.motion_frame import MotionFrame, Neutral, factor, neutral_of, relative_to
from animato.motion.retarget import Retargeter
from animato.settings.motion import MotionSettings
from animato.tracking.face_finder import FaceFinder
from animato.tracking.tracker import Tracker
from animato.types import Points

SHUT = (EYE_CLOSED, EYE_CLOSED, MOUTH_CLOSED)


def check_closure(photo: Points, measures: Neutral, frames: list[MotionFrame], settings: MotionSettings) -> list[int]:
    """Assert that openings close with the driver's and never cross; return how often each was closed."""
    retarget = Retargeter(photo, measures, settings)
    closed = [0, 0, 0]
    for motion in frames:
        target = retarget(motion)
        gaps = aperture_vectors(local_from_points(target.points, target.pose))
        for place, limit in enumerate(SHUT):
            assert gaps[place][:, 1].min() > -1e-4, f"opening {place} crossed at {motion.time:.2f} s"
            if motion.apertures[place] <= limit:
                closed[place] += 1
                pixels = target.pose.scale * np.abs(gaps[place]).max()
                assert pixels < 1e-2, f"opening {place} gapes {pixels:.3f} px at {motion.time:.2f} s"
    return closed


@pytest.mark.parametrize("whose", SHAPES)
@pytest.mark.parametrize("movement", ["talk", "blink"])
@pytest.mark.parametrize("motion", ["relative", "absolute"])
def test_openings_close_when_the_drivers_do(face_local: np.ndarray, whose: str, movement: str, motion: str) -> None:
    recorded = clip(movement)
    photo = person(shaped(face_local, whose), turned(15, -5, 8))
    closed = check_closure(photo, recorded.neutral, list(recorded.frames), MotionSettings(motion=motion))
    assert closed[0] >= 3 and closed[2] >= 10  # the movements do blink, and do close the mouth


@pytest.mark.parametrize("strengths", [(0.5, 0.5), (1.5, 1.5), (2.0, 2.0)])
def test_lids_and_lips_never_cross_at_any_strength(face_local: np.ndarray, strengths: tuple[float, float]) -> None:
    talk = clip("talk")
    mouth, eyes = strengths
    retarget = Retargeter(person(face_local), talk.neutral, MotionSettings(mouth=mouth, eyes=eyes))
    for motion in talk.frames:
        target = retarget(motion)
        gaps = aperture_vectors(local_from_points(target.points, target.pose))
        assert min(gap[:, 1].min() for gap in gaps) > -1e-4


@pytest.mark.parametrize("lid", [160, 159, 157])
def test_lids_of_a_driver_that_cross_at_one_point_do_not_cross_here(calm_local: np.ndarray, lid: int) -> None:
    squinting = scale_apertures(calm_local, (0.5, 0.5, 1.0))
    squinting[lid, 1] += 0.6  # the tracker puts one point of the upper lid below the lower one
    assert aperture_vectors(squinting)[0][:, 1].min() < -0.05
    target = Retargeter(person(calm_local), neutral(calm_local), MotionSettings())(since(calm_local, squinting))
    assert aperture_vectors(local_from_points(target.points, target.pose))[0][:, 1].min() > -1e-4


def test_real_blinks_and_lips_close_real_portraits(shared_data: Path, face_finder: FaceFinder) -> None:
    tracker = Tracker(finder=face_finder)
    with open_video(shared_data / "talking" / "g16_01.mp4") as video:
        faces = [factor(face, n / 25) for n, frame in enumerate(video) if (face := tracker.track(frame.image))]
    first = min(faces, key=lambda item: abs(item.local[13, 1] - item.local[14, 1]))
    motion = [relative_to(first, face) for face in faces]
    closed = np.zeros(3, int)
    for path in sorted((shared_data / "portraits").glob("*.jpg"))[::24]:
        face = face_finder.find(load_picture(path).image)[0]
        closed += check_closure(face.points, neutral_of(first), motion, MotionSettings())
    assert closed[0] > 0 and closed[2] > 0


def test_a_real_blink_and_real_lips_close_other_people(face_finder: FaceFinder) -> None:
    frames = gallery_driver("portrait-c049f", 2.0)
    faces = [factor(face_finder.find(frame)[0], number / 25) for number, frame in enumerate(frames)]
    motion = [relative_to(faces[0], face) for face in faces]
    closed = np.zeros(3, int)
    for sheet in PHOTOS:
        face = face_finder.find(gallery_photo(sheet, 2.0))[0]
        closed += check_closure(face.points, neutral_of(faces[0]), motion, MotionSettings())
    assert closed[2] > 0


def test_a_wink_closes_one_eye_only(calm_local: np.ndarray) -> None:
    wink = scale_apertures(calm_local, (0.0, 1.0, 1.0))
    photo = shaped(calm_local, "wide")
    target = Retargeter(person(photo), neutral(calm_local), MotionSettings())(since(calm_local, wink))
    left, right, _ = apertures(local_from_points(target.points, target.pose))
    assert left == pytest.approx(0, abs=1e-4)
    assert right == pytest.approx(apertures(photo)[1], rel=0.05)


def test_wide_and_narrow_eyes_close_at_the_same_moment(calm_local: np.ndarray) -> None:
    for name in ("plain", "narrow-eyed"):
        photo = shaped(calm_local, name)
        own = apertures(photo)[0]
        retarget = Retargeter(person(photo), neutral(calm_local), MotionSettings())
        shares = []
        for keep in np.linspace(1, 0, 11):
            target = retarget(since(calm_local, scale_apertures(calm_local, (keep, keep, 1.0))))
            shares.append(apertures(local_from_points(target.points, target.pose))[0] / own)
        assert shares == sorted(shares, reverse=True)
        assert shares[0] == pytest.approx(1, abs=0.02) and shares[-1] == pytest.approx(0, abs=1e-3)
        assert 0.3 < shares[4] < 0.75


def test_wider_eyes_of_the_driver_widen_the_photos(calm_local: np.ndarray) -> None:
    startled = scale_apertures(calm_local, (1.3, 1.3, 1.0))
    target = Retargeter(person(calm_local), neutral(calm_local), MotionSettings())(since(calm_local, startled))
    now = apertures(local_from_points(target.points, target.pose))[:2]
    assert now == pytest.approx(1.3 * apertures(calm_local)[:2], rel=0.03)


def test_aperture_vectors_are_set_exactly_and_distant_points_stay(face_local: np.ndarray) -> None:
    wanted = [
        np.tile([0.01, 0.3, -0.02], (len(gap), 1)) * (place + 1)
        for place, gap in enumerate(aperture_vectors(face_local))
    ]
    result = set_aperture_vectors(face_local, wanted)
    for got, want in zip(aperture_vectors(result), wanted, strict=True):
        assert np.abs(got - want).max() < 1e-9
    moved = np.linalg.norm(result - face_local, axis=1)
    vertices = canonical_face().vertices
    far = (np.abs(vertices[:, 1]) > 6.5) | (np.abs(vertices[:, 0]) > 7)  # forehead, chin's edge, ears
    assert moved[:468][far].max() < 0.12 * moved.max()
    assert moved[468:].max() == 0  # gaze is not a matter of lids


def test_setting_the_current_aperture_vectors_changes_nothing(face_local: np.ndarray) -> None:
    assert set_aperture_vectors(face_local, aperture_vectors(face_local)) is face_local
    assert scale_apertures(face_local, (1.0, 1.0, 1.0)) is face_local


def test_skin_follows_a_closing_lid_with_decaying_weight(face_local: np.ndarray) -> None:
    moved = (scale_apertures(face_local, (0.0, 1.0, 1.0)) - face_local)[:, 1]
    lid, crease, under_brow, brow = (moved[index] for index in (159, 27, 222, 52))  # the left eye, upwards
    assert lid > crease > under_brow >= brow >= 0
    assert brow < 0.1 * lid


def test_openness_runs_smoothly_from_closed_to_open() -> None:
    values = [smoothstep(value, 0.1, 0.3) for value in (-1, 0.1, 0.15, 0.2, 0.25, 0.3, 9)]
    assert values == pytest.approx([0, 0, 0.15625, 0.5, 0.84375, 1, 1])


def test_apertures_do_not_change_when_the_head_turns(face_local: np.ndarray) -> None:
    straight, away = (tracked(face_local, pose).local for pose in (POSE, turned(35, 20, 60)))
    assert apertures(away) == pytest.approx(apertures(straight), abs=1e-4)


def test_lid_pairs_face_each_other() -> None:
    vertices = canonical_face().vertices
    for pairs in (LID_PAIRS_LEFT, LID_PAIRS_RIGHT):
        upper, lower = np.array(pairs).T
        assert (vertices[upper, 1] < vertices[lower, 1]).all()
        assert np.abs(vertices[upper, 0] - vertices[lower, 0]).max() < 0.35


def test_a_photo_with_closed_eyes_opens_only_as_far_as_a_driver_opens(face_local: np.ndarray) -> None:
    asleep = scale_apertures(relaxed(face_local), (0.0, 0.0, 1.0))
    awake = still(local=relaxed(face_local))
    retarget = Retargeter(person(asleep), neutral(relaxed(face_local)), MotionSettings())
    target = retarget(awake)
    assert np.abs(apertures(local_from_points(target.points, target.pose))[:2]).max() < 0.02
