"""The first layers of the bundled landmark network as a frozen feature network for losses on lips and eyelids.

The network (Kartynnik et al. 2019; run by `tracking.landmarker`) begins with convolutions, parametric ReLU, residual
sums and pooling. They are rebuilt in torch from the bundled file, for gradients.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional as F

from animato.errors import FileFormatError
from animato.geometry.landmarks import read_asset
from animato.models.features import FeatureNet, same_pads
from animato.runtime.openvino_library import read_model

LEVELS = 4
"""Returned feature maps, each the last one of its size: at 1/2, 1/4, 1/8 and 1/16 of the input."""

_Values = dict[str, Tensor]


class LandmarkFeatures(FeatureNet):
    """The landmark network down to 1/16 of the input, which must have sides that are multiples of 16.

    It is trained on faces about 170 px wide, 10 px per canonical centimetre.
    """

    name = "face-landmarks"

    def __init__(self) -> None:
        super().__init__()
        self._operations: list[Callable[[_Values], None]] = []
        self._outputs: list[str] = []
        self._input = ""
        self.constants = nn.ParameterList()
        with read_model(read_asset("face_landmarks_detector.tflite")) as (_, network):
            self._rebuild(network.get_ordered_ops())
        self.eval().requires_grad_(False)

    def forward(self, picture_BCHW: Tensor) -> list[Tensor]:
        values = {self._input: (picture_BCHW + 1) / 2}
        for operation in self._operations:
            operation(values)
        return [values[name] for name in self._outputs]

    def _rebuild(self, ops: list[Any]) -> None:
        aliases: dict[str, str] = {}
        for op in ops:
            op_type, name = op.get_type_name(), op.get_friendly_name()
            if op_type == "Parameter":
                self._input = name
                continue
            if _is_constant(op):
                continue
            input_nodes = [value.get_node() for value in op.input_values()]
            sources = [aliases.get(node.get_friendly_name(), node.get_friendly_name()) for node in input_nodes[:1]]
            sources += [node.get_friendly_name() for node in input_nodes[1:] if not _is_constant(node)]
            if op_type == "Transpose":  # the file is channels-last, torch channels-first
                aliases[name] = sources[0]
                continue
            if op_type == "MaxPool":
                self._outputs.append(sources[0])
                if len(self._outputs) == LEVELS:
                    return
            self._operations.append(
                self._operation(op, op_type, name, sources, [node for node in input_nodes if _is_constant(node)])
            )
        raise FileFormatError("the bundled landmark network has an unexpected structure")

    def _operation(
        self, op: Any, op_type: str, name: str, sources: list[str], constants: list[Any]
    ) -> Callable[[_Values], None]:
        """Return a function that computes one operation from the previous maps."""
        indices = [self._register(node) for node in constants]
        first = sources[0]
        if op_type in ("Convolution", "GroupConvolution"):
            stride = int(op.get_attributes()["strides"][0])
            same = op.get_attributes()["auto_pad"] == "same_upper"
            groups = self.constants[indices[0]].shape[0] if op_type == "GroupConvolution" else 1

            def convolve(values: _Values) -> None:
                weight = self.constants[indices[0]]
                weight = weight.flatten(0, 1) if weight.dim() == 5 else weight
                x = values[first]
                x = F.pad(x, same_pads(x, weight.shape[-1], stride)) if same else x
                values[name] = F.conv2d(x, weight, stride=stride, groups=groups)

            return convolve
        if op_type == "Add" and indices:
            return lambda values: values.update({name: values[first] + self.constants[indices[0]]})
        if op_type == "Add":
            return lambda values: values.update({name: values[first] + values[sources[1]]})
        if op_type == "PRelu":
            return lambda values: values.update({name: F.prelu(values[first], self.constants[indices[0]].flatten())})
        if op_type == "MaxPool":
            return lambda values: values.update({name: F.max_pool2d(values[first], 2)})
        if op_type == "Pad":  # channels only: shortcut to a wider block
            extra_channels = int(self.constants[indices[1]][1])
            return lambda values: values.update({name: F.pad(values[first], (0, 0, 0, 0, 0, extra_channels))})
        raise FileFormatError(f"the bundled landmark network has an unknown layer, {op_type}")

    def _register(self, node: Any) -> int:
        """Register a constant as a buffer; return its name."""
        self.constants.append(
            nn.Parameter(torch.from_numpy(_constant_value(node).astype(np.float32)), requires_grad=False)
        )
        return len(self.constants) - 1


def _is_constant(node: Any) -> bool:
    if node.get_type_name() == "Constant":
        return True
    inputs = [value.get_node() for value in node.input_values()]
    return node.get_type_name() in ("Convert", "Unsqueeze", "Reshape", "Transpose") and all(map(_is_constant, inputs))


def _constant_value(node: Any) -> NDArray[Any]:
    """Return the value of a constant or constant expression."""
    op_type = node.get_type_name()
    if op_type == "Constant":
        return np.array(node.get_data())
    inputs = [_constant_value(value.get_node()) for value in node.input_values()]
    if op_type == "Unsqueeze":
        return np.expand_dims(inputs[0], tuple(int(axis) for axis in np.atleast_1d(inputs[1])))
    if op_type == "Reshape":
        shape = [int(side) for side in inputs[1]]  # 0 keeps a side
        return inputs[0].reshape([side or inputs[0].shape[axis] for axis, side in enumerate(shape)])
    if op_type == "Transpose":
        return inputs[0].transpose([int(axis) for axis in inputs[1]])
    return inputs[0].astype(np.float32) if inputs[0].dtype == np.float16 else inputs[0]
