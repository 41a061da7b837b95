"""Train the networks of the portrait renderer and join them into one weight file.

A run folder holds run.json and, for each network, log.jsonl, checkpoints, pictures and model.safetensors. The same call
on the same folder resumes the run exactly: the batch of a step depends only on the seed and the step number.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from animato.data.lock import FileLock
from animato.errors import InterruptedRunError, OutputError, UsageError
from animato.models.features import load_lite0
from animato.models.landmark_features import LandmarkFeatures
from animato.models.layers import refresh_spectral
from animato.models.portrait.config import CONFIGS, PatchConfig
from animato.models.portrait.networks import PatchNetwork, edge_ramp
from animato.models.portrait.ranges import measured_ranges
from animato.settings.portrait import NETWORKS, PortraitTrainSettings
from animato.training.content import ContentLoss
from animato.training.divergence_guard import TrainingStoppedError
from animato.training.losses import discriminator_hinge
from animato.training.portrait.batches import BatchSampler, PatchBatch
from animato.training.portrait.objective import ForwardPass, discriminator_losses, plain_losses
from animato.training.portrait.samples import SampleSet, read_samples, read_summary
from animato.training.portrait.state import PatchCheckpoints, PatchState, initialise, new_state
from animato.training.portrait.validate import validate
from animato.training.state import ADAM_BETAS, ADAM_EPS, update_average
from animato.training.validate import png_bytes
from animato.weights.io import write_whole
from animato.weights.portrait import join_networks

VALIDATION_SAMPLES = 64
RANGE_BATCHES = 32


@dataclass(frozen=True)
class PatchProgress:
    """Progress of a run, reported at every log line."""

    network: str
    steps: int
    total: int
    speed: float
    figures: dict[str, float]


Report = Callable[[PatchProgress], None]


def train_portrait(
    settings: PortraitTrainSettings,
    samples: Path,
    folder: Path,
    report: Report | None = None,
    configs: Mapping[str, PatchConfig] = CONFIGS,
) -> Path | None:
    """Train or resume training of the networks listed in the settings.

    Args:
        settings: see `settings.portrait`.
        samples: folder made by `make_samples`.
        folder: the run folder; created when missing.
        report: called at every log line.
        configs: architectures of the networks; sides as in `geometry.patch`.

    Returns:
        The joined weight file, or None until all networks are trained.

    Raises:
        InputError: no complete samples.
        OutputError: the folder cannot be written, or another process trains the same network there.
        TrainingStoppedError: the loss is not finite; the message contains the last good checkpoint.
        InterruptedRunError: Ctrl-C; a checkpoint was saved.
    """
    people: list[str] = read_summary(samples)["people"]
    if settings.threads:
        torch.set_num_threads(settings.threads)
    try:
        for name in settings.network_list:
            (folder / name / "pictures").mkdir(parents=True, exist_ok=True)
    except OSError as problem:
        raise OutputError(f"cannot make the folder {folder}", where=str(problem.strerror)) from problem
    content = ContentLoss("none", None, None, (0.0, 0.0))
    if settings.content:
        content = ContentLoss("efficientnet-lite0", load_lite0(), None, (1.0, 0.0)).to(settings.device)
    for name in settings.network_list:
        with network_lock(folder, name):
            fit(name, read_samples(samples, name), settings, people, folder / name, content, report, configs[name])
    parts = [folder / name / "model.safetensors" for name in NETWORKS]
    if not all(part.is_file() for part in parts):
        return None
    join_networks(parts, folder / "portrait.safetensors")
    return folder / "portrait.safetensors"


def network_lock(folder: Path, name: str) -> FileLock:
    """Acquire the lock on one network's training in a run folder.

    Args:
        folder: the run folder.
        name: of the network.

    Raises:
        OutputError: another process trains it.
    """
    return FileLock(folder / name / "run.lock").acquire_or_raise(f"trains the network {name!r} in {folder.name}")


def fit(
    name: str,
    samples: SampleSet,
    settings: PortraitTrainSettings,
    people: list[str],
    folder: Path,
    content: ContentLoss,
    report: Report | None,
    config: PatchConfig | None = None,
) -> None:
    """Train one network for all steps, with the shipped architecture unless a configuration is given."""
    batches = BatchSampler(samples, "train", name, settings.seed)
    if not len(batches.numbers):
        raise UsageError(f"no samples of the training split for {name!r}")
    validation_batch = _validation_batch(samples, name, settings)
    state = new_state(name, config or CONFIGS[name], settings, len(people))
    training_people = frozenset(people[number] for number in samples.person[batches.numbers])
    recipe = {"cases": len(batches.numbers), **initialise(state, settings, training_people)}
    landmarks = _landmarks(state.config, settings)
    checkpoints = PatchCheckpoints(folder, settings.keep, recipe)
    checkpoints.restore_newest(state)
    _drop_repeated_lines(folder / "log.jsonl", state.steps)
    forward_pass = ForwardPass(state.network, edge_ramp(state.config.side)).to(settings.device)
    saved_at = time.monotonic()
    logged_at, logged_steps = time.monotonic(), state.steps
    totals: dict[str, float] = {}
    try:
        with ThreadPoolExecutor(1) as pool:
            next_batch = pool.submit(batches.batch, state.steps, settings.batch)
            while state.steps < settings.steps:
                batch = next_batch.result().to(torch.device(settings.device))
                next_batch = pool.submit(batches.batch, state.steps + 1, settings.batch)
                for key, value in step(state, forward_pass, batch, content, settings, landmarks).items():
                    totals[key] = totals.get(key, 0.0) + float(value)
                if state.steps % settings.log_steps == 0:
                    count = state.steps - logged_steps
                    figures = {key: value / count for key, value in totals.items()}
                    speed = count / max(time.monotonic() - logged_at, 1e-9)
                    _log(folder, name, state.steps, settings.steps, speed, figures, report)
                    if not np.isfinite(figures["loss"]):
                        checkpoint_names = [path.name for path in checkpoints.paths()]
                        raise TrainingStoppedError(
                            f"the loss of {name!r} is not finite after {state.steps} steps",
                            where=f"last good checkpoint: {checkpoint_names[-1] if checkpoint_names else 'none'}",
                        )
                    totals, logged_at, logged_steps = {}, time.monotonic(), state.steps
                if validation_batch is not None and state.steps % settings.validate_steps == 0:
                    _validate(folder, name, state, validation_batch, (content, landmarks), report)
                if time.monotonic() - saved_at >= settings.save_minutes * 60:
                    checkpoints.save(state)
                    saved_at = time.monotonic()
        checkpoints.save(state, ranges_of(state.average, batches, settings))
    except KeyboardInterrupt as interrupt:
        checkpoints.save(state)
        raise InterruptedRunError(
            f"training of {name!r} stopped after {state.steps} steps; a checkpoint was saved",
            hint="run the same command to resume",
        ) from interrupt


def _validation_batch(samples: SampleSet, name: str, settings: PortraitTrainSettings) -> PatchBatch | None:
    """Return a fixed batch of held-out samples, or None without any."""
    sampler = BatchSampler(samples, "val", name, settings.seed)
    if not len(sampler.numbers):
        return None
    return sampler.fixed(VALIDATION_SAMPLES).to(torch.device(settings.device))


def _landmarks(config: PatchConfig, settings: PortraitTrainSettings) -> LandmarkFeatures | None:
    """Return the landmark network for the landmark loss, or None when the loss is disabled."""
    # In the patch of the head, the face is a third of the size the landmark network was trained on.
    if settings.landmarks == 0 or config.hidden_only:
        return None
    return LandmarkFeatures().to(settings.device)


@torch.no_grad()
def ranges_of(network: PatchNetwork, batches: BatchSampler, settings: PortraitTrainSettings) -> dict[str, list[float]]:
    """Measure the activation ranges of a finished network's convolutions over training batches."""
    forward_pass = ForwardPass(network, edge_ramp(network.config.side)).to(settings.device).eval()
    with measured_ranges(network) as ranges:
        for number in range(RANGE_BATCHES):
            forward_pass(batches.batch(number, settings.batch).to(torch.device(settings.device)))
    return ranges


