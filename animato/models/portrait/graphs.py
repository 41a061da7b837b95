"""Graphs of the portrait renderer's networks, for any engine. Imports torch only where a graph has to be traced."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from animato.errors import MissingPartError
from animato.models.portrait.config import DRAWING, PICTURE, PatchConfig
from animato.runtime.network import Graph, Ranges
from animato.weights.graphs import Skeleton, shipped_graphs
from animato.weights.portrait import PortraitWeights

PREFIXES = {"encoder": "", "painter": "network."}
"""What a traced module puts before the names of weights in a weight file."""

PATCHES, SAMPLES = "patches", "samples"
"""Open dimensions of a painter: B target patches, and N = B K photos of them."""


def encoder_graph(weights: PortraitWeights, name: str) -> Graph:
    """Return the graph from a photo's patch to its features and embedding; see `inference.RunEncoder`.

    Args:
        weights: from `read_portrait`.
        name: of the network.
    """
    config = PatchConfig.from_json(weights.configs[name], weights.where)
    return _graph(weights, name, "encoder", encoder_shapes(config), {})


def painter_graph(weights: PortraitWeights, name: str, photos: int, targets: int) -> Graph:
    """Return the graph that paints one or several patches at once; see `inference.RunPainter`.

    Args:
        weights: from `read_portrait`.
        name: of the network.
        photos: K, of each patch.
        targets: B.
    """
    config = PatchConfig.from_json(weights.configs[name], weights.where)
    shapes = painter_shapes(config, photos, targets)
    return _graph(weights, name, "painter", shapes, {PATCHES: targets, SAMPLES: targets * photos})


def encoder_shapes(config: PatchConfig) -> dict[str, tuple[int, ...]]:
    """Return the shapes of an encoder's inputs, in order."""
    return {"picture": (1, config.side, config.side, PICTURE), "drawing": (1, config.side, config.side, DRAWING)}


def painter_shapes(config: PatchConfig, photos: int, targets: int) -> dict[str, tuple[int, ...]]:
    """Return the shapes of a painter's inputs, in order."""
    side, half, samples = config.side, config.side // 2, photos * targets
    return {
        "composite": (targets, side, side, PICTURE),
        "drawing": (targets, side, side, DRAWING),
        "validity": (targets, side, side, 1),
        "features": (samples, config.features, half, half),
        "grid": (samples, half, half, 2),
        "seen": (samples, 1, half, half),
        "log_weight": (samples, 1, 1, 1),
        "affine": (targets, config.affine_count),
    }


def affine_of(
    arrays: Mapping[str, NDArray[Any]], config: Mapping[str, Any], embedding: NDArray[np.float32]
) -> NDArray[np.float32]:
    """Return psi = P e with 1 added to the scales, 1 x A float32.

    Args:
        arrays: the network's weights by name.
        config: the network's configuration.
        embedding: E float32.
    """
    widths = PatchConfig.from_json(config, "a network").adaptive_widths()
    psi = np.asarray(arrays["project.weight"]) @ embedding + np.asarray(arrays["project.bias"])
    base = [part for width in widths for part in (np.zeros(width), np.ones(width))]
    return np.asarray(psi + np.concatenate(base), np.float32)[None]


def skeleton_of(name: str, part: str, config: Mapping[str, Any], where: str) -> Skeleton:
    """Return the graph without weights: the shipped one if the architecture is the shipped one, else traced.

    Args:
        name: of the network: "head", "eye" or "mouth".
        part: "encoder" or "painter".
        config: as `PatchConfig.as_json` writes it.
        where: file name for messages.

    Raises:
        MissingPartError: it has to be traced, and torch is not installed.
    """
    shipped = shipped_graphs().get(f"portrait.{name}.{part}")
    if shipped is not None and shipped.config == dict(config):
        return shipped
    try:
        from animato.models.portrait.inference import trace
    except ModuleNotFoundError as problem:
        raise MissingPartError(
            f"the networks in {where} differ from the shipped ones, and torch, which makes their graphs, is missing",
            hint="pip install 'animato[training]'",
        ) from problem
    return trace(part, PatchConfig.from_json(config, where))


def _graph(
    weights: PortraitWeights, name: str, part: str, shapes: dict[str, tuple[int, ...]], sizes: dict[str, int]
) -> Graph:
    config, arrays = weights.configs[name], weights.arrays[name]
    skeleton, prefix = skeleton_of(name, part, config, weights.where), PREFIXES[part]
    used = {key: np.asarray(arrays[key.removeprefix(prefix)], np.float32) for key in skeleton.names}

    def module() -> Any:
        from animato.models.portrait.inference import module_of

        return module_of(part, PatchConfig.from_json(config, weights.where), arrays, weights.where)

    ranges: Ranges = {prefix + key: ends for key, ends in weights.ranges(name).items()} if part == "painter" else {}
    return Graph(skeleton.model, used, shapes, sizes, module, ranges, private=not weights.sha256)
