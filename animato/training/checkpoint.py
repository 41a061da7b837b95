"""Checkpoints of a run: one file each, written whole, the newest sound one is found again, old ones leave."""

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
        folder: where they lie.
        keep: how many stay.
        videos: names of the rows of W, in order; a checkpoint for other videos is refused.
        recipe: what `model.safetensors` says about how it was made (plain JSON types).
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
        """Fill a new state from the newest sound checkpoint.

        Returns:
            The checkpoint, or None when there is none; and one sentence for each damaged one that was passed over.

        Raises:
            FileFormatError: the newest sound checkpoint belongs to other networks or videos, or none is sound.
        """
        passed: list[str] = []
        found = self.paths()
        for path in reversed(found):
            try:
                file = read_arrays(path, KIND, SCHEMA)
            except FileFormatError as problem:
                passed.append(problem.what)
                continue
            if file.header["config"] != state.config.as_json() or file.header["videos"] != list(self.videos):
                raise FileFormatError(
                    f"{path.name} belongs to a run with other networks or other data",
                    where=f"{len(file.header['videos'])} videos there, {len(self.videos)} here",
                    hint="another output folder, or the data set the run was started with",
                )
            restore_state(state, file.arrays, path.name)
            state.batches, state.episodes = int(file.header["batches"]), int(file.header["episodes"])
            return path, passed
        if found:
            raise FileFormatError("no checkpoint of this run can be read", where="; ".join(passed))
        return None, passed

    def sweep(self) -> None:
        """Remove files that a killed run left half-written."""
        for folder in (self.folder, self.folder.parent):
            for path in folder.glob(".*.part"):
                with contextlib.suppress(FileNotFoundError):
                    path.unlink()


def save_model(path: Path, state: TrainState, recipe: dict[str, object]) -> None:
    """Write the file that is used after training: averaged embedder and generator, the discriminator, how it was made.

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
