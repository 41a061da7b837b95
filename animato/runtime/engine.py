"""The engine: device, threads, compiled networks and their inference requests. It owns what renders share.

Nothing here is module state. Two renders that share an engine share its compiled networks, never a request: an
inference request holds the tensors of one call, so each call takes one from a pool and returns it when its outputs
have been copied.
"""

from __future__ import annotations

import contextlib
import hashlib
import threading
from collections.abc import Callable, Hashable, Iterator
from typing import Any, Literal, TypeVar, cast, get_args

import cv2
import numpy as np
from numpy.typing import NDArray

from animato.errors import UsageError
from animato.runtime.openvino_library import import_openvino, read_model

T = TypeVar("T")

Device = Literal["cpu"]
"""What networks run on."""


class Network:
    """A compiled network that maps arrays to arrays; any number of threads may call it at once.

    Args:
        compiled: an `openvino.CompiledModel`.
    """

    def __init__(self, compiled: Any) -> None:
        self._compiled = compiled
        self._outputs = list(compiled.outputs)
        self._idle: list[Any] = []

    def __call__(self, *arrays: NDArray[Any]) -> list[NDArray[Any]]:
        """Run the network once and return its outputs in the order of the model, as arrays of the caller's own."""
        request = self._take()
        try:
            request.infer([np.ascontiguousarray(array) for array in arrays], share_inputs=True)
            return [request.get_tensor(output).data.copy() for output in self._outputs]
        finally:
            self._idle.append(request)

    def _take(self) -> Any:
        try:
            return self._idle.pop()  # atomic, so that no two threads get the same
        except IndexError:
            return self._compiled.create_infer_request()


class Engine:
    """Runs networks on one device with a fixed number of threads.

    Safe to share between threads; what it holds is freed with it.

    Args:
        device: "cpu".
        threads: CPU threads of a whole render. Its stages run at once, so each of the renderer's networks gets half
            of them (`network_threads`).

    Raises:
        UsageError: an unknown device, or fewer than one thread.
    """

    def __init__(self, threads: int = 2, device: Device = "cpu") -> None:
        if device not in get_args(Device):
            raise UsageError(f"device cannot be {device!r}", where=f"one of: {', '.join(get_args(Device))}")
        if threads < 1:
            raise UsageError(f"threads must be at least 1, not {threads}")
        self.device: Device = device
        self.threads = threads
        self._lock = threading.Lock()
        self._making: dict[Hashable, threading.Lock] = {}
        self._made: dict[Hashable, object] = {}

    @property
    def network_threads(self) -> int:
        """Threads of each of the renderer's networks."""
        return max(1, self.threads // 2)

    def shared(self, key: Hashable, make: Callable[[], T]) -> T:
        """Return what this engine keeps under a key; made at the first request, by one thread while others wait.

        Args:
            key: names the value, and everything it depends on.
            make: makes the value.
        """
        with self._lock:
            making = self._making.setdefault(key, threading.Lock())
        with making:
            if key not in self._made:
                self._made[key] = make()
            return cast(T, self._made[key])

    def network(self, model: bytes, input_shape: tuple[int, ...] | None = None, threads: int | None = None) -> Network:
        """Return a compiled network; compiled once per engine.

        Args:
            model: the bytes of an ONNX or TensorFlow Lite file.
            input_shape: fixed input shape, or None to keep the model's own.
            threads: CPU threads, or None for all of the engine's.
        """
        count = threads or self.threads
        key = ("network", hashlib.sha256(model).digest(), input_shape, count)

        def compile_model() -> Network:
            with read_model(model) as (core, network):
                if input_shape is not None:
                    network.reshape(list(input_shape))
                return Network(core.compile_model(network, "CPU", _options(count)))

        return self.shared(key, compile_model)

    def compile(self, model: Any, threads: int | None = None) -> Network:
        """Compile a graph (`openvino.Model`) that the caller keeps.

        Args:
            model: from `runtime.graph_builder`.
            threads: CPU threads, or None for `network_threads`.
        """
        return Network(import_openvino().Core().compile_model(model, "CPU", _options(threads or self.network_threads)))

    @contextlib.contextmanager
    def bounded(self) -> Iterator[None]:
        """Bound OpenCV's own threads while this block runs; the fewest of all open blocks' threads count."""
        _THREADS.enter(self.threads)
        try:
            yield
        finally:
            _THREADS.leave(self.threads)


def _options(threads: int) -> dict[str, str]:
    return {
        "PERFORMANCE_HINT": "LATENCY",
        "INFERENCE_PRECISION_HINT": "f32",
        "INFERENCE_NUM_THREADS": str(threads),
    }


class _OpenCvThreads:
    """OpenCV's thread count, which is one number of the process: bounded while renders run, then as it was."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._bounds: list[int] = []
        self._before = 0

    def enter(self, threads: int) -> None:
        """Add a bound."""
        with self._lock:
            if not self._bounds:
                self._before = cv2.getNumThreads()
            self._bounds.append(threads)
            cv2.setNumThreads(min(self._bounds))

    def leave(self, threads: int) -> None:
        """Take a bound away."""
        with self._lock:
            self._bounds.remove(threads)
            cv2.setNumThreads(min(self._bounds) if self._bounds else self._before)


_THREADS = _OpenCvThreads()
