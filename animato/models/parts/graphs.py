"""Graph of the parts network, for any engine. Imports torch only where the graph has to be traced."""

from __future__ import annotations

from typing import Any

import numpy as np

from animato.errors import MissingPartError
from animato.models.parts.config import PartsConfig
from animato.runtime.network import Graph
from animato.weights.graphs import Skeleton, shipped_graphs
from animato.weights.parts import PartsWeights

PREFIX = "network."
"""What the traced module puts before the names of weights in a weight file."""


def parts_graph(weights: PartsWeights) -> Graph:
    """Return the graph from a picture of a head to its parts and depth; see `inference.RunParts`.

    Args:
        weights: from `read_parts`.

    Raises:
        MissingPartError: the architecture is not the shipped one, and torch is not installed.
    """
    config = PartsConfig.from_json(weights.config)
    skeleton = _skeleton(config, weights.where)
    used = {key: np.asarray(weights.arrays[key.removeprefix(PREFIX)], np.float32) for key in skeleton.names}

    def module() -> Any:
        from animato.models.parts.inference import module_of

        return module_of(config, weights.arrays, weights.where)

    return Graph(skeleton.model, used, {"picture": (1, config.side, config.side, 3)}, {}, module)


def _skeleton(config: PartsConfig, where: str) -> Skeleton:
    shipped = shipped_graphs().get("parts")
    if shipped is not None and shipped.config == config.as_json():
        return shipped
    try:
        from animato.models.parts.inference import trace
    except ModuleNotFoundError as problem:
        raise MissingPartError(
            f"the network in {where} differs from the shipped one, and torch, which makes its graph, is missing",
            hint="pip install 'animato[training]'",
        ) from problem
    return trace(config)
