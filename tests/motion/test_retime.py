"""Retiming resamples motion at the output times; the jitter meter matches its definition."""

from __future__ import annotations

import math
from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest
from motion_material import moving

from animato.geometry.apertures import MOUTH_CLOSED
from animato.motion.jitter import JitterMeter
from animato.motion.motion_frame import MotionFrame
from animato.motion.retime import SNAP_SHARE, retime


def swaying(times: list[float]) -> list[MotionFrame]:
    """A head that moves evenly: 2 cm a second to the right, its chin 1 cm a second down."""
    return [moving(time, 2 * time, 0.0, time) for time in times]


def places(frames: list[MotionFrame]) -> np.ndarray:
    return np.array([[frame.time, frame.translation[0] / 2, frame.expression[17, 1]] for frame in frames])


@pytest.mark.parametrize(("given", "wanted"), [(25, 30), (30, 25), (24, 60), (50, 12), (Fraction(30000, 1001), 25)])
def test_another_frame_rate_interpolates_between_recorded_frames(given: Fraction | int, wanted: int) -> None:
    frames = swaying([float(n / Fraction(given)) for n in range(60)])
    retimed = places(list(retime(frames, Fraction(wanted))))
    assert np.allclose(retimed[:, 0], np.arange(len(retimed)) / wanted)
    # Moments within the snap are taken as they are: at most this share of a recorded step away.
    assert np.abs(retimed[:, 1:] - retimed[:, :1]).max() <= SNAP_SHARE / float(given) + 1e-6
    assert retimed[-1, 0] <= frames[-1].time < retimed[-1, 0] + 1 / wanted


def test_halfway_is_halfway() -> None:
    first, second = moving(0.0, 1.0, 2.0, 0.3), moving(0.1, 2.0, 4.0, 0.5)
    middle = list(retime([first, second], Fraction(20)))[1]
    assert middle.time == pytest.approx(0.05)
    assert middle.translation[0] == pytest.approx(1.5)
    assert middle.expression[17, 1] == pytest.approx(0.4)


def test_variable_frame_rates_keep_their_times() -> None:
    rng = np.random.default_rng(4)
    times = np.concatenate([[0.0], np.cumsum(rng.uniform(0.01, 0.12, 60))])
    retimed = places(list(retime(swaying(times.tolist()), Fraction(25))))
    assert np.allclose(retimed[:, 0], np.arange(len(retimed)) / 25)
    assert np.abs(retimed[:, 1:] - retimed[:, :1]).max() <= SNAP_SHARE * 0.12 + 1e-6


def test_the_same_rate_gives_the_same_frames() -> None:
    frames = swaying([n / 25 for n in range(50)])
    retimed = list(retime(frames, Fraction(25)))
    assert len(retimed) == 50
    assert all(np.array_equal(a.expression, b.expression) for a, b in zip(retimed, frames, strict=True))


def test_a_late_first_frame_fills_the_beginning() -> None:
    retimed = list(retime(swaying([0.2, 0.24, 0.28]), Fraction(25)))
    assert [frame.time for frame in retimed] == pytest.approx([n / 25 for n in range(8)])
    assert all(frame.translation[0] == pytest.approx(0.4) for frame in retimed[:5])


@pytest.mark.parametrize("duration", [1.0, 1.5, 2.0])
def test_the_last_frame_is_held_until_the_clip_ends(duration: float) -> None:
    retimed = list(retime(swaying([n / 25 for n in range(25)]), Fraction(30), duration))
    assert len(retimed) == round(duration * 30)
    assert retimed[-1].translation[0] == pytest.approx(2 * 24 / 25, abs=0.1)


def test_a_frame_between_tracked_and_filled_counts_as_filled() -> None:
    frames = swaying([0.0, 0.1, 0.2])
    frames[1] = replace(frames[1], tracked=False)
    assert [frame.tracked for frame in retime(frames, Fraction(20))] == [True, False, False, False, True]


