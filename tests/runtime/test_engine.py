"""An engine is shared by any number of threads: one network each, never a request, and nothing outlives it."""

from __future__ import annotations

import subprocess
import sys
import threading
import weakref
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import pytest

from animato.errors import InputError, UsageError
from animato.renderers.portrait.networks import portrait_networks
from animato.runtime.engine import Engine
from animato.runtime.openvino_library import import_openvino
from animato.runtime.openvino_network import OpenVinoNetwork

SIDE = 96


def doubling_graph() -> Any:
    """y = 2 x + mean(x), z = x - 1: enough work that calls overlap."""
    import_openvino()
    import openvino.opset13 as ops
    from openvino import Model

    x = ops.parameter([1, SIDE, SIDE], np.float32, name="x")
    kernel = ops.constant(np.eye(SIDE, dtype=np.float32)[None] * 2)
    y = x
    for _ in range(20):
        y = ops.matmul(ops.multiply(y, ops.constant(np.float32(0.5))), kernel, False, False)
    mean = ops.reduce_mean(x, ops.constant(np.array([1, 2])), True)
    return Model([ops.add(ops.multiply(y, ops.constant(np.float32(2))), mean), ops.subtract(x, np.float32(1))], [x])


@pytest.fixture(scope="module")
def network() -> OpenVinoNetwork:
    return OpenVinoNetwork(import_openvino().Core().compile_model(doubling_graph(), "CPU"))


def test_outputs_are_the_callers_own(network: OpenVinoNetwork) -> None:
    given = np.random.default_rng(0).random((1, SIDE, SIDE), np.float32)
    first = network(given)
    kept = [array.copy() for array in first]
    for array in first:
        assert array.flags.owndata and array.flags.writeable
    network(given + 5)
    for array, before in zip(first, kept, strict=True):
        np.testing.assert_array_equal(array, before)
        array[:] = -7
    for array, before in zip(network(given), kept, strict=True):
        np.testing.assert_array_equal(array, before)


def test_inputs_are_read_and_never_written(network: OpenVinoNetwork) -> None:
    given = np.random.default_rng(0).random((1, SIDE, 2 * SIDE), np.float32)[:, :, ::2]  # not contiguous
    before = given.copy()
    given.setflags(write=False)
    np.testing.assert_allclose(network(given)[1], before - 1)
    np.testing.assert_array_equal(given, before)


def test_threads_that_call_at_once_get_what_one_after_the_other_gets(network: OpenVinoNetwork) -> None:
    inputs = [np.full((1, SIDE, SIDE), number, np.float32) for number in range(64)]
    one_by_one = [network(given) for given in inputs]
    with ThreadPoolExecutor(8) as pool:
        at_once = list(pool.map(lambda given: network(given), inputs))
    for found, wanted in zip(at_once, one_by_one, strict=True):
        for one, other in zip(found, wanted, strict=True):
            np.testing.assert_array_equal(one, other)


class Requests:
    """Stands in for a compiled model; its requests meet at a barrier, so that all calls are in work at once."""

    def __init__(self, meet: Callable[[], object]) -> None:
        self.meet, self.made, self.busy, self.shared = meet, 0, set[int](), False

    def create_infer_request(self) -> Requests._Request:
        self.made += 1
        return self._Request(self)

    class _Request:
        def __init__(self, owner: Requests) -> None:
            self.owner = owner

        def infer(self, inputs: list[Any], share_inputs: bool) -> Requests._Request:
            self.owner.shared |= id(self) in self.owner.busy
            self.owner.busy.add(id(self))
            self.owner.meet()
            self.owner.busy.discard(id(self))
            return self

        def to_tuple(self) -> tuple[Any, ...]:
            return ()


def test_calls_at_once_have_a_request_each_which_later_calls_use_again() -> None:
    barrier = threading.Barrier(4)
    requests = Requests(barrier.wait)
    network = OpenVinoNetwork(requests)
    for _ in range(3):
        with ThreadPoolExecutor(4) as pool:
            list(pool.map(lambda _: network(), range(4)))
    assert requests.made == 4
    assert not requests.shared


