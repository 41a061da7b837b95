"""Summarise rows: the mean over people and its interval for every part, system and metric."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from animato.evaluation.bootstrap import ConfidenceInterval, mean_interval
from animato.evaluation.rows import Row


@dataclass(frozen=True)
class Cell:
    """One number of a table.

    Attributes:
        part, system, metric: identify the cell.
        estimate: mean and interval over people; None where the metric is undefined in every clip.
        median: median over clips.
    """

    part: str
    system: str
    metric: str
    estimate: ConfidenceInterval | None
    median: float | None


def summarise(rows: Sequence[Row], metrics: Sequence[str], resamples: int, seed: int) -> list[Cell]:
    """Compute the cells of every part in the order of the rows.

    Args:
        rows: one for each part, sample and system.
        metrics: names, in the order of the table.
        resamples: number of bootstrap resamples.
        seed: random seed of the bootstrap.
    """
    cells = []
    for part, system in dict.fromkeys((row.part, row.system) for row in rows):
        system_rows = [row for row in rows if (row.part, row.system) == (part, system)]
        for metric in metrics:
            values = [(row.person, value) for row in system_rows if (value := row.values.get(metric)) is not None]
            numbers = sorted(value for _, value in values)
            cells.append(Cell(part, system, metric, mean_interval(values, resamples, seed), _median(numbers)))
    return cells


def _median(ordered: Sequence[float]) -> float | None:
    if not ordered:
        return None
    half = len(ordered) // 2
    return ordered[half] if len(ordered) % 2 else (ordered[half - 1] + ordered[half]) / 2
