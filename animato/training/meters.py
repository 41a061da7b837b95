"""Accumulate figures between log lines on the device, so that no step synchronises."""

from __future__ import annotations

import math
import time
from collections.abc import Mapping
from dataclasses import dataclass, field

import torch
from torch import Tensor

from animato.training.distributed import ProcessGroup


@dataclass(frozen=True)
class Interval:
    """The steps between two log lines.

    Attributes:
        figures: means over steps and processes by name.
        speed: steps per second.
        sick_step: the first step with a figure that is not finite, in any process, or None.
    """

    figures: dict[str, float]
    speed: float
    sick_step: int | None


@dataclass
class Meter:
    """Sums over the steps since the last log line, and the first step that was not healthy."""

    _sums: dict[str, Tensor] = field(default_factory=dict)
    _counts: dict[str, int] = field(default_factory=dict)
    _sick: Tensor | None = None
    _steps: int = 0
    _started: float = field(default_factory=time.perf_counter)

    def add(self, step: int, figures: Mapping[str, Tensor]) -> None:
        """Add the figures of one step, scalars; a figure may be missing in some steps."""
        for name, value in figures.items():
            self._sums[name] = self._sums[name] + value if name in self._sums else value.clone()
            self._counts[name] = self._counts.get(name, 0) + 1
        healthy = torch.isfinite(torch.stack(list(figures.values()))).all()
        found = torch.where(healthy, math.inf, float(step))
        self._sick = found if self._sick is None else torch.minimum(self._sick, found)
        self._steps += 1

    def close(self, group: ProcessGroup) -> Interval:
        """Return the figures and reset; every process must call it at the same step."""
        assert self._sick is not None
        names = sorted(self._sums)
        means = torch.stack([self._sums[name].float() / self._counts[name] for name in names])
        figures = dict(zip(names, group.mean(means).tolist(), strict=True))
        sick = float(group.gather(self._sick[None]).min())
        speed = self._steps / max(1e-9, time.perf_counter() - self._started)
        self.__init__()  # type: ignore[misc]
        return Interval(figures, speed, int(sick) if math.isfinite(sick) else None)
