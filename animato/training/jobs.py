"""Train on a prepared folder (`animato train`)."""

from __future__ import annotations

from pathlib import Path

import torch

from animato.data.manifest import read_manifest_head
from animato.data.shards import ShardClips
from animato.media.untrusted import parsing
from animato.settings.training import TrainSettings
from animato.training.distributed import join_process_group
from animato.training.estimate import CostEstimate, estimate
from animato.training.meta import Report, TrainResult, train


def train_on_folder(settings: TrainSettings, data: Path, folder: Path, report: Report | None = None) -> TrainResult:
    """Train or resume training on a prepared folder (see `training.meta.train`).

    Args:
        data: a folder written by `animato data prepare`.
        folder: the run folder.

    Raises:
        FileFormatError: `data` is not a prepared folder.
        UsageError, OutputError, TrainingStoppedError, InterruptedRunError: as `train`.
    """
    return train(settings, ShardClips(data), folder, report, _margin(data))


def estimate_on_folder(settings: TrainSettings, data: Path, folder: Path, price: float | None = None) -> CostEstimate:
    """Estimate the cost of training on a prepared folder (see `training.estimate.estimate`)."""
    process_group = join_process_group(settings.device)
    if settings.threads:
        torch.set_num_threads(settings.threads)
    try:
        return estimate(settings, ShardClips(data), folder, process_group, price)
    finally:
        process_group.destroy()


def _margin(data: Path) -> float:
    head = read_manifest_head(data)
    with parsing(data / "manifest.json", "is not a manifest, or it is damaged", hint="prepare the folder again"):
        return float(head["settings"]["margin"])
