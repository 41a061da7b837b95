"""Estimate memory, time and cost of a run: what can be counted is counted, the rest is measured in a few steps."""

from __future__ import annotations

import itertools
import resource
import shutil
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Generic

import torch
from torch import Tensor, nn
from torch.utils.flop_counter import FlopCounterMode

from animato.models.count import count_parameters
from animato.training.system import B, TrainingSystem
from animato.training.update import take_phase, update

TRIAL_STEPS = 2
"""Timed steps of each stage, after one that is counted; the fastest counts."""


@dataclass(frozen=True)
class Machine:
    """The machine a run is planned for.

    Attributes:
        processes: number of processes, one per device.
        price: per hour of all of them, in any currency, or None.
        tflops: sustained speed of one device in TFLOP/s, for devices that are not at hand; None: this machine's.
    """

    processes: int = 1
    price: float | None = None
    tflops: float | None = None


@dataclass(frozen=True)
class CostEstimate:
    """Estimated resources of the training of one system.

    Attributes:
        name: of the network, "" where a run has one.
        data: counts of the training data by name.
        device: compute device of the trial.
        precision: number format.
        processes: number of processes.
        unit: "episodes" or "steps".
        total: length of the run in that unit.
        steps: optimiser steps of the run; counted.
        share: samples of one micro-batch of one process.
        trial_share: samples of the micro-batch that was measured.
        parameters: of each network; counted.
        state_mb: weights, gradients, optimisers, average and table, on each device; counted.
        kept_mb: tensors kept for the backward pass of one micro-batch, the most of any phase; counted in a trial step.
        memory_mb: peak of the trial: GPU memory, else memory of this process; measured.
        checkpoint_mb: size of one checkpoint; counted.
        disk_mb: space for checkpoints and model file; counted.
        free_mb: free space on the disk of the run folder, or None if unknown.
        tflop_a_step: floating point operations of one step of one process, mean of the run, in 10^12; counted.
        trial_seconds: seconds per step of one process, mean of the run, scaled from `trial_share`; measured.
        loading_seconds: CPU seconds to make the samples of a step of one process; measured.
        workers: of each process.
        seconds_a_step: of the planned run.
        hours: for the whole run.
        cost: hours times price, or None without a price.
        tflops: assumed speed of a device, or None.
    """

    name: str
    data: Mapping[str, int]
    device: str
    precision: str
    processes: int
    unit: str
    total: int
    steps: int
    share: int
    trial_share: int
    parameters: Mapping[str, int]
    state_mb: float
    kept_mb: float
    memory_mb: float
    checkpoint_mb: float
    disk_mb: float
    free_mb: float | None
    tflop_a_step: float
    trial_seconds: float
    loading_seconds: float
    workers: int
    seconds_a_step: float
    hours: float
    cost: float | None
    tflops: float | None

    def sentences(self) -> list[str]:
        """Return the estimate as lines of text; each says what is counted and what is measured."""
        scaled = f", scaled from {self.trial_share} of {self.share} samples" if self.share != self.trial_share else ""
        networks = ", ".join(f"{count / 1e6:.2f} M {name}" for name, count in self.parameters.items())
        lines = [
            f"network     {self.name}" if self.name else "",
            f"data        {', '.join(f'{count} {name}' for name, count in self.data.items())} (counted)",
            f"parameters  {networks} (counted)",
            f"run         {self.steps} steps{f', {self.total} {self.unit}' if self.unit != 'steps' else ''}; "
            f"{self.processes} processes, each {self.share} samples at once (counted)",
            f"memory      on each device {self.state_mb:.0f} MB for weights, gradients, optimiser, average and table, "
            f"{self.kept_mb:.0f} MB kept for the backward pass (counted{scaled}); "
            f"{self.memory_mb:.0f} MB at the peak of a trial on {self.device} (measured)",
            f"disk        {self.disk_mb:.0f} MB for checkpoints of {self.checkpoint_mb:.0f} MB each and the model "
            "(counted)",
            f"compute     {self.tflop_a_step:.3f} TFLOP a step and process (counted{scaled})",
            f"loading     {self.loading_seconds:.2f} CPU seconds a step and process (measured{scaled}), "
            f"shared by {self.workers} workers",
            self._time(scaled),
        ]
        if self.free_mb is not None and self.free_mb < self.disk_mb:
            lines.append(f"warning     only {self.free_mb:.0f} MB are free on that disk")
        lines.append(f"cost        {self.cost:.2f}" if self.cost is not None else "cost        unknown without `price`")
        return [line for line in lines if line]

    def _time(self, scaled: str) -> str:
        hours = f"time        {self.hours:.1f} hours at {self.seconds_a_step:.3f} s a step: "
        if self.seconds_a_step > self.trial_seconds and self.tflops is None:
            return f"{hours}as fast as the workers make samples (measured{scaled})"
        if self.tflops is not None:
            return f"{hours}the compute at {self.tflops:g} TFLOP/s (assumed), no slower than the workers (measured)"
        alone = "" if self.processes == 1 else "; communication between processes is not included"
        return f"{hours}{self.precision} on {self.device} (measured{scaled}){alone}"


