"""Smoothing removes jitter and keeps motion: without delay for files, causally for live input."""

from __future__ import annotations

import itertools
from dataclasses import replace

import numpy as np
import pytest
from motion_material import channels_of, moving

from animato.appearance.expression_light import LIGHT_VERTICES
from animato.appearance.mouth_grid import MOUTH_INTERIOR_SHAPE
from animato.appearance.residual_flow import RING_POINTS
from animato.motion.motion_frame import MotionFrame
from animato.motion.smooth import (
    POSE_RANGE_SIGMA,
    WINDOW_RADIUS,
    CausalSmoother,
    OneEuro,
    pose_vector,
    smooth_file,
    with_pose_vector,
)

FPS = 30
NOISE = 0.02
"""Jitter in centimetres, about the tracker's."""


def values(frames: list[MotionFrame]) -> np.ndarray:
    """N x 3: shift, turn and jaw, in centimetres."""
    return np.array([[frame.translation[0], pose_vector(frame)[1], frame.expression[17, 1]] for frame in frames])


def signal(frames: int, noise: float = 0.0, slow: float = 0.1) -> tuple[list[MotionFrame], np.ndarray]:
    """A sine of `slow` hertz in all three, with noise; and what it is without."""
    time = np.arange(frames) / FPS
    clean = np.stack([0.8 * np.sin(2 * np.pi * slow * time + phase) for phase in (0, 1, 2)], axis=1)
    noisy = clean + np.random.default_rng(3).normal(size=clean.shape) * noise
    return [moving(t, *row) for t, row in zip(time, noisy, strict=True)], clean


def jitter(rows: np.ndarray) -> np.ndarray:
    return np.asarray(np.abs(np.diff(rows, 2, axis=0)).mean(axis=0))


def lag(rows: np.ndarray, reference: np.ndarray) -> np.ndarray:
    """Frames by which each column follows its reference: the delay with the least squared error (first order)."""
    slope = np.gradient(reference, axis=0)
    return np.asarray(-((rows - reference) * slope).sum(axis=0) / (slope**2).sum(axis=0))


def best_shift(rows: np.ndarray, reference: np.ndarray) -> list[int]:
    """Frames by which each column must be shifted for the largest cross-correlation with its reference."""
    columns = zip(rows.T, reference.T, strict=True)
    scores = [[np.corrcoef(a[8 + k : len(a) - 8 + k], b[8:-8])[0, 1] for k in range(-6, 7)] for a, b in columns]
    return [int(np.argmax(row)) - 6 for row in scores]


def test_a_file_is_smoothed_without_delay_and_with_less_jitter() -> None:
    noisy, clean = signal(300, NOISE)
    smooth = values(list(smooth_file(noisy, 0.5)))
    assert np.abs(lag(smooth, clean) - lag(values(noisy), clean)).max() < 0.15
    assert (jitter(smooth) < 0.7 * jitter(values(noisy))).all()
    assert (np.abs(smooth - clean).std(axis=0) < np.abs(values(noisy) - clean).std(axis=0)).all()


@pytest.mark.parametrize("hertz", [0.5, 1.0, 2.0, 4.0])
def test_motion_of_any_speed_is_not_delayed(hertz: float) -> None:
    noisy, clean = signal(120, NOISE, hertz)
    assert best_shift(values(list(smooth_file(noisy, 1.0))), clean) == [0, 0, 0]


def test_more_strength_is_smoother() -> None:
    noisy, _ = signal(120, NOISE)
    levels = [jitter(values(list(smooth_file(noisy, strength)))) for strength in (0.1, 0.3, 0.6, 1.0)]
    for less, more in itertools.pairwise(levels):
        assert (more < less).all()


@pytest.mark.parametrize(("strength", "allowed"), [(0.5, 1e-5), (1.0, 0.05)])
def test_a_fast_step_stays_a_step(strength: float, allowed: float) -> None:
    time = np.arange(60) / FPS
    heights = np.where(np.arange(60) < 30, 0.0, 1.5)
    frames = [moving(t, h, h, h) for t, h in zip(time, heights, strict=True)]
    smooth = values(list(smooth_file(frames, strength)))
    assert np.abs(smooth - heights[:, None]).max() < allowed


def test_a_steady_drift_is_not_flattened() -> None:
    frames = [moving(n / FPS, 0.01 * n, 0.01 * n, 0.01 * n) for n in range(60)]
    assert np.abs(values(list(smooth_file(frames, 1.0))) - values(frames))[5:-5].max() < 1e-6


