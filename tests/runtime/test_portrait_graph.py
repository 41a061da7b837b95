"""The OpenVINO graphs of the portrait renderer compute what the torch networks compute."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch

from animato.models.loading import arrays_of
from animato.models.portrait.config import CONFIGS, PatchConfig
from animato.models.portrait.networks import PatchNetwork, edge_ramp, near_hidden
from animato.models.portrait.ranges import QUANTISED, measured_ranges
from animato.runtime import portrait_graph
from animato.runtime.engine import Engine

TINY = PatchConfig(side=32, widths=(8, 12, 16), features=6, encoder=8, embed=10)


ENGINE = Engine(1)


@pytest.mark.parametrize("photos", [1, 3])
@pytest.mark.parametrize("config", [TINY, CONFIGS["head"]], ids=["tiny", "head"])
def test_the_graph_paints_what_the_network_paints(config: PatchConfig, photos: int) -> None:
    torch.manual_seed(3)
    network = PatchNetwork(config).eval()
    for parameter in network.parameters():
        torch.nn.init.normal_(parameter, std=0.08)
    random = np.random.default_rng(1)
    side, half = config.side, config.side // 2
    pictures = random.integers(0, 256, (photos, 2, side, side, 3), dtype=np.uint8)
    composite, drawing = random.integers(0, 256, (2, 1, side, side, 3), dtype=np.uint8)
    validity = random.random((1, side, side, 1), dtype=np.float32)
    grid = random.uniform(-1.1, 1.1, (photos, half, half, 2)).astype(np.float32)
    seen = random.random((photos, half, half), dtype=np.float32)

    arrays, plain = arrays_of(network), config.as_json()
    encode = ENGINE.compile(portrait_graph.build_encoder(plain, arrays))
    features, people = zip(*[[np.array(out) for out in encode(p[:1], p[1:])] for p in pictures], strict=True)
    affine = portrait_graph.affine_of(arrays, plain, np.mean(people, axis=0)[0])
    paint = ENGINE.compile(portrait_graph.build_painter(plain, arrays, photos))
    prior = np.zeros((photos, 1, 1, 1), np.float32)
    made = paint(composite, drawing, validity, np.concatenate(features), grid, seen[:, None], prior, affine)

    with torch.no_grad():
        photo_t = torch.from_numpy(pictures).permute(1, 0, 4, 2, 3).float() / 255
        features_t, people_t = network.encoder(photo_t[0] * 2 - 1, photo_t[1])
        affine_t = network.affine(people_t.mean(0, keepdim=True))
        drawing_t = torch.from_numpy(drawing).permute(0, 3, 1, 2).float() / 255
        mixed, known = network.gather(
            features_t[None], torch.from_numpy(grid)[None], torch.from_numpy(seen)[None], drawing_t
        )
        composite_t = torch.from_numpy(composite).permute(0, 3, 1, 2).float() / 127.5 - 1
        given = torch.cat([composite_t, torch.from_numpy(validity).permute(0, 3, 1, 2), drawing_t], 1)
        painted = network.paint(given, mixed, known, affine_t)
        ramp = edge_ramp(side) * (near_hidden(given[:, 3:4]) if config.hidden_only else 1)
        mask, light = painted.mask * ramp, painted.light * ramp * 127.5
        layer = mask * (painted.paint + 1) * 127.5 + (1 - mask) * light
        wanted = [torch.cat([layer, mask], 1), painted.flow * ramp]
    np.testing.assert_allclose(affine, affine_t.numpy(), atol=1e-4)
    for mine, theirs in zip(made, wanted, strict=True):
        np.testing.assert_allclose(mine, theirs.permute(0, 2, 3, 1).numpy(), atol=0.02)


def _painters_input(
    config: PatchConfig, photos: int, targets: int, random: np.random.Generator
) -> list[np.ndarray[Any, Any]]:
    side, half, many = config.side, config.side // 2, photos * targets
    return [
        *random.integers(0, 256, (2, targets, side, side, 3), dtype=np.uint8),
        random.random((targets, side, side, 1), dtype=np.float32),
        random.normal(size=(many, config.features, half, half)).astype(np.float32),
        random.uniform(-1, 1, (many, half, half, 2)).astype(np.float32),
        random.random((many, 1, half, half), dtype=np.float32),
        np.zeros((many, 1, 1, 1), np.float32),
        random.normal(1, 0.3, (targets, config.affine_count)).astype(np.float32),
    ]


def _network() -> PatchNetwork:
    torch.manual_seed(4)
    network = PatchNetwork(TINY).eval()
    for parameter in network.parameters():
        torch.nn.init.normal_(parameter, std=0.08)
    return network


@pytest.mark.parametrize("photos", [1, 3])
def test_two_patches_painted_at_once_are_what_each_is_alone(photos: int) -> None:
    arrays, plain = arrays_of(_network()), TINY.as_json()
    given = _painters_input(TINY, photos, 2, np.random.default_rng(5))
    both = [np.array(out) for out in ENGINE.compile(portrait_graph.build_painter(plain, arrays, photos, 2))(*given)]
    alone = ENGINE.compile(portrait_graph.build_painter(plain, arrays, photos))
    for index in range(2):
        mine = [part.reshape(2, -1, *part.shape[1:])[index] for part in given]
        for one, two in zip(alone(*mine), both, strict=True):
            np.testing.assert_allclose(one[0], two[index], atol=0.01)


def test_eight_bit_painting_stays_close_to_exact_painting() -> None:
    network, random = _network(), np.random.default_rng(6)
    given = _painters_input(TINY, 1, 1, random)
    arrays, plain = arrays_of(network), TINY.as_json()
    exact = [np.array(out) for out in ENGINE.compile(portrait_graph.build_painter(plain, arrays, 1))(*given)]
    with torch.no_grad(), measured_ranges(network) as ranges:
        pictures = [torch.from_numpy(part).permute(0, 3, 1, 2).float() for part in given[:3]]
        composite = torch.cat([pictures[0] / 127.5 - 1, pictures[2], pictures[1] / 255], 1)
        features, grid, seen = (torch.from_numpy(part)[None] for part in (given[3], given[4], given[5][:, 0]))
        mixed, known = network.gather(features, grid, seen, pictures[1] / 255)
        network.paint(composite, mixed, known, torch.from_numpy(given[7]))
    assert len(ranges) == sum(name.startswith(QUANTISED) for name, _ in _convolutions(network))
    coarse = ENGINE.compile(portrait_graph.build_painter(plain, arrays, 1, 1, ranges))(*given)
    layer, flow = (np.abs(mine - theirs) for mine, theirs in zip(coarse, exact, strict=True))
    assert 0 < layer[..., :3].mean() < 1.0 and flow.mean() < 0.05, "in 0..255, and in pixels"


def _convolutions(network: PatchNetwork) -> list[tuple[str, torch.nn.Module]]:
    return [(name, module) for name, module in network.named_modules() if isinstance(module, torch.nn.Conv2d)]


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
