"""Every engine computes what the torch definition computes, on a real face, and paints the same picture."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from animato.geometry.affine import move_points
from animato.geometry.crop import crop_from_frame, cut, head_square
from animato.geometry.pose import HeadPose, points_from_local, rotation_exp
from animato.head.parts import read_parts
from animato.head.view import HeadView
from animato.models.portrait.graphs import affine_of, painter_graph
from animato.motion.retarget import Target
from animato.renderers.portrait.networks import portrait_networks
from animato.renderers.portrait.renderer import PortraitRenderer
from animato.runtime.devices import Backend
from animato.runtime.engine import Engine
from animato.runtime.network import Graph, Network
from animato.runtime.stage_clock import StageClock
from animato.types import Face, Frame
from animato.weights.portrait import read_portrait

SIZE = 256
LOWER_LIP = [14, 87, 178, 88, 95, 317, 402, 318, 324, 17, 84, 181, 91, 146, 314, 405, 321, 375, 152]
UPPER_LIDS = [159, 158, 160, 157, 161, 386, 385, 387, 384, 388]
"""Landmarks that open the mouth and close the eyes."""

TOLERANCES = {"layer": 0.01, "flow": 1e-4, "features": 1e-4, "embedding": 1e-4, "probabilities": 1e-4, "depth": 1e-3}
"""Largest difference of float32 from eager float32: of 255, pixels of the patch, and centimetres of depth."""
OUTPUTS = {"parts": ("probabilities", "depth"), "encoder": ("features", "embedding"), "painter": ("layer", "flow")}
NETWORKS = {
    *(("encoder", 128), ("encoder", 96), ("encoder", 64), ("painter", 128), ("painter", 96), ("painter", 64)),
    ("parts", 192),
}
"""Kind, and side of its picture."""

PSNR_EXACT, PSNR_INT8 = 60.0, 45.0
"""Decibels, of a whole square: engines in float32, and OpenVINO in 8 bits against them."""


Call = tuple[str, Graph, tuple[NDArray[Any], ...]]


@pytest.fixture(autouse=True)
def needed() -> None:
    pytest.importorskip("onnxruntime")


class Recorder:
    """Compiles as its engine does, and keeps what the networks are given."""

    def __init__(self, engine: Engine, exact: bool = False) -> None:
        self.calls: list[Call] = []
        self._compile, self._exact = engine.compiler.compile, exact

    def __call__(self, graph: Graph) -> Network:
        kind = {"picture": "parts", "composite": "painter"}[next(iter(graph.shapes))]
        kind = "encoder" if kind == "parts" and "drawing" in graph.shapes else kind
        network = self._compile(replace(graph, ranges={}) if self._exact else graph)

        def run(*arrays: NDArray[Any]) -> list[NDArray[Any]]:
            self.calls.append((kind, graph, tuple(array.copy() for array in arrays)))
            return network(*arrays)

        return run


def painted(portrait: Frame, face: Face, backend: Backend, exact: bool = False) -> tuple[Frame, list[Call]]:
    """Return a turned face with an open mouth, and the calls of the networks that made it."""
    engine = Engine(1, backend=backend)
    recorder = Recorder(engine, exact)
    engine.compiler.compile = recorder  # type: ignore[method-assign]
    crop_from_picture = crop_from_frame(head_square(face.points), SIZE)
    points = move_points(crop_from_picture, face.points)
    renderer = PortraitRenderer([HeadView(cut(portrait, crop_from_picture, SIZE), points)], portrait_networks(engine))
    warper, clock = renderer.warpers[0], StageClock()
    local = warper.local.copy()
    local[LOWER_LIP, 1] += 1.2
    local[UPPER_LIDS, 1] += 0.5
    turn = rotation_exp(np.radians([4.0, -12.0, 0.0])) @ warper.pose.rotation
    pose = HeadPose(turn, warper.pose.translation, warper.pose.scale)
    read_parts(warper.crop, warper.pose, engine)
    return renderer.warp(Target(points_from_local(local, pose), pose), clock)(clock).image, recorder.calls


@pytest.fixture(scope="module")
def pictures(portrait: Frame, portrait_face: Face) -> Callable[[Backend], tuple[Frame, list[Call]]]:
    made: dict[str, tuple[Frame, list[Call]]] = {}

    def picture(backend: Backend) -> tuple[Frame, list[Call]]:
        if backend not in made:
            made[backend] = painted(portrait, portrait_face, backend)
        return made[backend]

    return picture


@pytest.fixture(scope="module")
def calls(pictures: Callable[[Backend], tuple[Frame, list[Call]]]) -> list[Call]:
    calls = pictures("torch")[1]
    return [*calls, painters_call(next(call for call in calls if call[0] == "encoder" and call[2][0].shape[1] == 128))]


def painters_call(encoder: Call) -> Call:
    """Return a call of the head's painter, whose left half no photo shows; a frame needs it only if much is hidden."""
    _, graph, (picture, drawing) = encoder
    weights = read_portrait()
    features, embedding = Engine(1, backend="torch").compile(graph)(picture, drawing)
    line = (np.arange(64, dtype=np.float32) + 0.5) / 32 - 1
    grid = np.stack(np.meshgrid(line, line), -1)[None]
    validity = np.ones((1, 128, 128, 1), np.float32)
    validity[:, :, :64] = 0
    affine = affine_of(weights.arrays["head"], weights.configs["head"], embedding[0])
    given = (picture, drawing, validity, features, grid, validity[:, ::2, ::2, 0][:, None], np.zeros((1, 1, 1, 1)))
    return "painter", painter_graph(weights, "head", 1, 1), (*given[:-1], given[-1].astype(np.float32), affine)


@pytest.mark.parametrize("backend", ["openvino", "onnxruntime"])
def test_each_network_computes_what_torch_computes(backend: Backend, calls: list[Call]) -> None:
    exact, other = Engine(1, backend="torch"), Engine(1, backend=backend)
    assert {(kind, next(iter(graph.shapes.values()))[1]) for kind, graph, _ in calls} == NETWORKS
    for kind, graph, given in calls:
        wanted = exact.compile(graph)(*given)
        found = other.compile(replace(graph, ranges={}))(*given)
        for name, one, two in zip(OUTPUTS[kind], found, wanted, strict=True):
            assert one.shape == two.shape and one.dtype == two.dtype == np.float32
            assert np.abs(one - two).max() < TOLERANCES[name], (kind, name)


def test_a_frame_is_the_same_in_every_engine(
    portrait: Frame, portrait_face: Face, pictures: Callable[[Backend], tuple[Frame, list[Call]]]
) -> None:
    eager = pictures("torch")[0]
    assert np.isfinite(psnr(pictures("openvino")[0], eager)), "something is painted"
    assert psnr(pictures("onnxruntime")[0], eager) > PSNR_EXACT
    assert psnr(painted(portrait, portrait_face, "openvino", exact=True)[0], eager) > PSNR_EXACT


def test_openvino_runs_the_painters_in_eight_bits(pictures: Callable[[Backend], tuple[Frame, list[Call]]]) -> None:
    openvino, calls = pictures("openvino")
    assert sum(kind == "painter" for kind, _, _ in calls) >= 2 and all(
        graph.ranges for kind, graph, _ in calls if kind == "painter"
    )
    assert psnr(openvino, pictures("onnxruntime")[0]) > PSNR_INT8


def psnr(one: Frame, two: Frame) -> float:
    """Return the peak signal-to-noise ratio of two H x W x 3 pictures, decibels."""
    error = float(np.mean((one.astype(np.float64) - two) ** 2))
    return float("inf") if error == 0 else 10 * np.log10(255**2 / error)
