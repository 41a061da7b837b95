"""Write, restore and rotate the checkpoints of a run."""

from __future__ import annotations

import contextlib
import re
from dataclasses import dataclass
from pathlib import Path

from animato.errors import FileFormatError
from animato.training.precision import restore_scaler, scaler_arrays
from animato.training.system import B, TrainingSystem
from animato.weights.io import read_arrays, write_arrays

SCHEMA = 1


@dataclass(frozen=True)
class Checkpoints:
    """The checkpoints of one run.

    Attributes:
        folder: folder of the checkpoints; created by the caller.
        model: the file to use, written with every checkpoint.
        kind: kind of the files' headers.
        stem: beginning of a checkpoint's name, before its count: "episode" or "step".
        digits: of the count in a name; 0: the one checkpoint has the stem's name.
        keep: number of checkpoints to keep.
    """

    folder: Path
    model: Path
    kind: str
    stem: str
    digits: int
    keep: int

    def name(self, count: int) -> str:
        """Return the name, without ending, of what belongs to a count of episodes or steps."""
        return f"{self.stem}-{count:0{self.digits}d}" if self.digits else self.stem

    def paths(self) -> list[Path]:
        """Return all checkpoints, oldest first."""
        if not self.folder.is_dir():
            return []
        name = re.compile(self.stem + (rf"-\d{{{self.digits}}}" if self.digits else "") + r"\.safetensors")
        return sorted(path for path in self.folder.iterdir() if name.fullmatch(path.name))

    def save(self, system: TrainingSystem[B]) -> Path:
        """Write a checkpoint and the model file, then remove the oldest checkpoints.

        Raises:
            OutputError: it cannot be written; earlier checkpoints are untouched.
        """
        path = self.folder / f"{self.name(system.count)}.safetensors"
        arrays = system.arrays()
        for optimised in system.optimised:
            arrays |= scaler_arrays(f"scaler.{optimised.name}/", optimised.scaler)
        write_arrays(path, arrays, {"kind": self.kind, "schema": SCHEMA, **system.header()})
        system.save_model(self.model)
        for old in self.paths()[: -self.keep]:
            with contextlib.suppress(FileNotFoundError):
                old.unlink()
        return path

    def restore_newest(self, system: TrainingSystem[B]) -> tuple[Path | None, list[str]]:
        """Restore a system from the newest valid checkpoint.

        Returns:
            The checkpoint, or None without checkpoints; and a message for each damaged one that was skipped.

        Raises:
            FileFormatError: the newest valid checkpoint belongs to another run, or none is valid.
        """
        skipped: list[str] = []
        paths = self.paths()
        for path in reversed(paths):
            try:
                file = read_arrays(path, self.kind, SCHEMA)
            except FileFormatError as problem:
                skipped.append(problem.what)
                continue
            system.restore(file.arrays, file.header, path.name)
            for optimised in system.optimised:
                restore_scaler(f"scaler.{optimised.name}/", optimised.scaler, file.arrays)
            return path, skipped
        if paths:
            raise FileFormatError("no checkpoint of this run can be read", where="; ".join(skipped))
        return None, skipped

    def sweep(self) -> None:
        """Remove partial files of a killed run."""
        for folder, stem in ((self.folder, self.stem), (self.model.parent, self.model.stem)):
            for path in folder.glob(f".{stem}*.part"):
                with contextlib.suppress(FileNotFoundError):
                    path.unlink()
