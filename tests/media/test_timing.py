"""Stamps become seconds that only grow; any rate becomes a constant one without drift."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from animato.media.timing import FrameClock, resample
from animato.types import TimedFrame

RATES = [Fraction(12), Fraction(24000, 1001), Fraction(25), Fraction(30000, 1001), Fraction(60), Fraction(7, 2)]


def timed(times: list[float]) -> list[TimedFrame]:
    """One-pixel frames that carry their index."""
    return [TimedFrame(np.full((1, 1, 3), i % 256, np.uint8), t) for i, t in enumerate(times)]


def told(clock: FrameClock, stamps: list[float | None]) -> list[float | None]:
    return [None if (t := clock.tell(s)) is None else round(t, 6) for s in stamps]


def test_a_clock_counts_from_the_first_stamp_even_a_negative_one() -> None:
    assert told(FrameClock(0.04), [-0.08, -0.04, 0.0, 0.04]) == [0.0, 0.04, 0.08, 0.12]


def test_missing_stamps_are_filled_with_the_usual_distance() -> None:
    assert told(FrameClock(0.04), [None, None, None]) == [0.0, 0.04, 0.08]
    assert told(FrameClock(0.04), [5.0, None, 5.08, None]) == [0.0, 0.04, 0.08, 0.12]


def test_a_frame_that_shares_its_moment_is_left_out_without_moving_the_others() -> None:
    assert told(FrameClock(0.04), [0.0, 0.04, 0.04, 0.08, 0.07, 0.12]) == [0.0, 0.04, None, 0.08, None, 0.12]


def test_stamps_that_stand_still_are_given_up_for_counting() -> None:
    clock = FrameClock(0.04)
    times = told(clock, [0.0] * 10)
    kept = [t for t in times if t is not None]
    assert len(kept) >= 8
    assert np.allclose(np.diff(kept), 0.04)
    assert "do not advance" in clock.warnings()[0]


def test_jumps_of_the_stamps_are_closed() -> None:
    clock = FrameClock(0.04)
    assert told(clock, [0.0, 0.04, 95443.0, 95443.04, 1.0, 1.04]) == [0.0, 0.04, 0.08, 0.12, 0.16, 0.2]
    assert clock.jumps == 2
    assert "jump 2 times" in clock.warnings()[0]


def test_frames_beyond_the_fastest_rate_are_skipped_and_counted() -> None:
    clock = FrameClock(1 / 240, fastest=1 / 120)
    kept = [t for t in told(clock, [i / 240 for i in range(240)]) if t is not None]
    assert len(kept) == 120
    assert "120 frames were left out" in clock.warnings()[0]


@given(st.lists(st.one_of(st.none(), st.floats(-1e6, 1e6)), min_size=1, max_size=60))
def test_whatever_the_stamps_time_grows_strictly(stamps: list[float | None]) -> None:
    clock = FrameClock(0.04)
    kept = [t for s in stamps if (t := clock.tell(s)) is not None]
    assert kept[0] == 0.0
    assert all(b > a for a, b in itertools.pairwise(kept))


@pytest.mark.parametrize("fps", RATES)
@pytest.mark.parametrize("rounding", [None, 1000, 100])
def test_a_constant_rate_passes_unchanged_through_rounded_stamps(fps: Fraction, rounding: int | None) -> None:
    times = [float(i / fps) for i in range(400)]
    if rounding and fps <= rounding / 4:
        times = [round(t * rounding) / rounding for t in times]
    out = list(resample(timed(times), fps))
    assert [int(f.image[0, 0, 0]) for f in out] == [i % 256 for i in range(400)]
    assert [f.time for f in out] == [float(i / fps) for i in range(400)]


@pytest.mark.parametrize(("source", "target"), [(25, 30), (30, 25), (12, 25), (60, 25), (25, 50), (10, 60)])
def test_changing_the_rate_keeps_length_and_shows_no_frame_early_or_late(source: int, target: int) -> None:
    out = list(resample(timed([i / source for i in range(200)]), Fraction(target)))
    assert abs(len(out) / target - 200 / source) <= 1 / target
    for frame in out:
        shown = int(frame.image[0, 0, 0]) / source
        assert -0.25 / target - 1e-9 <= frame.time - shown < 1 / source


@given(st.lists(st.floats(0.002, 0.4), min_size=1, max_size=120), st.sampled_from(RATES))
def test_resampling_equals_a_slow_search_for_the_newest_frame(gaps: list[float], fps: Fraction) -> None:
    times = [0.0, *np.cumsum(gaps).tolist()]
    for frame in resample(timed(times), fps):
        reach = frame.time + float(1 / fps) / 4
        newest = max(i for i, t in enumerate(times) if t <= reach + 1e-9)
        assert int(frame.image[0, 0, 0]) in {
            newest,
            max(0, newest - 1) if abs(times[newest] - reach) < 1e-6 else newest,
        }


def test_the_last_frame_is_held_to_the_end_that_is_told() -> None:
    frames = timed([0.0, 0.1, 0.2])
    assert len(list(resample(frames, Fraction(10)))) == 3
    assert len(list(resample(frames, Fraction(10), end=lambda: 1.0))) == 10
    assert len(list(resample(frames, Fraction(10), end=lambda: None))) == 3
    assert len(list(resample(timed([0.0]), Fraction(10)))) == 1
    assert list(resample([], Fraction(10))) == []


def test_resampling_holds_one_frame_at_a_time() -> None:
    pulled = 0

    def source() -> Iterator[TimedFrame]:
        nonlocal pulled
        for frame in timed([i / 25 for i in range(100)]):
            pulled += 1
            yield frame

    out = resample(source(), Fraction(25))
    for _ in range(10):
        next(out)
    assert pulled <= 11


def test_a_rate_of_nothing_is_refused() -> None:
    with pytest.raises(ValueError, match="positive"):
        next(resample(timed([0.0]), Fraction(0)))
