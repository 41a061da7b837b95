"""Build OpenVINO graphs from named arrays, with the operations that the portrait renderer's networks use."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from animato.runtime.openvino_library import import_openvino

Arrays = Mapping[str, NDArray[Any]]
Ranges = Mapping[str, Sequence[float]]
"""Name of a convolution -> minimum and maximum of its input; see `models.portrait.ranges`."""

NORM_EPS = 1e-4
TINY = 1e-8


class GraphBuilder:
    """Builds a graph from named arrays; every node is N C H W float32.

    Convolutions with a known range are quantised to 8 bits where the processor supports it (Jacob et al. 2018,
    "Quantization and training of neural networks for efficient integer-arithmetic-only inference", section 2.1): inputs
    to 256 levels over their range, the weights of each output channel to 127 over theirs, so that results are the same
    on all processors.
    """

    def __init__(self, arrays: Arrays, ranges: Ranges | None = None) -> None:
        self._ranges = ranges or {}
        self.openvino = import_openvino()
        import openvino.opset13 as ops

        self.ops: Any = ops
        self._arrays = arrays

    def input(self, shape: list[int], kind: type, name: str) -> Any:
        """Return an input of the graph."""
        return self.ops.parameter(shape, kind, name=name)

    def constant(self, array: NDArray[Any] | list[int]) -> Any:
        """Return an array of any shape as a node."""
        return self.ops.constant(np.ascontiguousarray(array))

    def number(self, value: float) -> Any:
        """Return a number as a node."""
        return self.ops.constant(np.float32(value))

    def array(self, name: str) -> NDArray[np.float32]:
        """Return a weight by its name, float32 of its own shape."""
        return np.asarray(self._arrays[name], np.float32)

    def conv(self, x: Any, name: str) -> Any:
        """Convolve with the weight and bias of a name, zero padding, stride 1."""
        weight, bias = self.array(f"{name}.weight"), self.array(f"{name}.bias")
        pad = [weight.shape[2] // 2] * 2
        kernel = self.constant(weight)
        if name in self._ranges:
            low, high = self._ranges[name]
            x = self._quantised(x, *((0.0, high) if low >= 0 else (-max(-low, high), max(-low, high) * 127 / 128)), 256)
            max_weight = np.maximum(np.abs(weight).max(axis=(1, 2, 3), keepdims=True), TINY)
            # Twice the range leaves one bit unused: without VNNI, processors add two products in 16 bits and saturate.
            kernel = self._quantised(kernel, -2 * max_weight, 2 * max_weight, 255)
        output = self.ops.convolution(x, kernel, [1, 1], pad, pad, [1, 1])
        return self.ops.add(output, self.constant(bias[None, :, None, None]))

    def _quantised(self, x: Any, low: Any, high: Any, levels: int) -> Any:
        ends = [self.constant(np.asarray(end, np.float32).reshape(-1, 1, 1, 1)) for end in (low, high)]
        return self.ops.fake_quantize(x, *ends, *ends, levels)

    def relu(self, x: Any) -> Any:
        """Apply ReLU."""
        return self.ops.relu(x)

    def concat(self, nodes: list[Any], axis: int = 1) -> Any:
        """Concatenate nodes along an axis."""
        return self.ops.concat(nodes, axis)

    def halve(self, x: Any) -> Any:
        """Apply 2 x 2 average pooling."""
        return self.ops.avg_pool(x, [2, 2], [0, 0], [0, 0], [2, 2], False)

    def double(self, x: Any, mode: str) -> Any:
        """Upsample by 2 with "nearest" or "linear_onnx"."""
        return self.ops.interpolate(
            x, self.constant(np.array([2.0, 2.0], np.float32)), mode, "scales", axes=self.constant([2, 3]),
            nearest_mode="floor", coordinate_transformation_mode="asymmetric" if mode == "nearest" else "half_pixel",
        )  # fmt: skip

    def fold(self, x: Any) -> Any:
        """Move 2 x 2 blocks to channels, as `torch.pixel_unshuffle`."""
        return self.ops.space_to_depth(x, "depth_first", 2)

    def unfold(self, x: Any) -> Any:
        """Move channels to 2 x 2 blocks, as `torch.pixel_shuffle`."""
        return self.ops.depth_to_space(x, "depth_first", 2)

    def block(self, x: Any, name: str) -> Any:
        """Apply two convolutions with ReLU, the second added to the first's output."""
        x = self.relu(self.conv(x, f"{name}.first"))
        return self.relu(self.ops.add(x, self.conv(x, f"{name}.second")))

    def norm(self, x: Any, shift: Any, scale: Any) -> Any:
        """AdaIN: instance normalisation, then the given scale and shift (1 C 1 1)."""
        normal = self.ops.mvn(x, self.constant([2, 3]), True, NORM_EPS, "inside_sqrt")
        return self.ops.add(self.ops.multiply(normal, scale), shift)

    def adaptive(self, x: Any, name: str, pairs: list[tuple[Any, Any]]) -> Any:
        """Apply an AdaIN residual block."""
        y = self.conv(self.relu(self.norm(x, *pairs[0])), f"{name}.first")
        y = self.conv(self.relu(self.norm(y, *pairs[1])), f"{name}.second")
        return self.ops.add(x, y)

    def near_hidden(self, valid: Any) -> Any:
        """1 - validity, dilated by three pixels and blurred over seven."""
        hidden = self.ops.subtract(self.number(1.0), valid)
        dilated = self.ops.max_pool(hidden, [1, 1], [1, 1], [3, 3], [3, 3], [7, 7]).output(0)
        return self.ops.avg_pool(dilated, [1, 1], [3, 3], [3, 3], [7, 7], False)

    def part(self, x: Any, first: int, last: int, axis: int = 1) -> Any:
        """Slice a range of an axis."""
        starts, stops, steps = (self.constant([value]) for value in (first, last, 1))
        return self.ops.slice(x, starts, stops, steps, self.constant([axis]))

    def pixels(self, x: Any, scale: float, shift: float) -> Any:
        """1 H W C uint8 -> 1 C H W float32, scaled and shifted."""
        x = self.ops.convert(x, "f32")
        x = self.ops.transpose(x, self.constant([0, 3, 1, 2]))
        return self.ops.add(self.ops.multiply(x, self.number(scale)), self.number(shift))

    def last(self, x: Any) -> Any:
        """1 C H W -> 1 H W C."""
        return self.ops.transpose(x, self.constant([0, 2, 3, 1]))

    def model(self, outputs: list[Any], inputs: list[Any]) -> Any:
        """Return the uncompiled graph between inputs and outputs (`openvino.Model`)."""
        return self.openvino.Model(outputs, inputs, "patch")
