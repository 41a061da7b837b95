"""Training state of one network and its checkpoints."""

from __future__ import annotations

import contextlib
import copy
import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch
from numpy.typing import NDArray

from animato.errors import FileFormatError
from animato.models.loading import arrays_of, load_strictly
from animato.models.paper.discriminator import Discriminator
from animato.models.portrait.config import PatchConfig, discriminator_config
from animato.models.portrait.networks import PatchNetwork
from animato.settings.portrait import PortraitTrainSettings
from animato.training.divergence_guard import DivergenceGuard
from animato.training.embedding_table import EmbeddingTable
from animato.training.state import adam_arrays, make_adam, restore_adam, restore_embedding_table
from animato.weights.io import read_arrays, write_arrays
from animato.weights.portrait import read_portrait, save_network

KIND = "portrait-checkpoint"
SCHEMA = 1
BETA1 = 0.9
_NAME = re.compile(r"step-(\d{7})\.safetensors")


@dataclass
class PatchState:
    """One network in training.

    Attributes:
        name: "mouth", "eye" or "head".
        config: architecture of the network.
        network: encoder and painter.
        average: running average of the network, used for inference.
        discriminator: projection discriminator.
        embedding_table: W, one vector per person.
        optimiser, discriminator_optimiser: Adam.
        steps: number of steps so far.
    """

    name: str
    config: PatchConfig
    network: PatchNetwork
    average: PatchNetwork
    discriminator: Discriminator
    embedding_table: EmbeddingTable
    optimiser: torch.optim.Adam
    discriminator_optimiser: torch.optim.Adam
    steps: int = 0


def new_state(name: str, config: PatchConfig, settings: PortraitTrainSettings, people: int) -> PatchState:
    """Return the initial state."""
    torch.manual_seed(settings.seed)
    device = torch.device(settings.device)
    network = PatchNetwork(config).to(device)
    discriminator = Discriminator(discriminator_config(config.side)).to(device)
    average = copy.deepcopy(network).eval().requires_grad_(False)
    embedding_table = EmbeddingTable.create(people, discriminator.config.embed, settings.seed, device)
    optimiser = make_adam(network, settings.lr, BETA1)
    return PatchState(
        name,
        config,
        network,
        average,
        discriminator,
        embedding_table,
        optimiser,
        make_adam(discriminator, settings.lr_critic, 0.0),
    )


def initialise(state: PatchState, settings: PortraitTrainSettings, people: frozenset[str]) -> dict[str, object]:
    """Initialise a new state from the weight file in the settings, if any; return the recipe for the model file.

    Args:
        state: randomly initialised; changed in place.
        settings: of the run.
        people: people in the training data; those of the weight file are added.

    Raises:
        InputError, FileFormatError: the weight file cannot be read, or holds no such network.
    """
    recipe_settings = asdict(settings)
    if settings.start is not None:
        weights = read_portrait(None if settings.start == Path("shipped") else settings.start)
        if weights.configs.get(state.name) != state.config.as_json():
            raise FileFormatError(
                f"{weights.where} holds no network {state.name!r} of this size", hint="leave out `start`"
            )
        for network in (state.network, state.average):
            load_strictly(network, weights.arrays[state.name], weights.where)
        people |= weights.people
        recipe_settings["start"] = {"file": weights.where, "sha256": weights.sha256}
    return {"settings": recipe_settings, "people": sorted(people)}


class PatchCheckpoints:
    """Checkpoints of one network, written atomically.

    Args:
        folder: RUN/<network>.
        keep: number of checkpoints to keep.
        recipe: training description for the model file.
    """

    def __init__(self, folder: Path, keep: int, recipe: dict[str, object]) -> None:
        self.folder, self._keep, self._recipe = folder, keep, recipe

    def paths(self) -> list[Path]:
        """Return all checkpoints, oldest first."""
        if not self.folder.is_dir():
            return []
        return sorted(path for path in self.folder.iterdir() if _NAME.fullmatch(path.name))

    def save(self, state: PatchState, ranges: Mapping[str, Sequence[float]] | None = None) -> Path:
        """Write a checkpoint and the model file, then remove the oldest checkpoints.

        Args:
            state: the network.
            ranges: for the model file, from `models.portrait.ranges`; None during training.

        Raises:
            TrainingStoppedError: a weight is not finite; nothing is written.
            OutputError: it cannot be written; earlier checkpoints are untouched.
        """
        saved = self.paths()
        guard = DivergenceGuard(saved[-1].name if saved else None)
        guard.check_before_saving({**state.network.state_dict(), **state.discriminator.state_dict()})
        path = self.folder / f"step-{state.steps:07d}.safetensors"
        header = {"kind": KIND, "schema": SCHEMA, "config": state.config.as_json(), "steps": state.steps}
        write_arrays(path, _arrays(state), header)
        save_network(
            self.folder / "model.safetensors",
            state.name,
            state.config.as_json(),
            arrays_of(state.average),
            {**self._recipe, "steps": state.steps},
            ranges,
        )
        for old in self.paths()[: -self._keep]:
            with contextlib.suppress(FileNotFoundError):
                old.unlink()
        for partial in self.folder.glob(".step-*.part"):  # left by a run killed while saving
            with contextlib.suppress(FileNotFoundError):
                partial.unlink()
        return path

    def restore_newest(self, state: PatchState) -> Path | None:
        """Restore a state from the newest valid checkpoint; return its path, or None without checkpoints.

        Raises:
            FileFormatError: it belongs to another network, or no checkpoint is valid.
        """
        paths, problems = self.paths(), []
        for path in reversed(paths):
            try:
                file = read_arrays(path, KIND, SCHEMA)
            except FileFormatError as problem:
                problems.append(problem.what)
                continue
            if file.header["config"] != state.config.as_json():
                raise FileFormatError(f"{path.name} belongs to a run with another network", hint="another run folder")
            _restore(state, file.arrays, path.name)
            state.steps = int(file.header["steps"])
            return path
        if paths:
            raise FileFormatError("no checkpoint of this run can be read", where="; ".join(problems))
        return None


def _arrays(state: PatchState) -> dict[str, NDArray[Any]]:
    arrays = arrays_of(state.network, "network.") | arrays_of(state.average, "average.")
    arrays |= arrays_of(state.discriminator, "critic.")
    arrays |= {f"table.{name}": value.cpu().numpy().copy() for name, value in state.embedding_table.tensors().items()}
    arrays |= adam_arrays("adam.network.", state.network, state.optimiser)
    return arrays | adam_arrays("adam.critic.", state.discriminator, state.discriminator_optimiser)


def _restore(state: PatchState, arrays: Mapping[str, NDArray[Any]], where: str) -> None:
    load_strictly(state.network, arrays, where, "network.")
    load_strictly(state.average, arrays, where, "average.")
    load_strictly(state.discriminator, arrays, where, "critic.")
    restore_embedding_table(state.embedding_table, arrays, where)
    restore_adam("adam.network.", state.network, state.optimiser, arrays, where)
    restore_adam("adam.critic.", state.discriminator, state.discriminator_optimiser, arrays, where)
