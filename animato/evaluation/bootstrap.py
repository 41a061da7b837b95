"""Means and their confidence intervals over people."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from animato.errors import MissingPartError

CONFIDENCE_LEVEL = 0.95


@dataclass(frozen=True)
class ConfidenceInterval:
    """A mean over people and its bootstrap confidence interval.

    Attributes:
        mean: mean of the people's means.
        low: lower bound of the 95 % interval, None for fewer than two people.
        high: upper bound.
        people: number of people.
        clips: number of clips.
        spread: standard deviation over people, None for fewer than two.
    """

    mean: float
    low: float | None
    high: float | None
    people: int
    clips: int
    spread: float | None


def mean_interval(values: Sequence[tuple[str, float]], resamples: int, seed: int) -> ConfidenceInterval | None:
    """Compute the mean over people and its confidence interval.

    Clips of one person are not independent, so they are averaged first and people are resampled with replacement: the
    percentile bootstrap (Efron & Tibshirani 1993, section 13.3) over clusters.

    Args:
        values: (person, value) of each clip.
        resamples: number of resamples.
        seed: random seed.

    Returns:
        None without values.

    Raises:
        MissingPartError: scipy is not installed.
    """
    if not values:
        return None
    by_person: dict[str, list[float]] = {}
    for person, value in values:
        by_person.setdefault(person, []).append(value)
    person_means = np.array([np.mean(by_person[person]) for person in sorted(by_person)])
    if len(person_means) < 2:
        return ConfidenceInterval(float(person_means.mean()), None, None, len(person_means), len(values), None)
    low, high = bootstrap()(
        (person_means,),
        np.mean,
        n_resamples=resamples,
        confidence_level=CONFIDENCE_LEVEL,
        method="percentile",
        rng=np.random.default_rng(seed),
    ).confidence_interval
    return ConfidenceInterval(
        float(person_means.mean()),
        float(low),
        float(high),
        len(person_means),
        len(values),
        float(person_means.std(ddof=1)),
    )


def bootstrap() -> Any:
    """Return `scipy.stats.bootstrap`.

    Raises:
        MissingPartError: scipy is not installed.
    """
    try:
        from scipy import stats
    except ImportError as error:
        raise MissingPartError(
            "confidence intervals need scipy, which is not installed", hint="pip install 'animato[evaluation]'"
        ) from error
    return stats.bootstrap
