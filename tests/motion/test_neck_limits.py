"""Neck limits: rotation is free, translation and scale are limited."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from motion_material import POSE, neutral, person, since, still, turned

from animato.geometry.pose import HeadPose
from animato.motion.neck_limits import MAX_SCALE, MAX_TRANSLATION, PIVOT, face_width_cm, soft_limit
from animato.motion.retarget import Retargeter
from animato.settings.motion import MotionSettings


def pivot(pose: HeadPose) -> np.ndarray:
    """Position of the neck's pivot in the picture."""
    return np.asarray(pose.translation + pose.scale * pose.rotation @ PIVOT)[:2]


def moved(local: np.ndarray, settings: MotionSettings, right: float, down: float, zoom: float = 1.0) -> Retargeter:
    """A retargeter after one target of a driver's head translated by centimetres and scaled."""
    retarget = Retargeter(person(local), neutral(local), settings)
    motion = replace(still(local=local), translation=np.array([right, down]), scale=zoom)
    retarget.last = retarget(motion).pose  # type: ignore[attr-defined]
    return retarget


@pytest.mark.parametrize(("right", "down"), [(12.0, 0.0), (0.0, 30.0), (-100.0, -60.0), (5.0, -4.0)])
@pytest.mark.parametrize("pose", [1.0, 2.0])
def test_translation_of_a_walking_driver_is_limited(
    calm_local: np.ndarray, right: float, down: float, pose: float
) -> None:
    retarget = moved(calm_local, MotionSettings(pose=pose), right, down)
    shift = pivot(retarget.last) - pivot(retarget.pose)  # type: ignore[attr-defined]
    limit = MAX_TRANSLATION * face_width_cm(retarget.local) * retarget.pose.scale
    assert np.hypot(*shift) <= limit * (1 + 1e-9)
    assert shift @ (right, down) > 0.9 * np.hypot(*shift) * np.hypot(right, down), "the direction is kept"
    assert "`still_place=True`" in " ".join(retarget.warnings())


@pytest.mark.parametrize("zoom", [0.2, 0.8, 1.3, 4.0])
def test_scale_of_an_approaching_driver_is_limited(calm_local: np.ndarray, zoom: float) -> None:
    retarget = moved(calm_local, MotionSettings(), 0, 0, zoom)
    grown = retarget.last.scale / retarget.pose.scale  # type: ignore[attr-defined]
    assert 1 / MAX_SCALE - 1e-9 <= grown <= MAX_SCALE + 1e-9
    assert (grown > 1) == (zoom > 1)


def test_small_motion_passes_unchanged(calm_local: np.ndarray) -> None:
    retarget = moved(calm_local, MotionSettings(), 1.2, -0.8, 1.03)
    pose = retarget.last  # type: ignore[attr-defined]
    assert pose.scale == pytest.approx(1.03 * retarget.pose.scale)
    shift = (pose.translation - retarget.pose.translation)[:2] / retarget.pose.scale
    assert shift == pytest.approx((1.2, -0.8), abs=1e-6)
    assert not retarget.warnings()


def test_translation_of_the_face_by_rotation_is_not_limited(calm_local: np.ndarray) -> None:
    """Rotation about the neck translates the face by more than the limit, which applies at the pivot only."""
    turn = turned(yaw=60)
    swing = POSE.scale * (PIVOT - turn.rotation @ PIVOT)
    driver = replace(turn, translation=POSE.translation + swing * (1, 1, 0))
    retarget = Retargeter(person(calm_local), neutral(calm_local), MotionSettings())
    pose = retarget(since(calm_local, calm_local, driver)).pose
    moved_by = (pose.translation - retarget.pose.translation)[:2]
    assert np.hypot(*moved_by) > MAX_TRANSLATION * face_width_cm(retarget.local) * POSE.scale
    assert moved_by == pytest.approx(swing[:2], abs=0.5)


def test_still_place_keeps_rotation(calm_local: np.ndarray) -> None:
    driver = replace(
        turned(20, 10, -15), translation=POSE.translation + np.array([40.0, -30, 0]), scale=POSE.scale * 1.2
    )
    for settings in (MotionSettings(still_place=True), MotionSettings(shift=0.0, zoom=0.0)):
        retarget = Retargeter(person(calm_local), neutral(calm_local), settings)
        pose = retarget(since(calm_local, calm_local, driver)).pose
        assert np.abs(pose.rotation - turned(20, 10, -15).rotation @ retarget.pose.rotation).max() < 1e-3
        assert pivot(pose) == pytest.approx(pivot(retarget.pose), abs=1e-6)
        assert pose.scale == pytest.approx(retarget.pose.scale)


def test_shift_and_zoom_have_separate_strengths(calm_local: np.ndarray) -> None:
    half = moved(calm_local, MotionSettings(shift=0.5, zoom=0.0), 2.0, 0.0, 1.04)
    pose = half.last  # type: ignore[attr-defined]
    assert pose.scale == pytest.approx(half.pose.scale)
    assert (pivot(pose) - pivot(half.pose))[0] == pytest.approx(half.pose.scale, rel=0.02)


def test_the_limit_is_smooth_and_never_exceeded() -> None:
    lengths = np.linspace(0, 50, 5001)
    limited = np.array([soft_limit(length, 4.0) for length in lengths])
    steps = np.diff(limited)
    assert limited.max() < 4.0 and (steps >= 0).all()
    assert np.abs(np.diff(steps)).max() < 1e-4, "no kink"
    assert (limited[lengths <= 2.4] == lengths[lengths <= 2.4]).all()