def test_a_request_that_failed_is_not_used_again() -> None:
    def broken() -> None:
        raise RuntimeError("stopped in the middle")

    requests = Requests(broken)
    network = OpenVinoNetwork(requests)
    for _ in range(2):
        with pytest.raises(RuntimeError, match="in the middle"):
            network()
    assert requests.made == 2


def test_what_callers_at_once_ask_for_is_made_once() -> None:
    engine, made = Engine(1), []
    begun, go = threading.Event(), threading.Event()

    def make() -> object:
        begun.set()
        go.wait(10)
        made.append(object())
        return made[-1]

    with ThreadPoolExecutor(8) as pool:
        asked = [pool.submit(engine.shared, "network", make) for _ in range(8)]
        begun.wait(10)
        assert engine.shared("another", lambda: 5) == 5, "what is slow to make holds up nothing else"
        go.set()
        assert {id(one.result(10)) for one in asked} == {id(made[0])}
    assert len(made) == 1


def test_what_could_not_be_made_is_tried_again() -> None:
    engine = Engine(1)
    with pytest.raises(ZeroDivisionError):
        engine.shared("ratio", lambda: 1 / 0)
    assert engine.shared("ratio", lambda: 0.5) == 0.5


def test_an_engine_frees_what_it_compiled_when_it_is_let_go_of() -> None:
    import gc

    gc.disable()  # reference counts alone: hundreds of renders may pass before the collector comes
    try:
        engine = Engine(1)
        networks = portrait_networks(engine)
        assert portrait_networks(engine) is networks
        alive = weakref.ref(engine), weakref.ref(networks)
        del engine, networks
        assert [one() for one in alive] == [None, None]
    finally:
        gc.enable()


def test_engines_share_nothing_and_have_threads_of_their_own() -> None:
    one, two = Engine(1), Engine(4)
    assert (one.network_threads, two.network_threads) == (1, 2)
    for engine, threads in ((one, 1), (two, 2)):
        network = portrait_networks(engine).painter("eye", 1, 1)
        assert isinstance(network, OpenVinoNetwork)
        compiled = network._compiled
        assert compiled.get_property("INFERENCE_NUM_THREADS") == threads
    assert one.shared("name", lambda: 1) != two.shared("name", lambda: 2)


@pytest.mark.parametrize("wrong", [{"threads": 0}, {"device": "abacus"}])
def test_an_engine_that_cannot_be_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(UsageError):
        Engine(**wrong)


@pytest.mark.parametrize("text", ["src/core.cpp:117:\nstd::bad_alloc\n", "Resource temporarily unavailable"])
def test_openvino_out_of_memory_is_our_error(text: str) -> None:
    class Exhausted:
        def create_infer_request(self) -> None:
            raise RuntimeError(text)

    with pytest.raises(InputError, match="not enough memory to run the networks") as caught:
        OpenVinoNetwork(Exhausted())()
    assert caught.value.where is not None and "\n" not in caught.value.where


def test_other_errors_of_openvino_stay_bugs() -> None:
    class Broken:
        def create_infer_request(self) -> None:
            raise RuntimeError("shape mismatch")

    with pytest.raises(RuntimeError, match="shape mismatch"):
        OpenVinoNetwork(Broken())()


def test_a_signal_is_handled_after_engines_have_gone_in_any_order() -> None:
    code = (
        "import os, signal\n"
        "from animato.runtime.engine import Engine\n"
        "from animato.tracking.face_finder import FaceFinder\n"
        "signal.signal(signal.SIGINT, lambda *_: print('handled', flush=True))\n"
        "first, second = FaceFinder(Engine(1)), FaceFinder(Engine(1))\n"
        "del first\n"
        "del second\n"
        "os.kill(os.getpid(), signal.SIGINT)\n"
    )
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (ended.returncode, ended.stdout) == (0, "handled\n"), ended.stderr
