"""Accumulate figures between log lines on the device, so that no step synchronises."""

from __future__ import annotations

import time
from dataclasses import dataclass, field

import torch
from torch import Tensor

from animato.training.distributed import ProcessGroup
from animato.training.divergence_guard import PictureStatistics
from animato.training.update import UpdateOutput


@dataclass
class Meter:
    """Sums over the steps since the last log line."""

    _sums: dict[str, Tensor] = field(default_factory=dict)
    _steps: int = 0
    _started: float = field(default_factory=time.perf_counter)

    def add(self, output: UpdateOutput) -> None:
        """Add one step."""
        values = {
            "loss_drawer": output.generator.loss,
            "loss_critic": output.discriminator.loss,
            "critic_real_right": output.discriminator.real_accuracy,
            "critic_fake_right": output.discriminator.fake_accuracy,
            **{f"loss_{name}": part for name, part in output.generator.parts.items()},
        }
        for name, value in values.items():
            self._sums[name] = self._sums[name] + value if name in self._sums else value.clone()
        self._steps += 1

    def close(self, output: UpdateOutput, episodes: int, process_group: ProcessGroup) -> tuple[dict[str, float], float]:
        """Return the means over steps and processes with the last gradient norms, and episodes per second; then reset.

        Must be called by every process at the same step.

        Args:
            output: the last step, computed with `measure`.
            episodes: episodes since the last log line.
        """
        assert output.gradient_norms is not None
        names = sorted(self._sums)
        means = process_group.mean(torch.stack([self._sums[name].float() for name in names]) / self._steps)
        figures = dict(zip(names, means.tolist(), strict=True))
        figures["gradient_drawer"], figures["gradient_critic"] = (float(norm) for norm in output.gradient_norms)
        speed = episodes / max(1e-9, time.perf_counter() - self._started)
        self._sums, self._steps, self._started = {}, 0, time.perf_counter()
        return figures, speed


def statistics_figures(name: str, statistics: PictureStatistics) -> dict[str, float]:
    """Convert image statistics to log figures."""
    return {f"{name}_mean": statistics.mean, f"{name}_spread": statistics.spread}
