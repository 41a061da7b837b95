"""Engine: device, threads, compiled networks and their pools of inference requests.

Nothing here is module state. Two renders that share an engine share its compiled networks, never the tensors of a call.

The renderer's networks run on the engine's device and backend (`runtime.devices`). The face tracker's and the nudity
gate's run as their authors published them, with OpenVINO on the CPU: they are small, and a driver is the same motion
whatever renders it.
"""

from __future__ import annotations

import contextlib
import hashlib
import threading
from collections.abc import Callable, Hashable
from typing import Any, TypeVar, cast

from animato.errors import UsageError
from animato.runtime import network_cache, openvino_graph
from animato.runtime.devices import Backend, Device, placed
from animato.runtime.memory_errors import memory_reported
from animato.runtime.network import Graph, Network
from animato.runtime.onnxruntime_network import OnnxRuntimeNetwork
from animato.runtime.openvino_library import import_openvino, openvino_core, read_model
from animato.runtime.openvino_network import OpenVinoNetwork
from animato.runtime.parser import Parser
from animato.runtime.thread_bound import bounded
from animato.runtime.torch_network import TorchNetwork

T = TypeVar("T")

_OPENVINO_DEVICE = "CPU"


class Compiler:
    """Compiles networks for one device without keeping references to them.

    Args:
        threads, device, backend: see `Engine`.

    Raises:
        UsageError, MissingPartError: as of `Engine`.
    """

    def __init__(self, threads: int, device: Device = "cpu", backend: Backend = "auto") -> None:
        if threads < 1:
            raise UsageError(f"threads must be at least 1, not {threads}")
        self.threads = threads
        self.placement = placed(device, backend)

    @property
    def network_threads(self) -> int:
        """Threads of each of the renderer's networks."""
        return max(1, self.threads // 2)

    def compile(self, graph: Graph) -> Network:
        """Compile a network of the renderer, or take it from the cache on disk (`runtime.network_cache`)."""
        threads, device = self.network_threads, self.placement.device
        if self.placement.backend == "onnxruntime":
            return OnnxRuntimeNetwork(graph, device, threads)
        if self.placement.backend == "torch":
            return TorchNetwork(graph, device, threads)

        def compiled(core: Any) -> Any:
            return self._compiled(core, openvino_graph.openvino_model(core, graph), threads)

        if graph.private:
            return OpenVinoNetwork(compiled(openvino_core()))
        return self._cached(f"graph {network_cache.code_key(openvino_graph)} {graph.content}", threads, compiled)

    def compile_file(self, model: bytes, input_shape: tuple[int, ...] | None, threads: int) -> Network:
        """Compile the bytes of an ONNX or TensorFlow Lite file; see `Engine.network`."""

        def compiled(_core: Any) -> Any:
            with read_model(model) as (core, network):
                if input_shape is not None:
                    network.reshape(list(input_shape))
                return self._compiled(core, network, threads)

        return self._cached(f"{hashlib.sha256(model).hexdigest()} {input_shape}", threads, compiled)

    def compile_ir(self, graph: bytes, weights: bytes, input_shape: tuple[int, ...], threads: int) -> Network:
        """Compile a network in OpenVINO's own format.

        Args:
            graph: the bytes of its .xml file.
            weights: the bytes of its .bin file.
            input_shape: fixed input shape.
            threads: CPU threads.
        """

        def compiled(core: Any) -> Any:
            network = core.read_model(model=graph, weights=weights)
            network.reshape(list(input_shape))
            return self._compiled(core, network, threads)

        return self._cached(f"{hashlib.sha256(graph + weights).hexdigest()} {input_shape}", threads, compiled)

    def _compiled(self, core: Any, model: Any, threads: int) -> Any:
        with memory_reported():
            return core.compile_model(model, _OPENVINO_DEVICE, _options(threads))

    def _cached(self, content: str, threads: int, compiled: Callable[[Any], Any]) -> Network:
        """Return the network of some content: from the cache, else compiled and cached."""
        core, device = openvino_core(), _OPENVINO_DEVICE
        # Code is generated for one processor, by one version of OpenVINO.
        platform = core.get_property(device, "FULL_DEVICE_NAME"), core.get_property(device, "OPTIMIZATION_CAPABILITIES")
        parts = content, import_openvino().__version__, platform, _options(threads)
        key = hashlib.sha256(repr(parts).encode()).hexdigest()
        entry = network_cache.load(key)
        if entry is not None:
            # An entry that this OpenVINO does not take is compiled anew and replaced.
            with contextlib.suppress(RuntimeError), memory_reported():
                return OpenVinoNetwork(core.import_model(entry, device, _options(threads)))
        network = compiled(core)
        with contextlib.suppress(RuntimeError):
            exported = network.export_model()
            network_cache.store(key, exported if isinstance(exported, bytes) else exported.getvalue())
        return OpenVinoNetwork(network)


def _options(threads: int) -> dict[str, str]:
    return {
        "PERFORMANCE_HINT": "LATENCY",
        "INFERENCE_PRECISION_HINT": "f32",
        "INFERENCE_NUM_THREADS": str(threads),
        # Networks of several threads and processes would all be pinned to the first core.
        "ENABLE_CPU_PINNING": "NO",
    }


class Engine:
    """Runs networks on one device with a fixed number of threads.

    Safe to share between threads. Cached values (`shared`) are freed with the engine unless one refers back to it; such
    a value should hold the engine's `compiler` instead.

    Args:
        threads: CPU threads of a whole render (`runtime.thread_bound`). Its stages run concurrently, so each
            of the renderer's networks gets half of them (`network_threads`).
        device: of the renderer's networks: "cpu", "cuda", "coreml", "directml", or "auto" for a CUDA device if there
            is one, else the CPU.
        backend: library that runs them: "openvino", "onnxruntime", "torch", or "auto" for the first that can.

    Attributes:
        threads: the argument.
        placement: device and backend in use, and why.
        compiler: compiles networks without keeping them.

    Raises:
        UsageError: an unknown device or backend, or fewer than one thread.
        MissingPartError: the device or backend cannot be used here.
    """

    def __init__(self, threads: int = 2, device: Device = "cpu", backend: Backend = "auto") -> None:
        self.compiler = Compiler(threads, device, backend)
        self.threads, self.placement = threads, self.compiler.placement
        self._lock = threading.Lock()
        self._locks: dict[Hashable, threading.Lock] = {}
        self._cache: dict[Hashable, object] = {}

    @property
    def network_threads(self) -> int:
        """Threads of each of the renderer's networks."""
        return self.compiler.network_threads

    def shared(self, key: Hashable, make: Callable[[], T]) -> T:
        """Return the cached value of a key; created at the first request by one thread while others wait.

        Exceptions of `make` propagate; nothing is cached, and the next request calls it again.

        Args:
            key: identifies the value and all its dependencies.
            make: creates the value; it may request other keys, but not this one.
        """
        with self._lock:
            key_lock = self._locks.setdefault(key, threading.Lock())
        with key_lock:
            if key not in self._cache:
                self._cache[key] = make()
            return cast(T, self._cache[key])

    @property
    def parser(self) -> Parser:
        """Parses files in a sealed process; with one thread, in this process."""
        return self.shared("parser", lambda: Parser(in_process=self.threads == 1))

    def network(self, model: bytes, input_shape: tuple[int, ...] | None = None, threads: int | None = None) -> Network:
        """Return a compiled network; compiled once per engine.

        Args:
            model: the bytes of an ONNX or TensorFlow Lite file.
            input_shape: fixed input shape, or None to keep the model's own.
            threads: CPU threads, or None for all of the engine's.
        """
        count = self.threads if threads is None else threads
        key = ("network", hashlib.sha256(model).digest(), input_shape, count)
        return self.shared(key, lambda: self.compiler.compile_file(model, input_shape, count))

    def compile(self, graph: Graph) -> Network:
        """Compile a network of the renderer without keeping it; see `Compiler.compile`."""
        return self.compiler.compile(graph)

    def bounded(self) -> contextlib.AbstractContextManager[None]:
        """Bound the threads of OpenCV while a block runs; see `runtime.thread_bound`."""
        return bounded(self.threads)
