"""Train on a prepared folder (`animato train`)."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import torch

from animato.data.clips import ClipStore
from animato.data.manifest import read_manifest_head
from animato.data.shards import ShardClips
from animato.media.untrusted import parsing
from animato.settings.training import TrainSettings
from animato.training.distributed import join_process_group
from animato.training.estimate import CostEstimate, Machine, estimate
from animato.training.loop import Report
from animato.training.meta import TrainResult, build, train


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


def estimate_on_folder(settings: TrainSettings, data: Path, folder: Path, machine: Machine) -> CostEstimate:
    """Estimate the cost of training on a prepared folder (see `training.estimate.estimate`).

    Raises:
        FileFormatError, UsageError: as `train_on_folder`.
    """
    return estimate_run(settings, ShardClips(data), folder, machine)


def estimate_run(settings: TrainSettings, store: ClipStore, folder: Path, machine: Machine) -> CostEstimate:
    """Estimate the cost of training on clips, with the mean number of photos in an episode."""
    if settings.threads:
        torch.set_num_threads(settings.threads)
    photos = round((settings.photos_low + settings.photos_high) / 2)
    trial = dataclasses.replace(settings, photos_low=photos, photos_high=photos, validate_episodes=0)
    group = join_process_group(settings.device)
    dataclasses.replace(group, world=machine.processes).check_shares(settings.batch, settings.accumulate, "train.batch")
    try:
        system = build(trial, store, group)
        sources = system.episodes.sources
        counts = {
            "people": len({source.person for source in sources}),
            "videos": len(sources),
            "frames": sum(source.count for source in sources),
        }
        return estimate(system, settings.batch, counts, folder, machine, settings.keep)
    finally:
        group.destroy()


def _margin(data: Path) -> float:
    head = read_manifest_head(data)
    with parsing(data / "manifest.json", "is not a manifest, or it is damaged", hint="prepare the folder again"):
        return float(head["settings"]["margin"])
