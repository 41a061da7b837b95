"""A head stays on its neck: it turns freely, and moves and grows by no more than a neck allows."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from motion_material import POSE, neutral, person, since, still, turned

from animato.geometry.pose import HeadPose
from animato.motion.neck_limits import GROWTH, PIVOT, REACH, face_width_cm, soft_limit
from animato.motion.retarget import Retargeter
from animato.settings.motion import MotionSettings


def pivot(pose: HeadPose) -> np.ndarray:
    """Where the neck's pivot lies in the picture."""
    return np.asarray(pose.translation + pose.scale * pose.rotation @ PIVOT)[:2]


def moved(local: np.ndarray, settings: MotionSettings, right: float, down: float, zoom: float = 1.0) -> Retargeter:
    """A retargeter that has made one target of a driver's head moved by centimetres, and made larger."""
    retarget = Retargeter(person(local), neutral(local), settings)
    motion = replace(still(local=local), shift=np.array([right, down]), zoom=zoom)
    retarget.last = retarget(motion).pose  # type: ignore[attr-defined]
    return retarget


@pytest.mark.parametrize(("right", "down"), [(12.0, 0.0), (0.0, 30.0), (-100.0, -60.0), (5.0, -4.0)])
@pytest.mark.parametrize("pose", [1.0, 2.0])
def test_a_driver_that_walks_does_not_stretch_the_neck(
    calm_local: np.ndarray, right: float, down: float, pose: float
) -> None:
    retarget = moved(calm_local, MotionSettings(pose=pose), right, down)
    shift = pivot(retarget.last) - pivot(retarget.pose)  # type: ignore[attr-defined]
    limit = REACH * face_width_cm(retarget.local) * retarget.pose.scale
    assert np.hypot(*shift) <= limit * (1 + 1e-9)
    assert shift @ (right, down) > 0.9 * np.hypot(*shift) * np.hypot(right, down), "the direction is kept"
    assert "`still_place=True`" in " ".join(retarget.warnings())


@pytest.mark.parametrize("zoom", [0.2, 0.8, 1.3, 4.0])
def test_a_driver_that_comes_nearer_does_not_blow_the_head_up(calm_local: np.ndarray, zoom: float) -> None:
    retarget = moved(calm_local, MotionSettings(), 0, 0, zoom)
    grown = retarget.last.scale / retarget.pose.scale  # type: ignore[attr-defined]
    assert 1 / GROWTH - 1e-9 <= grown <= GROWTH + 1e-9
    assert (grown > 1) == (zoom > 1)


def test_small_movement_passes_unchanged(calm_local: np.ndarray) -> None:
    retarget = moved(calm_local, MotionSettings(), 1.2, -0.8, 1.03)
    pose = retarget.last  # type: ignore[attr-defined]
    assert pose.scale == pytest.approx(1.03 * retarget.pose.scale)
    shift = (pose.translation - retarget.pose.translation)[:2] / retarget.pose.scale
    assert shift == pytest.approx((1.2, -0.8), abs=1e-6)
    assert not retarget.warnings()


def test_a_head_that_turns_far_carries_its_face_along(calm_local: np.ndarray) -> None:
    """Turning about the neck moves the face by more than a neck may shift; it is not held back."""
    turn = turned(yaw=60)
    swing = POSE.scale * (PIVOT - turn.rotation @ PIVOT)
    driver = replace(turn, translation=POSE.translation + swing * (1, 1, 0))
    retarget = Retargeter(person(calm_local), neutral(calm_local), MotionSettings())
    pose = retarget(since(calm_local, calm_local, driver)).pose
    moved_by = (pose.translation - retarget.pose.translation)[:2]
    assert np.hypot(*moved_by) > REACH * face_width_cm(retarget.local) * POSE.scale
    assert moved_by == pytest.approx(swing[:2], abs=0.5)


def test_a_head_that_keeps_its_place_still_turns_and_nods(calm_local: np.ndarray) -> None:
    driver = replace(
        turned(20, 10, -15), translation=POSE.translation + np.array([40.0, -30, 0]), scale=POSE.scale * 1.2
    )
    for settings in (MotionSettings(still_place=True), MotionSettings(shift=0.0, zoom=0.0)):
        retarget = Retargeter(person(calm_local), neutral(calm_local), settings)
        pose = retarget(since(calm_local, calm_local, driver)).pose
        assert np.abs(pose.rotation - turned(20, 10, -15).rotation @ retarget.pose.rotation).max() < 1e-3
        assert pivot(pose) == pytest.approx(pivot(retarget.pose), abs=1e-6)
        assert pose.scale == pytest.approx(retarget.pose.scale)


def test_shift_and_zoom_have_strengths_of_their_own(calm_local: np.ndarray) -> None:
    half = moved(calm_local, MotionSettings(shift=0.5, zoom=0.0), 2.0, 0.0, 1.04)
    pose = half.last  # type: ignore[attr-defined]
    assert pose.scale == pytest.approx(half.pose.scale)
    assert (pivot(pose) - pivot(half.pose))[0] == pytest.approx(half.pose.scale, rel=0.02)


def test_the_limit_is_smooth_and_never_passed() -> None:
    lengths = np.linspace(0, 50, 5001)
    limited = np.array([soft_limit(length, 4.0) for length in lengths])
    steps = np.diff(limited)
    assert limited.max() < 4.0 and (steps >= 0).all()
    assert np.abs(np.diff(steps)).max() < 1e-4, "no kink"
    assert (limited[lengths <= 2.4] == lengths[lengths <= 2.4]).all()
