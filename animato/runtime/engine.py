"""Engine: device, threads, compiled networks and their pools of inference requests.

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

import numpy as np
from numpy.typing import NDArray

from animato.errors import UsageError
from animato.runtime import network_cache
from animato.runtime.memory_errors import is_out_of_memory, out_of_memory
from animato.runtime.openvino_library import import_openvino, read_model
from animato.runtime.parser import Parser
from animato.runtime.thread_bound import bounded

T = TypeVar("T")

Device = Literal["cpu"]
"""Inference device."""


class Network:
    """A compiled network that maps arrays to arrays; any number of threads may call it at once.

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
        with _memory_reported():
            try:
                request = self._idle.pop()  # atomic, so no two threads share a request
            except IndexError:
                request = self._compiled.create_infer_request()
            # The inputs are read in place, so the request keeps them alive until its next call; the outputs are copies.
            outputs = request.infer([np.ascontiguousarray(array) for array in arrays], share_inputs=True)
        # Not reused after an error or Ctrl-C, when its state is undefined; a new request takes a millisecond.
        self._idle.append(request)
        return list(outputs.to_tuple())


@contextlib.contextmanager
def _memory_reported() -> Iterator[None]:
    """Convert OpenVINO's errors to an `InputError` where they mean that memory ran out."""
    try:
        yield
    except (RuntimeError, MemoryError) as problem:
        if is_out_of_memory(problem):
            raise out_of_memory("to run the networks", problem) from problem
        raise


class Compiler:
    """Compiles networks for one device without keeping references to them.

    Args:
        threads: see `Engine`.
        device: see `Engine`.

    Raises:
        UsageError: an unknown device, or fewer than one thread.
    """

    def __init__(self, threads: int, device: Device) -> None:
        if device not in get_args(Device):
            raise UsageError(f"device cannot be {device!r}", where=f"one of: {', '.join(get_args(Device))}")
        if threads < 1:
            raise UsageError(f"threads must be at least 1, not {threads}")
        self.threads = threads
        self.device: Device = device

    @property
    def network_threads(self) -> int:
        """Threads of each of the renderer's networks."""
        return max(1, self.threads // 2)

    def compile(self, model: Any, threads: int | None = None) -> Network:
        """Compile a graph (`openvino.Model`).

        Args:
            model: from `runtime.graph_builder`.
            threads: CPU threads, or None for `network_threads`.
        """
        return Network(self._compiled(import_openvino().Core(), model, threads or self.network_threads))

    def compile_shipped(self, content: str, build: Callable[[], Any]) -> Network:
        """Compile a graph of the package, or take it from the cache on disk (`runtime.network_cache`).

        Args:
            content: identifies the graph and its weights.
            build: makes the graph, if it is not in the cache.
        """
        threads = self.network_threads

        def compiled(core: Any) -> Any:
            return self._compiled(core, build(), threads)

        return self._cached(f"graph {content}", threads, compiled)

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
        with _memory_reported():
            return core.compile_model(model, self.device.upper(), _options(threads))

    def _cached(self, content: str, threads: int, compiled: Callable[[Any], Any]) -> Network:
        """Return the network of some content: from the cache, else compiled and cached."""
        openvino = import_openvino()
        core, device = openvino.Core(), self.device.upper()
        # Code is generated for one processor, by one version of OpenVINO.
        platform = core.get_property(device, "FULL_DEVICE_NAME"), core.get_property(device, "OPTIMIZATION_CAPABILITIES")
        parts = content, openvino.__version__, platform, _options(threads)
        key = hashlib.sha256(repr(parts).encode()).hexdigest()
        entry = network_cache.load(key)
        if entry is not None:
            # An entry that this OpenVINO does not take is compiled anew and replaced.
            with contextlib.suppress(RuntimeError), _memory_reported():
                return Network(core.import_model(entry, device, _options(threads)))
        network = compiled(core)
        with contextlib.suppress(RuntimeError):
            exported = network.export_model()
            network_cache.store(key, exported if isinstance(exported, bytes) else exported.getvalue())
        return Network(network)


def _options(threads: int) -> dict[str, str]:
    return {
        "PERFORMANCE_HINT": "LATENCY",
        "INFERENCE_PRECISION_HINT": "f32",
        "INFERENCE_NUM_THREADS": str(threads),
    }


class Engine:
    """Runs networks on one device with a fixed number of threads.

    Safe to share between threads. Cached values (`shared`) are freed with the engine unless one refers back to it; such
    a value should hold the engine's `compiler` instead.

    Args:
        threads: CPU threads of a whole render (`runtime.thread_bound`). Its stages run concurrently, so each
            of the renderer's networks gets half of them (`network_threads`).
        device: "cpu".

    Attributes:
        threads, device: the arguments.
        compiler: compiles networks without keeping them.

    Raises:
        UsageError: an unknown device, or fewer than one thread.
    """

    def __init__(self, threads: int = 2, device: Device = "cpu") -> None:
        self.compiler = Compiler(threads, device)
        self.threads, self.device = threads, device
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

    def compile(self, model: Any, threads: int | None = None) -> Network:
        """Compile a graph without caching it; see `Compiler.compile`."""
        return self.compiler.compile(model, threads)

    def bounded(self) -> contextlib.AbstractContextManager[None]:
        """Bound the threads of OpenCV while a block runs; see `runtime.thread_bound`."""
        return bounded(self.threads)
