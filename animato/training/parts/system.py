"""The parts network as the training loop sees it: losses, schedule, state."""

from __future__ import annotations

import copy
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional as F

from animato.errors import FileFormatError
from animato.models.loading import arrays_of, load_strictly
from animato.models.parts.config import PARTS, PartsConfig
from animato.models.parts.networks import PartsNetwork
from animato.settings.parts import PartsTrainSettings
from animato.training.adam import Arrays, adam_arrays, make_adam, restore_adam
from animato.training.distributed import ProcessGroup
from animato.training.parts.batches import PartsBatch, PartsBatches, unknown_to_ignore
from animato.training.parts.cases import SOME_PART, PartsCases
from animato.training.parts.predict import validate
from animato.training.precision import Precision
from animato.training.system import LossAndFigures, Optimised, Phase, Schedule, TrainingSystem, Validation
from animato.weights.parts import save_parts

KIND = "parts-checkpoint"
BETA1, WARMUP, MAX_NORM = 0.9, 100, 5.0

RARE = torch.tensor([1.0, 1.0, 1.5, 1.5, 1.0, 4.0, 4.0, 3.0])
"""Weight of each part in the cross-entropy: small parts count more."""


class PartsSystem(TrainingSystem[PartsBatch]):
    """The parts network in training.

    Args:
        config: size of the network.
        settings: of the training.
        cases: all cases.
    """

    name = ""

    def __init__(self, config: PartsConfig, settings: PartsTrainSettings, cases: PartsCases) -> None:
        self._settings, self._cases, self.steps = settings, cases, 0
        self.schedule = schedule_of(settings)
        device = torch.device(settings.device)
        self.group, self.precision = ProcessGroup(0, 1, device), Precision(device)
        torch.manual_seed(settings.seed)
        self.current = network = PartsNetwork(config).to(device)
        self.average = self._average = copy.deepcopy(network).eval().requires_grad_(False)
        self.decay = settings.average
        adam = make_adam(network, settings.lr, BETA1)
        self._network = Optimised("network", network, adam, network, self.precision.loss_scaler(), MAX_NORM)
        self.optimised: Sequence[Optimised] = (self._network,)
        self.source = PartsBatches(cases, config.side, settings)
        self._config = config.as_json()
        people = {person for person, split in zip(cases.people, cases.splits, strict=True) if split == "train"}
        self._recipe = {"settings": asdict(settings), "cases": len(cases.people), "people": sorted(people)}

    def phases(self, micro_batches: Sequence[PartsBatch]) -> Iterator[Phase]:
        """Yield the one step of the network."""
        network = self.current

        def loss(index: int) -> LossAndFigures:
            batch = micro_batches[index]
            logits_BPSS, depth_BSS = network(batch.picture_B3SS)
            losses = parts_losses(logits_BPSS, depth_BSS, batch, self._settings.depth)
            total = torch.stack(list(losses.values())).sum()
            return total, {**losses, "loss": total}

        yield Phase(self._network, rate_at(self._settings, self.steps), loss)

    def arrays(self) -> Arrays:
        """Return all tensors by name."""
        arrays = arrays_of(self.current, "network.") | arrays_of(self.average, "average.")
        return arrays | adam_arrays("adam.", self.current, self._network.optimiser)

    def header(self) -> dict[str, Any]:
        """Return progress, architecture and the names of the parts."""
        return {"config": self._config, "parts": list(PARTS), "steps": self.steps}

    def restore(self, arrays: Mapping[str, NDArray[Any]], header: Mapping[str, Any], where: str) -> None:
        """Restore all tensors and the progress."""
        if header["config"] != self._config or header["parts"] != list(PARTS):
            raise FileFormatError(f"{where} belongs to a run with another network", hint="another run folder")
        load_strictly(self.current, arrays, where, "network.")
        load_strictly(self.average, arrays, where, "average.")
        restore_adam("adam.", self.current, self._network.optimiser, arrays, where)
        self.steps = int(header["steps"])

    def save_model(self, path: Path) -> None:
        """Write the averaged network."""
        save_parts(path, self._config, arrays_of(self.average), {**self._recipe, "steps": self.steps})

    def validate(self) -> Validation | None:
        """Score the averaged network on the held-out cases."""
        if not len(self._cases.numbers("val")):
            return None
        return Validation(validate(self._average, self._cases, "val").figures())


def schedule_of(settings: PartsTrainSettings) -> Schedule:
    """Return when the loop does what."""
    return Schedule(
        unit="steps",
        total=settings.steps,
        per_step=1,
        log=settings.log_steps,
        validate=settings.validate_steps,
        save=0,
        save_minutes=settings.save_minutes,
    )


def rate_at(settings: PartsTrainSettings, steps: int) -> float:
    """Return the learning rate at a step: it rises over `WARMUP` steps, then follows a half cosine."""
    rise = min(1.0, (steps + 1) / WARMUP)
    return settings.lr * rise * 0.5 * (1 + math.cos(math.pi * min(steps / settings.steps, 1.0)))


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