def test_strength_nought_gives_the_frames_themselves() -> None:
    frames, _ = signal(20, NOISE)
    assert all(a is b for a, b in zip(smooth_file(frames, 0.0), frames, strict=True))
    causal = CausalSmoother(0.0)
    assert all(causal(frame) is frame for frame in frames)


def test_smoothing_equals_a_slow_weighted_mean_of_the_whole_file() -> None:
    noisy, _ = signal(40, NOISE)
    poses = np.stack([pose_vector(frame) for frame in noisy])
    times = np.array([frame.time for frame in noisy])
    for number, frame in enumerate(smooth_file(noisy, 0.5)):
        near = np.abs(times - times[number]) <= WINDOW_RADIUS + 1e-6
        far = np.linalg.norm(poses - poses[number], axis=1)
        weights = near * np.exp(
            -2 * ((times - times[number]) / WINDOW_RADIUS) ** 2 - 0.5 * (far / (POSE_RANGE_SIGMA * 0.5)) ** 2
        )
        assert np.abs(pose_vector(frame) - weights @ poses / weights.sum()).max() < 1e-9


def test_lookahead_is_limited_to_the_window() -> None:
    frames, _ = signal(60)
    taken = 0

    def counted() -> object:
        nonlocal taken
        for frame in frames:
            taken += 1
            yield frame

    for given, _ in enumerate(smooth_file(counted(), 0.5), 1):  # type: ignore[arg-type]
        assert taken - given <= WINDOW_RADIUS * FPS + 1


def test_times_and_apertures_are_the_drivers() -> None:
    frames, _ = signal(30, NOISE)
    uneven = [replace(frame, time=frame.time + 0.01 * (n % 3)) for n, frame in enumerate(frames)]
    smooth = list(smooth_file(uneven, 0.8))
    assert [frame.time for frame in smooth] == [frame.time for frame in uneven]
    assert all(np.array_equal(a.apertures, b.apertures) for a, b in zip(smooth, uneven, strict=True))


def test_filled_frames_neither_change_nor_count() -> None:
    frames, _ = signal(30)
    frames = [replace(frame, tracked=n not in range(10, 20)) for n, frame in enumerate(frames)]
    odd = [replace(frame, translation=frame.translation + 0.02) if not frame.tracked else frame for frame in frames]
    smooth, other = list(smooth_file(frames, 0.5)), list(smooth_file(odd, 0.5))
    assert all(smooth[n] is frames[n] for n in range(10, 20))
    assert all(np.array_equal(values([smooth[n]]), values([other[n]])) for n in range(30) if n not in range(10, 20))


def test_live_smoothing_is_causal() -> None:
    noisy, _ = signal(40, NOISE)
    other = [*noisy[:25], *(moving(frame.time, 9.0, 9.0, 9.0) for frame in noisy[25:])]
    first, second = CausalSmoother(0.7), CausalSmoother(0.7)
    ours, theirs = values([first(frame) for frame in noisy]), values([second(frame) for frame in other])
    assert np.array_equal(ours[:25], theirs[:25])
    assert np.abs(ours[25:] - theirs[25:]).min() > 0.1


def test_live_smoothing_reduces_jitter_and_lags_under_three_frames() -> None:
    noisy, clean = signal(300, NOISE)
    causal = CausalSmoother(0.5)
    smooth = values([causal(frame) for frame in noisy])
    assert (jitter(smooth) < 0.75 * jitter(values(noisy))).all()
    late = lag(smooth, clean)
    assert late.min() > 0 and late.max() < 3


def test_live_smoothing_comes_to_rest_where_the_driver_rests() -> None:
    causal = CausalSmoother(1.0)
    frames = [causal(moving(n / FPS, *(0.0 if n < 5 else 1.0,) * 3)) for n in range(60)]
    assert np.abs(values(frames)[-1] - 1.0).max() < 0.02


def test_the_one_euro_filter_follows_its_equations() -> None:
    rng = np.random.default_rng(9)
    euro, value, speed = OneEuro(1.5, 0.4), None, np.zeros(3)
    for number in range(30):
        x = rng.normal(size=3)
        got = euro(x, number / FPS)
        if value is None:
            value = x
        else:
            alpha = lambda cutoff: 1 / (1 + FPS / (2 * np.pi * cutoff))  # noqa: E731  (equation 5)
            raw = (x - value) * FPS
            speed = alpha(1.0) * raw + (1 - alpha(1.0)) * speed
            weight = alpha(1.5 + 0.4 * np.linalg.norm(speed) / np.sqrt(3))  # equation 4, over a vector
            value = weight * x + (1 - weight) * value
        assert np.abs(got - value).max() < 1e-12


