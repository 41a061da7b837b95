"""A network compiled by OpenVINO, with its pool of inference requests."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from animato.runtime.memory_errors import memory_reported


class OpenVinoNetwork:
    """A compiled network that maps arrays to arrays; any number of threads may call it at once.

    An inference request holds the tensors of one call, so each call takes one from a pool and returns it when its
    outputs have been copied.

    Args:
        compiled: an `openvino.CompiledModel`.
    """

    def __init__(self, compiled: Any) -> None:
        self._compiled = compiled
        self._idle: list[Any] = []

    def __call__(self, *arrays: NDArray[Any]) -> list[NDArray[Any]]:
        """Run the network once and return its outputs in the order of the model, as new arrays.

        Raises:
            InputError: there is not enough memory.
        """
        with memory_reported():
            try:
                request = self._idle.pop()  # atomic, so no two threads share a request
            except IndexError:
                request = self._compiled.create_infer_request()
            # The inputs are read in place, so the request keeps them alive until its next call; the outputs are copies.
            outputs = request.infer([np.ascontiguousarray(array) for array in arrays], share_inputs=True)
        # Not reused after an error or Ctrl-C, when its state is undefined; a new request takes a millisecond.
        self._idle.append(request)
        return list(outputs.to_tuple())
