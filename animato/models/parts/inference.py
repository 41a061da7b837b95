"""The parts network as it runs: pixels in, probabilities out. What is exported, and what the torch backend runs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from animato.models.loading import load_strictly
from animato.models.parts.config import PartsConfig
from animato.models.parts.networks import PartsNetwork
from animato.models.tracing import traced
from animato.weights.graphs import Skeleton

OUTPUTS = ("probabilities", "depth")


class RunParts(nn.Module):
    """Labels the parts of a head and estimates depth.

    Args:
        network: with its weights.
    """

    def __init__(self, network: PartsNetwork) -> None:
        super().__init__()
        self.network = network

    def forward(self, picture_BSS3: Tensor) -> tuple[Tensor, Tensor]:
        """Return probabilities (B P S S in [0, 1]) and depth (B 1 S S, canonical centimetres), float32.

        Args:
            picture_BSS3: uint8 RGB.
        """
        logits, depth = self.network(picture_BSS3.float().permute(0, 3, 1, 2) * (1 / 127.5) - 1)
        return logits.softmax(1), depth[:, None]


def module_of(config: PartsConfig, arrays: Mapping[str, NDArray[Any]] | None, where: str) -> RunParts:
    """Return the network, ready to run.

    Args:
        config: its size.
        arrays: its weights by name, or None to leave them random.
        where: file name for messages.

    Raises:
        FileFormatError: the weights do not fit.
    """
    network = PartsNetwork(config)
    if arrays is not None:
        load_strictly(network, arrays, where)
    return RunParts(network).eval().requires_grad_(False)


def trace(config: PartsConfig) -> Skeleton:
    """Return the graph of the network, without weights."""
    example = (torch.zeros(1, config.side, config.side, 3, dtype=torch.uint8),)
    return traced(module_of(config, None, "tracing"), config.as_json(), example, {"picture": None}, OUTPUTS)
