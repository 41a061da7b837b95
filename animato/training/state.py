"""Training state and its conversion to named arrays."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import torch
from numpy.typing import NDArray
from torch import nn

from animato.errors import FileFormatError
from animato.geometry.crop import MARGIN
from animato.models.loading import arrays_of, load_strictly
from animato.models.paper.config import PaperConfig
from animato.models.paper.discriminator import Discriminator
from animato.models.paper.embedder import Embedder
from animato.models.paper.generator import Generator
from animato.settings.training import TrainSettings
from animato.training.adam import Arrays, adam_arrays, make_adam, restore_adam, restore_embedding_table, table_arrays
from animato.training.embedding_table import EmbeddingTable
from animato.training.step import EmbedderGenerator


@dataclass
class TrainState:
    """Networks, their running average, optimisers and embedding table.

    Attributes:
        config: architecture of the networks.
        embedder_generator: embedder and generator.
        discriminator: discriminator of an image and its landmark drawing.
        average: running average of `embedder_generator`, used for inference.
        embedding_table: W.
        generator_optimiser, discriminator_optimiser: Adam.
    """

    config: PaperConfig
    embedder_generator: EmbedderGenerator
    discriminator: Discriminator
    average: EmbedderGenerator
    embedding_table: EmbeddingTable
    generator_optimiser: torch.optim.Adam
    discriminator_optimiser: torch.optim.Adam


def new_state(settings: TrainSettings, videos: int, device: torch.device, margin: float = MARGIN) -> TrainState:
    """Return the initial state.

    Args:
        videos: rows of the table W.
        margin: side of the data's crops, in faces.
    """
    torch.manual_seed(settings.seed)
    config = PaperConfig.from_settings(settings, margin)
    embedder_generator = EmbedderGenerator(Embedder(config), Generator(config)).to(device)
    discriminator = Discriminator(config).to(device)
    average = copy.deepcopy(embedder_generator).eval().requires_grad_(False)
    embedding_table = EmbeddingTable.create(videos, config.embed, settings.seed, device)
    return TrainState(
        config,
        embedder_generator,
        discriminator,
        average,
        embedding_table,
        make_adam(embedder_generator, settings.lr_drawer, settings.beta1),
        make_adam(discriminator, settings.lr_critic),
    )


def state_arrays(state: TrainState) -> Arrays:
    """Return all tensors of a state by name, including torch's RNG state."""
    arrays = arrays_of(state.embedder_generator, "drawer.") | arrays_of(state.discriminator, "critic.")
    arrays |= arrays_of(state.average, "average.")
    arrays |= table_arrays(state.embedding_table)
    for prefix, module, optimiser in _optimised(state):
        arrays |= adam_arrays(prefix, module, optimiser)
    arrays["random.cpu"] = torch.get_rng_state().numpy().copy()
    return arrays


def restore_state(state: TrainState, arrays: Mapping[str, NDArray[Any]], where: str) -> None:
    """Restore a state from arrays; names and shapes must match exactly.

    Args:
        where: file name for messages.

    Raises:
        FileFormatError: an array is missing, unexpected or has the wrong shape.
    """
    load_strictly(state.embedder_generator, arrays, where, "drawer.")
    load_strictly(state.discriminator, arrays, where, "critic.")
    load_strictly(state.average, arrays, where, "average.")
    restore_embedding_table(state.embedding_table, arrays, where)
    for prefix, module, optimiser in _optimised(state):
        restore_adam(prefix, module, optimiser, arrays, where)
    random = arrays.get("random.cpu")
    if random is None:
        raise FileFormatError(f"{where} lacks random.cpu")
    torch.set_rng_state(torch.from_numpy(random.copy()))


def _optimised(state: TrainState) -> list[tuple[str, nn.Module, torch.optim.Adam]]:
    return [
        ("adam.drawer.", state.embedder_generator, state.generator_optimiser),
        ("adam.critic.", state.discriminator, state.discriminator_optimiser),
    ]
