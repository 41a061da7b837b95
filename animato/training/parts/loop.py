"""Train the parts network (`animato train-parts`).

RUN/run.json        settings of the training; written once
RUN/cases/          see `training.parts.cases`
RUN/log.jsonl       figures, one JSON line per report
RUN/checkpoint.safetensors   the newest state; the same command continues from it exactly
RUN/parts.safetensors        the network to use
"""

from __future__ import annotations

import copy
import json
import math
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional as F

from animato.data.lock import FileLock
from animato.errors import FileFormatError, InterruptedRunError
from animato.models.loading import arrays_of, load_strictly
from animato.models.parts.config import PARTS, PartsConfig
from animato.models.parts.networks import PartsNetwork
from animato.settings.base import as_json
from animato.settings.parts import PartsTrainSettings
from animato.training.divergence_guard import TrainingStoppedError
from animato.training.parts.batches import PartsBatch, PartsBatches, unknown_to_ignore
from animato.training.parts.cases import SOME_PART, PartsCases, make_parts_cases
from animato.training.parts.validate import PartsScores, Predict, score_parts
from animato.training.run_log import check_same_run
from animato.training.state import adam_arrays, make_adam, restore_adam, update_average
from animato.types import Frame
from animato.weights.io import read_arrays, write_arrays, write_whole
from animato.weights.parts import save_parts

KIND, SCHEMA = "parts-checkpoint", 1
BETA1, WARMUP = 0.9, 100

FREE_TO_CHANGE = frozenset({"threads", "device", "save_minutes", "log_steps", "validate_steps"})
"""Settings that can change when a run is resumed."""

RARE = torch.tensor([1.0, 1.0, 1.5, 1.5, 1.0, 4.0, 4.0, 3.0])
"""Weight of each part in the cross-entropy: small parts count more."""


@dataclass(frozen=True)
class PartsProgress:
    """Progress of a run, reported at every log line."""

    steps: int
    total: int
    speed: float
    figures: dict[str, float]


Report = Callable[[PartsProgress], None]


@dataclass
class PartsState:
    """The network in training."""

    network: PartsNetwork
    average: PartsNetwork
    optimiser: torch.optim.Adam
    steps: int = 0


def train_parts(
    settings: PartsTrainSettings,
    labelled: Path,
    walls: Sequence[Path],
    held_out: Sequence[Path],
    folder: Path,
    report: Report | None = None,
    config: PartsConfig | None = None,
) -> Path:
    """Train or resume; return the weight file.

    Args:
        settings: of the training.
        labelled, walls, held_out: as of `make_parts_cases`.
        folder: the run folder; created when missing.
        report: called at every log line.
        config: size of the network; None for the shipped one's.

    Raises:
        InputError, FileFormatError, UsageError: data that cannot be used, or a run with other settings.
        TrainingStoppedError: the loss is not finite.
        InterruptedRunError: Ctrl-C; a checkpoint was saved.
    """
    folder.mkdir(parents=True, exist_ok=True)
    with FileLock(folder / "run.lock").acquire_or_raise(f"trains the parts network in {folder.name}"):
        if (folder / "run.json").is_file():
            check_same_run(folder / "run.json", settings, FREE_TO_CHANGE)
        else:
            write_whole(folder / "run.json", json.dumps({"settings": as_json(settings)}).encode())
        cases = make_parts_cases(labelled, walls, held_out, folder / "cases")
        if settings.threads:
            torch.set_num_threads(settings.threads)
        _fit(settings, cases, folder, report, config or PartsConfig())
    return folder / "parts.safetensors"


def _fit(
    settings: PartsTrainSettings, cases: PartsCases, folder: Path, report: Report | None, config: PartsConfig
) -> None:
    device = torch.device(settings.device)
    torch.manual_seed(settings.seed)
    network = PartsNetwork(config).to(device)
    average = copy.deepcopy(network).eval().requires_grad_(False)
    state = PartsState(network, average, make_adam(network, settings.lr, BETA1))
    _restore(state, folder / "checkpoint.safetensors")
    batches = PartsBatches(cases, config.side, settings)
    recipe = {"settings": asdict(settings), "cases": len(cases.people), "people": sorted(set(_trained(cases)))}
    saved = mark = time.monotonic()
    marked, totals = state.steps, dict[str, float]()

    def save() -> None:
        _save(state, folder, recipe)

    try:
        with ThreadPoolExecutor(1) as pool:
            coming = pool.submit(batches.batch, state.steps)
            while state.steps < settings.steps:
                batch = coming.result().to(device)
                coming = pool.submit(batches.batch, state.steps + 1)
                for name, value in _step(state, batch, settings).items():
                    totals[name] = totals.get(name, 0.0) + float(value)
                if state.steps % settings.log_steps == 0:
                    count = state.steps - marked
                    figures = {name: value / count for name, value in totals.items()}
                    _log(folder, settings, state.steps, count / (time.monotonic() - mark), figures, report)
                    if not math.isfinite(figures["loss"]):
                        raise TrainingStoppedError(f"the loss is not finite after {state.steps} steps")
                    mark, marked, totals = time.monotonic(), state.steps, {}
                if state.steps % settings.validate_steps == 0:
                    figures = validate(state.average, cases, "val").figures()
                    _log(folder, settings, state.steps, 0.0, figures, report)
                if time.monotonic() - saved >= settings.save_minutes * 60:
                    save()
                    saved = time.monotonic()
        save()
    except KeyboardInterrupt as stop:
        save()
        raise InterruptedRunError(
            f"training stopped after {state.steps} steps; a checkpoint was saved", hint="the same command continues"
        ) from stop


