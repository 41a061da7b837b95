"""One network of the portrait renderer as the training loop sees it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import torch
from numpy.typing import NDArray
from torch import Tensor

from animato.errors import FileFormatError
from animato.models.landmark_features import LandmarkFeatures
from animato.models.layers import refresh_spectral
from animato.models.loading import arrays_of
from animato.models.portrait.config import PatchConfig
from animato.models.portrait.networks import edge_ramp
from animato.models.portrait.ranges import measured_ranges
from animato.settings.portrait import PortraitTrainSettings
from animato.training.adam import Arrays
from animato.training.content import ContentLoss
from animato.training.distributed import ProcessGroup
from animato.training.losses import discriminator_hinge
from animato.training.portrait.batches import PatchBatch
from animato.training.portrait.objective import ForwardPass, discriminator_losses, plain_losses
from animato.training.portrait.state import initialise, new_state, restore_state, state_arrays
from animato.training.portrait.validate import validate
from animato.training.precision import Precision
from animato.training.system import (
    BatchSource,
    LossAndFigures,
    Optimised,
    Phase,
    Schedule,
    TableRows,
    TrainingSystem,
    Validation,
)
from animato.weights.portrait import save_network

KIND = "portrait-checkpoint"

RANGE_BATCHES = 32
MAX_NORM = 5.0
"""Bound of the painter's gradient norm."""


