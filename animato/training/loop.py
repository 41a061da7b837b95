"""The training loop of every system: steps, clock, log, health, validation, checkpoints, processes.

A system (`training.system`) says what a batch, a loss, a validation and a file to use are; nothing here knows which
one it is. A run is resumed exactly: the whole state is in a checkpoint, and the batch of a step is a function of the
seed and the step.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Generic

import torch
from torch import Tensor

from animato.errors import InterruptedRunError
from animato.training.checkpoint import Checkpoints
from animato.training.divergence_guard import DivergenceGuard, picture_statistics
from animato.training.meters import Meter
from animato.training.prefetch import Prefetch
from animato.training.run_log import RunLog, png_bytes
from animato.training.system import B, BatchSource, TrainingSystem
from animato.training.update import update
from animato.weights.io import write_whole


@dataclass(frozen=True)
class Progress:
    """Progress of a run, reported at every log line and validation.

    Attributes:
        name: of the network, "" where a run has one.
        kind: "train" or "validation", as in the log.
        done, total: episodes or steps so far, and of the whole run.
        speed: episodes or steps per second since the last report.
        figures: losses, norms and statistics by name.
    """

    name: str
    kind: str
    done: int
    total: int
    speed: float
    figures: dict[str, float]


Report = Callable[[Progress], None]


def fit(
    system: TrainingSystem[B], checkpoints: Checkpoints, folder: Path, report: Report | None, *, keep: bool = True
) -> list[str]:
    """Train until the run is complete, from the newest checkpoint if there is one.

    Args:
        system: in its initial state; changed in place.
        checkpoints: of the run.
        folder: of log, pictures and TensorBoard; its `pictures` exists.
        report: called by rank 0.
        keep: whether to validate and save at the end; False for benchmarks.

    Returns:
        A message for each damaged checkpoint that was skipped.

    Raises:
        FileFormatError: the checkpoints belong to another run, or none can be read.
        TrainingStoppedError: training diverged or collapsed; the message contains the last good checkpoint.
        InterruptedRunError: Ctrl-C; a checkpoint was saved.
        OutputError: a file cannot be written.
    """
    if system.group.is_main:
        checkpoints.sweep()
    restored, notes = checkpoints.restore_newest(system)
    system.group.wait()
    loop = _Loop(system, checkpoints, folder, report, DivergenceGuard(restored.name if restored else None, system.name))
    try:
        loop.run(keep)
    except KeyboardInterrupt as interrupt:
        of = f" of {system.name!r}" if system.name else ""
        if system.group.is_main:
            loop.save()
        raise InterruptedRunError(
            f"training{of} stopped after {system.count} {system.schedule.unit}; a checkpoint was saved",
            hint="run the same command to resume",
        ) from interrupt
    finally:
        loop.close()
    return notes


@dataclass(frozen=True)
class _MicroBatches(Generic[B]):
    """The micro-batches of one process, numbered through all steps."""

    source: BatchSource[B]
    rank: int
    world: int
    accumulate: int

    def __call__(self, number: int) -> B:
        step, part = divmod(number, self.accumulate)
        return self.source.batch(step, self.rank * self.accumulate + part, self.world * self.accumulate)


class _Loop(Generic[B]):
    """One call of `fit`."""

    def __init__(
        self,
        system: TrainingSystem[B],
        checkpoints: Checkpoints,
        folder: Path,
        report: Report | None,
        guard: DivergenceGuard,
    ) -> None:
        self._system, self._checkpoints, self._folder, self._guard = system, checkpoints, folder, guard
        self._main = system.group.is_main
        self._report = report if self._main else None
        self._log = RunLog(folder, system.schedule.unit, system.count) if self._main else None
        self._first_step, self._saved_at, self._validated_at = system.steps, time.monotonic(), system.count

    def run(self, keep: bool) -> None:
        system, schedule, group = self._system, self._system.schedule, self._system.group
        count, meter = schedule.accumulate, Meter()
        steps = range(system.steps * count, -(-schedule.total // schedule.per_step) * count)
        load = _MicroBatches(system.source, group.rank, group.world, count)
        with Prefetch(load, steps, schedule.workers, processes=schedule.processes) as batches:
            while system.count < schedule.total:
                micro_batches = [batches.take().to(group.device) for _ in range(count)]
                figures = update(system, micro_batches)
                meter.add(system.steps, figures)
                if self._due(schedule.log) or self._is_sick(figures):
                    self._log_line(meter)
                if self._due(schedule.validate):
                    self._validate()
                if self._main and (self._due(schedule.save) or self._late()):
                    self.save()
        if self._main and keep:
            if schedule.validate and self._validated_at < system.count:
                self._validate()
            system.finish()
            self.save()

    def _is_sick(self, figures: Mapping[str, Tensor]) -> bool:
        """Return whether a gradient is not finite, which is the same in all processes.

        Looked at after every step on a CPU, where the next backward pass of such weights may crash the process; on a
        GPU, where looking would wait for the step, it shows at the next log line.
        """
        norms = [value for name, value in figures.items() if name.startswith("gradient_")]
        return self._system.group.device.type == "cpu" and not all(bool(torch.isfinite(norm)) for norm in norms)

    def save(self) -> None:
        """Write a checkpoint, unless a weight is not finite."""
        system = self._system
        self._guard.check_before_saving(
            {name: value for part in system.optimised for name, value in part.module.state_dict().items()}
        )
        self._guard.last_good = self._checkpoints.save(system).name
        self._saved_at = time.monotonic()

    def close(self) -> None:
        if self._log is not None:
            self._log.close()

    def _due(self, every: int) -> bool:
        """Return whether the last step reached or crossed a multiple."""
        system = self._system
        return every > 0 and system.count // every > (system.count - system.schedule.per_step) // every

    def _late(self) -> bool:
        return time.monotonic() - self._saved_at >= self._system.schedule.save_minutes * 60

    def _log_line(self, meter: Meter) -> None:
        system, schedule = self._system, self._system.schedule
        interval = meter.close(system.group)
        figures, speed = dict(interval.figures), interval.speed * schedule.per_step
        steps, pictures = system.steps - self._first_step, system.pictures()
        if pictures is None:
            self._guard.check(steps, figures, sick_step=interval.sick_step)
        else:
            generated, real = (picture_statistics(each, system.group) for each in pictures)
            self._guard.check(steps, figures, generated, real, interval.sick_step)
            figures |= generated.figures("drawn") | real.figures("real")
        if self._log is None:
            return
        self._log.line("train", system.count, {**figures, f"{schedule.unit}_a_second": speed})
        if self._report is not None:
            self._report(Progress(system.name, "train", system.count, schedule.total, speed, figures))

    def _validate(self) -> None:
        system = self._system
        self._validated_at = system.count
        result = system.validate() if self._main else None
        if result is None or self._log is None:
            return
        self._log.line("validation", system.count, result.figures)
        if result.picture is not None:
            write_whole(
                self._folder / "pictures" / f"{self._checkpoints.name(system.count)}.png", png_bytes(result.picture)
            )
            self._log.picture("validation", system.count, result.picture)
        if self._report is not None:
            self._report(Progress(system.name, "validation", system.count, system.schedule.total, 0.0, result.figures))