def test_a_clock_that_jumps_back_resets_the_live_filter() -> None:
    euro = OneEuro(1.0, 0.1)
    euro(np.zeros(2), 5.0)
    assert np.array_equal(euro(np.ones(2), 1.0), np.ones(2))


@pytest.mark.parametrize("zoom", [0.5, 1.0, 1.7])
def test_a_pose_vector_round_trips(zoom: float) -> None:
    frame = replace(moving(0.0, 1.5, -4.0, 0.0), scale=zoom)
    again = with_pose_vector(frame, pose_vector(frame))
    assert np.abs(again.rotation - frame.rotation).max() < 1e-12
    assert again.scale == pytest.approx(zoom) and np.allclose(again.translation, frame.translation)


def test_residual_flow_jitter_is_smoothed_and_motion_is_kept() -> None:
    random = np.random.default_rng(5)
    time = np.arange(90) / FPS
    clean = 0.8 * np.sin(2 * np.pi * 0.3 * time)[:, None, None] * np.ones((1, RING_POINTS, 2))
    noisy = clean + random.normal(0, NOISE, clean.shape)
    frames = [
        replace(moving(t), channels=channels_of(residual_flow=row.astype(np.float32)))
        for t, row in zip(time, noisy, strict=True)
    ]
    live = CausalSmoother(0.5)
    for made in (list(smooth_file(frames, 0.5)), [live(frame) for frame in frames]):
        smooth = np.array([frame.channels.get("residual_flow") for frame in made])
        assert np.abs(np.diff(smooth, 2, axis=0)).mean() < 0.7 * np.abs(np.diff(noisy, 2, axis=0)).mean()
        assert np.abs(smooth - clean).max() < 0.3
    as_it_was = list(smooth_file(frames, 0.0))[7].channels.get("residual_flow")
    assert as_it_was is frames[7].channels.get("residual_flow")
    one_seen = [
        replace(frame, channels=channels_of(residual_flow=None if n else frame.channels.get("residual_flow")))
        for n, frame in enumerate(frames[:5])
    ]
    assert [frame.channels.get("residual_flow") is None for frame in smooth_file(one_seen, 0.5)] == [False, *[True] * 4]


def test_mouth_interior_flicker_is_smoothed_and_touching_lips_take_their_neighbours() -> None:
    random = np.random.default_rng(6)
    noisy = 0.5 + random.normal(0, 0.02, (40, *MOUTH_INTERIOR_SHAPE))
    frames = [
        replace(moving(n / FPS), channels=channels_of(mouth_interior=row.astype(np.float32)))
        for n, row in enumerate(noisy)
    ]
    frames[20] = replace(frames[20], channels=channels_of(mouth_interior=None))
    made = list(smooth_file(frames, 0.5))
    assert all(frame.channels.get("mouth_interior") is not None for frame in made)
    smooth = np.array([frame.channels.get("mouth_interior") for frame in made])
    assert np.abs(np.diff(smooth, 2, axis=0)).mean() < 0.7 * np.abs(np.diff(noisy, 2, axis=0)).mean()
    assert np.abs(smooth - 0.5).max() < 0.1
    teeth_appear = [
        replace(f, channels=channels_of(mouth_interior=np.full(MOUTH_INTERIOR_SHAPE, float(n >= 20), np.float32)))
        for n, f in enumerate(frames)
    ]
    steps = np.array([frame.channels.get("mouth_interior") for frame in smooth_file(teeth_appear, 0.5)])[:, 0, 0, 0]
    assert steps[18] < 0.05 and steps[21] > 0.95, "a change is not jitter"


def test_expression_light_jitter_is_smoothed_and_a_blink_is_kept() -> None:
    random = np.random.default_rng(7)
    noisy = random.normal(0, 0.05, (40, LIGHT_VERTICES, 3)).astype(np.float32)
    frames = [replace(moving(n / FPS), channels=channels_of(expression_light=row)) for n, row in enumerate(noisy)]
    live = CausalSmoother(0.5)
    for made in (list(smooth_file(frames, 0.5)), [live(frame) for frame in frames]):
        smooth = np.array([frame.channels.get("expression_light") for frame in made])
        assert np.abs(np.diff(smooth, 2, axis=0)).mean() < 0.7 * np.abs(np.diff(noisy, 2, axis=0)).mean()
    lids = [
        replace(f, channels=channels_of(expression_light=np.full((LIGHT_VERTICES, 3), 0.5 * (n >= 20), np.float32)))
        for n, f in enumerate(frames)
    ]
    steps = np.array([frame.channels.get("expression_light") for frame in smooth_file(lids, 0.5)])[:, 0, 0]
    assert steps[18] < 0.05 and steps[21] > 0.45, "a change is not jitter"
