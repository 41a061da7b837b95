"""Training state of one network and its conversion to named arrays."""

from __future__ import annotations

import copy
from collections.abc import Mapping
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
from animato.training.adam import Arrays, adam_arrays, make_adam, restore_adam, restore_embedding_table, table_arrays
from animato.training.embedding_table import EmbeddingTable
from animato.weights.portrait import read_portrait

BETA1 = 0.9


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
    """

    name: str
    config: PatchConfig
    network: PatchNetwork
    average: PatchNetwork
    discriminator: Discriminator
    embedding_table: EmbeddingTable
    optimiser: torch.optim.Adam
    discriminator_optimiser: torch.optim.Adam


def new_state(
    name: str, config: PatchConfig, settings: PortraitTrainSettings, people: int, device: torch.device
) -> PatchState:
    """Return the initial state."""
    torch.manual_seed(settings.seed)
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


def state_arrays(state: PatchState) -> Arrays:
    """Return all tensors of a state by name."""
    arrays = arrays_of(state.network, "network.") | arrays_of(state.average, "average.")
    arrays |= arrays_of(state.discriminator, "critic.")
    arrays |= table_arrays(state.embedding_table)
    arrays |= adam_arrays("adam.network.", state.network, state.optimiser)
    return arrays | adam_arrays("adam.critic.", state.discriminator, state.discriminator_optimiser)


def restore_state(state: PatchState, arrays: Mapping[str, NDArray[Any]], where: str) -> None:
    """Restore a state from arrays; names and shapes must match exactly.

    Args:
        state: changed in place.
        arrays: of `state_arrays`.
        where: file name for messages.

    Raises:
        FileFormatError: an array is missing, unexpected or has the wrong shape.
    """
    load_strictly(state.network, arrays, where, "network.")
    load_strictly(state.average, arrays, where, "average.")
    load_strictly(state.discriminator, arrays, where, "critic.")
    restore_embedding_table(state.embedding_table, arrays, where)
    restore_adam("adam.network.", state.network, state.optimiser, arrays, where)
    restore_adam("adam.critic.", state.discriminator, state.discriminator_optimiser, arrays, where)
