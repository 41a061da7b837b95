"""The OpenVINO graph of the parts network computes what the torch network computes."""

from __future__ import annotations

import numpy as np
import torch

from animato.models.loading import arrays_of
from animato.models.parts.config import PARTS, PartsConfig
from animato.models.parts.networks import PartsNetwork
from animato.runtime.engine import Engine
from animato.runtime.parts_graph import build_parts

TINY = PartsConfig(side=64, widths=(8, 12, 16))


def test_the_graph_finds_the_parts_and_the_depth_that_the_network_finds() -> None:
    torch.manual_seed(0)
    network = PartsNetwork(TINY).eval()
    for parameter in network.parameters():
        torch.nn.init.normal_(parameter, std=0.1)
    picture = np.random.default_rng(0).integers(0, 256, (1, 64, 64, 3), dtype=np.uint8)
    graph = Engine(1).compile(build_parts(TINY.as_json(), arrays_of(network)))
    probabilities, depth = graph(picture)

    with torch.no_grad():
        logits_t, depth_t = network(torch.from_numpy(picture).permute(0, 3, 1, 2).float() / 127.5 - 1)

    assert probabilities.shape == (1, len(PARTS), 64, 64)
    assert np.abs(probabilities - torch.softmax(logits_t, 1).numpy()).max() < 1e-4
    assert np.abs(depth[:, 0] - depth_t.numpy()).max() < 1e-3


def test_a_configuration_survives_its_json() -> None:
    assert PartsConfig.from_json(TINY.as_json()) == TINY
