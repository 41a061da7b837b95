"""Summarise rows: the mean over people and its interval for every part, system and metric."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from animato.evaluation.bootstrap import Estimate, estimate
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
    estimate: Estimate | None
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
        mine = [row for row in rows if (row.part, row.system) == (part, system)]
        for metric in metrics:
            values = [(row.person, value) for row in mine if (value := row.values.get(metric)) is not None]
            numbers = sorted(value for _, value in values)
            cells.append(Cell(part, system, metric, estimate(values, resamples, seed), _median(numbers)))
    return cells


def _median(ordered: Sequence[float]) -> float | None:
    if not ordered:
        return None
    middle = len(ordered) // 2
    return ordered[middle] if len(ordered) % 2 else (ordered[middle - 1] + ordered[middle]) / 2
