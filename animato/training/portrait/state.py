"""Everything that changes while one network trains, and its checkpoints."""

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
from animato.models.portrait.config import PatchConfig, critic_config
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
        config: what the network looks like.
        network: encoder and painter.
        average: running average of the network, what is used in the end.
        discriminator: projection discriminator.
        embedding_table: W, one vector a person.
        optimiser, critic_optimiser: Adam.
        steps: taken.
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
    """Return the state before the first step."""
    torch.manual_seed(settings.seed)
    device = torch.device(settings.device)
    network = PatchNetwork(config).to(device)
    discriminator = Discriminator(critic_config(config.side)).to(device)
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


def begin(state: PatchState, settings: PortraitTrainSettings, people: frozenset[str]) -> dict[str, object]:
    """Fill a new state from a finished weight file, where one is given; return what the model file says of it all.

    Args:
        state: of chance, changed.
        settings: of the run.
        people: who is trained on; those whom the given file knows join them.

    Raises:
        InputError, FileFormatError: the given file cannot be read, or holds no such network.
    """
    described = asdict(settings)
    if settings.start is not None:
        weights = read_portrait(None if settings.start == Path("shipped") else settings.start)
        if weights.configs.get(state.name) != state.config.as_json():
            raise FileFormatError(
                f"{weights.where} holds no network {state.name!r} of this size", hint="leave out `start`"
            )
        for network in (state.network, state.average):
            load_strictly(network, weights.arrays[state.name], weights.where)
        people |= weights.people
        described["start"] = {"file": weights.where, "sha256": weights.sha256}
    return {"settings": described, "people": sorted(people)}


class PatchCheckpoints:
    """Checkpoints of one network: one file each, written whole; the newest sound one is found again.

    Args:
        folder: RUN/<network>.
        keep: how many stay.
        recipe: what the model file says about how it was made.
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
            ranges: for the model file, from `models.portrait.ranges`; a run that goes on has none.

        Raises:
            TrainingStoppedError: a weight is not a number; nothing is written.
            OutputError: it cannot be written; earlier checkpoints are untouched.
        """
        good = self.paths()
        watch = DivergenceGuard(good[-1].name if good else None)
        watch.check_before_saving({**state.network.state_dict(), **state.discriminator.state_dict()})
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
        for half in self.folder.glob(".step-*.part"):  # left behind by a run that was killed while it saved
            with contextlib.suppress(FileNotFoundError):
                half.unlink()
        return path

    def restore_newest(self, state: PatchState) -> Path | None:
        """Fill a new state from the newest sound checkpoint; return it, or None when there is none.

        Raises:
            FileFormatError: it belongs to another network, or none is sound.
        """
        found, problems = self.paths(), []
        for path in reversed(found):
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
        if found:
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
