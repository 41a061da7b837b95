"""Losses of one training step as functions of tensors."""

# ruff: noqa: N815  (names carry shapes)

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from animato.models.paper.discriminator import Discriminator
from animato.models.paper.embedder import Embedder
from animato.models.paper.generator import Generator
from animato.settings.training import WEIGHTINGS, LossWeights, TrainSettings
from animato.training.content import ContentLoss
from animato.training.episodes import EpisodeBatch
from animato.training.losses import (
    discriminator_hinge,
    edge_distance,
    embedding_match,
    feature_matching,
    generator_hinge,
    pixel_distance,
)


class EmbedderGenerator(nn.Module):
    """Embedder and generator as one module."""

    def __init__(self, embedder: Embedder, generator: Generator) -> None:
        super().__init__()
        self.embedder = embedder
        self.generator = generator

    def forward(self, batch: EpisodeBatch) -> tuple[Tensor, Tensor]:
        """Return the generated images, B 3 S S, and the embeddings, B E."""
        embedding = self.embedder(batch.photos_BKCHW, batch.photo_drawings_BKCHW)
        return self.generator(batch.drawing_BCHW, embedding), embedding


@dataclass(frozen=True)
class GeneratorOutput:
    """Output of a generator step.

    Attributes:
        loss: loss to minimise.
        parts: weighted terms by name; their sum is the loss.
        picture_BCHW: generated images, detached.
    """

    loss: Tensor
    parts: dict[str, Tensor]
    picture_BCHW: Tensor


@dataclass(frozen=True)
class DiscriminatorOutput:
    """Output of a discriminator step.

    Attributes:
        loss: loss to minimise.
        real_accuracy: share of real images scored above 0.
        fake_accuracy: share of generated images scored below 0.
    """

    loss: Tensor
    real_accuracy: Tensor
    fake_accuracy: Tensor


@dataclass(frozen=True)
class Objective:
    """Objective of embedder and generator.

    Attributes:
        weights: weights of the terms.
        content: content loss, including its weights.
        focus: extra weight of mouth and eyes in the pixel and edge terms.
        edges: weight of the edge term.
        match: whether the embedding match loss is used.
    """

    weights: LossWeights
    content: ContentLoss
    focus: float
    edges: float
    match: bool

    @classmethod
    def of(cls, settings: TrainSettings, content: ContentLoss) -> Objective:
        """Create the objective from the settings of meta-training."""
        matched = settings.variant == "fine-tune"
        return cls(WEIGHTINGS[settings.weighting], content, settings.focus, settings.edges, matched)


def picture_loss(
    fake: Tensor, batch: EpisodeBatch, discriminator: Discriminator, person_BE: Tensor, objective: Objective
) -> dict[str, Tensor]:
    """Compute the weighted image terms: content, adversarial, feature matching, pixels, edges.

    The discriminator's parameters must not require gradients.
    """
    weights = objective.weights
    fake = fake.float()
    score, fake_features = discriminator(fake, batch.drawing_BCHW, person_BE)
    with torch.no_grad():
        _, real_features = discriminator(batch.target_BCHW, batch.drawing_BCHW, person_BE)
    parts = {
        "adversarial": weights.adversarial * generator_hinge(score),
        "features": weights.features * feature_matching(real_features, fake_features),
    }
    if objective.content.whole is not None:
        parts["content"] = objective.content(fake, batch.target_BCHW, batch.boxes_B4)
    if weights.pixel:
        distance = pixel_distance(fake, batch.target_BCHW, batch.regions_BCHW, objective.focus)
        parts["pixel"] = weights.pixel * distance
    if objective.edges:
        # Landmark positions depend on edges, and blurred edges cost little in the L1 term.
        distance = edge_distance(fake, batch.target_BCHW, batch.regions_BCHW, objective.focus)
        parts["edges"] = objective.edges * distance
    return parts


def generator_step(
    embedder_generator: nn.Module,
    discriminator: Discriminator,
    person_BE: Tensor,
    batch: EpisodeBatch,
    objective: Objective,
) -> GeneratorOutput:
    """Compute the loss and images of embedder and generator (Zakharov et al. 2019, equation 2).

    Args:
        embedder_generator: `EmbedderGenerator`, possibly wrapped in DDP.
        discriminator: the unwrapped discriminator, its parameters not requiring gradients.
        person_BE: W_i of the batch's videos.
    """
    output: tuple[Tensor, Tensor] = embedder_generator(batch)
    fake, embedding = output
    parts = picture_loss(fake, batch, discriminator, person_BE.detach(), objective)
    if objective.match:
        parts["match"] = objective.weights.match * embedding_match(embedding.float(), person_BE)
    loss = torch.stack(list(parts.values())).sum()
    return GeneratorOutput(loss, {name: part.detach() for name, part in parts.items()}, fake.detach().float())


def discriminator_step(
    discriminator: Any, person_BE: Tensor, batch: EpisodeBatch, fake_BCHW: Tensor
) -> DiscriminatorOutput:
    """Compute the discriminator's loss (equation 6); its gradient also flows into `person_BE`.

    Args:
        discriminator: the discriminator, possibly wrapped in DDP.
        fake_BCHW: generated images, detached.
    """
    count = len(fake_BCHW)
    pictures = torch.cat([batch.target_BCHW, fake_BCHW])
    drawings = torch.cat([batch.drawing_BCHW, batch.drawing_BCHW])
    score, _ = discriminator(pictures, drawings, torch.cat([person_BE, person_BE]))
    real, fake = score[:count].float(), score[count:].float()
    detached_real, detached_fake = real.detach(), fake.detach()
    return DiscriminatorOutput(
        discriminator_hinge(real, fake), (detached_real > 0).float().mean(), (detached_fake < 0).float().mean()
    )
