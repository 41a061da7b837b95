"""The shipped graphs are those of the torch definitions, and other sizes are traced when they are needed."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from animato.models.loading import arrays_of
from animato.models.parts import inference as parts_inference
from animato.models.parts.config import PartsConfig
from animato.models.parts.graphs import parts_graph
from animato.models.parts.networks import PartsNetwork
from animato.models.portrait import inference
from animato.models.portrait.config import PatchConfig
from animato.models.portrait.graphs import encoder_graph, painter_graph
from animato.models.portrait.networks import PatchNetwork
from animato.models.portrait.ranges import measured_ranges
from animato.runtime.engine import Engine
from animato.weights.graphs import shipped_graphs
from animato.weights.parts import PartsWeights, read_parts
from animato.weights.portrait import PortraitWeights, read_portrait

TINY = PatchConfig(side=32, widths=(8, 12, 16), features=6, encoder=8, embed=10)
TINY_PARTS = PartsConfig(side=64, widths=(8, 12, 16))


def tiny(hidden_only: bool = False) -> PortraitWeights:
    """Return small random weights."""
    torch.manual_seed(4)
    network = PatchNetwork(replace(TINY, hidden_only=hidden_only)).eval()
    for parameter in network.parameters():
        torch.nn.init.normal_(parameter, std=0.08)
    return PortraitWeights(
        {"mouth": network.config.as_json()}, {"mouth": arrays_of(network)}, {"networks": {}}, "tiny.safetensors"
    )


def painters_input(photos: int, targets: int) -> list[np.ndarray]:
    random = np.random.default_rng(5)
    side, half, many = TINY.side, TINY.side // 2, photos * targets
    return [
        *random.integers(0, 256, (2, targets, side, side, 3), dtype=np.uint8),
        random.random((targets, side, side, 1), dtype=np.float32),
        random.normal(size=(many, TINY.features, half, half)).astype(np.float32),
        random.uniform(-1.1, 1.1, (many, half, half, 2)).astype(np.float32),
        random.random((many, 1, half, half), dtype=np.float32),
        random.normal(size=(many, 1, 1, 1)).astype(np.float32),
        random.normal(1, 0.3, (targets, TINY.affine_count)).astype(np.float32),
    ]


@pytest.mark.parametrize("name", ["head", "eye", "mouth"])
@pytest.mark.parametrize("part", ["encoder", "painter"])
def test_the_shipped_graph_is_what_the_definition_gives_today(name: str, part: str) -> None:
    config = read_portrait().configs[name]
    fresh = inference.trace(part, PatchConfig.from_json(config, "test"))
    shipped = shipped_graphs()[f"portrait.{name}.{part}"]
    assert shipped.config == config and shipped.names == fresh.names
    # The exporter's name and version differ between releases of torch; what follows them does not.
    assert shipped.model[64:] == fresh.model[64:], "scripts/make_graph_assets.py"


def test_the_shipped_graph_of_the_parts_is_what_the_definition_gives_today() -> None:
    fresh = parts_inference.trace(PartsConfig.from_json(read_parts().config))
    assert shipped_graphs()["parts"].model[64:] == fresh.model[64:], "scripts/make_graph_assets.py"


@pytest.mark.parametrize("photos", [1, 3])
@pytest.mark.parametrize("hidden_only", [False, True])
def test_networks_of_another_size_are_traced(photos: int, hidden_only: bool) -> None:
    weights, given = tiny(hidden_only), painters_input(photos, 2)
    graph = painter_graph(weights, "mouth", photos, 2)
    layer, flow = Engine(1).compile(graph)(*given)
    exact_layer, exact_flow = Engine(1, backend="torch").compile(graph)(*given)
    np.testing.assert_allclose(layer, exact_layer, atol=0.01)
    np.testing.assert_allclose(flow, exact_flow, atol=1e-4)


def test_an_encoder_of_another_size_is_traced() -> None:
    graph = encoder_graph(tiny(), "mouth")
    given = np.random.default_rng(1).integers(0, 256, (2, 1, 32, 32, 3), dtype=np.uint8)
    found, wanted = (Engine(1, backend=backend).compile(graph)(*given) for backend in ("openvino", "torch"))
    for one, two in zip(found, wanted, strict=True):
        np.testing.assert_allclose(one, two, atol=1e-4)


def test_parts_of_another_size_are_traced() -> None:
    torch.manual_seed(0)
    network = PartsNetwork(TINY_PARTS).eval()
    for parameter in network.parameters():
        torch.nn.init.normal_(parameter, std=0.1)
    graph = parts_graph(PartsWeights(TINY_PARTS.as_json(), arrays_of(network), {}, "tiny.safetensors"))
    picture = np.random.default_rng(0).integers(0, 256, (1, 64, 64, 3), dtype=np.uint8)
    probabilities, depth = Engine(1).compile(graph)(picture)
    with torch.no_grad():
        logits_t, depth_t = network(torch.from_numpy(picture).permute(0, 3, 1, 2).float() / 127.5 - 1)
    assert np.abs(probabilities - torch.softmax(logits_t, 1).numpy()).max() < 1e-4
    assert np.abs(depth[:, 0] - depth_t.numpy()).max() < 1e-3
    assert PartsConfig.from_json(TINY_PARTS.as_json()) == TINY_PARTS


@pytest.mark.parametrize("photos", [1, 3])
def test_two_patches_painted_at_once_are_what_each_is_alone(photos: int) -> None:
    weights, given = tiny(), painters_input(photos, 2)
    both = Engine(1).compile(painter_graph(weights, "mouth", photos, 2))(*given)
    alone = Engine(1).compile(painter_graph(weights, "mouth", photos, 1))
    for index in range(2):
        mine = [part.reshape(2, -1, *part.shape[1:])[index] for part in given]
        for one, two in zip(alone(*mine), both, strict=True):
            np.testing.assert_allclose(one[0], two[index], atol=0.01)


def test_eight_bit_painting_stays_close_to_exact_painting() -> None:
    weights, given = tiny(), painters_input(1, 1)
    graph = painter_graph(weights, "mouth", 1, 1)
    module = graph.module()
    with torch.no_grad(), measured_ranges(module.network) as ranges:
        module(*map(torch.from_numpy, given))
    named = {f"network.{name}": ends for name, ends in ranges.items()}
    exact = Engine(1).compile(graph)(*given)
    coarse = Engine(1).compile(replace(graph, ranges=named))(*given)
    layer, flow = (np.abs(one - two) for one, two in zip(coarse, exact, strict=True))
    assert 0 < layer[..., :3].mean() < 1.0 and flow.mean() < 0.05, "in 0..255, and in pixels"


def test_a_range_of_no_convolution_is_a_bug_that_shows() -> None:
    graph = replace(painter_graph(tiny(), "mouth", 1, 1), ranges={"network.nowhere": [0.0, 1.0]})
    with pytest.raises(ValueError, match=r"network\.nowhere"):
        Engine(1).compile(graph)


def test_a_photo_that_is_not_there_has_no_weight() -> None:
    torch.manual_seed(0)
    network = PatchNetwork(TINY).eval()
    features, grid = torch.randn(1, 2, 6, 16, 16), torch.rand(1, 2, 16, 16, 2) * 2 - 1
    drawing = torch.rand(1, 3, 32, 32)
    seen = torch.ones(1, 2, 16, 16) * 0.5
    alone = network.gather(features[:, :1], grid[:, :1], seen[:, :1], drawing)
    seen[:, 1] = -1
    both = network.gather(features, grid, seen, drawing)
    for one, two in zip(alone, both, strict=True):
        torch.testing.assert_close(one, two)


def test_the_hash_of_a_graph_covers_weights_shapes_and_ranges() -> None:
    graph = painter_graph(tiny(), "mouth", 1, 1)
    name, array = next(iter(graph.weights.items()))
    others = (
        replace(graph, weights={**graph.weights, name: array + 1}),
        painter_graph(tiny(), "mouth", 2, 1),
        replace(graph, ranges={"a": [0.0, 1.0]}),
        painter_graph(tiny(hidden_only=True), "mouth", 1, 1),
    )
    assert len({graph.content, *(other.content for other in others)}) == 5
