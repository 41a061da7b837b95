"""Which engine runs the networks is chosen in one place, and what cannot be used says why."""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Callable

import numpy as np
import pytest

from animato.cli.main import run
from animato.errors import MissingPartError, UsageError
from animato.models.portrait.graphs import encoder_graph
from animato.runtime import devices
from animato.runtime.devices import Placement, placed
from animato.runtime.engine import Engine
from animato.weights.portrait import read_portrait


@pytest.fixture
def usable(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Return what makes only the given pairs of library and device usable."""

    def only(*pairs: tuple[str, str]) -> None:
        monkeypatch.setattr(
            devices, "obstacle", lambda backend, device: "" if (backend, device) in pairs else f"no {backend} {device}"
        )

    return only


def test_the_default_is_openvino_on_the_processor() -> None:
    assert (Engine(1).placement.device, Engine(1).placement.backend) == ("cpu", "openvino")


def test_auto_prefers_a_cuda_device_and_says_why_not(usable: Callable[..., None]) -> None:
    usable(("openvino", "cpu"), ("torch", "cuda"))
    assert placed("auto") == Placement("cuda", "torch", ("no openvino cuda", "no onnxruntime cuda"))
    usable(("openvino", "cpu"), ("torch", "cpu"))
    found = placed("auto")
    assert (found.device, found.backend) == ("cpu", "openvino") and len(found.reasons) == 3


def test_a_device_that_is_named_is_never_replaced_by_another(usable: Callable[..., None]) -> None:
    usable(("openvino", "cpu"))
    with pytest.raises(MissingPartError, match="cuda cannot be used") as caught:
        placed("cuda")
    assert caught.value.where == "no openvino cuda; no onnxruntime cuda; no torch cuda"
    with pytest.raises(MissingPartError, match="cannot run on cpu with torch"):
        placed("cpu", "torch")


def test_unknown_names_are_refused() -> None:
    with pytest.raises(UsageError, match="device cannot be 'abacus'"):
        placed("abacus")  # type: ignore[arg-type]
    with pytest.raises(UsageError, match="backend cannot be 'slide rule'"):
        placed("cpu", "slide rule")  # type: ignore[arg-type]


def test_what_is_not_installed_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    assert devices.obstacle("torch", "cpu") == "torch is not installed"
    assert "coreml" in devices.obstacle("torch", "coreml") and "CPU only" in devices.obstacle("openvino", "cuda")


def test_onnxruntime_without_the_provider_says_so() -> None:
    library = pytest.importorskip("onnxruntime")
    assert devices.obstacle("onnxruntime", "cpu") == ""
    if "CoreMLExecutionProvider" not in library.get_available_providers():
        assert "has no CoreMLExecutionProvider" in devices.obstacle("onnxruntime", "coreml")


@pytest.mark.skipif(sys.platform == "darwin", reason="may have CoreML")
@pytest.mark.parametrize(
    "command",
    [
        ["live", "--head", "me.animato"],
        ["head", "show", "me.animato"],
        ["head", "save", "me.jpg", "--consent", "self", "-o", "me.animato"],
        ["pose", "me.animato", "-o", "me.png"],
        ["studio"],
    ],
)
def test_commands_say_that_a_device_cannot_be_used_before_they_begin(
    command: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert run([*command, "--device", "coreml"]) == 4
    assert "coreml cannot be used" in capsys.readouterr().err


@pytest.mark.parametrize("backend", ["onnxruntime", "torch"])
def test_outputs_are_the_callers_own_and_inputs_are_not_written(backend: devices.Backend) -> None:
    pytest.importorskip(backend)
    graph = encoder_graph(read_portrait(), "eye")
    network = Engine(1, backend=backend).compile(graph)
    given = [np.full(shape, 90, np.uint8) for shape in graph.shapes.values()]
    for array in given:
        array.setflags(write=False)
    first = network(*given)
    kept = [array.copy() for array in first]
    for array in first:
        array[:] = -7
    for found, wanted in zip(network(*given), kept, strict=True):
        np.testing.assert_array_equal(found, wanted)