def _trained(cases: PartsCases) -> list[str]:
    return [person for person, split in zip(cases.people, cases.splits, strict=True) if split == "train"]


def _rate(settings: PartsTrainSettings, steps: int) -> float:
    rise = min(1.0, (steps + 1) / WARMUP)
    return settings.lr * rise * 0.5 * (1 + math.cos(math.pi * min(steps / settings.steps, 1.0)))


def _step(state: PartsState, batch: PartsBatch, settings: PartsTrainSettings) -> dict[str, Tensor]:
    logits_BPSS, depth_BSS = state.network(batch.picture_B3SS)
    losses = parts_losses(logits_BPSS, depth_BSS, batch, settings.depth)
    loss = torch.stack(list(losses.values())).sum()
    state.optimiser.zero_grad(set_to_none=True)
    torch.autograd.backward(loss)
    torch.nn.utils.clip_grad_norm_(state.network.parameters(), 5.0)
    for group in state.optimiser.param_groups:
        group["lr"] = _rate(settings, state.steps)
    state.optimiser.step()
    update_average(state.average, state.network, min(settings.average, (1 + state.steps) / (10 + state.steps)))
    state.steps += 1
    return {name: value.detach() for name, value in {**losses, "loss": loss}.items()}


def parts_losses(logits_BPSS: Tensor, depth_BSS: Tensor, batch: PartsBatch, depth_weight: float) -> dict[str, Tensor]:
    """Return the losses: cross-entropy of parts, of the person where the part is not known, and L1 of depth."""
    labels = unknown_to_ignore(batch.labels_BSS)
    log_BPSS = torch.log_softmax(logits_BPSS, 1)
    parts = F.nll_loss(log_BPSS, labels, RARE.to(log_BPSS), ignore_index=-100)
    some = batch.labels_BSS == SOME_PART
    losses = {"parts": parts}
    if some.any():
        log_person_BSS = torch.logsumexp(log_BPSS[:, 1:], 1)
        losses["person"] = -log_person_BSS[some].sum() / batch.labels_BSS.numel()
    known = torch.isfinite(batch.depth_BSS)
    if known.any():
        losses["depth"] = depth_weight * F.smooth_l1_loss(depth_BSS[known], batch.depth_BSS[known])
    return losses


def predictor(network: PartsNetwork) -> Predict:
    """Return the network as a function from a picture to probabilities and depth."""

    @torch.no_grad()
    def predict(picture: Frame) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        picture_13SS = torch.from_numpy(picture.transpose(2, 0, 1)[None].astype(np.float32) / 127.5 - 1)
        logits, depth = network(picture_13SS.to(next(network.parameters()).device))
        return torch.softmax(logits, 1)[0].cpu().numpy(), depth[0].cpu().numpy()

    return predict


def validate(network: PartsNetwork, cases: PartsCases, split: str) -> PartsScores:
    """Return the scores of a network on a split."""
    return score_parts(predictor(network), plain_cases(cases, split, network.config.side))


def plain_cases(
    cases: PartsCases, split: str, side: int
) -> Iterator[tuple[Frame, NDArray[np.uint8], NDArray[np.float32]]]:
    """Yield picture, labels and depth of a split's cases as the network sees them, without augmentation."""
    batches = PartsBatches(cases, side, PartsTrainSettings())
    for number in cases.numbers(split):
        batch = batches.plain(np.array([number]))
        picture = ((batch.picture_B3SS[0].numpy().transpose(1, 2, 0) + 1) * 127.5).round().astype(np.uint8)
        yield picture, batch.labels_BSS[0].numpy().astype(np.uint8), batch.depth_BSS[0].numpy()


def _save(state: PartsState, folder: Path, recipe: dict[str, object]) -> None:
    config = state.network.config.as_json()
    arrays = arrays_of(state.network, "network.") | arrays_of(state.average, "average.")
    arrays |= adam_arrays("adam.", state.network, state.optimiser)
    write_arrays(
        folder / "checkpoint.safetensors",
        arrays,
        {"kind": KIND, "schema": SCHEMA, "config": config, "parts": list(PARTS), "steps": state.steps},
    )
    recipe = {**recipe, "steps": state.steps}
    save_parts(folder / "parts.safetensors", config, arrays_of(state.average), recipe)


def _restore(state: PartsState, path: Path) -> None:
    if not path.is_file():
        return
    file = read_arrays(path, KIND, SCHEMA)
    if file.header["config"] != state.network.config.as_json() or file.header["parts"] != list(PARTS):
        raise FileFormatError(f"{path.name} belongs to a run with another network", hint="another run folder")
    load_strictly(state.network, file.arrays, path.name, "network.")
    load_strictly(state.average, file.arrays, path.name, "average.")
    restore_adam("adam.", state.network, state.optimiser, file.arrays, path.name)
    state.steps = int(file.header["steps"])


def _log(
    folder: Path,
    settings: PartsTrainSettings,
    steps: int,
    speed: float,
    figures: dict[str, float],
    report: Report | None,
) -> None:
    with (folder / "log.jsonl").open("a", encoding="utf-8") as file:
        file.write(json.dumps({"steps": steps, "steps_a_second": speed, **figures}) + "\n")
    if report is not None:
        report(PartsProgress(steps, settings.steps, speed, figures))
