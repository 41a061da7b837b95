"""The networks of the 2019 system: sizes as published, parts as the formulas say."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch.nn import functional as F

from animato.errors import FileFormatError
from animato.models.count import count_cost
from animato.models.layers import (
    AdaptiveNorm,
    ResBlock,
    SelfAttention,
    SpectralConv,
    fold_spectral,
    refresh_spectral,
)
from animato.models.listing import paper_rows
from animato.models.paper.config import PaperConfig
from animato.models.paper.discriminator import Discriminator
from animato.models.paper.embedder import Embedder
from animato.models.paper.generator import Generator
from animato.settings.training import RECIPES, recipe_settings

SMALL = PaperConfig(size=32, channels=4, max_channels=16, embed=16, down_blocks=2, residual_blocks=1)


def test_default_networks_have_the_published_parameters_and_macs_within_two_percent() -> None:
    rows = {row.network: row for row in paper_rows("paper", PaperConfig())}
    published = {"embedder": (14.83e6, 15.5), "generator": (37.91e6, 47.2), "discriminator": (19.55e6, None)}
    for name, (parameters, gmac) in published.items():
        assert rows[name].parameters == pytest.approx(parameters, rel=0.02), name
        if gmac is not None:
            assert rows[name].gmac == pytest.approx(gmac, rel=0.02), name
    assert Generator(PaperConfig()).affine_count == 13_056


def test_the_mac_counter_agrees_with_arithmetic() -> None:
    conv = SpectralConv(3, 5, kernel=3)
    cost = count_cost(conv, lambda: conv(torch.zeros(2, 3, 8, 6)))
    assert cost.macs == cost.macs_run == 2 * 8 * 6 * 5 * 3 * 9
    assert cost.parameters == 5 * 3 * 9 + 5


@pytest.mark.parametrize("recipe", sorted(set(RECIPES) - {"paper", "large"}))
@pytest.mark.parametrize("attention", [False, True])
def test_every_recipe_draws_pictures_of_its_size(recipe: str, attention: bool) -> None:
    config = PaperConfig.from_settings(recipe_settings(recipe, {"attention": attention}))
    size = config.size
    photos, drawing = torch.rand(2, 3, 3, size, size) * 2 - 1, torch.rand(2, 3, size, size)
    embedding = Embedder(config)(photos, torch.rand(2, 3, 3, size, size))
    assert embedding.shape == (2, config.embed)
    assert bool((embedding >= 0).all())
    picture = Generator(config)(drawing, embedding)
    assert picture.shape == (2, 3, size, size)
    assert float(picture.detach().abs().max()) <= 1
    score, features = Discriminator(config)(picture, drawing, embedding)
    assert score.shape == (2,)
    blocks = config.discriminator_blocks + (1 if attention else 0)
    assert len(features) == blocks


def test_self_attention_starts_as_the_identity_and_adds_parameters() -> None:
    layer = SelfAttention(8)
    x = torch.rand(1, 8, 4, 4)
    assert torch.equal(layer(x), x)
    with torch.no_grad():
        layer.gain.fill_(1.0)
        query, key, value = (part(x).flatten(2) for part in (layer.query, layer.key, layer.value))
        weights = torch.softmax(query.transpose(1, 2) @ key, dim=-1)
        slow = x + (value @ weights.transpose(1, 2)).reshape(x.shape)
        assert torch.allclose(layer(x), slow, atol=1e-5)


def test_spectral_norm_reaches_the_largest_singular_value() -> None:
    torch.manual_seed(0)  # two largest values that hardly differ would need any number of steps
    conv = SpectralConv(6, 9)
    for _ in range(400):
        refresh_spectral(conv)
    largest = torch.linalg.matrix_norm(conv.normalised().detach().flatten(1), ord=2)
    assert float(largest) == pytest.approx(1.0, abs=1e-3)
    before = conv.left.clone()
    conv.normalised()
    assert torch.equal(conv.left, before), "a forward pass must not move the power iteration"


@pytest.mark.parametrize("resize", ["up", "down"])
def test_the_cheap_shortcut_gives_what_the_usual_one_gives(resize: str) -> None:
    block = ResBlock(4, 6, "none", resize)  # type: ignore[arg-type]
    x = torch.rand(2, 4, 8, 8)
    assert block.skip is not None
    if resize == "up":
        usual = block.skip(F.interpolate(x, scale_factor=2.0))
    else:
        usual = F.avg_pool2d(block.skip(x), 2)
    assert torch.allclose(block._shortcut(x), usual, atol=1e-6)


def test_adaptive_norm_is_equation_eight_of_huang_and_belongie() -> None:
    x = torch.rand(2, 3, 5, 5)
    shift, scale = torch.rand(2, 3), torch.rand(2, 3)
    mean = x.mean((2, 3), keepdim=True)
    deviation = torch.sqrt(x.var((2, 3), unbiased=False, keepdim=True) + 1e-4)
    slow = scale[:, :, None, None] * (x - mean) / deviation + shift[:, :, None, None]
    assert torch.allclose(AdaptiveNorm(3)(x, shift, scale), slow, atol=1e-5)


def test_the_embedding_is_the_mean_over_photos_in_any_order() -> None:
    embedder = Embedder(SMALL).eval()
    photos, drawings = torch.rand(1, 4, 3, 32, 32), torch.rand(1, 4, 3, 32, 32)
    whole = embedder(photos, drawings)
    each = torch.stack([embedder(photos[:, i : i + 1], drawings[:, i : i + 1]) for i in range(4)]).mean(0)
    order = torch.tensor([2, 0, 3, 1])
    assert torch.allclose(whole, each, atol=1e-5)
    assert torch.allclose(whole, embedder(photos[:, order], drawings[:, order]), atol=1e-5)


def test_scale_base_and_gain_change_the_adain_numbers_as_documented() -> None:
    plain = Generator(SMALL)
    other = Generator(PaperConfig(**{**SMALL.as_json(), "scale_base": 1.0, "affine_gain": 3.0}))
    other.load_state_dict(plain.state_dict())
    e = torch.rand(1, SMALL.embed)
    difference = other.affine(e) - 3.0 * plain.affine(e)
    expected = torch.cat([part for size in plain.affine_sizes for part in (torch.zeros(size), torch.ones(size))])
    assert torch.allclose(difference[0], expected, atol=1e-5)


def test_the_score_is_the_projection_of_section_three() -> None:
    critic = Discriminator(SMALL)
    picture, drawing = torch.rand(2, 3, 32, 32), torch.rand(2, 3, 32, 32)
    person = torch.rand(2, SMALL.embed)
    score, features = critic(picture, drawing, person)
    v = F.relu(features[-1]).flatten(2).sum(2)
    plain, _ = critic(picture, drawing, torch.zeros(2, SMALL.embed))
    assert torch.allclose(score - plain, (v * person).sum(1), atol=1e-4)


def test_folding_spectral_norm_changes_no_picture() -> None:
    generator = Generator(SMALL).eval()
    drawing, e = torch.rand(1, 3, 32, 32), torch.rand(1, SMALL.embed)
    with torch.no_grad():
        before = generator(drawing, e)
        fold_spectral(generator)
        fold_spectral(generator)
        assert torch.allclose(generator(drawing, e), before, atol=1e-6)
    assert not any("left" in name for name in generator.state_dict())


def test_a_configuration_that_cannot_be_halved_is_refused() -> None:
    with pytest.raises(FileFormatError, match="halved"):
        PaperConfig(size=72, down_blocks=4)
    with pytest.raises(FileFormatError, match="has an invalid network configuration"):
        PaperConfig.from_json({**SMALL.as_json(), "depth": 3}, "x.safetensors")
    assert PaperConfig.from_json(SMALL.as_json(), "x") == SMALL


def test_gradients_reach_every_parameter_of_embedder_and_generator() -> None:
    embedder, generator = Embedder(SMALL), Generator(SMALL)
    picture = generator(torch.rand(2, 3, 32, 32), embedder(torch.rand(2, 2, 3, 32, 32), torch.rand(2, 2, 3, 32, 32)))
    picture.square().mean().backward()
    for net in (embedder, generator):
        silent = [name for name, p in net.named_parameters() if p.grad is None or not np.any(p.grad.numpy())]
        assert not silent, silent
