"""What the head does: it follows, rests, breathes and blinks; changes are eased and no frame jumps."""

from __future__ import annotations

import numpy as np
import pytest
from live_fakes import NEUTRAL, moved

from animato.live.performer import EXPRESSIONS, Performer, mirrored
from animato.live.protocols import LiveMotion
from animato.motion.controls import motion_of
from animato.motion.dropouts import EASE_SECONDS, HOLD_SECONDS, rest_frame
from animato.motion.idle import idle_frame, with_controls
from animato.motion.motion_frame import MotionFrame
from animato.motion.smooth import pose_vector

STEP = 1 / 30


def perform(performer: Performer, arrivals: list[LiveMotion | None], start: float = 0.0) -> list[MotionFrame]:
    return [performer(arrived, start + index * STEP).motion for index, arrived in enumerate(arrivals)]


def turns(frames: list[MotionFrame]) -> np.ndarray:
    return np.array([pose_vector(frame)[1] for frame in frames])


def turned(count: int, start: float = 0.0) -> list[LiveMotion | None]:
    return [moved(start + index * STEP, yaw=20.0) for index in range(count)]


def test_the_head_is_followed_within_the_blend_and_then_exactly() -> None:
    performer = Performer(NEUTRAL)
    frames = perform(performer, turned(30))
    assert performer.is_following
    np.testing.assert_allclose(frames[-1].rotation, moved(0.0, yaw=20.0).motion.rotation, atol=1e-12)


def test_a_lost_face_is_held_then_eased_to_rest_without_a_jump_and_back() -> None:
    performer = Performer(NEUTRAL)
    lost = round((HOLD_SECONDS + EASE_SECONDS) / STEP) + 5
    frames = perform(performer, [*turned(30), *[None] * lost, *turned(30, (30 + lost) * STEP)])
    turn = turns(frames)
    assert abs(turn[30 + 5] - turn[29]) < 1e-6
    assert abs(turn[30 + lost - 1]) < 0.2 * abs(turn[29])
    assert turn[-1] == pytest.approx(turn[29])
    assert np.abs(np.diff(turn[10:])).max() < 0.35 * abs(turn[29])


def test_a_frame_without_a_face_counts_as_none() -> None:
    untracked = LiveMotion(rest_frame(NEUTRAL), NEUTRAL, 0.0)
    performer = Performer(NEUTRAL)
    frames = perform(performer, [*turned(30), *[untracked] * 60])
    assert abs(turns(frames)[-1]) < 0.2 * abs(turns(frames)[29])


def test_it_breathes_and_blinks_by_itself() -> None:
    frames = [idle_frame(NEUTRAL, index * STEP) for index in range(30 * 60)]
    eyes = np.array([frame.apertures[0] for frame in frames])
    closed = eyes < 0.2 * NEUTRAL.apertures[0]
    blinks = np.count_nonzero(np.diff(closed.astype(int)) == 1)
    assert 12 <= blinks <= 20
    assert not any(frame.tracked for frame in frames)
    moves = np.abs(np.diff([pose_vector(frame) for frame in frames], axis=0)).max()
    assert 0 < moves < 0.01  # centimetres at the surface of the face, in a thirtieth of a second


def test_hidden_and_frozen_heads_do_not_follow() -> None:
    performer = Performer(NEUTRAL)
    perform(performer, turned(30))
    performer.switches.freeze = True
    frozen = perform(performer, [moved(2.0, yaw=-20.0)] * 10, 1.0)
    assert np.ptp(turns(frozen)) == 0
    performer.switches.freeze, performer.switches.hide = False, True
    hidden = perform(performer, turned(60), 2.0)
    assert abs(turns(hidden)[-1]) < 0.2
    assert not performer.is_following


@pytest.mark.parametrize("name", EXPRESSIONS)
def test_an_expression_comes_and_goes_smoothly(name: str) -> None:
    performer = Performer(NEUTRAL)
    perform(performer, turned(30))
    performer.switches.expression = name
    coming = perform(performer, turned(15), 1.0)
    shown = moved(0.0, yaw=20.0, **EXPRESSIONS[name]).motion
    np.testing.assert_allclose(coming[-1].expression, shown.expression, atol=1e-5)
    np.testing.assert_allclose(coming[-1].apertures, shown.apertures, atol=0.02)
    performer.switches.expression = None
    going = perform(performer, turned(15), 1.5)
    assert np.abs(going[-1].expression).max() < 1e-6
    faces = np.stack([frame.expression for frame in (*coming, *going)])
    assert np.abs(np.diff(faces, axis=0)).max() < 0.35 * np.abs(shown.expression).max()


def test_mirroring_swaps_left_and_right_and_twice_is_nothing() -> None:
    wink = moved(0.0, yaw=12.0, wink_left=1.0, gaze_x=10.0).motion
    other = motion_of({"yaw": -12.0, "wink_right": 1.0, "gaze_x": -10.0})
    once = mirrored(wink)
    np.testing.assert_allclose(once.rotation, other.rotation, atol=1e-9)
    np.testing.assert_allclose(once.translation, other.translation, atol=1e-9)
    np.testing.assert_allclose(once.apertures, other.apertures, atol=0.03)
    np.testing.assert_allclose(once.expression, other.expression, atol=0.12)
    np.testing.assert_allclose(mirrored(once).expression, wink.expression, atol=1e-6)


def test_controls_are_added_to_motion() -> None:
    base = moved(0.0, jaw_open=0.3).motion
    added = with_controls(base, {"blink": 1.0})
    assert added.apertures[0] < 0.01 and added.apertures[2] == pytest.approx(base.apertures[2])
