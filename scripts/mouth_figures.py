"""Figures of a predicted mouth against a tracked one, for `fit_sound.py`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from animato.geometry.apertures import mouth_width
from animato.geometry.landmarks import MOUTH_CORNERS
from animato.motion.controls import basis

CLOSED = 0.1
"""Gap between the lips, canonical centimetres, up to which a tracked mouth counts as closed (2 % of its width)."""
LAGS = np.arange(-0.2, 0.201, 0.02)
"""Lags that are tried, seconds."""
LIP_MIDDLES = (0, 17, 13, 14)
"""Landmarks in the middle of the lips."""

Array = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Curve:
    """A mouth over time.

    Attributes:
        times: N, seconds.
        measures: N x 3: gap between the lips, change of its width, lips pushed forward; canonical centimetres.
    """

    times: Array
    measures: Array

    @classmethod
    def of(cls, times: Array, expression: Array, gap: Array) -> Curve:
        """Return the curve of displacements (N x 478 x 3) and gaps (N)."""
        neutral = basis().neutral
        width = np.array([mouth_width(neutral + change) for change in expression]) - mouth_width(neutral)
        pushed = expression[:, LIP_MIDDLES, 2].mean(axis=1) - expression[:, MOUTH_CORNERS, 2].mean(axis=1)
        return cls(times, np.stack([gap, width, pushed], axis=1))


def print_figures(
    kind: str,
    found: Mapping[str, Curve],
    truth: Mapping[str, Curve],
    speaking: Mapping[str, NDArray[np.bool_]],
    people: Mapping[str, str],
) -> None:
    """Print correlation and error of each measure where people speak, mean over people, and lag and closed lips."""
    rows = {
        name: _figures(found[name].measures[speaking[name]], truth[name].measures[speaking[name]]) for name in found
    }
    lags = np.array([_lag(found[name], truth[name], speaking[name]) for name in found])
    by_person = [
        np.mean([row for name, row in rows.items() if people[name] == person], axis=0)
        for person in sorted(set(people.values()))
    ]
    mean = np.mean(by_person, axis=0)
    parts = [f"{what} r {mean[k]:.2f} rms {mean[k + 3]:.3f} cm" for k, what in enumerate(("gap", "width", "forward"))]
    gap = np.concatenate([found[name].measures[speaking[name], 0] for name in found])
    closed = np.concatenate([truth[name].measures[speaking[name], 0] < CLOSED for name in found])
    shut = gap < CLOSED
    far = (np.abs(lags) > 0.041).mean()
    lips = (
        f"{shut.mean():.2f} of the frames (truth {closed.mean():.2f}), {(shut & closed).sum() / closed.sum():.2f} found"
    )
    print(
        f"{kind}: {', '.join(parts)}, movement {mean[6]:.2f} of the true; closed lips: {lips}, AUC "
        f"{_auc(-gap, closed):.2f}; lag {1000 * np.mean(lags):.0f} ms, median {1000 * np.median(lags):.0f} ms, "
        f"beyond 40 ms {far:.0%}; gap r by person {' '.join(f'{row[0]:.2f}' for row in by_person)}",
        flush=True,
    )


def _figures(found: Array, truth: Array) -> list[float]:
    correlations = [_correlation(found[:, k], truth[:, k]) for k in range(3)]
    errors = [float(np.sqrt(np.mean((found[:, k] - truth[:, k]) ** 2))) for k in range(3)]
    return [*correlations, *errors, float(found[:, 0].std() / truth[:, 0].std())]


def _lag(found: Curve, truth: Curve, speaking: NDArray[np.bool_]) -> float:
    """Return the seconds by which the found gap comes after the true one."""
    times = truth.times[speaking]
    scores = [
        _correlation(np.interp(times + lag, found.times, found.measures[:, 0]), truth.measures[speaking, 0])
        for lag in LAGS
    ]
    return float(LAGS[int(np.argmax(scores))])


def _correlation(first: Array, second: Array) -> float:
    return float(np.corrcoef(first, second)[0, 1]) if min(first.std(), second.std()) > 1e-6 else 0.0


def _auc(score: Array, positive: NDArray[np.bool_]) -> float:
    """Return the chance that a positive has a higher score than a negative; ties count half."""
    above = (score[positive][:, None] > score[~positive][None]).mean()
    ties = (score[positive][:, None] == score[~positive][None]).mean()
    return float(above + ties / 2)
