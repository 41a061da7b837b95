"""Graphs as OpenVINO models: fixed shapes, and convolutions in 8 bits where their range is known."""

from __future__ import annotations

from typing import Any

import numpy as np

from animato.runtime.network import Graph, Ranges

TINY = 1e-8
"""Smallest range of a weight, so that channels of zeros are not divided by zero."""


def openvino_model(core: Any, graph: Graph) -> Any:
    """Return a graph as an `openvino.Model`.

    Args:
        core: an `openvino.Core`.
        graph: the graph.
    """
    model = core.read_model(graph.onnx)
    model.reshape({name: list(shape) for name, shape in graph.shapes.items()})
    _quantise(model, graph.ranges)
    return model


def _quantise(model: Any, ranges: Ranges) -> None:
    """Quantise the convolutions with a known range to 8 bits where the processor supports it.

    Inputs to 256 levels over their range, the weights of each output channel to 127 over theirs, so that results are
    the same on all processors (Jacob et al. 2018, "Quantization and training of neural networks for efficient
    integer-arithmetic-only inference", section 2.1).
    """
    import openvino.opset13 as ops

    def quantised(source: Any, low: Any, high: Any, levels: int) -> Any:
        ends = [ops.constant(np.asarray(end, np.float32).reshape(-1, 1, 1, 1)) for end in (low, high)]
        return ops.fake_quantize(source, *ends, *ends, levels)

    found = set()
    for operation in model.get_ordered_ops():
        if operation.get_type_name() != "Convolution":
            continue
        kernel = operation.input_value(1)
        name = kernel.get_node().get_friendly_name().removesuffix(".weight")
        if name not in ranges:
            continue
        found.add(name)
        low, high = ranges[name]
        ends = (0.0, high) if low >= 0 else (-max(-low, high), max(-low, high) * 127 / 128)
        operation.input(0).replace_source_output(quantised(operation.input_value(0), *ends, 256).output(0))
        weight = np.abs(kernel.get_node().get_data()).max(axis=(1, 2, 3), keepdims=True)
        # Twice the range leaves one bit unused: without VNNI, processors add two products in 16 bits and saturate.
        most = 2 * np.maximum(weight, TINY)
        operation.input(1).replace_source_output(quantised(kernel, -most, most, 255).output(0))
    missing = set(ranges) - found
    if missing:
        raise ValueError(f"no convolution has the name {min(missing)}")
