"""Train the portrait renderer on a prepared folder (`animato train-portrait`).

RUN/run.json                     settings of the samples and hash of the data; written once
RUN/cases/                       see `training.portrait.samples`
RUN/mouth/run.json               settings of one network's training; likewise eye and head
RUN/mouth/log.jsonl              figures, one JSON line per report
RUN/mouth/pictures/              outputs for held-out people
RUN/mouth/step-0001000.safetensors   checkpoints
RUN/mouth/model.safetensors      the network to use
RUN/portrait.safetensors         all networks, once each has a model
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import torch

from animato.data.lock import FileLock
from animato.data.manifest import read_clips
from animato.data.shards import ShardClips
from animato.errors import InterruptedRunError, OutputError, UsageError
from animato.models.portrait.config import CONFIGS, PatchConfig
from animato.settings.portrait import NETWORKS, PortraitTrainSettings, SampleSettings
from animato.training.distributed import join_process_group
from animato.training.estimate import CostEstimate, Machine, estimate
from animato.training.loop import Report
from animato.training.portrait.samples import make_samples, read_summary
from animato.training.portrait.stream import PER_CLIP
from animato.training.portrait.train import (
    build,
    case_data,
    content_loss,
    network_lock,
    streamed_data,
    train_portrait,
)
from animato.training.run_log import CHANGEABLE_ON_RESUME, check_same_run, describe_run, write_description

CHANGEABLE = CHANGEABLE_ON_RESUME | {"networks", "steps", "log_steps", "validate_steps"}
"""Settings that can change when a run is resumed; the number of steps can only grow."""


@dataclass(frozen=True)
class PortraitResult:
    """Result of a finished training.

    Attributes:
        folder: the run folder.
        samples: number of samples per network, or None if they were made for each batch.
        model: the file with all networks, or None while one of them is missing.
        missing: networks not yet trained in this folder.
    """

    folder: Path
    samples: int | None
    model: Path | None
    missing: tuple[str, ...]


def train_portrait_on_folder(
    settings: PortraitTrainSettings,
    sample_settings: SampleSettings,
    data: Path,
    folder: Path,
    report: Report | None = None,
    report_count: Callable[[int], None] | None = None,
    configs: Mapping[str, PatchConfig] = CONFIGS,
) -> PortraitResult:
    """Create the samples of a prepared folder and train the networks on them, or resume.

    Several processes can train different networks in one run folder; the first one creates the samples.

    Args:
        settings: of the training.
        sample_settings: of the samples.
        data: a folder written by `animato data prepare`.
        folder: the run folder; created when missing.
        report: called at every log line.
        report_count: called with the number of samples so far.
        configs: architectures of the networks.

    Raises:
        FileFormatError: `data` is not a prepared folder.
        UsageError: the run folder was started with other settings or data, or there are no training samples.
        OutputError: the folder cannot be written, or another process trains one of the networks in it.
        TrainingStoppedError, InterruptedRunError: as `train.train_portrait`.
    """
    clips = _fingerprint(data)
    try:
        for name in settings.network_list:
            (folder / name).mkdir(parents=True, exist_ok=True)
    except OSError as problem:
        raise OutputError(f"cannot make the folder {folder}", where=str(problem.strerror)) from problem
    is_main = os.environ.get("RANK", "0") == "0"
    for name in settings.network_list if is_main else ():
        # Take the lock first, so that a rejected process does not modify the other one's run.json.
        with network_lock(folder, name):
            _start(folder / name / "run.json", settings)
    store = ShardClips(data, size=sample_settings.crop)
    samples = folder / "cases"
    # Not rank 0 alone: this may take longer than a process group waits, and those that come second find it done.
    with FileLock(folder / "cases.lock"):
        _start_samples(folder, sample_settings, clips)
        if not settings.stream:
            try:
                make_samples(store, samples, sample_settings, report_count)
            except KeyboardInterrupt as interrupt:
                raise InterruptedRunError(
                    "stopped before the training samples were complete",
                    hint="run the same command to create them again",
                ) from interrupt
    source = partial(streamed_data, store, sample_settings) if settings.stream else partial(case_data, samples)
    model = train_portrait(settings, source, folder, report, configs)
    missing = tuple(name for name in NETWORKS if not (folder / name / "model.safetensors").is_file())
    return PortraitResult(folder, None if settings.stream else int(read_summary(samples)["cases"]), model, missing)


def estimate_portrait_on_folder(
    settings: PortraitTrainSettings,
    sample_settings: SampleSettings,
    data: Path,
    folder: Path,
    machine: Machine,
    configs: Mapping[str, PatchConfig] = CONFIGS,
) -> list[CostEstimate]:
    """Estimate the cost of training each network (see `training.estimate.estimate`); nothing is written.

    Samples that are not yet on disk are made from the clips for the trial steps.

    Args:
        settings, sample_settings, data, folder, configs: as of `train_portrait_on_folder`.
        machine: what the run is planned for.

    Raises:
        FileFormatError: `data` is not a prepared folder.
        UsageError: the batch cannot be shared, or there are no training samples.
    """
    on_disk = not settings.stream and (folder / "cases" / "cases.json").is_file()
    store = ShardClips(data, size=sample_settings.crop)
    source = partial(case_data, folder / "cases") if on_disk else partial(streamed_data, store, sample_settings)
    if settings.threads:
        torch.set_num_threads(settings.threads)
    trial = replace(settings, validate_steps=0)
    group = join_process_group(settings.device)
    replace(group, world=machine.processes).check_shares(settings.batch, settings.accumulate, "train-portrait.batch")
    try:
        content = content_loss(trial, group.device)
        found = []
        for name in settings.network_list:
            part = source(name)
            system = build(name, part, trial, content, group, configs[name])
            counts = {"people": len(part.trained), "samples" if on_disk else "clips": part.cases}
            found.append(estimate(system, settings.batch, counts, folder / name, machine, settings.keep, PER_CLIP))
        return found
    finally:
        group.destroy()


def _start(path: Path, settings: PortraitTrainSettings) -> None:
    """Write a network's run.json, or check that an existing one matches."""
    description = describe_run(settings)
    if path.is_file():
        check_same_run(path, settings, CHANGEABLE)
        description = json.loads(path.read_text())
        saved_steps = int(description["settings"].get("steps", settings.steps))
        if settings.steps < saved_steps:
            raise UsageError(
                f"the run in {path.parent.name} was started with `steps={saved_steps}`",
                where=f"now: {settings.steps}",
                hint="use at least as many steps, or another output folder",
            )
        description["settings"]["steps"] = settings.steps
    write_description(path, description)


def _start_samples(folder: Path, settings: SampleSettings, clips: dict[str, Any]) -> None:
    """Write run.json, or check that existing samples have the same settings and clips."""
    path = folder / "run.json"
    for started in (folder / "cases" / "cases.json", path):
        if started.is_file():
            check_same_run(started, settings, frozenset())
    if path.is_file():
        if json.loads(path.read_text()).get("data") != clips:
            raise UsageError(
                f"the run in {folder.name} was started with other data",
                hint="use the same prepared folder to resume, or another output folder",
            )
        return
    write_description(path, describe_run(settings, data=clips))


def _fingerprint(data: Path) -> dict[str, Any]:
    """Return the number of clips and a hash of their names, people, splits and contents."""
    names = ("clip", "frames", "person", "split", "sha256")
    rows = sorted([clip[name] for name in names] for clip in read_clips(data))
    return {"clips": len(rows), "sha256": hashlib.sha256(json.dumps(rows).encode()).hexdigest()}
