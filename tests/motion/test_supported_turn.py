"""The knee: turns that the photos support are untouched, larger ones are compressed smoothly, and it is said once."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from motion_material import POSE, neutral, person, since, turned

from animato.geometry.pose import HeadPose
from animato.motion.neck_limits import PIVOT
from animato.motion.retarget import Retargeter, Target
from animato.motion.supported_turn import (
    BENT_YAW,
    CLOSED_DOWN,
    CLOSED_UP,
    CLOSED_YAW,
    PITCH_ROOM,
    YAW_ROOM,
    SupportedTurn,
    knee,
    supported_turn,
)
from animato.settings.motion import MotionSettings

FRONTAL = supported_turn([(0.0, 0.0)], closed=True)
degrees = st.floats(-89, 89)


def facing(yaw: float, pitch: float, roll: float = 0.0) -> HeadPose:
    """A head that faces a direction, degrees as of `HeadPose.degrees`."""
    return turned(-yaw, pitch, roll, replace(POSE, rotation=np.eye(3)))


@given(st.floats(-CLOSED_YAW, CLOSED_YAW), st.floats(-CLOSED_UP, CLOSED_DOWN), degrees)
def test_a_supported_turn_is_the_same_pose(yaw: float, pitch: float, roll: float) -> None:
    pose = facing(0.999 * yaw, 0.999 * pitch, roll)
    assert FRONTAL.eased(pose) is pose


@given(degrees, degrees, degrees)
def test_an_eased_turn_stays_within_its_room_and_keeps_roll_scale_and_neck(
    yaw: float, pitch: float, roll: float
) -> None:
    pose = facing(yaw, pitch, roll)
    eased = FRONTAL.eased(pose)
    new_yaw, new_pitch, new_roll = eased.degrees()
    assert abs(new_yaw) <= min(abs(yaw), CLOSED_YAW + YAW_ROOM) + 1e-6
    assert -CLOSED_UP - PITCH_ROOM <= new_pitch <= CLOSED_DOWN + PITCH_ROOM
    assert abs(new_pitch) <= abs(pitch) + 1e-6
    assert new_roll == pytest.approx(roll, abs=1e-6)
    assert eased.scale == pose.scale
    np.testing.assert_allclose(eased.rotation @ eased.rotation.T, np.eye(3), atol=1e-12)
    pivots = [each.translation + each.scale * each.rotation @ PIVOT for each in (pose, eased)]
    np.testing.assert_allclose(*pivots, atol=1e-9)


def test_the_knee_is_monotone_continuously_differentiable_and_bounded() -> None:
    low, high, room = -20.0, 50.0, 10.0
    values = np.linspace(-120, 150, 27_001)
    eased = np.array([knee(value, (low, high), room) for value in values.tolist()])
    inside = (values >= low) & (values <= high)
    assert np.array_equal(eased[inside], values[inside])
    assert (np.diff(eased) >= 0).all()
    slope = np.diff(eased) / np.diff(values)
    assert np.abs(np.diff(slope)).max() < 0.01, "no corner where it begins"
    assert eased.min() >= low - room
    assert eased.max() <= high + room


def test_a_photo_supports_turns_around_its_own_direction() -> None:
    turn = supported_turn([(20.0, -5.0)], closed=True)
    assert turn.yaw == (20 - CLOSED_YAW, 20 + CLOSED_YAW)
    assert turn.pitch == (-5 - CLOSED_UP, -5 + CLOSED_DOWN)
    assert [turn.towards(side) for side in ("left", "right", "up", "down")] == [35, 35, 15, 20]


def test_photos_from_the_sides_give_more_room_on_their_side_and_never_less() -> None:
    left = supported_turn([(0.0, 0.0), (-40.0, 2.0)], closed=True)
    both = supported_turn([(0.0, 0.0), (-40.0, 2.0), (35.0, 0.0)], closed=True)
    near = supported_turn([(0.0, 0.0), (3.0, 1.0)], closed=True)
    assert left.towards("left") > FRONTAL.towards("left")
    assert left.towards("right") == FRONTAL.towards("right")
    assert both.towards("left") == left.towards("left")
    assert both.towards("right") > FRONTAL.towards("right")
    assert near == FRONTAL


def test_a_bent_picture_supports_less_than_a_closed_head() -> None:
    bent = supported_turn([(0.0, 0.0)], closed=False)
    assert bent.yaw == (-BENT_YAW, BENT_YAW)
    assert all(bent.towards(side) <= FRONTAL.towards(side) for side in ("left", "right", "up", "down"))


def on_its_neck(yaw: float, pitch: float) -> HeadPose:
    """A driver who turned around the neck from `POSE`, degrees."""
    pose = turned(-yaw, pitch)
    swing = POSE.scale * (PIVOT - pose.rotation @ PIVOT)
    return replace(pose, translation=POSE.translation + swing * (1, 1, 0))


def shown(
    local: np.ndarray, yaw: float, pitch: float = 0.0, turn: SupportedTurn | None = FRONTAL
) -> tuple[Retargeter, Target]:
    """The retargeter of a frontal photo after a driver who turns in six steps, and the last target."""
    retarget = Retargeter(person(local), neutral(local), MotionSettings(), turn=turn)
    for share in (0.0, 0.2, 0.5, 0.8, 0.9, 1.0):
        target = retarget(since(local, local, on_its_neck(share * yaw, share * pitch)))
    return retarget, target


def test_a_driver_who_turns_too_far_is_eased_and_it_is_said_once(calm_local: np.ndarray) -> None:
    retarget, target = shown(calm_local, 60)
    assert CLOSED_YAW < target.pose.degrees()[0] < CLOSED_YAW + YAW_ROOM
    (warning,) = retarget.warnings()
    assert "60 degrees towards the right edge of the picture as 4" in warning
    assert "add a photo in which the face looks towards the right edge of the picture" in warning
    assert "`turn=free`" in warning


def test_turns_to_several_sides_are_one_warning(calm_local: np.ndarray) -> None:
    retarget, _ = shown(calm_local, -50, 40)
    (warning,) = retarget.warnings()
    assert "towards the left edge of the picture as" in warning
    assert "degrees down as" in warning
    assert "looks down, and one in which it looks towards the left edge of the picture" in warning


def test_a_supported_drive_is_the_same_to_the_last_bit_and_silent(calm_local: np.ndarray) -> None:
    for yaw, pitch in ((30, 0), (-30, 10), (10, -12)):
        eased, target = shown(calm_local, yaw, pitch)
        _, unlimited = shown(calm_local, yaw, pitch, turn=None)
        np.testing.assert_array_equal(target.points, unlimited.points)
        assert not eased.warnings()


def test_free_turns_are_not_touched(calm_local: np.ndarray) -> None:
    settings = MotionSettings(turn="free")
    motion = since(calm_local, calm_local, on_its_neck(70, 30))
    untouched = Retargeter(person(calm_local), neutral(calm_local), settings, turn=FRONTAL)
    unlimited = Retargeter(person(calm_local), neutral(calm_local), settings)
    np.testing.assert_array_equal(untouched(motion).points, unlimited(motion).points)
    assert not untouched.warnings()
