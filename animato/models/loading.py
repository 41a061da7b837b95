"""Between networks and plain arrays: exact, by name, with every difference named."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from numpy.typing import NDArray
from torch import nn

from animato.errors import FileFormatError


def arrays_of(module: nn.Module, prefix: str = "") -> dict[str, NDArray[Any]]:
    """Return copies of all parameters and buffers of a network as arrays, each name behind `prefix`."""
    return {prefix + name: tensor.detach().cpu().numpy().copy() for name, tensor in module.state_dict().items()}


def load_strictly(module: nn.Module, arrays: Mapping[str, NDArray[Any]], where: str, prefix: str = "") -> None:
    """Fill a network from arrays; every name and shape must match.

    Args:
        module: the network.
        arrays: name to array; only names that begin with `prefix` are looked at.
        where: the file, for the message.
        prefix: what precedes the network's own names.

    Raises:
        FileFormatError: a name is missing or left over, or a shape differs.
    """
    mine = module.state_dict()
    given = {name[len(prefix) :]: value for name, value in arrays.items() if name.startswith(prefix)}
    missing, extra = sorted(set(mine) - set(given)), sorted(set(given) - set(mine))
    if missing or extra:
        shown = [f"missing {name}" for name in missing[:3]] + [f"not known {name}" for name in extra[:3]]
        raise FileFormatError(
            f"the weights in {where} do not fit the network",
            where=f"{len(missing)} missing, {len(extra)} left over: {'; '.join(shown)}",
        )
    odd = [name for name in mine if tuple(mine[name].shape) != tuple(given[name].shape)]
    if odd:
        raise FileFormatError(
            f"the weights in {where} do not fit the network",
            where=f"{odd[0]} is {tuple(given[odd[0]].shape)}, the network wants {tuple(mine[odd[0]].shape)}",
        )
    module.load_state_dict({name: torch.from_numpy(value.copy()) for name, value in given.items()})
