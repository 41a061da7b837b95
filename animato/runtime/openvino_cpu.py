"""Networks on the CPU through OpenVINO, with its usage reporting switched off before it is imported."""

from __future__ import annotations

import contextlib
import functools
import sys
import tempfile
import types
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from animato.errors import MissingPartError, OutputError


class _SilentTelemetry:
    """Stands in for OpenVINO's usage reporter: every call does nothing, so no name is looked up."""

    def __init__(self, *_args: object, **_kwargs: object) -> None:
        pass

    def __getattr__(self, _name: str) -> Any:
        return lambda *_args, **_kwargs: None


def import_openvino() -> Any:
    """Import OpenVINO with its telemetry replaced by a stub.

    OpenVINO sends an analytics event when it is imported. The stub must be in place first; an import by somebody
    else before ours is not ours to undo, but every import inside animato goes through this function.

    Raises:
        MissingPartError: OpenVINO is not installed or cannot be loaded.
    """
    if "openvino" not in sys.modules:
        stub = types.ModuleType("openvino_telemetry")
        stub.Telemetry = _SilentTelemetry  # type: ignore[attr-defined]
        stub.main = types.ModuleType("openvino_telemetry.main")  # type: ignore[attr-defined]
        stub.main.Telemetry = _SilentTelemetry
        sys.modules.setdefault("openvino_telemetry", stub)
        sys.modules.setdefault("openvino_telemetry.main", stub.main)
    try:
        import openvino
    except ImportError as error:
        raise MissingPartError(
            "OpenVINO, which runs the face networks, cannot be loaded", where=str(error), hint="pip install openvino"
        ) from error
    return openvino


@functools.lru_cache(maxsize=8)
def _compile(model: bytes, input_shape: tuple[int, ...] | None, threads: int) -> Any:
    """Compile a network, once: compiling is most of the time to a first frame, and every caller wants the same."""
    config = {"PERFORMANCE_HINT": "LATENCY", "INFERENCE_PRECISION_HINT": "f32"}
    if threads:
        config["INFERENCE_NUM_THREADS"] = str(threads)
    with _read(model) as (core, network):
        if input_shape is not None:
            network.reshape(list(input_shape))
        return core.compile_model(network, "CPU", config)


@contextlib.contextmanager
def _read(model: bytes) -> Iterator[tuple[Any, Any]]:
    """Give OpenVINO's core and a network; the file it may be mapped from is there until the block ends."""
    core = import_openvino().Core()
    # OpenVINO reads TensorFlow Lite from files only, and may map the file until the model is compiled.
    with contextlib.ExitStack() as stack:
        try:
            folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="animato-", ignore_cleanup_errors=True))
            path = Path(folder) / ("model.tflite" if model[4:8] == b"TFL3" else "model.onnx")
            path.write_bytes(model)
        except OSError as problem:
            raise OutputError(
                f"the temporary folder cannot be written: {problem.strerror}",
                where=problem.filename or tempfile.gettempdir(),
                hint="free some space there, or set TMPDIR to another folder",
            ) from problem
        yield core, core.read_model(model=str(path))


@contextlib.contextmanager
def open_network(model: bytes) -> Iterator[Any]:
    """Give a network's operations, uncompiled, to look at inside the block (`get_ordered_ops`).

    Args:
        model: the bytes of an ONNX or TensorFlow Lite file.
    """
    with _read(model) as (_, network):
        yield network


class CpuNetwork:
    """A compiled network that maps one array to its outputs; each instance has buffers of its own.

    Args:
        model: the bytes of an ONNX or TensorFlow Lite file.
        input_shape: fixed input shape, or None to keep the model's own.
        threads: CPU threads; 0 lets OpenVINO choose.
    """

    def __init__(self, model: bytes, input_shape: tuple[int, ...] | None = None, threads: int = 2) -> None:
        compiled = _compile(model, input_shape, threads)
        self._request = compiled.create_infer_request()
        self._outputs = list(compiled.outputs)

    def __call__(self, array: NDArray[np.float32]) -> list[NDArray[np.float32]]:
        """Run the network once and return its outputs in the order of the file; each is valid until the next call."""
        self._request.infer([np.ascontiguousarray(array, dtype=np.float32)], share_inputs=True)
        return [self._request.get_tensor(output).data for output in self._outputs]
