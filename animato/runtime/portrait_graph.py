"""The portrait renderer's networks as OpenVINO graphs built from named arrays, without torch or ONNX.

The graphs compute what `models.portrait.networks` computes (a test compares them); pictures go in and come out
as pixels, so that the caller converts nothing. Shapes: S = side of a patch, h = w = S / 2, K photos, F features,
A numbers of AdaIN, E embedding.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from animato.runtime.graph_builder import Arrays, GraphBuilder, Ranges

VALIDITY_BIAS = 4.0
"""Range of the bias of the mask's logit by validity; without it a network only copies and never learns to paint."""

INVISIBLE_PENALTY = 8.0
"""Penalty on the score of a photo where the point is not visible in it."""


def build_encoder(config: Mapping[str, Any], arrays: Arrays) -> Any:
    """Return the graph from a photo's patch to its features and embedding, for `Engine.compile`.

    Args:
        config: side, widths, features, ... as `PatchConfig.as_json` writes it.
        arrays: the network's weights by name.

    Returns:
        f(picture 1 x S x S x 3 uint8, drawing 1 x S x S x 3 uint8) -> [1 x F x h x w, 1 x E], float32.
    """
    g, side = GraphBuilder(arrays), int(config["side"])
    picture = g.input([1, side, side, 3], np.uint8, "picture")
    drawing = g.input([1, side, side, 3], np.uint8, "drawing")
    x = g.fold(g.concat([g.pixels(picture, 1 / 127.5, -1.0), g.pixels(drawing, 1 / 255, 0.0)]))
    x = g.block(g.relu(g.conv(x, "encoder.stem")), "encoder.block")
    features = g.conv(x, "encoder.features")
    for index in range(2):
        x = g.relu(g.conv(g.halve(x), f"encoder.down.{index}"))
    mean = g.ops.reduce_mean(x, g.constant([2, 3]), False)
    person = g.ops.matmul(mean, g.constant(g.array("encoder.person.weight")), False, True)
    person = g.ops.add(person, g.constant(g.array("encoder.person.bias")[None]))
    return g.model([features, person], [picture, drawing])


def build_painter(
    config: Mapping[str, Any],
    arrays: Arrays,
    photos: int,
    targets: int = 1,
    ranges: Ranges | None = None,
) -> Any:
    """Return the graph that paints one or several patches at once, for `Engine.compile`.

    Args:
        config, arrays: as for `build_encoder`.
        photos: K, for each patch.
        targets: B, number of patches.
        ranges: of the convolutions to quantise, or None for none.

    Returns:
        f(composite B S S 3 uint8, drawing B S S 3 uint8, validity B S S 1 float32, features BK F h w, grid BK h w 2,
        seen BK 1 h w, log-weight BK 1 1 1, affine B A) -> [layer B S S 4, flow B S S 2], float32. The
        layer's RGB is m paint + (1 - m) light in 0..255, its fourth channel the mask m in [0, 1]; the flow is in pixels
        of the patch; all fade out at the edge of the patch. The photos of one patch are consecutive.
    """
    g, side = GraphBuilder(arrays, ranges), int(config["side"])
    half, samples = side // 2, targets * photos
    composite = g.input([targets, side, side, 3], np.uint8, "composite")
    drawing = g.input([targets, side, side, 3], np.uint8, "drawing")
    validity = g.input([targets, side, side, 1], np.float32, "validity")
    features = g.input([samples, int(config["features"]), half, half], np.float32, "features")
    grid = g.input([samples, half, half, 2], np.float32, "grid")
    seen = g.input([samples, 1, half, half], np.float32, "seen")
    prior = g.input([samples, 1, 1, 1], np.float32, "prior")
    affine = g.input([targets, affine_count(config)], np.float32, "affine")
    strokes, valid = g.pixels(drawing, 1 / 255, 0.0), _first(g, validity)
    mixed, visible = _gather(g, features, grid, seen, prior, strokes, photos)
    inputs = g.fold(g.concat([g.pixels(composite, 1 / 127.5, -1.0), valid, strokes]))
    x = _unet(g, g.concat([inputs, mixed, visible]), _pairs(g, affine, config), config)
    outputs = _outputs(g, x, valid, config)
    return g.model(outputs, [composite, drawing, validity, features, grid, seen, prior, affine])


