"""Training state and its conversion to named arrays."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from animato.errors import FileFormatError
from animato.geometry.crop import MARGIN
from animato.models.loading import arrays_of, load_strictly
from animato.models.paper.config import PaperConfig
from animato.models.paper.discriminator import Discriminator
from animato.models.paper.embedder import Embedder
from animato.models.paper.generator import Generator
from animato.settings.training import TrainSettings
from animato.training.embedding_table import EmbeddingTable
from animato.training.step import EmbedderGenerator

ADAM_BETAS = (0.0, 0.999)
ADAM_EPS = 1e-5

Arrays = dict[str, NDArray[Any]]


@dataclass
class TrainState:
    """Networks, their running average, optimisers, embedding table and progress.

    Attributes:
        config: architecture of the networks.
        embedder_generator: embedder and generator.
        discriminator: discriminator of an image and its landmark drawing.
        average: running average of `embedder_generator`, used for inference.
        embedding_table: W.
        generator_optimiser, discriminator_optimiser: Adam.
        batches: steps taken.
        episodes: episodes seen.
    """

    config: PaperConfig
    embedder_generator: EmbedderGenerator
    discriminator: Discriminator
    average: EmbedderGenerator
    embedding_table: EmbeddingTable
    generator_optimiser: torch.optim.Adam
    discriminator_optimiser: torch.optim.Adam
    batches: int = 0
    episodes: int = 0


def make_adam(module: nn.Module, lr: float, beta1: float = ADAM_BETAS[0]) -> torch.optim.Adam:
    """Return Adam with the parameters of the 2019 system: betas (0, 0.999), eps 1e-5 (FSTH module)."""
    return torch.optim.Adam(module.parameters(), lr=lr, betas=(beta1, ADAM_BETAS[1]), eps=ADAM_EPS, fused=True)


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


@torch.no_grad()
def update_average(average: nn.Module, current: nn.Module, decay: float) -> None:
    """Move the running average towards the current weights; buffers are copied (FSTH module)."""
    averaged, latest = [p.detach() for p in average.parameters()], [p.detach() for p in current.parameters()]
    torch._foreach_lerp_(averaged, latest, 1 - decay)
    for target, source in zip(average.buffers(), current.buffers(), strict=True):
        target.copy_(source)


def state_arrays(state: TrainState) -> Arrays:
    """Return all tensors of a state by name, including torch's RNG state."""
    arrays = arrays_of(state.embedder_generator, "drawer.") | arrays_of(state.discriminator, "critic.")
    arrays |= arrays_of(state.average, "average.")
    arrays |= {f"table.{name}": value.cpu().numpy().copy() for name, value in state.embedding_table.tensors().items()}
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


def adam_arrays(prefix: str, module: nn.Module, optimiser: torch.optim.Adam) -> Arrays:
    """Return an optimiser's moments and step counts by parameter name, with a prefix."""
    return {
        f"{prefix}{name}/{key}": value.detach().cpu().numpy().copy()
        for name, parameter in module.named_parameters()
        for key, value in optimiser.state.get(parameter, {}).items()
    }


def restore_embedding_table(embedding_table: EmbeddingTable, arrays: Mapping[str, NDArray[Any]], where: str) -> None:
    """Restore an embedding table from arrays named `table.*`.

    Raises:
        FileFormatError: an array is missing or has the wrong shape.
    """
    for name, tensor in embedding_table.tensors().items():
        _copy(tensor, arrays, f"table.{name}", where)


def _copy(tensor: Tensor, arrays: Mapping[str, NDArray[Any]], name: str, where: str) -> None:
    array = arrays.get(name)
    if array is None or tuple(array.shape) != tuple(tensor.shape):
        found = "nothing" if array is None else str(tuple(array.shape))
        raise FileFormatError(f"{name} in {where} does not fit", where=f"expected {tuple(tensor.shape)}, found {found}")
    tensor.copy_(torch.from_numpy(array.copy()))


def restore_adam(
    prefix: str, module: nn.Module, optimiser: torch.optim.Adam, arrays: Mapping[str, NDArray[Any]], where: str
) -> None:
    """Restore an optimiser from the arrays of `adam_arrays`.

    Raises:
        FileFormatError: a parameter's state is incomplete or has the wrong shape.
    """
    entries: dict[int, dict[str, Tensor]] = {}
    for index, (name, parameter) in enumerate(module.named_parameters()):
        kept = {key: arrays.get(f"{prefix}{name}/{key}") for key in ("exp_avg", "exp_avg_sq", "step")}
        entry = {key: torch.from_numpy(value.copy()) for key, value in kept.items() if value is not None}
        if entry and (len(entry) < 3 or entry["exp_avg"].shape != parameter.shape):
            raise FileFormatError(f"the optimiser state of {name} in {where} does not fit")
        if entry:
            entries[index] = entry
    whole = optimiser.state_dict()
    optimiser.load_state_dict({"state": entries, "param_groups": whole["param_groups"]})
