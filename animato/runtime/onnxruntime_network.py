"""A network run by ONNX Runtime, on the devices that the installed package supports."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from animato.errors import MissingPartError
from animato.runtime.memory_errors import memory_reported

if TYPE_CHECKING:
    from animato.runtime.network import Graph

PROVIDERS: dict[str, tuple[str, dict[str, str]]] = {
    "cpu": ("CPUExecutionProvider", {}),
    # Without TF32, whose 10-bit mantissa would show as banding in smooth skin.
    "cuda": ("CUDAExecutionProvider", {"use_tf32": "0"}),
    "coreml": ("CoreMLExecutionProvider", {}),
    "directml": ("DmlExecutionProvider", {}),
}
"""Device -> execution provider and its options."""

_ERRORS_ONLY = 3
"""Level of the log: a provider's warnings about operations that it leaves to the CPU are for its developers."""

_IDENTITY = (
    b'\x08\x08:7\n\x10\n\x01x\x12\x01y"\x08Identity\x12\x01gZ\x0f\n\x01x\x12\n\n\x08\x08\x01\x12\x04\n\x02\x08\x01'
    b"b\x0f\n\x01y\x12\n\n\x08\x08\x01\x12\x04\n\x02\x08\x01B\x04\n\x00\x10\x11"
)
"""The smallest ONNX model, y = x: shows whether a device starts."""


def import_onnxruntime() -> Any:
    """Import ONNX Runtime with its telemetry, which exists on Windows, turned off.

    Raises:
        MissingPartError: it is not installed or cannot be loaded.
    """
    try:
        import onnxruntime
    except ImportError as error:
        raise MissingPartError(
            "ONNX Runtime cannot be loaded", where=str(error), hint="pip install 'animato[onnxruntime]'"
        ) from error
    onnxruntime.disable_telemetry_events()
    return onnxruntime


def onnxruntime_obstacle(device: str) -> str:
    """Return why ONNX Runtime cannot run networks on a device, in words; empty if it can.

    Args:
        device: see `runtime.devices.Device`.
    """
    provider = PROVIDERS[device][0]
    try:
        library = import_onnxruntime()
    except MissingPartError:
        return "onnxruntime is not installed"
    if provider not in library.get_available_providers():
        return f"the installed onnxruntime {library.__version__} has no {provider}"
    try:
        _session(_IDENTITY, device, 1, {})
    except Exception:  # its errors have no class in common; each means that the device cannot be used
        return f"{provider} of onnxruntime {library.__version__} does not start"
    return ""


class OnnxRuntimeNetwork:
    """A session that maps arrays to arrays; any number of threads may call it at once.

    Args:
        graph: of the network.
        device: see `runtime.devices.Device`.
        threads: CPU threads.

    Raises:
        MissingPartError: ONNX Runtime is not installed, or does not support the device.
    """

    def __init__(self, graph: Graph, device: str, threads: int) -> None:
        with memory_reported():
            self._session = _session(graph.onnx, device, threads, dict(graph.sizes))
        self._inputs = tuple(graph.shapes)

    def __call__(self, *arrays: NDArray[Any]) -> list[NDArray[Any]]:
        """Run the network once and return its outputs in the order of the model, as new arrays.

        Raises:
            InputError: there is not enough memory.
        """
        given = {name: np.ascontiguousarray(array) for name, array in zip(self._inputs, arrays, strict=True)}
        with memory_reported():
            return list(self._session.run(None, given))


def _session(model: bytes, device: str, threads: int, sizes: dict[str, int]) -> Any:
    library = import_onnxruntime()
    options = library.SessionOptions()
    options.intra_op_num_threads, options.inter_op_num_threads = threads, 1
    options.log_severity_level = _ERRORS_ONLY
    # Idle threads sleep: the stages of a render share the processor.
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    for name, length in sizes.items():
        options.add_free_dimension_override_by_name(name, length)
    provider, settings = PROVIDERS[device]
    session = library.InferenceSession(model, options, providers=[(provider, settings)])
    if session.get_providers()[0] != provider:  # it goes on with the CPU if the device does not start
        raise MissingPartError(f"{provider} does not start", hint="animato doctor")
    return session
