"""The parts network as an OpenVINO graph built from named arrays, without torch or ONNX.

The graph computes what `models.parts.networks.PartsNetwork` computes (a test compares them), with the softmax inside.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from animato.runtime.graph_builder import Arrays, GraphBuilder

DEPTH_UNIT = 5.0
"""Canonical centimetres of depth for an output of 1, so that logits and depth are of one size."""


def build_parts(config: Mapping[str, Any], arrays: Arrays) -> Any:
    """Return the graph from a picture of a head to its parts and depth, for `Engine.compile`.

    Args:
        config: side and widths, as `PartsConfig.as_json` writes them.
        arrays: the network's weights by name.

    Returns:
        f(picture 1 x S x S x 3 uint8) -> [probabilities 1 x P x S x S in [0, 1], depth 1 x 1 x S x S in canonical
        centimetres], float32.
    """
    g, side = GraphBuilder(arrays), int(config["side"])
    levels = len(config["widths"])
    picture = g.input([1, side, side, 3], np.uint8, "picture")
    x = g.relu(g.conv(g.fold(g.pixels(picture, 1 / 127.5, -1.0)), "stem"))
    skips = []
    for number in range(levels):
        x = g.block(x if number == 0 else g.halve(x), f"down.{number}")
        skips.append(x)
    skips.pop()
    for number in range(levels - 1):
        deeper = g.double(g.conv(x, f"up.{number}"), "linear_onnx")
        x = g.block(g.ops.add(deeper, skips.pop()), f"merge.{number}")
    out = g.unfold(g.conv(x, "out"))
    count = g.array("out.weight").shape[0] // 4
    parts = g.ops.softmax(g.part(out, 0, count - 1), 1)
    depth = g.ops.multiply(g.part(out, count - 1, count), g.number(DEPTH_UNIT))
    return g.model([parts, depth], [picture])