def rate_at(settings: PortraitTrainSettings, steps: int) -> float:
    """Return the learning rate factor at a step, in [0, 1]: linear warm-up and cool-down."""
    warmup = min(1.0, (steps + 1) / settings.warmup) if settings.warmup else 1.0
    if settings.cooldown <= 0:
        return warmup
    return warmup * min(1.0, max(0.02, (settings.steps - steps) / (settings.cooldown * settings.steps)))


def step(
    state: PatchState,
    forward_pass: ForwardPass,
    batch: PatchBatch,
    content: ContentLoss,
    settings: PortraitTrainSettings,
    landmarks: LandmarkFeatures | None = None,
) -> dict[str, Tensor]:
    """Update the network and, once it is enabled, the discriminator; return the detached losses."""
    factor = rate_at(settings, state.steps)
    adversarial = state.steps >= settings.critic_from * settings.steps
    output = forward_pass(batch)
    losses = plain_losses(output, batch, content, settings, landmarks)
    if adversarial:
        refresh_spectral(state.discriminator)
        state.discriminator.requires_grad_(False)
        losses |= discriminator_losses(
            output, batch, state.discriminator, state.embedding_table.read(batch.person_B).detach(), settings
        )
    loss = torch.stack(list(losses.values())).sum()
    state.optimiser.zero_grad(set_to_none=True)
    torch.autograd.backward(loss)
    torch.nn.utils.clip_grad_norm_(state.network.parameters(), 5.0)
    _optimiser_step(state.optimiser, settings.lr * factor)
    losses["loss"] = loss
    if adversarial:
        losses["critic"] = _discriminator_step(state, output.picture_B3SS.detach(), batch, settings.lr_critic * factor)
    update_average(state.average, state.network, min(settings.average, (1 + state.steps) / (10 + state.steps)))
    state.steps += 1
    return {key: value.detach() for key, value in losses.items()}


