"""A network run by torch. Imports torch only when it is asked for."""

from __future__ import annotations

import importlib.util
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from animato.runtime.memory_errors import memory_reported
from animato.runtime.torch_threads import torch_bounded

if TYPE_CHECKING:
    from animato.runtime.network import Graph


def torch_obstacle(device: str) -> str:
    """Return why torch cannot run networks on a device, in words; empty if it can.

    Args:
        device: see `runtime.devices.Device`.
    """
    if device not in ("cpu", "cuda"):
        return f"torch does not run them on {device}"
    if importlib.util.find_spec("torch") is None:
        return "torch is not installed"
    if device == "cuda":
        import torch

        if not torch.cuda.is_available():
            return f"torch {torch.__version__} finds no CUDA device"
    return ""


class TorchNetwork:
    """A torch module that maps arrays to arrays; any number of threads may call it at once.

    Args:
        graph: of the network.
        device: "cpu" or "cuda".
        threads: CPU threads.
    """

    def __init__(self, graph: Graph, device: str, threads: int) -> None:
        self._device, self._threads = device, threads
        self._module = graph.module().to(device)

    def __call__(self, *arrays: NDArray[Any]) -> list[NDArray[Any]]:
        """Run the network once and return its outputs in the order of the model, as new arrays.

        Raises:
            InputError: there is not enough memory.
        """
        import torch

        # Without TF32, whose 10-bit mantissa would show as banding in smooth skin.
        exact = torch.backends.cudnn.flags(enabled=True, allow_tf32=False)
        with memory_reported(), torch_bounded(self._threads), torch.inference_mode(), exact:
            # Copied, because torch takes no read-only arrays.
            given = [torch.from_numpy(np.array(array)).to(self._device) for array in arrays]
            return [output.cpu().numpy() for output in self._module(*given)]
