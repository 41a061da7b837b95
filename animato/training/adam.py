"""Adam, running average and embedding table of any system, and their conversion to named arrays."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from animato.errors import FileFormatError
from animato.training.embedding_table import EmbeddingTable

ADAM_BETAS = (0.0, 0.999)
ADAM_EPS = 1e-5

Arrays = dict[str, NDArray[Any]]


def make_adam(module: nn.Module, lr: float, beta1: float = ADAM_BETAS[0]) -> torch.optim.Adam:
    """Return Adam with the parameters of the 2019 system: betas (0, 0.999), eps 1e-5 (FSTH module)."""
    return torch.optim.Adam(module.parameters(), lr=lr, betas=(beta1, ADAM_BETAS[1]), eps=ADAM_EPS, fused=True)


@torch.no_grad()
def update_average(average: nn.Module, current: nn.Module, decay: float) -> None:
    """Move the running average towards the current weights; buffers are copied (FSTH module)."""
    averaged, latest = [p.detach() for p in average.parameters()], [p.detach() for p in current.parameters()]
    torch._foreach_lerp_(averaged, latest, 1 - decay)
    for target, source in zip(average.buffers(), current.buffers(), strict=True):
        target.copy_(source)


def table_arrays(embedding_table: EmbeddingTable) -> Arrays:
    """Return an embedding table as arrays named `table.*`."""
    return {f"table.{name}": value.cpu().numpy().copy() for name, value in embedding_table.tensors().items()}


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
