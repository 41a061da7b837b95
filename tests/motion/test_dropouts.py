"""Dropouts: the last frame is held, eased to neutral and blended back without jumps."""

from __future__ import annotations

import itertools
import math
from dataclasses import replace

import numpy as np
import pytest
from motion_material import channels_of, moving, still

from animato.appearance.expression_light import LIGHT_VERTICES
from animato.appearance.mouth_grid import MOUTH_INTERIOR_SHAPE
from animato.appearance.residual_flow import RING_POINTS
from animato.motion.dropouts import EASE_SECONDS, HOLD_SECONDS, RESUME_SECONDS, DropoutFiller, Missing, mix, rest_frame
from animato.motion.motion_frame import MotionFrame, Neutral
from animato.motion.smooth import pose_vector

REST = Neutral(np.eye(3), np.array([0.21, 0.22, 0.01]), (3.0, 3.0), 5.0)
FPS = 25


def driver(time: float) -> MotionFrame:
    """A head that sways and talks, never neutral."""
    return moving(time, 3 + 0.5 * math.sin(3 * time), 2 + 0.5 * math.sin(2 * time), 1 + 0.3 * math.sin(9 * time))


def run(pattern: str) -> tuple[list[MotionFrame], DropoutFiller]:
    """Fill a sequence in which "x" is a frame with a face and "." one without."""
    filler = DropoutFiller(REST)
    frames = [driver(n / FPS) if sign == "x" else Missing(n / FPS) for n, sign in enumerate(pattern)]
    return list(filler.fill(frames)), filler


def state(frame: MotionFrame) -> np.ndarray:
    """Pose and expression as one vector, in centimetres."""
    return np.concatenate([pose_vector(frame), frame.expression[[152, 14]].ravel()])


LOST = "x" * 10 + "." * 40 + "x" * 20
FLICKER = "x" * 8 + "." * 36 + "xx" + "." * 3 + "x" + "." * 9 + "xxx" + "." * 30 + "x" * 12


@pytest.mark.parametrize(
    "pattern",
    [LOST, FLICKER, "." * 15 + "x" * 20, "x" * 10 + "." * 50, "x.x.x.x.x.x" * 3, "." * 20],
    ids=["lost", "flicker", "late", "gone", "blinking", "never"],
)
def test_every_frame_is_filled_without_jumps(pattern: str) -> None:
    frames, _ = run(pattern)
    assert [round(frame.time * FPS) for frame in frames] == list(range(len(pattern)))
    assert [frame.tracked for frame in frames] == [sign == "x" for sign in pattern]
    assert all(np.isfinite(state(frame)).all() for frame in frames)
    steps = [np.abs(state(b) - state(a)).max() for a, b in itertools.pairwise(frames)]
    own = max(np.abs(state(driver((n + 1) / FPS)) - state(driver(n / FPS))).max() for n in range(len(pattern)))
    furthest = max(np.abs(state(driver(n / FPS)) - state(rest_frame(REST))).max() for n in range(len(pattern)))
    fastest = 1.5 / (RESUME_SECONDS * FPS) * furthest  # the steepest part of an ease over the shorter time
    assert max(steps) < fastest + 2 * own


def test_the_last_frame_is_held_then_eased_to_neutral() -> None:
    frames, _ = run(LOST)
    last = state(frames[9])
    for frame in frames[10:60]:
        gone = frame.time - 10 / FPS
        if not frame.tracked and gone <= HOLD_SECONDS:
            assert np.allclose(state(frame), last)
        if not frame.tracked and gone >= HOLD_SECONDS + EASE_SECONDS:
            assert np.allclose(state(frame), 0, atol=1e-12)
            assert np.array_equal(frame.apertures, REST.apertures)
    middle = frames[10 + round((HOLD_SECONDS + EASE_SECONDS / 2) * FPS)]
    assert np.allclose(state(middle)[3:5], last[3:5] / 2, atol=0.05 * np.abs(last).max())


def test_a_returning_face_is_blended_in_then_passed_unchanged() -> None:
    frames, _ = run(LOST)
    for frame in frames[50:]:
        if frame.time - 50 / FPS >= RESUME_SECONDS:
            assert np.array_equal(state(frame), state(driver(frame.time)))
    assert np.allclose(state(frames[50]), 0, atol=1e-12)  # begins where the rest left it


def test_filled_intervals_are_reported() -> None:
    assert run(LOST)[1].intervals == [(0.4, 2.0)]
    assert run("x" * 10 + "." * 50)[1].intervals == [(0.4, pytest.approx(59 / FPS))]
    assert run("xxxx")[1].intervals == []
    assert len(run(FLICKER)[1].intervals) == 4


def test_a_sequence_without_dropouts_passes_unchanged() -> None:
    frames = [driver(n / FPS) for n in range(20)]
    assert all(a is b for a, b in zip(DropoutFiller(REST).fill(frames), frames, strict=True))


def test_mix_interpolates_linearly() -> None:
    a, b = moving(0.0, 2.0, 1.0, 0.4), moving(1.0, 4.0, 3.0, 0.8)
    assert np.allclose(state(mix(a, b, 0.0)), state(a), atol=1e-6)
    assert np.allclose(state(mix(a, b, 1.0)), state(b), atol=1e-6)
    half = mix(a, b, 0.5)
    assert np.allclose(state(half), (state(a) + state(b)) / 2, atol=1e-6)
    assert half.time == 1.0
    assert mix(still(0.0), b, 1.0).tracked == b.tracked


def test_residual_flow_fades_and_an_absent_one_counts_as_zero() -> None:
    drift = np.ones((RING_POINTS, 2), np.float32)
    away, rest = replace(moving(0.0, 1, 1, 1), channels=channels_of(residual_flow=drift)), rest_frame(REST)
    for weight in (0.0, 0.25, 1.0):
        out, back = (
            mix(away, rest, weight).channels.get("residual_flow"),
            mix(rest, away, weight).channels.get("residual_flow"),
        )
        assert out is not None and back is not None
        assert np.allclose(out, (1 - weight) * drift) and np.allclose(back, weight * drift)
    halfway = mix(away, replace(away, channels=channels_of(residual_flow=3 * drift)), 0.5).channels.get("residual_flow")
    assert halfway is not None and np.allclose(halfway, 2 * drift)
    assert mix(rest, rest, 0.5).channels.get("residual_flow") is None


def test_mouth_interiors_are_mixed_and_a_closed_mouth_is_ignored() -> None:
    dark, bright = (np.full(MOUTH_INTERIOR_SHAPE, level, np.float32) for level in (0.2, 0.8))
    first, second = (
        replace(moving(0.0, 1, 1, 1), channels=channels_of(mouth_interior=inside)) for inside in (dark, bright)
    )
    mixed = mix(first, second, 0.25).channels.get("mouth_interior")
    assert mixed is not None and np.allclose(mixed, 0.35)
    closed = replace(first, channels=channels_of(mouth_interior=None))
    for one in (mix(closed, second, 0.25), mix(second, closed, 0.25)):
        assert one.channels.get("mouth_interior") is bright
    assert mix(closed, closed, 0.5).channels.get("mouth_interior") is None


def test_expression_light_fades_with_the_motion() -> None:
    shade = np.full((LIGHT_VERTICES, 3), 0.4, np.float32)
    away = replace(moving(0.0, 1, 1, 1), channels=channels_of(expression_light=shade))
    faded = mix(away, rest_frame(REST), 0.25).channels.get("expression_light")
    assert faded is not None and np.allclose(faded, 0.3)