def talking(times: list[float], shut: int, openings: tuple[int, ...] = (2,)) -> list[MotionFrame]:
    """An open mouth (or eyes) that is shut in one recorded moment; its chin, or brow, tells which moment is shown."""
    frames = []
    for number, time in enumerate(times):
        apertures = np.array([0.2, 0.2, 0.2])
        apertures[list(openings)] = 0.0 if number == shut else 0.2
        frames.append(replace(moving(time, jaw=0.0 if number == shut else 1.0), apertures=apertures))
    return frames


@pytest.mark.parametrize(("given", "wanted"), [(120, 60), (120, 25), (60, 25), (50, 30), (30, 25), (25, 60)])
def test_lips_that_touch_between_two_output_frames_touch_in_one_of_them(given: int, wanted: int) -> None:
    length = len(list(retime(swaying([n / given for n in range(60)]), Fraction(wanted))))
    for shut in range(20, 44):
        frames = talking([n / given for n in range(60)], shut)
        retimed = list(retime(frames, Fraction(wanted)))
        touching = [frame for frame in retimed if frame.apertures[2] <= MOUTH_CLOSED]
        assert 1 <= len(touching) <= math.ceil(1.5 * wanted / given), shut
        near = min(touching, key=lambda frame: abs(frame.time - frames[shut].time))
        assert abs(near.time - frames[shut].time) <= 0.5 / wanted + 1e-6, shut
        assert near.expression[17, 1] == pytest.approx(0.0, abs=1e-6), "the jaw is where it was when the lips touched"
        assert len(retimed) == length, shut


def test_lips_touch_at_variable_frame_rates_too() -> None:
    rng = np.random.default_rng(1)
    times = np.concatenate([[0.0], np.cumsum(rng.uniform(0.005, 0.07, 80))]).tolist()
    for shut in range(5, 76):
        retimed = list(retime(talking(times, shut), Fraction(30)))
        assert any(frame.apertures[2] <= MOUTH_CLOSED for frame in retimed)


def test_a_blink_between_two_output_frames_is_kept() -> None:
    retimed = list(retime(talking([n / 120 for n in range(60)], 21, (0, 1)), Fraction(25)))
    assert sum(frame.apertures[:2].max() == 0.0 for frame in retimed) == 1
    assert all(frame.apertures[2] == 0.2 for frame in retimed)


def test_an_empty_sequence_gives_nothing() -> None:
    assert list(retime([], Fraction(25), 3.0)) == []


def points(height: float) -> np.ndarray:
    result = np.zeros((478, 3), np.float32)
    result[:, 1] = height
    return result


def test_the_jitter_of_a_parabola_is_its_second_difference() -> None:
    meter = JitterMeter(2.0)
    for number in range(20):
        meter.add(points(0.5 * 3.0 * number**2))  # second difference 3 px in y, none in x
    assert meter.value == pytest.approx(3.0 / 2 / 2)  # mean over x and y, at two pixels to one


def test_uniform_motion_has_no_jitter() -> None:
    meter = JitterMeter(1.0)
    for number in range(10):
        meter.add(points(7.0 * number))
    assert meter.value == 0.0


def test_jitter_equals_the_slow_formula() -> None:
    rng = np.random.default_rng(2)
    sequence = rng.normal(size=(12, 478, 3)).astype(np.float32)
    meter = JitterMeter(1.5)
    for frame in sequence:
        meter.add(frame)
    second = sequence[2:] - 2 * sequence[1:-1] + sequence[:-2]
    assert meter.value == pytest.approx(float(np.abs(second[:, :468, :2]).mean()) / 1.5, rel=1e-5)


def test_nothing_is_measured_across_an_interruption_nor_before_three_frames() -> None:
    meter = JitterMeter(1.0)
    for height in (0.0, 0.0):
        meter.add(points(height))
    assert meter.value is None
    meter.interrupt()
    for height in (900.0, 901.0, 902.0):
        meter.add(points(height))
    assert meter.value is not None and math.isclose(meter.value, 0.0)
