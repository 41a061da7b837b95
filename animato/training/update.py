"""One optimiser step: phases, micro-batches, gradient synchronisation, number format, running average."""

from __future__ import annotations

import contextlib
from collections.abc import Sequence

import torch
from torch import Tensor
from torch.nn.parallel import DistributedDataParallel

from animato.training.adam import update_average
from animato.training.distributed import ProcessGroup
from animato.training.precision import Precision
from animato.training.system import B, Phase, TrainingSystem


def update(system: TrainingSystem[B], micro_batches: Sequence[B]) -> dict[str, Tensor]:
    """Take one step: every phase of the system, then the running average.

    Args:
        system: changed in place.
        micro_batches: of this process, on its device; equally large.

    Returns:
        The figures of the step, scalars on the device: means of the micro-batches, and `gradient_NAME` of each network.
    """
    figures: dict[str, Tensor] = {}
    for phase in system.phases(micro_batches):
        figures |= take_phase(phase, len(micro_batches), system.group, system.precision)
    decay = min(system.decay, (1 + system.steps) / (10 + system.steps))
    update_average(system.average, system.current, decay)
    system.steps += 1
    return figures


def take_phase(phase: Phase, count: int, group: ProcessGroup, precision: Precision) -> dict[str, Tensor]:
    """Sum the gradients of a number of micro-batches and step the optimiser; return the figures."""
    optimised = phase.optimised
    figures: dict[str, Tensor] = {}
    optimised.optimiser.zero_grad(set_to_none=True)
    for index in range(count):
        with _gradients_kept(optimised.wrapped, index < count - 1):
            with precision.autocast():
                loss, found = phase.loss(index)
            torch.autograd.backward(optimised.scaler.scale(loss / count))
        for name, value in found.items():
            share = value.detach().float() / count
            figures[name] = figures[name] + share if name in figures else share
    scale = optimised.scaler.get_scale() if optimised.scaler.is_enabled() else 1.0
    figures |= _step(phase)
    if phase.rows is not None:
        phase.rows.update(group, scale)
    return figures


def _gradients_kept(wrapped: object, kept: bool) -> contextlib.AbstractContextManager[None]:
    """Return a context in which DDP does not synchronise gradients: only the last micro-batch does."""
    if kept and isinstance(wrapped, DistributedDataParallel):
        return wrapped.no_sync()
    return contextlib.nullcontext()


def _step(phase: Phase) -> dict[str, Tensor]:
    optimised = phase.optimised
    parameters = [p for p in optimised.module.parameters() if p.grad is not None]
    optimised.scaler.unscale_(optimised.optimiser)
    if optimised.max_norm is not None:
        norm = torch.nn.utils.clip_grad_norm_(parameters, optimised.max_norm)
    else:
        norm = torch.nn.utils.get_total_norm([p.grad for p in parameters if p.grad is not None])
    for group in optimised.optimiser.param_groups:
        group["lr"] = phase.rate
    optimised.scaler.step(optimised.optimiser)
    optimised.scaler.update()
    norm = norm.detach()
    if not optimised.scaler.is_enabled():
        return {f"gradient_{optimised.name}": norm}
    # The scaler searches its scale by overflowing now and then; such a step is skipped and no sign of illness.
    overflow = ~torch.isfinite(norm)
    return {
        f"gradient_{optimised.name}": torch.where(overflow, torch.zeros_like(norm), norm),
        f"skipped_{optimised.name}": overflow.float(),
    }