def _gather(
    g: GraphBuilder, features: Any, grid: Any, seen: Any, prior: Any, strokes: Any, photos: int
) -> tuple[Any, Any]:
    """Sample the features of each photo, and average them over the photos of a patch with per-pixel weights."""
    total, channels, half, _ = (int(length) for length in features.shape)
    sampling = {"align_corners": False, "mode": "bilinear", "padding_mode": "zeros"}
    sampled = g.ops.multiply(g.ops.grid_sample(features, grid, sampling), seen)
    if photos == 1:  # its weight is always 1; the prior stays an input of the graph
        return g.ops.add(sampled, g.ops.multiply(prior, g.number(0.0))), seen

    def grouped(x: Any, depth: int) -> Any:
        return g.ops.reshape(x, g.constant([total // photos, photos, depth, half, half]), False)

    small = g.ops.unsqueeze(g.halve(strokes), g.constant([1]))
    drawings = g.ops.broadcast(small, g.constant(np.array([total // photos, photos, 3, half, half], np.int64)))
    drawings = g.ops.reshape(drawings, g.constant([total, 3, half, half]), False)
    score = g.conv(g.relu(g.conv(g.concat([sampled, seen, drawings]), "score_in")), "score_out")
    score = g.ops.add(score, g.ops.multiply(g.ops.add(seen, g.number(-1.0)), g.number(INVISIBLE_PENALTY)))
    weight = g.ops.softmax(grouped(g.ops.add(score, prior), 1), 1)
    mixed = g.ops.reduce_sum(g.ops.multiply(weight, grouped(sampled, channels)), g.constant([1]), False)
    return mixed, g.ops.reduce_sum(g.ops.multiply(weight, grouped(seen, 1)), g.constant([1]), False)


def _unet(g: GraphBuilder, x: Any, pairs: list[tuple[Any, Any]], config: Mapping[str, Any]) -> Any:
    """Return the U-Net's last features, 1 C h w."""
    levels = len(config["widths"])
    x = g.relu(g.conv(x, "stem"))
    skips = []
    for level in range(levels):
        x = g.block(x if level == 0 else g.halve(x), f"down.{level}")
        skips.append(x)
    for number in range(int(config["blocks"])):
        x = g.adaptive(x, f"middle.{number}", pairs[2 * number : 2 * number + 2])
    for level in range(levels - 1):
        x = g.ops.add(g.double(g.conv(x, f"up.{level}"), "nearest"), skips[-2 - level])
        x = g.block(x, f"merge.{level}")
        if level == 0:
            x = g.adaptive(x, "personal", pairs[-2:])
    return x


def _outputs(g: GraphBuilder, x: Any, valid: Any, config: Mapping[str, Any]) -> list[Any]:
    """Return layer and flow from the U-Net's last features."""
    raw = g.unfold(g.conv(x, "out"))
    light = g.ops.tanh(g.double(g.conv(x, "light"), "linear_onnx"))
    ramp = g.constant(edge_ramp(int(config["side"]))[None, None])
    if config["hidden_only"]:
        ramp = g.ops.multiply(ramp, g.near_hidden(valid))
    bias = g.ops.multiply(g.ops.subtract(g.number(0.5), valid), g.number(VALIDITY_BIAS))
    mask = g.ops.multiply(g.ops.sigmoid(g.ops.add(g.part(raw, 3, 4), bias)), ramp)
    paint = g.ops.multiply(g.ops.add(g.ops.tanh(g.part(raw, 0, 3)), g.number(1.0)), g.number(127.5))
    flow = g.ops.multiply(g.ops.multiply(g.ops.tanh(g.part(raw, 4, 6)), g.number(float(config["reach"]))), ramp)
    light = g.ops.multiply(g.ops.multiply(light, g.number(127.5)), ramp)
    copied = g.ops.subtract(g.number(1.0), mask)
    layer = g.ops.add(g.ops.multiply(paint, mask), g.ops.multiply(light, copied))
    return [g.last(g.concat([layer, mask])), g.last(flow)]


def _first(g: GraphBuilder, x: Any) -> Any:
    return g.ops.transpose(x, g.constant([0, 3, 1, 2]))


def _pairs(g: GraphBuilder, affine: Any, config: Mapping[str, Any]) -> list[tuple[Any, Any]]:
    pairs, start = [], 0
    for width in adaptive_widths(config):
        parts = []
        for _ in range(2):
            part = g.part(affine, start, start + width)
            parts.append(g.ops.reshape(part, g.constant([-1, width, 1, 1]), False))
            start += width
        pairs.append((parts[0], parts[1]))
    return pairs


def adaptive_widths(config: Mapping[str, Any]) -> list[int]:
    """Return the channel counts of the AdaIN layers, in order."""
    widths = config["widths"]
    return [int(widths[-1])] * (2 * int(config["blocks"])) + [int(widths[-2])] * 2


def affine_count(config: Mapping[str, Any]) -> int:
    """Return A."""
    return 2 * sum(adaptive_widths(config))


def affine_of(arrays: Arrays, config: Mapping[str, Any], embedding: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return psi = P e with 1 added to the scales, 1 x A float32.

    Args:
        arrays: the network's weights by name.
        config: the network's configuration.
        embedding: E float32.
    """
    psi = np.asarray(arrays["project.weight"]) @ embedding + np.asarray(arrays["project.bias"])
    base = [part for width in adaptive_widths(config) for part in (np.zeros(width), np.ones(width))]
    return np.asarray(psi + np.concatenate(base), np.float32)[None]


def edge_ramp(side: int) -> NDArray[np.float32]:
    """Return side x side float32: 1 inside, falling to 0 over the outer twelfth."""
    line = np.arange(side, dtype=np.float32)
    ramp = np.clip((np.minimum(line, side - 1 - line) + 0.5) / (side / 12), 0, 1)
    ramp = ramp * ramp * (3 - 2 * ramp)
    return np.asarray(ramp[:, None] * ramp[None, :], np.float32)
