"""Import OpenVINO with its telemetry disabled, and read models from bytes."""

from __future__ import annotations

import contextlib
import functools
import sys
import tempfile
import threading
import types
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from animato.errors import MissingPartError, OutputError
from animato.runtime.scratch import ScratchFolder

_CORE_LOCK = threading.Lock()


class _SilentTelemetry:
    """Stub of OpenVINO's telemetry: every call does nothing, so there is no network access."""

    def __init__(self, *_args: object, **_kwargs: object) -> None:
        pass

    def __getattr__(self, _name: str) -> Any:
        return lambda *_args, **_kwargs: None


def import_openvino() -> Any:
    """Import OpenVINO with its telemetry replaced by a stub.

    OpenVINO sends an analytics event when it is imported, so the stub must be in place first. Every import in animato
    goes through this function; an earlier import by other code is unaffected.

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


def openvino_core() -> Any:
    """Return the `openvino.Core` of this process; created at the first call and never destroyed.

    A core's CPU plugin may give the thread that first uses it an alternate signal stack, which it takes away when it is
    destroyed. Of several cores, one may so restore the stack of another that is gone already, and the next signal
    handler kills the process. A core keeps no network and no setting of a render.

    Raises:
        MissingPartError: OpenVINO cannot be loaded.
    """
    with _CORE_LOCK:
        return _core()


@functools.cache
def _core() -> Any:
    return import_openvino().Core()


@contextlib.contextmanager
def read_model(model: bytes) -> Iterator[tuple[Any, Any]]:
    """Yield OpenVINO's core and an uncompiled network, whose temporary file exists until the block ends.

    Args:
        model: the bytes of an ONNX or TensorFlow Lite file.

    Raises:
        MissingPartError: OpenVINO cannot be loaded.
        OutputError: the temporary folder cannot be written.
    """
    core = openvino_core()
    # OpenVINO reads TensorFlow Lite from files only, and may map the file until the model is compiled.
    with contextlib.ExitStack() as stack:
        try:
            folder = stack.enter_context(ScratchFolder())
            path = Path(folder) / ("model.tflite" if model[4:8] == b"TFL3" else "model.onnx")
            path.write_bytes(model)
        except OSError as problem:
            raise OutputError(
                f"the temporary folder cannot be written: {problem.strerror}",
                where=problem.filename or tempfile.gettempdir(),
                hint="free some space there, or set TMPDIR to another folder",
            ) from problem
        yield core, core.read_model(model=str(path))
