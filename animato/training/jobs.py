"""Training as a job on folders: what `animato train` calls."""

from __future__ import annotations

from pathlib import Path

import torch

from animato.data.manifest import read_manifest
from animato.data.shards import ShardClips
from animato.settings.training import TrainSettings
from animato.training.distributed import join_team
from animato.training.estimate import Estimate, estimate
from animato.training.meta import Report, TrainResult, train


def train_on_folder(settings: TrainSettings, data: Path, folder: Path, report: Report | None = None) -> TrainResult:
    """Train on a prepared folder, or continue to (see `training.meta.train`).

    Args:
        data: a folder made by `animato data prepare`.
        folder: the run folder.

    Raises:
        FileFormatError: `data` is no prepared folder.
        UsageError, OutputError, TrainingStoppedError, InterruptedRunError: as `train`.
    """
    return train(settings, ShardClips(data), folder, report, _margin(data))


def estimate_on_folder(settings: TrainSettings, data: Path, folder: Path, price: float | None = None) -> Estimate:
    """Say what training on a prepared folder will take (see `training.estimate.estimate`)."""
    team = join_team(settings.device)
    if settings.threads:
        torch.set_num_threads(settings.threads)
    try:
        return estimate(settings, ShardClips(data), folder, team, price)
    finally:
        team.leave()


def _margin(data: Path) -> float:
    return float(read_manifest(data)["settings"]["margin"])
