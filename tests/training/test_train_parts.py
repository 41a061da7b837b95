"""Losses, the table of videos, the content loss, health: formulas against their slow twins."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from torch.nn import functional as F

from animato.models.features import lite0_path
from animato.settings.training import TrainSettings, recipe_settings
from animato.training import losses
from animato.training.content import ContentLoss, cut_box, make_content_loss
from animato.training.divergence_guard import (
    GRACE_STEPS,
    PATIENCE,
    DivergenceGuard,
    PictureStatistics,
    TrainingStoppedError,
    picture_statistics,
)
from animato.training.embedding_table import EmbeddingTable
from animato.training.meta_system import rate_at


def test_hinge_losses_are_equations_four_and_six() -> None:
    real, fake = torch.tensor([2.0, 0.5, -1.0]), torch.tensor([-2.0, 0.0, 1.0])
    slow = np.mean([max(0, 1 - r) for r in (2.0, 0.5, -1.0)]) + np.mean([max(0, 1 + f) for f in (-2.0, 0.0, 1.0)])
    assert float(losses.discriminator_hinge(real, fake)) == pytest.approx(slow)
    assert float(losses.generator_hinge(fake)) == pytest.approx(1 / 3)


def test_feature_losses_are_means_over_elements_and_means_or_sums_over_layers() -> None:
    real, fake = (
        [torch.zeros(1, 2, 4, 4), torch.zeros(1, 8, 2, 2)],
        [torch.ones(1, 2, 4, 4), torch.full((1, 8, 2, 2), 3.0)],
    )
    assert float(losses.feature_matching(real, fake)) == pytest.approx(2.0)
    assert float(losses.summed_features(real, fake)) == pytest.approx(4.0)
    ones = [torch.ones(2, 1, 2, 2), torch.full((2, 1, 2, 2), 4.0)]
    assert float(losses.relative_features(ones, [1.5 * layer for layer in ones])) == pytest.approx(0.5)


def test_the_match_loss_moves_the_embedding_and_not_the_video() -> None:
    embedding, video = torch.ones(2, 3, requires_grad=True), torch.zeros(2, 3, requires_grad=True)
    losses.embedding_match(embedding, video).backward()
    assert embedding.grad is not None
    assert video.grad is None


def test_the_pixel_term_weighs_mouth_and_eyes_and_keeps_its_scale() -> None:
    real = torch.zeros(1, 3, 4, 4)
    regions = torch.zeros(1, 2, 4, 4)
    regions[:, 1, :2, :2] = 1
    everywhere = real + 0.5
    assert float(losses.pixel_distance(everywhere, real, regions, 4.0)) == pytest.approx(0.5)
    mouth_only = real.clone()
    mouth_only[:, :, :2, :2] = 0.5
    plain = float(losses.pixel_distance(mouth_only, real, regions, 0.0))
    assert float(losses.pixel_distance(mouth_only, real, regions, 4.0)) == pytest.approx(plain * 5 / 2)
    assert float(losses.masked_distance(mouth_only, real, regions[:, 1:2])) == pytest.approx(0.5)


def test_the_edge_term_sees_where_an_edge_stands_and_not_how_bright_it_is_around() -> None:
    regions = torch.zeros(1, 2, 4, 4)
    regions[:, 1, :, 2:] = 1
    real = torch.zeros(1, 3, 4, 4)
    brighter = real + 0.5
    assert float(losses.edge_distance(brighter, real, regions, 4.0)) == 0
    edge = real.clone()
    edge[..., 3] = 1.0
    assert float(losses.edge_distance(edge, real, regions, 0.0)) == pytest.approx(1 / 4)
    assert float(losses.edge_distance(edge, real, regions, 4.0)) == pytest.approx(5 / 4 / 3)


@pytest.mark.parametrize("rows", [[0, 1, 2], [1], [2, 2], [0, 2]])
def test_rows_of_the_table_move_as_under_adam_of_their_own(rows: list[int]) -> None:
    embedding_table = EmbeddingTable.create(3, 4, 0, torch.device("cpu"))
    before = embedding_table.rows_NE.clone()
    twins = [torch.nn.Parameter(row.clone()) for row in embedding_table.rows_NE]
    adams = [torch.optim.Adam([twin], lr=0.1, betas=(0.5, 0.9), eps=1e-5) for twin in twins]
    for step in range(5):
        chosen = torch.tensor(rows if step % 2 else [0])
        gradient = torch.randn(len(chosen), 4, generator=torch.Generator().manual_seed(step))
        embedding_table.update(chosen, gradient, 0.1, (0.5, 0.9), 1e-5)
        for row in set(chosen.tolist()):
            twins[row].grad = gradient[chosen == row].sum(0)
            adams[row].step()
    for row in range(3):
        assert torch.allclose(embedding_table.rows_NE[row], twins[row].detach(), atol=1e-6)
    untouched = set(range(3)) - {0, *rows}
    for row in untouched:
        assert torch.equal(embedding_table.rows_NE[row], before[row])
        assert int(embedding_table.steps_N[row]) == 0


def test_reading_rows_collects_their_gradient() -> None:
    embedding_table = EmbeddingTable.create(4, 3, 0, torch.device("cpu"))
    read = embedding_table.read(torch.tensor([3, 1]))
    read.sum().backward()
    assert read.grad is not None
    assert read.grad.shape == (2, 3)


def test_the_face_box_is_cut_out_and_enlarged() -> None:
    picture = torch.zeros(1, 1, 8, 8)
    picture[:, :, 2:6, 4:8] = 1
    whole = cut_box(picture, torch.tensor([[0.0, -0.5, 1.0, 0.5]]))
    assert float(whole[:, :, 1:-1, 1:-1].min()) == 1
    assert torch.allclose(cut_box(picture, torch.tensor([[-1.0, -1.0, 1.0, 1.0]])), picture, atol=1e-6)


def test_without_a_network_the_content_loss_is_named_none() -> None:
    content = make_content_loss(recipe_settings("tiny", {"content": "none"}))
    assert content.name == "none"
    assert float(content(torch.ones(1, 3, 8, 8), torch.zeros(1, 3, 8, 8), torch.zeros(1, 4))) == 0


@pytest.mark.skipif(lite0_path() is None, reason="the package with EfficientNet-Lite0's weights is not installed")
def test_the_bundled_network_is_named_and_zero_for_equal_pictures() -> None:
    content: ContentLoss = make_content_loss(recipe_settings("tiny"))
    assert content.name == "efficientnet-lite0"
    real = torch.rand(2, 3, 64, 64) * 2 - 1
    blurred = F.avg_pool2d(real, 3, 1, 1).requires_grad_()
    box = torch.tensor([[-1.0, -1.0, 1.0, 1.0]] * 2)
    assert float(content(real, real, box)) == 0
    loss = content(blurred, real, box)
    loss.backward()
    assert float(loss.detach()) > 0.1
    assert blurred.grad is not None
    halves = [float(content(blurred[i : i + 1], real[i : i + 1], box[:1]).detach()) for i in range(2)]
    assert float(loss.detach()) == pytest.approx(np.mean(halves), rel=1e-4)


def test_learning_rates_rise_and_fall_as_said() -> None:
    settings = TrainSettings(episodes=1000, batch=10, warmup=100, cooldown=0.5)
    assert rate_at(settings, 0) == pytest.approx(0.1)
    assert rate_at(settings, 90) == rate_at(settings, 400) == 1.0
    assert rate_at(settings, 750) == pytest.approx(0.5)
    assert rate_at(TrainSettings(episodes=1000), 999) == 1.0


SOUND = PictureStatistics(0.0, 0.4, (0.0, 0.0, 0.0))


def test_a_run_that_diverges_is_stopped_and_told_the_last_good_checkpoint() -> None:
    watch = DivergenceGuard("episode-000000100.safetensors")
    watch.check(5, {"loss_drawer": 3.0}, SOUND, SOUND)
    with pytest.raises(TrainingStoppedError, match=r"(?s)loss_drawer is not finite.*episode-000000100"):
        watch.check(6, {"loss_drawer": math.nan}, SOUND, SOUND)
    with pytest.raises(TrainingStoppedError, match="weight is not finite"):
        watch.check_before_saving({"weight": torch.tensor([1.0, math.inf])})


@pytest.mark.parametrize(("level", "word"), [(-1.0, "black"), (0.7, "one colour")])
def test_a_collapse_is_stopped_after_some_looks_and_not_during_the_start(level: float, word: str) -> None:
    flat = picture_statistics(torch.full((2, 3, 8, 8), level))
    watch = DivergenceGuard()
    for _ in range(PATIENCE + 2):
        watch.check(GRACE_STEPS, {}, flat, SOUND)
    for _ in range(PATIENCE - 1):
        watch.check(GRACE_STEPS + 1, {}, flat, SOUND)
    watch.check(GRACE_STEPS + 1, {}, SOUND, SOUND)
    for _ in range(PATIENCE - 1):
        watch.check(GRACE_STEPS + 1, {}, flat, SOUND)
    with pytest.raises(TrainingStoppedError, match=rf"(?s){word}.*no checkpoint"):
        watch.check(GRACE_STEPS + 1, {}, flat, SOUND)