def _discriminator_step(state: PatchState, fake_B3SS: Tensor, batch: PatchBatch, lr: float) -> Tensor:
    state.discriminator.requires_grad_(True)
    person_BE = state.embedding_table.read(batch.person_B)
    real, _ = state.discriminator(batch.truth_B3SS, batch.drawing_B3SS, person_BE)
    fake, _ = state.discriminator(fake_B3SS, batch.drawing_B3SS, person_BE)
    loss = discriminator_hinge(real, fake)
    state.discriminator_optimiser.zero_grad(set_to_none=True)
    torch.autograd.backward(loss)
    _optimiser_step(state.discriminator_optimiser, lr)
    assert person_BE.grad is not None
    state.embedding_table.update(batch.person_B, person_BE.grad, lr, ADAM_BETAS, ADAM_EPS)
    return loss


def _optimiser_step(optimiser: torch.optim.Adam, lr: float) -> None:
    for group in optimiser.param_groups:
        group["lr"] = lr
    optimiser.step()


def _drop_repeated_lines(path: Path, steps: int) -> None:
    """Drop lines of steps that a resumed run will repeat, and the truncated last line of a killed run."""
    kept = []
    for line in path.read_text(encoding="utf-8").splitlines() if path.is_file() else ():
        try:
            if json.loads(line)["steps"] <= steps:
                kept.append(f"{line}\n")
        except (ValueError, KeyError):
            continue
    write_whole(path, "".join(kept).encode())


def _log(
    folder: Path, name: str, steps: int, total: int, speed: float, figures: dict[str, float], report: Report | None
) -> None:
    line = {"what": "train", "steps": steps, "steps_a_second": speed, **figures}
    with (folder / "log.jsonl").open("a", encoding="utf-8") as file:
        file.write(json.dumps(line) + "\n")
    if report is not None:
        report(PatchProgress(name, steps, total, speed, figures))


def _validate(
    folder: Path,
    name: str,
    state: PatchState,
    validation_batch: PatchBatch,
    validators: tuple[ContentLoss, LandmarkFeatures | None],
    report: Report | None,
) -> None:
    result = validate(state.average, validation_batch, *validators)
    write_whole(folder / "pictures" / f"step-{state.steps:07d}.png", png_bytes(result.picture))
    with (folder / "log.jsonl").open("a", encoding="utf-8") as file:
        file.write(json.dumps({"what": "validation", "steps": state.steps, **result.figures}) + "\n")
    if report is not None:
        report(PatchProgress(f"{name} validation", state.steps, state.steps, 0.0, result.figures))
