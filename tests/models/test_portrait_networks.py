"""The portrait renderer's networks: what they cost, and that every part learns."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from animato.errors import FileFormatError
from animato.geometry.patch import FACE_PATCHES
from animato.models.listing import portrait_rows
from animato.models.portrait.config import CONFIGS, PatchConfig
from animato.models.portrait.networks import PainterOutput, PatchNetwork, compose, edge_ramp, near_hidden

TINY = PatchConfig(side=32, widths=(8, 12, 16), features=6, encoder=8, embed=10)
MOST_GMAC = 2.0


def test_a_frame_from_one_photo_costs_at_most_two_gmac() -> None:
    painters = {name: portrait_rows(name, CONFIGS[name])[1] for name in CONFIGS}
    assert all("frame" in row.per and row.gmac > 0.01 for row in painters.values())
    assert sum(painters[region.network].gmac for region in FACE_PATCHES) <= MOST_GMAC
    assert sum(1 for region in FACE_PATCHES if region.network == "eye") == 2


def test_listed_parts_hold_all_parameters_of_a_network() -> None:
    for name, config in CONFIGS.items():
        encoder, painter, critic = portrait_rows(name, config)
        whole = sum(parameter.numel() for parameter in PatchNetwork(config).parameters())
        assert encoder.parameters + painter.parameters == whole
        assert [row.per for row in (encoder, painter, critic)][2] == "training picture"
        assert {row.size for row in (encoder, painter, critic)} == {config.side}


def test_each_regions_patch_has_the_side_of_its_network() -> None:
    assert all(CONFIGS[region.network].side == region.side for region in FACE_PATCHES)


def test_gradients_reach_every_parameter() -> None:
    torch.manual_seed(0)
    network = PatchNetwork(TINY)
    photos, strokes = torch.rand(2, 2, 3, 32, 32)
    features, person = network.encoder(photos * 2 - 1, strokes)
    validity = torch.rand(1, 2, 16, 16)
    drawing = torch.rand(1, 3, 32, 32)
    mixed, known = network.gather(features[None], torch.rand(1, 2, 16, 16, 2) * 2 - 1, validity, drawing)
    painted = network.paint(torch.rand(1, 7, 32, 32), mixed, known, network.affine(person.mean(0, keepdim=True)))
    parts = (painted.paint, painted.mask, painted.flow, painted.light)
    torch.autograd.backward(torch.stack([part.square().mean() for part in parts]).sum())
    silent = [name for name, p in network.named_parameters() if p.grad is None or not np.any(p.grad.numpy())]
    assert set(silent) <= {"score_out.bias"}, "a number added to every photo's score changes no weight"


def test_the_finished_patch_is_the_stated_formula_and_its_edge_is_the_copy() -> None:
    side, ramp = 32, edge_ramp(32)
    random = torch.Generator().manual_seed(1)
    given, paint = torch.rand(2, 1, 3, side, side, generator=random) * 2 - 1
    mask = torch.rand(1, 1, side, side, generator=random)
    light = 0.1 * torch.rand(1, 3, side, side, generator=random)
    still = PainterOutput(paint, mask, torch.zeros(1, 2, side, side), light)
    made, used = compose(given, still, ramp)
    torch.testing.assert_close(used, mask * ramp)
    torch.testing.assert_close(made, (1 - used) * (given + light * ramp) + used * paint, atol=1e-5, rtol=0)
    changed = (made - given).abs().amax((0, 1))
    assert float(changed[0].max()) < 0.2 < float(changed[16].max())
    moved = PainterOutput(paint, mask * 0, torch.ones(1, 2, side, side), light * 0)
    shifted, _ = compose(given, moved, torch.ones_like(ramp))
    torch.testing.assert_close(shifted[..., 4:20, 4:20], given[..., 5:21, 5:21], atol=1e-5, rtol=0)


def test_the_whole_head_counts_only_near_what_the_photo_hides() -> None:
    validity = torch.ones(1, 1, 32, 32)
    assert float(near_hidden(validity).max()) == 0
    validity[..., 10:12, 10:12] = 0
    near = near_hidden(validity)
    assert float(near[..., 11, 11]) == 1
    assert float(near[..., 24, 24]) == 0


def test_a_network_described_wrongly_is_refused() -> None:
    assert PatchConfig.from_json(TINY.as_json(), "x") == TINY
    with pytest.raises(FileFormatError, match="has an invalid network configuration"):
        PatchConfig.from_json({**TINY.as_json(), "depth": 3}, "x.safetensors")
