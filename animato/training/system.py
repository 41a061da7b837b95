"""What a system that can be trained tells the training loop (`training.loop`), and the parts of one step."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Generic, Protocol, Self, TypeVar

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from animato.training.adam import ADAM_BETAS, ADAM_EPS, Arrays
from animato.training.distributed import ProcessGroup
from animato.training.embedding_table import EmbeddingTable
from animato.training.precision import Precision


class OnDevice(Protocol):
    """A batch: tensors that can be moved together."""

    def to(self, device: torch.device) -> Self:
        """Return the batch on a device."""
        ...


B = TypeVar("B", bound=OnDevice)
B_co = TypeVar("B_co", bound=OnDevice, covariant=True)


class BatchSource(Protocol[B_co]):
    """Makes the batches of a run, in several threads or processes at once."""

    def batch(self, step: int, share: int, shares: int) -> B_co:
        """Return one share of the batch of a step, in main memory.

        A function of the arguments and the seed alone, so that a resumed run sees what an unbroken one does. The shares
        of a step together are its batch, however many there are.

        Args:
            step: number of the step.
            share: 0 to shares - 1.
            shares: processes times micro-batches; divides the batch.
        """
        ...


@dataclass(frozen=True)
class Schedule:
    """When the loop does what. All counts are in the system's unit, episodes or steps.

    Attributes:
        unit: "episodes" or "steps": what a run is counted in, in logs, file names and messages.
        total: length of the run.
        per_step: units of one optimiser step.
        log, validate, save: how often; 0: never (save: by time only).
        save_minutes: longest interval between checkpoints.
        accumulate: micro-batches of one step, whose gradients are summed.
        workers: threads that make micro-batches ahead.
        processes: whether processes do it instead; the source can be pickled.
    """

    unit: str
    total: int
    per_step: int
    log: int
    validate: int
    save: int
    save_minutes: float
    accumulate: int = 1
    workers: int = 1
    processes: bool = False


@dataclass
class Optimised:
    """A network with its optimiser.

    Attributes:
        name: of the network in logs and checkpoints.
        module: the network, not wrapped.
        optimiser: Adam over its parameters.
        wrapped: the module whose calls synchronise gradients: DDP, or the network itself.
        scaler: loss scaler.
        max_norm: upper bound of the gradient norm, or None.
    """

    name: str
    module: nn.Module
    optimiser: torch.optim.Adam
    wrapped: nn.Module
    scaler: torch.amp.GradScaler
    max_norm: float | None = None


@dataclass
class TableRows:
    """The rows of an embedding table that one phase reads; they are updated after it.

    Attributes:
        table: the table.
        rate: learning rate.
    """

    table: EmbeddingTable
    rate: float
    _read: list[tuple[Tensor, Tensor]] = field(default_factory=list)

    def read(self, rows_B: Tensor) -> Tensor:
        """Return the vectors of a micro-batch, B E, a leaf that collects their gradient."""
        vectors = self.table.read(rows_B)
        self._read.append((rows_B, vectors))
        return vectors

    def update(self, group: ProcessGroup, scale: float) -> None:
        """Apply the collected gradients of all processes; nothing happens where the loss scale overflowed.

        Args:
            group: the processes.
            scale: factor on the gradients, the loss scale.
        """
        gradients = [vectors.grad for _, vectors in self._read if vectors.grad is not None]
        assert len(gradients) == len(self._read)
        rows_B = group.gather(torch.cat([rows for rows, _ in self._read]))
        gradient_BE = group.gather(torch.cat(gradients)) / group.world
        if scale != 1.0:
            gradient_BE = gradient_BE / scale
            if not bool(torch.isfinite(gradient_BE).all()):
                return
        self.table.update(rows_B, gradient_BE, self.rate, ADAM_BETAS, ADAM_EPS)


LossAndFigures = tuple[Tensor, dict[str, Tensor]]


@dataclass(frozen=True)
class Phase:
    """One optimiser step on one network.

    Attributes:
        optimised: the network to update.
        rate: learning rate.
        loss: function from the index of a micro-batch to its loss and the figures to log, all means over it.
        rows: rows of an embedding table that this phase reads and updates, or None.
    """

    optimised: Optimised
    rate: float
    loss: Callable[[int], LossAndFigures]
    rows: TableRows | None = None


@dataclass(frozen=True)
class Validation:
    """Result of one validation.

    Attributes:
        figures: name to value.
        picture: H x W x 3 uint8 RGB, or None.
    """

    figures: dict[str, float]
    picture: NDArray[np.uint8] | None = None


class TrainingSystem(ABC, Generic[B]):
    """Networks in training. The loop owns steps, time, files and processes; a system owns everything else.

    Attributes:
        name: of the network in messages, or "" where a run has one.
        schedule: when the loop does what.
        source: makes its batches.
        group: the processes.
        precision: number format.
        optimised: every network with its optimiser.
        current, average: the network that is used later, and its running average.
        decay: of the average, per step.
        steps: optimiser steps so far.
    """

    name: str
    schedule: Schedule
    source: BatchSource[B]
    group: ProcessGroup
    precision: Precision
    optimised: Sequence[Optimised]
    current: nn.Module
    average: nn.Module
    decay: float
    steps: int

    @property
    def count(self) -> int:
        """Episodes or steps so far."""
        return self.steps * self.schedule.per_step

    @abstractmethod
    def phases(self, micro_batches: Sequence[B]) -> Iterator[Phase]:
        """Yield the phases of a step; code between them runs before the next one's forward passes.

        Args:
            micro_batches: of this process, on its device; equally large.
        """

    @abstractmethod
    def arrays(self) -> Arrays:
        """Return the whole state by name, without `steps`."""

    @abstractmethod
    def restore(self, arrays: Mapping[str, NDArray[Any]], header: Mapping[str, Any], where: str) -> None:
        """Restore the state of a checkpoint, with `steps`.

        Raises:
            FileFormatError: it belongs to another run.
        """

    @abstractmethod
    def header(self) -> dict[str, Any]:
        """Return the header of a checkpoint: the progress, and what identifies the run."""

    @abstractmethod
    def save_model(self, path: Path) -> None:
        """Write the file to use."""

    def finish(self) -> None:
        """Complete what the file to use needs at the end of a run. Called by rank 0 only, before the last save."""

    def validate(self) -> Validation | None:
        """Measure the averaged network on held-out data; None where there is none. Called by rank 0 only."""
        return None

    def stages(self) -> Sequence[float]:
        """Return where in a run, in [0, 1), the cost of a step changes; the first is 0."""
        return (0.0,)

    def pictures(self) -> tuple[Tensor, Tensor] | None:
        """Return the last generated and real images, B 3 S S in [-1, 1], whose statistics show a collapse."""
        return None
