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
        self._steps: list[Callable[[_Values], None]] = []
        self._kept: list[str] = []
        self._input = ""
        self.numbers = nn.ParameterList()
        with read_model(read_asset("face_landmarks_detector.tflite")) as (_, network):
            self._rebuild(network.get_ordered_ops())
        self.eval().requires_grad_(False)

    def forward(self, picture_BCHW: Tensor) -> list[Tensor]:
        values = {self._input: (picture_BCHW + 1) / 2}
        for step in self._steps:
            step(values)
        return [values[name] for name in self._kept]

    def _rebuild(self, ops: list[Any]) -> None:
        renamed: dict[str, str] = {}
        for op in ops:
            kind, name = op.get_type_name(), op.get_friendly_name()
            if kind == "Parameter":
                self._input = name
                continue
            if _is_constant(op):
                continue
            given = [value.get_node() for value in op.input_values()]
            sources = [renamed.get(node.get_friendly_name(), node.get_friendly_name()) for node in given[:1]]
            sources += [node.get_friendly_name() for node in given[1:] if not _is_constant(node)]
            if kind == "Transpose":  # the file is channels-last, torch channels-first
                renamed[name] = sources[0]
                continue
            if kind == "MaxPool":
                self._kept.append(sources[0])
                if len(self._kept) == LEVELS:
                    return
            self._steps.append(self._step(op, kind, name, sources, [node for node in given if _is_constant(node)]))
        raise FileFormatError("the bundled landmark network has an unexpected structure")

    def _step(
        self, op: Any, kind: str, name: str, sources: list[str], constants: list[Any]
    ) -> Callable[[_Values], None]:
        """Return a function that computes one operation from the previous maps."""
        held = [self._hold(node) for node in constants]
        first = sources[0]
        if kind in ("Convolution", "GroupConvolution"):
            stride = int(op.get_attributes()["strides"][0])
            same = op.get_attributes()["auto_pad"] == "same_upper"
            groups = self.numbers[held[0]].shape[0] if kind == "GroupConvolution" else 1

            def convolve(values: _Values) -> None:
                weight = self.numbers[held[0]]
                weight = weight.flatten(0, 1) if weight.dim() == 5 else weight
                x = values[first]
                x = F.pad(x, same_pads(x, weight.shape[-1], stride)) if same else x
                values[name] = F.conv2d(x, weight, stride=stride, groups=groups)

            return convolve
        if kind == "Add" and held:
            return lambda values: values.update({name: values[first] + self.numbers[held[0]]})
        if kind == "Add":
            return lambda values: values.update({name: values[first] + values[sources[1]]})
        if kind == "PRelu":
            return lambda values: values.update({name: F.prelu(values[first], self.numbers[held[0]].flatten())})
        if kind == "MaxPool":
            return lambda values: values.update({name: F.max_pool2d(values[first], 2)})
        if kind == "Pad":  # channels only: shortcut to a wider block
            more = int(self.numbers[held[1]][1])
            return lambda values: values.update({name: F.pad(values[first], (0, 0, 0, 0, 0, more))})
        raise FileFormatError(f"the bundled landmark network has an unknown layer, {kind}")

    def _hold(self, node: Any) -> int:
        """Register a constant as a buffer; return its name."""
        self.numbers.append(nn.Parameter(torch.from_numpy(_folded(node).astype(np.float32)), requires_grad=False))
        return len(self.numbers) - 1


def _is_constant(node: Any) -> bool:
    if node.get_type_name() == "Constant":
        return True
    inner = [value.get_node() for value in node.input_values()]
    return node.get_type_name() in ("Convert", "Unsqueeze", "Reshape", "Transpose") and all(map(_is_constant, inner))


def _folded(node: Any) -> NDArray[Any]:
    """Return the value of a constant or constant expression."""
    kind = node.get_type_name()
    if kind == "Constant":
        return np.array(node.get_data())
    inner = [_folded(value.get_node()) for value in node.input_values()]
    if kind == "Unsqueeze":
        return np.expand_dims(inner[0], tuple(int(axis) for axis in np.atleast_1d(inner[1])))
    if kind == "Reshape":
        sides = [int(side) for side in inner[1]]  # 0 keeps a side
        return inner[0].reshape([side or inner[0].shape[axis] for axis, side in enumerate(sides)])
    if kind == "Transpose":
        return inner[0].transpose([int(axis) for axis in inner[1]])
    return inner[0].astype(np.float32) if inner[0].dtype == np.float16 else inner[0]
