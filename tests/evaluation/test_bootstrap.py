from __future__ import annotations

import numpy as np
import pytest

from animato.evaluation.bootstrap import mean_interval


def people(values: np.ndarray) -> list[tuple[str, float]]:
    return [(f"p{index:03d}", float(value)) for index, value in enumerate(values)]


def test_the_interval_holds_the_true_mean_about_nineteen_times_in_twenty() -> None:
    rough = np.random.default_rng(0)
    held = 0
    for trial in range(300):
        found = mean_interval(people(rough.normal(5, 2, 30)), 400, trial)
        assert found is not None and found.low is not None and found.high is not None
        held += found.low <= 5 <= found.high
    assert 0.90 <= held / 300 <= 0.98


def test_more_clips_of_the_same_people_do_not_narrow_the_interval() -> None:
    once = people(np.random.default_rng(1).normal(0, 1, 12))
    first, second = mean_interval(once, 500, 0), mean_interval(once * 10, 500, 0)
    assert first is not None and second is not None
    assert (second.mean, second.low, second.high) == pytest.approx((first.mean, first.low, first.high))
    assert (second.people, second.clips) == (12, 120)


def test_each_person_counts_once_whatever_their_clips() -> None:
    found = mean_interval([("a", 0.0), ("b", 1.0), ("b", 1.0), ("b", 1.0)], 100, 0)
    assert found is not None and found.mean == pytest.approx(0.5)


def test_one_person_has_a_mean_and_no_interval() -> None:
    found = mean_interval([("a", 1.0), ("a", 2.0)], 100, 0)
    assert found is not None and found.mean == 1.5 and found.low is None and found.spread is None


def test_the_same_seed_gives_the_same_interval_in_any_order() -> None:
    values = people(np.random.default_rng(2).normal(0, 1, 9))
    assert mean_interval(values, 300, 7) == mean_interval(values[::-1], 300, 7)
    assert mean_interval(values, 300, 7) != mean_interval(values, 300, 8)


def test_nothing_has_no_estimate() -> None:
    assert mean_interval([], 100, 0) is None
