"""Settings of training the parts network. No torch in here."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from animato.settings.base import check, setting


@dataclass(frozen=True, kw_only=True)
class PartsTrainSettings:
    """Everything that shapes a training run of the parts network."""

    steps: int = setting(8000, "Optimiser steps.", low=1)
    batch: int = setting(8, "Pictures in one step.", low=1, high=1024)
    real: float = setting(
        0.35, "Share of photos before plain walls in a batch, where there are any.", low=0.0, high=1.0, group="Data"
    )
    backgrounds: float = setting(
        0.6, "Probability that a person is put before another background.", low=0.0, high=1.0, group="Data"
    )
    lr: float = setting(1.5e-3, "Learning rate (AdamW), rising over 100 steps, then a half cosine.", low=0.0, high=1.0)
    depth: float = setting(0.5, "Weight of the L1 term on depth, per canonical centimetre.", low=0.0, group="Losses")
    average: float = setting(
        0.998, "Decay per step of the moving average of the weights.", low=0.0, high=0.999999, group="Optimiser"
    )
    seed: int = setting(0, "Random seed.", low=0, group="Advanced")
    threads: int = setting(0, "CPU threads; 0 uses the default of torch.", low=0, high=1024, group="Advanced")
    device: Literal["cpu", "cuda"] = setting("cpu", "cpu, or cuda.")
    save_minutes: float = setting(
        4.0, "Longest interval between checkpoints.", low=0.0, unit="minutes", group="Checkpoints and logging"
    )
    log_steps: int = setting(50, "Log every this many steps.", low=1, group="Checkpoints and logging")
    validate_steps: int = setting(1000, "Validate every this many steps.", low=1, group="Checkpoints and logging")

    def __post_init__(self) -> None:
        check(self, "train-parts")
