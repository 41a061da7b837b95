"""Trace torch networks to ONNX models without weights."""

from __future__ import annotations

import io
import warnings
from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import Tensor, nn

from animato.runtime.onnx_weights import without_weights
from animato.weights.graphs import Skeleton

OPSET = 17
"""The lowest with every operation that is used (GridSample came in 16), so that old runtimes read the files."""


def traced(
    module: nn.Module,
    config: Mapping[str, Any],
    example: tuple[Tensor, ...],
    inputs: Mapping[str, str | None],
    outputs: Sequence[str],
) -> Skeleton:
    """Return the ONNX model of a network, with its weights taken out.

    Args:
        module: the network as it runs.
        config: its configuration, as plain JSON types.
        example: inputs.
        inputs: input names in order -> name of the first dimension if its length is open.
        outputs: output names in order.
    """
    file = io.BytesIO()
    with warnings.catch_warnings():
        # The exporter through TorchScript: the newer one needs two more packages and names weights otherwise.
        warnings.simplefilter("ignore")
        torch.onnx.export(
            module.eval(),
            example,
            file,  # type: ignore[arg-type]  # its hint knows paths only
            dynamo=False,
            opset_version=OPSET,
            input_names=list(inputs),
            output_names=list(outputs),
            dynamic_axes={name: {0: size} for name, size in inputs.items() if size is not None},
        )
    model, names = without_weights(file.getvalue())
    return Skeleton(dict(config), names, model)
