"""Convert between networks and arrays by name, with strict checks."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from numpy.typing import NDArray
from torch import nn

from animato.errors import FileFormatError


def arrays_of(module: nn.Module, prefix: str = "") -> dict[str, NDArray[Any]]:
    """Return copies of all parameters and buffers of a network as arrays, with a prefix on every name."""
    return {prefix + name: tensor.detach().cpu().numpy().copy() for name, tensor in module.state_dict().items()}


def load_strictly(module: nn.Module, arrays: Mapping[str, NDArray[Any]], where: str, prefix: str = "") -> None:
    """Load a network from arrays; every name and shape must match.

    Args:
        module: the network.
        arrays: name to array; names without `prefix` are ignored.
        where: file name for messages.
        prefix: prefix of the network's names.

    Raises:
        FileFormatError: a name is missing or unexpected, or a shape differs.
    """
    expected = module.state_dict()
    own_arrays = {name[len(prefix) :]: value for name, value in arrays.items() if name.startswith(prefix)}
    missing, extra = sorted(set(expected) - set(own_arrays)), sorted(set(own_arrays) - set(expected))
    if missing or extra:
        shown = [f"missing {name}" for name in missing[:3]] + [f"unexpected {name}" for name in extra[:3]]
        raise FileFormatError(
            f"the weights in {where} do not fit the network",
            where=f"{len(missing)} missing, {len(extra)} unexpected: {'; '.join(shown)}",
        )
    mismatched = [name for name in expected if tuple(expected[name].shape) != tuple(own_arrays[name].shape)]
    if mismatched:
        name = mismatched[0]
        raise FileFormatError(
            f"the weights in {where} do not fit the network",
            where=f"{name} is {tuple(own_arrays[name].shape)}, expected {tuple(expected[name].shape)}",
        )
    module.load_state_dict({name: torch.from_numpy(value.copy()) for name, value in own_arrays.items()})
