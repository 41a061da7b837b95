"""Means and their confidence intervals over people."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

COVERAGE = 0.95


@dataclass(frozen=True)
class Estimate:
    """A mean over people.

    Attributes:
        mean: mean of the people's means.
        low: lower end of the 95 % interval, None for fewer than two people.
        high: upper end.
        people: how many people.
        clips: how many clips.
        spread: standard deviation over people, None for fewer than two.
    """

    mean: float
    low: float | None
    high: float | None
    people: int
    clips: int
    spread: float | None


def estimate(values: Sequence[tuple[str, float]], resamples: int, seed: int) -> Estimate | None:
    """Return the mean over people and its interval.

    Clips of one person are not independent, so a person's clips are averaged first and people are resampled with
    replacement: the percentile bootstrap of Efron & Tibshirani 1993, section 13.3, over clusters.

    Args:
        values: (person, value) of each clip.
        resamples: how many resamples.
        seed: start of the random choice.

    Returns:
        None without values.
    """
    if not values:
        return None
    by_person: dict[str, list[float]] = {}
    for person, value in values:
        by_person.setdefault(person, []).append(value)
    means = np.array([np.mean(by_person[person]) for person in sorted(by_person)])
    if len(means) < 2:
        return Estimate(float(means.mean()), None, None, len(means), len(values), None)
    picks = np.random.default_rng(seed).integers(0, len(means), (resamples, len(means)))
    low, high = np.quantile(means[picks].mean(axis=1), [(1 - COVERAGE) / 2, (1 + COVERAGE) / 2])
    return Estimate(float(means.mean()), float(low), float(high), len(means), len(values), float(means.std(ddof=1)))