def estimate(
    system: TrainingSystem[B],
    samples: int,
    data: Mapping[str, int],
    folder: Path,
    machine: Machine,
    keep: int,
    trial_samples: int = 1,
) -> CostEstimate:
    """Estimate a run from a few training steps on real data; what they change is discarded with the system.

    Args:
        system: in its initial state, in one process.
        samples: of the batch of a step.
        data: counts of the training data by name.
        folder: the run folder, used for the free disk space only.
        machine: what the run is planned for.
        keep: number of checkpoints.
        trial_samples: of a trial step of a run that is planned for other machines, as a share need not fit here.
    """
    schedule, shares = system.schedule, machine.processes * system.schedule.accumulate
    trial_shares = shares if machine == Machine(1, machine.price) else max(shares, samples // trial_samples)
    trial = _Trial(system, trial_shares)
    steps = -(-schedule.total // schedule.per_step)
    flop, seconds = trial.mean(steps)
    scale = trial_shares / shares * schedule.accumulate
    loading = trial.loading * scale
    compute = seconds * scale if machine.tflops is None else flop * scale / (machine.tflops * 1e12)
    seconds_a_step = max(compute, loading / schedule.workers)
    hours = steps * seconds_a_step / 3600
    checkpoint_mb = sum(array.nbytes for array in system.arrays().values()) / 1e6
    parameters = {part.name: count_parameters(part.module) for part in system.optimised}
    return CostEstimate(
        name=system.name,
        data=data,
        device=str(system.group.device),
        precision=system.precision.name,
        processes=machine.processes,
        unit=schedule.unit,
        total=schedule.total,
        steps=steps,
        share=samples // shares,
        trial_share=samples // trial_shares,
        parameters=parameters,
        state_mb=checkpoint_mb + 4 * sum(parameters.values()) / 1e6,  # with float32 gradients
        kept_mb=trial.kept / 1e6 * trial_shares / shares,
        memory_mb=_peak_mb(system.group.device),
        checkpoint_mb=checkpoint_mb,
        disk_mb=checkpoint_mb * (keep + 1.3),
        free_mb=shutil.disk_usage(_nearest_existing(folder)).free / 1e6,
        tflop_a_step=flop * scale / 1e12,
        trial_seconds=seconds * scale,
        loading_seconds=loading,
        workers=schedule.workers,
        seconds_a_step=seconds_a_step,
        hours=hours,
        cost=None if machine.price is None else hours * machine.price,
        tflops=machine.tflops,
    )


def _lengths(system: TrainingSystem[B]) -> Iterator[tuple[float, float]]:
    """Yield start and length of each stage of a run, as fractions of it."""
    starts = [*system.stages(), 1.0]
    for start, end in itertools.pairwise(starts):
        if end > start:
            yield start, end - start


class _Trial(Generic[B]):
    """Trial steps of one micro-batch.

    Attributes:
        kept: bytes kept for the backward pass, the most of any phase so far.
        loading: CPU seconds to make the micro-batch, the least so far.
    """

    def __init__(self, system: TrainingSystem[B], shares: int) -> None:
        self._system, self._shares = system, shares
        self.kept, self.loading = 0, float("inf")

    def mean(self, steps: int) -> tuple[float, float]:
        """Return operations and seconds of a step, means of a run of a number of steps."""
        operations = seconds = 0.0
        for start, length in _lengths(self._system):
            self._system.steps = int(start * steps)
            counted, timed = self._run()
            operations, seconds = operations + length * counted, seconds + length * timed
        return operations, seconds

    def _run(self) -> tuple[float, float]:
        """Return operations and seconds of one step at the system's place in the run."""
        first = self._system.steps
        operations = self._count(first)
        seconds = float("inf")
        for number in range(TRIAL_STEPS):
            batch = self._load(first + 1 + number)
            started = time.perf_counter()
            update(self._system, [batch])
            if self._system.group.device.type == "cuda":
                torch.cuda.synchronize()
            seconds = min(seconds, time.perf_counter() - started)
        return operations, seconds

    def _count(self, step: int) -> float:
        system, batch = self._system, self._load(step)
        operations = 0
        for phase in system.phases([batch]):
            with FlopCounterMode(display=False) as counter, _kept_for_backward(phase.optimised.module) as kept:
                take_phase(phase, 1, system.group, system.precision)
            operations += counter.get_total_flops()
            self.kept = max(self.kept, sum(kept.values()))
        return float(operations)

    def _load(self, step: int) -> B:
        started = time.process_time()  # of all threads, and without what others do on this machine
        batch = self._system.source.batch(step, 0, self._shares)
        self.loading = min(self.loading, time.process_time() - started)
        return batch.to(self._system.group.device)


@contextmanager
def _kept_for_backward(module: nn.Module) -> Iterator[dict[int, int]]:
    """Yield the bytes of each storage that autograd keeps, other than a network's parameters."""
    own = {parameter.untyped_storage().data_ptr() for parameter in module.parameters()}
    kept: dict[int, int] = {}

    def pack(tensor: Tensor) -> Tensor:
        storage = tensor.untyped_storage()
        if storage.data_ptr() not in own:
            kept[storage.data_ptr()] = storage.nbytes()
        return tensor

    with torch.autograd.graph.saved_tensors_hooks(pack, lambda tensor: tensor):
        yield kept


def _peak_mb(device: torch.device) -> float:
    if device.type == "cuda":
        return torch.cuda.max_memory_allocated() / 1e6
    unit = 1e6 if sys.platform == "darwin" else 1e3
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / unit


def _nearest_existing(folder: Path) -> Path:
    while not folder.exists() and folder != folder.parent:
        folder = folder.parent
    return folder
