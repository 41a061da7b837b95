"""Meta-training of the 2019 system: setup, build, fit (Zakharov et al. 2019, section 3.2).

    train(settings, store, folder)
      setup     join the process group, create the folder, check that a continued run has the same settings
      build     episodes, networks, optimisers, losses; restore the newest checkpoint
      fit       training loop

A run folder holds run.json, log.jsonl, tensorboard/, checkpoints/, pictures/ and model.safetensors (the averaged
networks, the starting point of adaptation). The same call on the same folder resumes the run.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import torch

from animato.data.clips import SPLITS, ClipStore, clips_of
from animato.data.lock import FileLock
from animato.errors import InterruptedRunError, OutputError, UsageError
from animato.geometry.crop import MARGIN
from animato.settings.training import TrainSettings
from animato.training.checkpoint import Checkpoints
from animato.training.content import make_content_loss
from animato.training.distributed import ProcessGroup, join_process_group
from animato.training.divergence_guard import DivergenceGuard, picture_statistics
from animato.training.episodes import EpisodeBatch, Episodes
from animato.training.meters import Meter, statistics_figures
from animato.training.prefetch import Prefetch
from animato.training.run_log import RunLog, check_same_run, describe_run
from animato.training.sources import sources_of
from animato.training.state import TrainState, new_state
from animato.training.step import Objective
from animato.training.update import DdpNetworks, UpdateOutput, update
from animato.training.validate import fixed_batch, png_bytes, validate
from animato.weights.io import write_whole


@dataclass(frozen=True)
class Progress:
    """Progress of a run, reported at every log line.

    Attributes:
        episodes: episodes seen so far.
        total: episodes of the whole run.
        speed: episodes per second since the last report.
        figures: losses, norms and statistics by name.
    """

    episodes: int
    total: int
    speed: float
    figures: dict[str, float]


Report = Callable[[Progress], None]


@dataclass(frozen=True)
class TrainResult:
    """Result of a finished run.

    Attributes:
        folder: the run folder.
        model: `model.safetensors`, the averaged networks.
        episodes: total episodes, including those before a resume.
        notes: messages about skipped checkpoints.
    """

    folder: Path
    model: Path
    episodes: int
    notes: tuple[str, ...]


@dataclass
class Run:
    """State and dependencies of `fit`."""

    settings: TrainSettings
    process_group: ProcessGroup
    folder: Path
    state: TrainState
    episodes: Episodes
    validation: EpisodeBatch | None
    objective: Objective
    checkpoints: Checkpoints
    guard: DivergenceGuard
    notes: list[str]


def train(
    settings: TrainSettings, store: ClipStore, folder: Path, report: Report | None = None, margin: float = MARGIN
) -> TrainResult:
    """Train or resume training of embedder, generator and discriminator on clips of many people.

    Args:
        settings: see `settings.training`.
        store: the data; episodes come from its split "train", the validation image from "val".
        folder: the run folder; created when missing.
        report: called at every log line, by rank 0 only.
        margin: side of the data's crops, in units of the longer side of the face; stored in the model file.

    Raises:
        UsageError: no usable clips, or the folder holds another run.
        OutputError: the folder cannot be written, or another process trains there.
        TrainingStoppedError: training diverged or collapsed; the message contains the last good checkpoint.
        InterruptedRunError: Ctrl-C; a checkpoint was saved.
    """
    process_group = setup(settings, folder)
    lock = FileLock(folder / "run.lock")
    try:
        if process_group.is_main:
            lock.acquire_or_raise(f"trains in {folder.name}")
        run = build(settings, store, folder, process_group, margin)
        fit(run, report)
    finally:
        lock.release()
        process_group.destroy()
    return TrainResult(folder, folder / "model.safetensors", run.state.episodes, tuple(run.notes))


def setup(settings: TrainSettings, folder: Path) -> ProcessGroup:
    """Join the process group, create the folder and check the settings."""
    process_group = join_process_group(settings.device)
    if settings.batch % process_group.world:
        raise UsageError(
            f"`batch={settings.batch}` cannot be shared by {process_group.world} processes", where="train.batch"
        )
    if settings.threads:
        torch.set_num_threads(settings.threads)
    try:
        (folder / "checkpoints").mkdir(parents=True, exist_ok=True)
        (folder / "pictures").mkdir(exist_ok=True)
    except OSError as problem:
        raise OutputError(f"cannot make the folder {folder}", where=str(problem.strerror)) from problem
    if (folder / "run.json").is_file():
        check_same_run(folder / "run.json", settings)
    return process_group


def build(settings: TrainSettings, store: ClipStore, folder: Path, process_group: ProcessGroup, margin: float) -> Run:
    """Create networks, optimisers, losses and episodes; restore the newest checkpoint, if any."""
    episodes = Episodes(store, "train", settings)
    held_out = sources_of(store, "val")
    validation = None
    if process_group.is_main and settings.validate_episodes:
        validation_episodes = Episodes(store, "val" if held_out else "train", settings)
        validation = fixed_batch(validation_episodes, settings.validate_people).to(process_group.device)
    content = make_content_loss(settings).to(process_group.device)
    counts = {split: len(clips_of(store, split)) for split in SPLITS}
    people = [source.person for source in episodes.sources]
    description = describe_run(settings, content.name, people, len(episodes.sources), counts)
    videos = [source.name for source in episodes.sources]
    checkpoints = Checkpoints(folder / "checkpoints", settings.keep, videos, description)
    state = new_state(settings, len(videos), process_group.device, margin)
    if process_group.is_main:
        checkpoints.sweep()
    restored, notes = checkpoints.restore_newest(state)
    if process_group.is_main and restored is None:
        write_whole(folder / "run.json", (json.dumps(description, indent=1) + "\n").encode())
    objective = Objective.of(settings, content)
    guard = DivergenceGuard(restored.name if restored else None)
    return Run(settings, process_group, folder, state, episodes, validation, objective, checkpoints, guard, notes)


def fit(run: Run, report: Report | None, keep: bool = True) -> None:
    """Train until all episodes are seen.

    Args:
        keep: whether to save and validate at the end; False for benchmarks.
    """
    settings, state, process_group = run.settings, run.state, run.process_group
    networks = DdpNetworks(process_group.wrap(state.embedder_generator), process_group.wrap(state.discriminator))
    bf16 = process_group.device.type == "cuda" and settings.precision != "fp32"
    run_log = RunLog(run.folder, state.episodes) if process_group.is_main else None
    meter, saved_at, first_batch = Meter(), time.monotonic(), state.batches
    try:
        with Prefetch(run.episodes, state.batches, process_group, settings.workers) as batches:
            while state.episodes < settings.episodes:
                # Fetch episodes.
                batch = batches.take()
                # Update networks, table and average.
                log_due = _due(state.episodes, settings.batch, settings.log_episodes)
                output = update(state, networks, batch, run.objective, settings, process_group, bf16, measure=log_due)
                meter.add(output)
                # Report.
                if log_due:
                    _log(run, run_log, meter, output, batch, state.batches - first_batch, report)
                # Validate.
                if run.validation is not None and _was_due(state.episodes, settings, settings.validate_episodes):
                    _validate(run, run_log)
                # Save.
                if process_group.is_main and _save_due(run, saved_at):
                    save(run)
                    saved_at = time.monotonic()
        if process_group.is_main and keep:
            _finish(run, run_log)
    except KeyboardInterrupt as interrupt:
        if process_group.is_main:
            save(run)
        raise InterruptedRunError(
            f"training stopped after {state.episodes} episodes; a checkpoint was saved",
            hint="run the same command to resume",
        ) from interrupt
    finally:
        if run_log is not None:
            run_log.close()


def save(run: Run) -> None:
    """Write a checkpoint, unless a weight is not finite."""
    run.guard.check_before_saving({**run.state.embedder_generator.state_dict(), **run.state.discriminator.state_dict()})
    run.guard.last_good = run.checkpoints.save(run.state).name


def _due(before: int, step: int, every: int) -> bool:
    return every > 0 and (before + step) // every > before // every


def _was_due(episodes: int, settings: TrainSettings, every: int) -> bool:
    return _due(episodes - settings.batch, settings.batch, every)


def _save_due(run: Run, saved_at: float) -> bool:
    settings = run.settings
    by_count = _was_due(run.state.episodes, settings, settings.save_episodes)
    return by_count or time.monotonic() - saved_at >= settings.save_minutes * 60


def _log(
    run: Run,
    run_log: RunLog | None,
    meter: Meter,
    output: UpdateOutput,
    batch: EpisodeBatch,
    steps: int,
    report: Report | None,
) -> None:
    figures, speed = meter.close(output, run.settings.log_episodes, run.process_group)
    generated, real = picture_statistics(output.generator.picture_BCHW), picture_statistics(batch.target_BCHW)
    run.guard.check(steps, figures, generated, real)
    figures |= statistics_figures("drawn", generated) | statistics_figures("real", real)
    if run_log is not None:
        run_log.line("train", run.state.episodes, {**figures, "episodes_a_second": speed})
        if report is not None:
            report(Progress(run.state.episodes, run.settings.episodes, speed, figures))


def _validate(run: Run, run_log: RunLog | None) -> None:
    assert run.validation is not None
    result = validate(run.state.average, run.validation)
    name = f"episode-{run.state.episodes:09d}.png"
    write_whole(run.folder / "pictures" / name, png_bytes(result.picture))
    if run_log is not None:
        run_log.line("validation", run.state.episodes, result.figures)
        run_log.picture("validation", run.state.episodes, result.picture)


def _finish(run: Run, run_log: RunLog | None) -> None:
    newest = run.checkpoints.paths()[-1:]
    if not newest or run.guard.last_good != newest[0].name or f"{run.state.episodes:09d}" not in newest[0].name:
        if run.validation is not None:
            _validate(run, run_log)
        save(run)
