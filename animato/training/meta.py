"""Meta-training of the 2019 system (Zakharov et al. 2019, section 3.2): set up a run, build the system, train it.

A run folder holds run.json, log.jsonl, tensorboard/, checkpoints/, pictures/ and model.safetensors (the averaged
networks, the starting point of adaptation). The same call on the same folder resumes the run.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from animato.data.clips import SPLITS, ClipStore, clips_of
from animato.data.lock import FileLock
from animato.errors import OutputError
from animato.geometry.crop import MARGIN
from animato.settings.training import TrainSettings
from animato.training.checkpoint import Checkpoints
from animato.training.distributed import ProcessGroup, join_process_group
from animato.training.episodes import Episodes
from animato.training.loop import Report, fit
from animato.training.meta_system import KIND, MetaSystem
from animato.training.run_log import CHANGEABLE_ON_RESUME, check_same_run, describe_run, write_description
from animato.training.sources import sources_of
from animato.training.validate import fixed_batch

CHANGEABLE = CHANGEABLE_ON_RESUME | {
    *("episodes", "cache_mb", "save_episodes", "log_episodes", "validate_episodes", "validate_people"),
    *("vgg19", "vggface"),
}
"""Settings that can change when a run is resumed."""


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


def train(
    settings: TrainSettings, store: ClipStore, folder: Path, report: Report | None = None, margin: float = MARGIN
) -> TrainResult:
    """Train or resume training of embedder, generator and discriminator on clips of many people.

    Args:
        settings: see `settings.training`.
        store: the data; episodes come from its split "train", the validation image from "val".
        folder: the run folder; created when missing.
        report: called at every log line and validation, by rank 0 only.
        margin: side of the data's crops, in units of the longer side of the face; stored in the model file.

    Raises:
        UsageError: no usable clips, or the folder holds another run.
        OutputError: the folder cannot be written, or another process trains there.
        TrainingStoppedError: training diverged or collapsed; the message contains the last good checkpoint.
        InterruptedRunError: Ctrl-C; a checkpoint was saved.
    """
    group = setup(settings, folder)
    lock = FileLock(folder / "run.lock")
    try:
        if group.is_main:
            lock.acquire_or_raise(f"trains in {folder.name}")
        system = build(settings, store, group, margin)
        checkpoints = checkpoints_of(settings, folder)
        if group.is_main and not checkpoints.paths():
            write_description(folder / "run.json", system.recipe)
        notes = fit(system, checkpoints, folder, report)
    finally:
        lock.release()
        group.destroy()
    return TrainResult(folder, checkpoints.model, system.count, tuple(notes))


def setup(settings: TrainSettings, folder: Path) -> ProcessGroup:
    """Join the process group, create the folder and check the settings."""
    group = join_process_group(settings.device)
    group.check_shares(settings.batch, settings.accumulate, "train.batch")
    if settings.threads:
        torch.set_num_threads(settings.threads)
    try:
        (folder / "checkpoints").mkdir(parents=True, exist_ok=True)
        (folder / "pictures").mkdir(exist_ok=True)
    except OSError as problem:
        raise OutputError(f"cannot make the folder {folder}", where=str(problem.strerror)) from problem
    if (folder / "run.json").is_file():
        check_same_run(folder / "run.json", settings, CHANGEABLE)
    return group


def build(settings: TrainSettings, store: ClipStore, group: ProcessGroup, margin: float = MARGIN) -> MetaSystem:
    """Create episodes, networks, optimisers and losses."""
    episodes = Episodes(store, "train", settings)
    held_out = None
    if group.is_main and settings.validate_episodes:
        split = "val" if sources_of(store, "val") else "train"
        held_out = fixed_batch(Episodes(store, split, settings), settings.validate_people).to(group.device)
    system = MetaSystem(settings, episodes, group, margin, held_out)
    system.recipe = _describe(settings, store, system)
    return system


def checkpoints_of(settings: TrainSettings, folder: Path) -> Checkpoints:
    """Return the checkpoints of a run folder."""
    return Checkpoints(folder / "checkpoints", folder / "model.safetensors", KIND, "episode", 9, settings.keep)


def _describe(settings: TrainSettings, store: ClipStore, system: MetaSystem) -> Mapping[str, Any]:
    sources = system.episodes.sources
    description = describe_run(
        settings,
        content_network=system.content.name,
        people=sorted({source.person for source in sources}),
        videos=len(sources),
        clips={split: len(clips_of(store, split)) for split in SPLITS},
    )
    for name in ("vgg19", "vggface"):
        path = description["settings"][name]
        description["settings"][name] = Path(path).name if path else None
    return description
