"""Train the parts network (`animato train-parts`).

RUN/run.json        settings of the training; written once
RUN/cases/          see `training.parts.cases`
RUN/log.jsonl       figures, one JSON line per report
RUN/checkpoint.safetensors   the newest state; the same command continues from it exactly
RUN/parts.safetensors        the network to use
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import torch

from animato.data.lock import FileLock
from animato.models.parts.config import PartsConfig
from animato.settings.parts import PartsTrainSettings
from animato.training.checkpoint import Checkpoints
from animato.training.loop import Report, fit
from animato.training.parts.cases import make_parts_cases
from animato.training.parts.system import KIND, PartsSystem
from animato.training.run_log import CHANGEABLE_ON_RESUME, check_same_run, describe_run, write_description

CHANGEABLE = CHANGEABLE_ON_RESUME | {"log_steps", "validate_steps"}
"""Settings that can change when a run is resumed."""


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
        report: called at every log line and validation.
        config: size of the network; None for the shipped one's.

    Raises:
        InputError, FileFormatError, UsageError: data that cannot be used, or a run with other settings.
        TrainingStoppedError: training diverged.
        InterruptedRunError: Ctrl-C; a checkpoint was saved.
    """
    folder.mkdir(parents=True, exist_ok=True)
    with FileLock(folder / "run.lock").acquire_or_raise(f"trains the parts network in {folder.name}"):
        if (folder / "run.json").is_file():
            check_same_run(folder / "run.json", settings, CHANGEABLE)
        else:
            write_description(folder / "run.json", describe_run(settings))
        cases = make_parts_cases(labelled, walls, held_out, folder / "cases")
        if settings.threads:
            torch.set_num_threads(settings.threads)
        model = folder / "parts.safetensors"
        system = PartsSystem(config or PartsConfig(), settings, cases)
        fit(system, Checkpoints(folder, model, KIND, "checkpoint", 0, keep=1), folder, report)
    return model
