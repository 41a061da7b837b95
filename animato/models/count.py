"""Parameters and multiply-accumulates of a network, counted by running it once."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from animato.models.layers import SpectralConv, SpectralLinear


@dataclass(frozen=True)
class Cost:
    """What a network holds and does.

    Attributes:
        parameters: numbers that training changes.
        macs: multiply-accumulates of convolutions and linear layers in one run, as the network is usually written.
        macs_run: those really done: a resizing block's shortcut works at the smaller size here, with equal results.
    """

    parameters: int
    macs: int
    macs_run: int


def count_parameters(module: nn.Module) -> int:
    """Return how many numbers training changes in a network."""
    return sum(parameter.numel() for parameter in module.parameters())


def count_cost(module: nn.Module, run: Callable[[], object]) -> Cost:
    """Count a network while `run` runs it once.

    Only convolutions and linear layers are counted, as the field does; normalisation, pooling and attention products
    are left out.

    Args:
        module: the network whose layers are watched.
        run: calls the network once, batch 1.
    """
    total = run_total = 0

    def watch(layer: nn.Module, _inputs: tuple[Tensor, ...], output: Tensor) -> None:
        nonlocal total, run_total
        weight = layer.weight
        assert isinstance(weight, Tensor)
        positions = output.numel() // weight.shape[0]
        run_total += positions * weight.numel()
        total += positions * weight.numel() * (layer.saving if isinstance(layer, SpectralConv) else 1)

    kinds = (SpectralConv, SpectralLinear, nn.Conv2d, nn.Linear)
    handles = [layer.register_forward_hook(watch) for layer in module.modules() if isinstance(layer, kinds)]
    try:
        with torch.no_grad():
            run()
    finally:
        for handle in handles:
            handle.remove()
    return Cost(count_parameters(module), total, run_total)
