"""Train the networks of the portrait renderer and join them into one weight file.

A run folder holds run.json and, for each network, log.jsonl, checkpoints, pictures and model.safetensors. The same call
on the same folder resumes the run exactly: the batch of a step depends only on the seed and the step number.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import torch

from animato.data.clips import ClipStore
from animato.data.lock import FileLock
from animato.errors import OutputError, UsageError
from animato.models.features import load_lite0
from animato.models.portrait.config import CONFIGS, PatchConfig
from animato.settings.portrait import NETWORKS, PortraitTrainSettings, SampleSettings
from animato.training.checkpoint import Checkpoints
from animato.training.content import ContentLoss
from animato.training.distributed import ProcessGroup, join_process_group
from animato.training.loop import Report, fit
from animato.training.portrait.batches import BatchSampler
from animato.training.portrait.samples import read_samples, read_summary
from animato.training.portrait.sources import CaseSource, SampleSource
from animato.training.portrait.stream import ClipSource
from animato.training.portrait.system import KIND, PatchSystem
from animato.weights.portrait import join_networks

VALIDATION_SAMPLES = 64


@dataclass(frozen=True)
class NetworkData:
    """The samples of one network.

    Attributes:
        train, held_out: samples of the training and of the validation split.
        people: names of all people of both, in the order of the table W.
        trained: those of the training split.
        cases: number of training samples, or of training clips that they are made from.
    """

    train: SampleSource
    held_out: SampleSource
    people: Sequence[str]
    trained: frozenset[str]
    cases: int


Data = Callable[[str], NetworkData]
"""Function from the name of a network to its samples."""


def case_data(folder: Path, name: str) -> NetworkData:
    """Return the samples of one network in a folder made by `make_samples`.

    Raises:
        InputError: no complete samples.
        UsageError: no samples of the training split.
    """
    people: list[str] = read_summary(folder)["people"]
    samples = read_samples(folder, name)
    train, held_out = (CaseSource(samples, split, name) for split in ("train", "val"))
    if not len(train.numbers):
        raise UsageError(f"no samples of the training split for {name!r}")
    return NetworkData(train, held_out, people, train.people_of(people), len(train.numbers))


def streamed_data(store: ClipStore, settings: SampleSettings, name: str) -> NetworkData:
    """Return the samples of one network, made from clips when they are needed.

    Raises:
        UsageError: no clip of the training split can be used.
    """
    train, held_out = (ClipSource(store, split, name, settings) for split in ("train", "val"))
    if not train.clips:
        raise UsageError(f"no samples of the training split for {name!r}")
    return NetworkData(train, held_out, train.people, train.trained, train.clips)


def train_portrait(
    settings: PortraitTrainSettings,
    data: Data,
    folder: Path,
    report: Report | None = None,
    configs: Mapping[str, PatchConfig] = CONFIGS,
) -> Path | None:
    """Train or resume training of the networks listed in the settings.

    Args:
        settings: see `settings.portrait`.
        data: the samples of each network.
        folder: the run folder; created when missing.
        report: called at every log line and validation, by rank 0 only.
        configs: architectures of the networks; sides as in `geometry.patch`.

    Returns:
        The joined weight file, or None until all networks are trained.

    Raises:
        InputError, UsageError: as `data` raises.
        OutputError: the folder cannot be written, or another process trains the same network there.
        TrainingStoppedError: training diverged or collapsed; the message contains the last good checkpoint.
        InterruptedRunError: Ctrl-C; a checkpoint was saved.
    """
    if settings.threads:
        torch.set_num_threads(settings.threads)
    parts = [folder / name / "model.safetensors" for name in NETWORKS]
    group = join_process_group(settings.device)
    try:
        group.check_shares(settings.batch, settings.accumulate, "train-portrait.batch")
        content = content_loss(settings, group.device)
        for name in settings.network_list:
            system = build(name, data(name), settings, content, group, configs[name])
            train_network(system, settings, folder / name, report)
        if group.is_main and all(part.is_file() for part in parts):
            join_networks(parts, folder / "portrait.safetensors")
        group.wait()
    finally:
        group.destroy()
    return folder / "portrait.safetensors" if all(part.is_file() for part in parts) else None


def content_loss(settings: PortraitTrainSettings, device: torch.device) -> ContentLoss:
    """Return the content loss; without its network if its weight is 0.

    Raises:
        MissingPartError: the network is not installed.
    """
    if not settings.content:
        return ContentLoss("none", None, None, (0.0, 0.0))
    return ContentLoss("efficientnet-lite0", load_lite0(), None, (1.0, 0.0)).to(device)


def network_lock(folder: Path, name: str) -> FileLock:
    """Acquire the lock on one network's training in a run folder.

    Args:
        folder: the run folder.
        name: of the network.

    Raises:
        OutputError: another process trains it.
    """
    return FileLock(folder / name / "run.lock").acquire_or_raise(f"trains the network {name!r} in {folder.name}")


def build(
    name: str,
    data: NetworkData,
    settings: PortraitTrainSettings,
    content: ContentLoss,
    group: ProcessGroup,
    config: PatchConfig,
) -> PatchSystem:
    """Create one network in training, in its initial state.

    Raises:
        InputError, FileFormatError: the weights to start from cannot be read, or do not fit.
    """
    shown = None
    if group.is_main and settings.validate_steps:
        shown = BatchSampler(data.held_out, 1, settings.seed).fixed(VALIDATION_SAMPLES)
    source = BatchSampler(data.train, settings.batch, settings.seed)
    held_out = None if shown is None else shown.to(group.device)
    return PatchSystem(name, config, settings, source, data.cases, data.trained, held_out, data.people, content, group)


def train_network(system: PatchSystem, settings: PortraitTrainSettings, folder: Path, report: Report | None) -> None:
    """Train one network for all steps, or resume; see `training.loop.fit`.

    Args:
        system: in its initial state.
        settings: of the run.
        folder: RUN/<network>; created when missing.
        report: called at every log line and validation.
    """
    if not system.group.is_main:
        system.group.wait()
        fit(system, checkpoints_of(settings, folder), folder, None)
        return
    try:
        (folder / "pictures").mkdir(parents=True, exist_ok=True)
    except OSError as problem:
        raise OutputError(f"cannot make the folder {folder}", where=str(problem.strerror)) from problem
    with network_lock(folder.parent, folder.name):
        system.group.wait()
        fit(system, checkpoints_of(settings, folder), folder, report)


def checkpoints_of(settings: PortraitTrainSettings, folder: Path) -> Checkpoints:
    """Return the checkpoints of one network's folder."""
    return Checkpoints(folder, folder / "model.safetensors", KIND, "step", 7, settings.keep)
