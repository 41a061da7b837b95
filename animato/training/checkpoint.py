"""Write, restore and rotate the checkpoints of a run."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from animato.errors import FileFormatError
from animato.models.loading import arrays_of
from animato.training.state import TrainState, restore_state, state_arrays
from animato.weights.io import read_arrays, write_arrays

KIND = "paper-checkpoint"
MODEL_KIND = "paper-model"
SCHEMA = 1
_NAME = re.compile(r"episode-(\d{9})\.safetensors")


@dataclass(frozen=True)
class Checkpoints:
    """The checkpoints of one run.

    Attributes:
        folder: folder of the checkpoints.
        keep: number of checkpoints to keep.
        videos: names of the rows of W, in order; checkpoints for other videos are rejected.
        recipe: training description for `model.safetensors` (plain JSON types).
    """

    folder: Path
    keep: int
    videos: Sequence[str]
    recipe: dict[str, object]

    def paths(self) -> list[Path]:
        """Return all checkpoints, oldest first."""
        if not self.folder.is_dir():
            return []
        return sorted(path for path in self.folder.iterdir() if _NAME.fullmatch(path.name))

    def save(self, state: TrainState) -> Path:
        """Write a checkpoint and the model file beside the folder, then remove the oldest checkpoints.

        Raises:
            OutputError: it cannot be written; earlier checkpoints are untouched.
        """
        path = self.folder / f"episode-{state.episodes:09d}.safetensors"
        header = {
            "kind": KIND,
            "schema": SCHEMA,
            "config": state.config.as_json(),
            "batches": state.batches,
            "episodes": state.episodes,
            "videos": list(self.videos),
        }
        write_arrays(path, state_arrays(state), header)
        save_model(self.folder.parent / "model.safetensors", state, self.recipe)
        for old in self.paths()[: -self.keep]:
            with contextlib.suppress(FileNotFoundError):
                old.unlink()
        return path

    def restore_newest(self, state: TrainState) -> tuple[Path | None, list[str]]:
        """Restore a state from the newest valid checkpoint.

        Returns:
            The checkpoint, or None without checkpoints; and a message for each damaged one that was skipped.

        Raises:
            FileFormatError: the newest valid checkpoint belongs to other networks or videos, or none is valid.
        """
        skipped: list[str] = []
        paths = self.paths()
        for path in reversed(paths):
            try:
                file = read_arrays(path, KIND, SCHEMA)
            except FileFormatError as problem:
                skipped.append(problem.what)
                continue
            if file.header["config"] != state.config.as_json() or file.header["videos"] != list(self.videos):
                raise FileFormatError(
                    f"{path.name} belongs to a run with other networks or other data",
                    where=f"{len(file.header['videos'])} videos there, {len(self.videos)} here",
                    hint="another output folder, or the data set the run was started with",
                )
            restore_state(state, file.arrays, path.name)
            state.batches, state.episodes = int(file.header["batches"]), int(file.header["episodes"])
            return path, skipped
        if paths:
            raise FileFormatError("no checkpoint of this run can be read", where="; ".join(skipped))
        return None, skipped

    def sweep(self) -> None:
        """Remove partial files of a killed run."""
        for folder in (self.folder, self.folder.parent):
            for path in folder.glob(".*.part"):
                with contextlib.suppress(FileNotFoundError):
                    path.unlink()


def save_model(path: Path, state: TrainState, recipe: dict[str, object]) -> None:
    """Write the model file: averaged embedder and generator, discriminator, and training description.

    Raises:
        OutputError: it cannot be written.
    """
    arrays = arrays_of(state.average.embedder, "embedder.") | arrays_of(state.average.generator, "generator.")
    arrays |= arrays_of(state.discriminator, "discriminator.")
    header = {
        "kind": MODEL_KIND,
        "schema": SCHEMA,
        "config": state.config.as_json(),
        "episodes": state.episodes,
        "recipe": recipe,
    }
    write_arrays(path, arrays, header)
