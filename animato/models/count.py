"""Count the parameters and multiply-accumulates of a network in one forward pass."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from animato.models.layers import SpectralConv, SpectralLinear


@dataclass(frozen=True)
class Cost:
    """Size and cost of a network.

    Attributes:
        parameters: number of trainable parameters.
        macs: multiply-accumulates of convolutions and linear layers per run, in the usual formulation of the network.
        macs_run: those executed: the shortcut of a resizing block runs at the smaller size here, with equal results.
    """

    parameters: int
    macs: int
    macs_run: int


def count_parameters(module: nn.Module) -> int:
    """Return the number of trainable parameters of a network."""
    return sum(parameter.numel() for parameter in module.parameters())


def count_cost(module: nn.Module, run: Callable[[], object]) -> Cost:
    """Count the operations of a network during one run.

    Only convolutions and linear layers are counted, as is usual; normalisation, pooling and attention products are not.

    Args:
        module: the network.
        run: function that calls the network once with batch size 1.
    """
    total = run_total = 0

    def count_layer(layer: nn.Module, _inputs: tuple[Tensor, ...], output: Tensor) -> None:
        nonlocal total, run_total
        weight = layer.weight
        assert isinstance(weight, Tensor)
        positions = output.numel() // weight.shape[0]
        run_total += positions * weight.numel()
        total += positions * weight.numel() * (layer.saving if isinstance(layer, SpectralConv) else 1)

    layer_types = (SpectralConv, SpectralLinear, nn.Conv2d, nn.Linear)
    handles = [layer.register_forward_hook(count_layer) for layer in module.modules() if isinstance(layer, layer_types)]
    try:
        with torch.no_grad():
            run()
    finally:
        for handle in handles:
            handle.remove()
    return Cost(count_parameters(module), total, run_total)
