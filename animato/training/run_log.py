"""Log of a training run: run.json, JSON lines, TensorBoard."""

from __future__ import annotations

import json
import platform
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import torch
from numpy.typing import NDArray

from animato.errors import UsageError
from animato.settings.base import as_json
from animato.version import __version__
from animato.weights.io import write_whole

CHANGEABLE_ON_RESUME = frozenset({"device", "threads", "workers", "save_minutes", "keep"})
"""Settings of any system that can change when a run is resumed."""


def describe_run(settings: Any, **more: Any) -> dict[str, Any]:
    """Return the description of a run for run.json: settings, versions, machine, command.

    Args:
        settings: a settings dataclass.
        more: further entries, plain JSON types.
    """
    return {
        "schema": 1,
        "settings": as_json(settings),
        **more,
        "versions": {"animato": __version__, "torch": torch.__version__, "python": platform.python_version()},
        "machine": platform.machine(),
        "command": [Path(part).name if "/" in part else part for part in sys.argv],
        "started": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
    }


def write_description(path: Path, description: Mapping[str, Any]) -> None:
    """Write run.json.

    Raises:
        OutputError: it cannot be written.
    """
    write_whole(path, (json.dumps(description, indent=1) + "\n").encode())


def check_same_run(path: Path, settings: Any, changeable: frozenset[str]) -> None:
    """Check that a run is resumed with the same settings.

    Args:
        path: the run's run.json.
        settings: a settings dataclass with a default for every field.
        changeable: names of settings that can change.

    Raises:
        UsageError: a setting differs from run.json, or run.json cannot be read.
    """
    try:
        saved = json.loads(path.read_text())["settings"]
    except (ValueError, KeyError, TypeError) as problem:
        raise UsageError(
            f"{path.name} cannot be read", where=str(path.parent), hint="another output folder"
        ) from problem
    # A setting added after the run was started had its default value.
    saved = {**as_json(type(settings)()), **saved}
    current = as_json(settings)
    for name in sorted((set(saved) | set(current)) - changeable):
        if saved.get(name) != current.get(name):
            raise UsageError(
                f"the run in {path.parent.name} was started with `{name}={saved.get(name)}`",
                where=f"now: {current.get(name)}",
                hint="use the same settings to resume, or another output folder",
            )


class RunLog:
    """Log of one run: `log.jsonl` and, when installed, TensorBoard.

    Args:
        folder: of the run.
        unit: "episodes" or "steps": the entry that counts.
        count: episodes or steps so far; lines of later ones, which a resumed run will repeat, are dropped.
    """

    def __init__(self, folder: Path, unit: str, count: int) -> None:
        self._path, self._unit = folder / "log.jsonl", unit
        self._drop_repeated_lines(count)
        self._stream = self._path.open("a", encoding="utf-8")
        self._board = _open_tensorboard(folder / "tensorboard", count)

    def _drop_repeated_lines(self, count: int) -> None:
        if not self._path.is_file():
            return
        kept = []
        for line in self._path.read_text(encoding="utf-8").splitlines():
            try:
                if json.loads(line)[self._unit] <= count:
                    kept.append(line)
            except (ValueError, KeyError):
                continue  # truncated last line of a killed run
        write_whole(self._path, "".join(f"{line}\n" for line in kept).encode())

    def line(self, kind: str, count: int, values: Mapping[str, Any]) -> None:
        """Write one report; numbers are also sent to TensorBoard as "kind/name"."""
        self._stream.write(json.dumps({"kind": kind, self._unit: count, **values}) + "\n")
        self._stream.flush()
        if self._board is not None:
            for name, value in values.items():
                if isinstance(value, (int, float)):
                    self._board.add_scalar(f"{kind}/{name}", value, count)

    def picture(self, name: str, count: int, picture: NDArray[np.uint8]) -> None:
        """Add an image, H x W x 3 uint8 RGB, to TensorBoard."""
        if self._board is not None:
            self._board.add_image(name, picture, count, dataformats="HWC")

    def close(self) -> None:
        """Close the files."""
        self._stream.close()
        if self._board is not None:
            self._board.close()


def png_bytes(picture: NDArray[np.uint8]) -> bytes:
    """Encode an H x W x 3 uint8 RGB image as PNG."""
    done, data = cv2.imencode(".png", np.ascontiguousarray(picture[:, :, ::-1]))
    if not done:
        raise RuntimeError("cv2 could not encode a picture")
    return bytes(data.tobytes())


def _open_tensorboard(folder: Path, count: int) -> Any:
    try:
        from torch.utils.tensorboard import SummaryWriter
    except ImportError:
        return None
    return SummaryWriter(str(folder), purge_step=count)
