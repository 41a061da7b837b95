"""What every engine runs: a graph, and the network that it becomes. Independent of any inference library."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from animato.runtime.onnx_weights import with_weights

Ranges = Mapping[str, Sequence[float]]
"""Name of a convolution -> minimum and maximum of its input; see `models.portrait.ranges`."""


class Network(Protocol):
    """A compiled network that maps arrays to arrays; any number of threads may call it at once."""

    def __call__(self, *arrays: NDArray[Any]) -> list[NDArray[Any]]:
        """Run the network once and return its outputs in the order of the model, as new arrays.

        Raises:
            InputError: there is not enough memory.
        """


@dataclass(frozen=True)
class Graph:
    """A network before it is compiled.

    Attributes:
        skeleton: an ONNX model without weights.
        weights: name to weight, float32.
        shapes: input name to its shape, in the order of the network's arguments.
        sizes: names of the dimensions that the ONNX model leaves open, and their lengths in `shapes`.
        ranges: of the convolutions that run in 8 bits where the engine can.
        module: makes the same network as a `torch.nn.Module`.
        private: whether it is of a person, so that nothing of it may be left on disk.
    """

    skeleton: bytes
    weights: Mapping[str, NDArray[np.float32]]
    shapes: Mapping[str, tuple[int, ...]]
    sizes: Mapping[str, int]
    module: Callable[[], Any]
    ranges: Ranges = field(default_factory=dict)
    private: bool = False

    @cached_property
    def onnx(self) -> bytes:
        """The whole ONNX model, with weights and open dimensions."""
        return with_weights(self.skeleton, self.weights)

    @property
    def content(self) -> str:
        """Hash of everything that decides what is computed."""
        values = sorted(self.shapes.items()), sorted((name, list(ends)) for name, ends in self.ranges.items())
        return hashlib.sha256(self.onnx + repr(values).encode()).hexdigest()