class PatchSystem(TrainingSystem[PatchBatch]):
    """Encoder and painter of one network, with their discriminator.

    Args:
        name: "mouth", "eye" or "head".
        config: architecture.
        settings: of the training.
        source: of the training split.
        cases: number of its samples, for the model file.
        trained: names of the people of the training split.
        held_out: fixed batch for validation, or None.
        people: names of all people of the samples, in the order of the table W.
        content: the content loss.
        group: the processes.

    Raises:
        InputError, FileFormatError: the weights to start from cannot be read, or do not fit.
    """

    def __init__(
        self,
        name: str,
        config: PatchConfig,
        settings: PortraitTrainSettings,
        source: BatchSource[PatchBatch],
        cases: int,
        trained: frozenset[str],
        held_out: PatchBatch | None,
        people: Sequence[str],
        content: ContentLoss,
        group: ProcessGroup,
    ) -> None:
        self.name, self.group, self.steps = name, group, 0
        self._settings, self.source, self._held_out, self._content = settings, source, held_out, content
        self.schedule = schedule_of(settings)
        self.precision = Precision.of(settings.precision, group.device)
        state = self.state = new_state(name, config, settings, len(people), group.device)
        self.recipe = {"cases": cases, **initialise(state, settings, trained)}
        self._landmarks = _landmarks(config, settings, group.device)
        self._forward_pass = ForwardPass(state.network, edge_ramp(config.side)).to(group.device)
        self.current, self.average, self.decay = state.network, state.average, settings.average
        self._painter = Optimised(
            "network",
            state.network,
            state.optimiser,
            group.wrap(self._forward_pass),
            self.precision.loss_scaler(),
            MAX_NORM,
        )
        self._critic = Optimised(
            "critic",
            state.discriminator,
            state.discriminator_optimiser,
            group.wrap(state.discriminator),
            self.precision.loss_scaler(),
        )
        self.optimised: Sequence[Optimised] = (self._painter, self._critic)
        self._last: tuple[Tensor, Tensor] | None = None
        self._ranges: dict[str, list[float]] | None = None

    def phases(self, micro_batches: Sequence[PatchBatch]) -> Iterator[Phase]:
        """Yield the painter's step and, once the discriminator is enabled, the discriminator's."""
        settings, state = self._settings, self.state
        factor = rate_at(settings, self.steps)
        adversarial = self.steps >= settings.critic_from * settings.steps
        painted: list[Tensor] = []

        def painter_loss(index: int) -> LossAndFigures:
            batch = micro_batches[index]
            output = self._painter.wrapped(batch)
            losses = plain_losses(output, batch, self._content, settings, self._landmarks)
            if adversarial:
                person_BE = state.embedding_table.read(batch.person_B).detach()
                losses |= discriminator_losses(output, batch, state.discriminator, person_BE, settings)
            loss = torch.stack([value.float() for value in losses.values()]).sum()
            painted.append(output.picture_B3SS.detach())
            self._last = painted[-1], batch.truth_B3SS
            return loss, {**losses, "loss": loss}

        if adversarial:
            refresh_spectral(state.discriminator)
            state.discriminator.requires_grad_(False)
        yield Phase(self._painter, settings.lr * factor, painter_loss)
        if not adversarial:
            return

        rows = TableRows(state.embedding_table, settings.lr_critic * factor)

        def critic_loss(index: int) -> LossAndFigures:
            batch = micro_batches[index]
            person_BE = rows.read(batch.person_B)
            real, _ = self._critic.wrapped(batch.truth_B3SS, batch.drawing_B3SS, person_BE)
            fake, _ = self._critic.wrapped(painted[index], batch.drawing_B3SS, person_BE)
            loss = discriminator_hinge(real.float(), fake.float())
            return loss, {"critic": loss}

        state.discriminator.requires_grad_(True)
        yield Phase(self._critic, settings.lr_critic * factor, critic_loss, rows)

    def arrays(self) -> Arrays:
        """Return all tensors by name."""
        return state_arrays(self.state)

    def header(self) -> dict[str, Any]:
        """Return progress and architecture."""
        return {"config": self.state.config.as_json(), "steps": self.steps}

    def restore(self, arrays: Mapping[str, NDArray[Any]], header: Mapping[str, Any], where: str) -> None:
        """Restore all tensors and the progress."""
        if header["config"] != self.state.config.as_json():
            raise FileFormatError(f"{where} belongs to a run with another network", hint="another run folder")
        restore_state(self.state, arrays, where)
        self.steps = int(header["steps"])

    def save_model(self, path: Path) -> None:
        """Write the averaged network; a finished one with the ranges of its activations."""
        recipe = {**self.recipe, "steps": self.steps}
        config = self.state.config.as_json()
        save_network(path, self.name, config, arrays_of(self.state.average), recipe, self._ranges)

    @torch.no_grad()
    def finish(self) -> None:
        """Measure the activation ranges of the convolutions over training batches, this process's share of each."""
        network = self.state.average
        forward_pass = ForwardPass(network, edge_ramp(network.config.side)).to(self.group.device).eval()
        with measured_ranges(network) as ranges:
            for number in range(RANGE_BATCHES):
                batch = self.source.batch(number, 0, self.group.world * self.schedule.accumulate)
                forward_pass(batch.to(self.group.device))
        self._ranges = ranges

    def validate(self) -> Validation | None:
        """Measure the averaged network on the held-out batch."""
        if self._held_out is None:
            return None
        return validate(self.state.average, self._held_out, self._content, self._landmarks)

    def stages(self) -> Sequence[float]:
        """Return the start of the run and of the discriminator."""
        return (0.0, self._settings.critic_from)

    def pictures(self) -> tuple[Tensor, Tensor] | None:
        """Return the last painted and true patches."""
        return self._last


def _landmarks(config: PatchConfig, settings: PortraitTrainSettings, device: torch.device) -> LandmarkFeatures | None:
    """Return the landmark network for the landmark loss, or None when the loss is disabled."""
    # In the patch of the head, the face is a third of the size the landmark network was trained on.
    if settings.landmarks == 0 or config.hidden_only:
        return None
    return LandmarkFeatures().to(device)


def schedule_of(settings: PortraitTrainSettings) -> Schedule:
    """Return when the loop does what."""
    return Schedule(
        unit="steps",
        total=settings.steps,
        per_step=1,
        log=settings.log_steps,
        validate=settings.validate_steps,
        save=0,
        save_minutes=settings.save_minutes,
        accumulate=settings.accumulate,
        workers=settings.workers,
        processes=settings.stream and settings.workers > 1,
    )


def rate_at(settings: PortraitTrainSettings, steps: int) -> float:
    """Return the learning rate factor at a step, in [0, 1]: linear warm-up and cool-down."""
    warmup = min(1.0, (steps + 1) / settings.warmup) if settings.warmup else 1.0
    if settings.cooldown <= 0:
        return warmup
    return warmup * min(1.0, max(0.02, (settings.steps - steps) / (settings.cooldown * settings.steps)))
