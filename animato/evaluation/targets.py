"""Quality targets of self-reenactment from one photo, relative to the still photo."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from animato.evaluation.rows import Row

Statistic = Literal["ratio", "mean", "median", "gain"]


@dataclass(frozen=True)
class QualityTarget:
    """One quality target.

    Attributes:
        subset: first folder of the clips it applies to.
        metric: name of the metric.
        statistic: "ratio" (mean of the clips over the still photo's mean), "mean" or "median" over clips, or "gain"
            (mean minus the still photo's mean).
        limit: the value to reach.
        above: whether larger is better.
    """

    subset: str
    metric: str
    statistic: Statistic
    limit: float
    above: bool = False


QUALITY_TARGETS = (
    QualityTarget("talking", "akd", "ratio", 0.28),
    QualityTarget("talking", "akd", "mean", 0.65),
    QualityTarget("talking", "psnr-face", "gain", 0.0, above=True),
    QualityTarget("talking", "ssim-face", "gain", 0.0, above=True),
    QualityTarget("rendered", "akd", "ratio", 0.10),
    QualityTarget("rendered", "akd", "median", 2.0),
    QualityTarget("rendered", "psnr-face", "gain", 0.0, above=True),
    QualityTarget("rendered", "ssim-face", "gain", 0.0, above=True),
)


SYSTEMS_WITH_TARGETS = ("geometry", "portrait", "portrait-adapted")
"""Systems with targets; the research baseline has none."""


@dataclass(frozen=True)
class TargetScore:
    """One target and the value reached."""

    part: str
    system: str
    target: QualityTarget
    value: float
    clips: int

    @property
    def met(self) -> bool:
        """Whether the value reaches the limit."""
        return self.value > self.target.limit if self.target.above else self.value <= self.target.limit

    def sentence(self) -> str:
        """Return one line of the report."""
        target = self.target
        label = {
            "ratio": "relative to the still photo",
            "mean": "mean",
            "median": "median",
            "gain": "gain over the still photo",
        }[target.statistic]
        relation = ">" if target.above else "at most"
        status = "met" if self.met else "MISSED"
        return (
            f"{status:<6} {self.system}, {self.part}: {target.metric} {label} {self.value:.3f} "
            f"(target: {relation} {target.limit:g}; {self.clips} clips)"
        )


def score_targets(rows: Sequence[Row], subsets: dict[str, str]) -> list[TargetScore]:
    """Return a score for every target with data.

    Only clips with values for both the system and the still photo are used.

    Args:
        rows: all rows of a run.
        subsets: part name to the subset of its clips, for self parts with one photo; other parts are absent.
    """
    target_scores = []
    for part, subset in subsets.items():
        still = {row.sample: row.values for row in rows if row.part == part and row.system == "still"}
        systems = dict.fromkeys(row.system for row in rows if row.part == part and row.system in SYSTEMS_WITH_TARGETS)
        for system in systems:
            system_rows = {row.sample: row.values for row in rows if row.part == part and row.system == system}
            for target in (item for item in QUALITY_TARGETS if item.subset == subset):
                pairs = [
                    (a, b)
                    for sample, values in system_rows.items()
                    if (a := values.get(target.metric)) is not None
                    and (b := still.get(sample, {}).get(target.metric)) is not None
                ]
                if pairs:
                    target_scores.append(TargetScore(part, system, target, _value(pairs, target.statistic), len(pairs)))
    return target_scores


def _value(pairs: Sequence[tuple[float, float]], statistic: Statistic) -> float:
    system_rows, still = np.array(pairs).T
    if statistic == "ratio":
        return float(system_rows.mean() / max(float(still.mean()), 1e-12))
    if statistic == "gain":
        return float(system_rows.mean() - still.mean())
    return float(np.median(system_rows) if statistic == "median" else system_rows.mean())
