"""One training step: tensors in, losses out. No files, no loop, no optimiser."""

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
    """Embedder and generator as one network, the half of the game that draws."""

    def __init__(self, embedder: Embedder, generator: Generator) -> None:
        super().__init__()
        self.embedder = embedder
        self.generator = generator

    def forward(self, batch: EpisodeBatch) -> tuple[Tensor, Tensor]:
        """Return the pictures, B 3 S S, and the embeddings, B E."""
        embedding = self.embedder(batch.photos_BKCHW, batch.photo_drawings_BKCHW)
        return self.generator(batch.drawing_BCHW, embedding), embedding


@dataclass(frozen=True)
class GeneratorOutput:
    """What the drawing half's step gives.

    Attributes:
        loss: to be minimised.
        parts: the weighted terms by name; they add up to the loss.
        picture_BCHW: what was drawn, detached.
    """

    loss: Tensor
    parts: dict[str, Tensor]
    picture_BCHW: Tensor


@dataclass(frozen=True)
class DiscriminatorOutput:
    """What a discriminator step gives.

    Attributes:
        loss: to be minimised.
        real_right: share of real pictures scored above 0.
        fake_right: share of drawn pictures scored below 0.
    """

    loss: Tensor
    real_right: Tensor
    fake_right: Tensor


@dataclass(frozen=True)
class Objective:
    """What the drawing half is trained for.

    Attributes:
        weights: weights of the terms.
        content: content loss with its weights inside.
        focus: extra weight of mouth and eyes in the pixel and edge terms.
        edges: weight of the edge term.
        match: whether the embedding match loss counts.
    """

    weights: LossWeights
    content: ContentLoss
    focus: float
    edges: float
    match: bool

    @classmethod
    def of(cls, settings: TrainSettings, content: ContentLoss) -> Objective:
        """Return what the settings of meta-training ask for."""
        matched = settings.variant == "fine-tune"
        return cls(WEIGHTINGS[settings.weighting], content, settings.focus, settings.edges, matched)


def picture_loss(
    fake: Tensor, batch: EpisodeBatch, discriminator: Discriminator, person_BE: Tensor, objective: Objective
) -> dict[str, Tensor]:
    """Return the weighted terms that look at the picture: content, adversarial, feature matching, pixels, edges.

    The discriminator's own parameters must not ask for gradients.
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
        # Where an edge stands is what landmarks and lids are read from; a soft edge costs little in the plain term.
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
    """Return loss and picture of embedder and generator (Zakharov et al. 2019, equation 2).

    Args:
        embedder_generator: `EmbedderGenerator`, possibly wrapped for several processes.
        discriminator: the bare discriminator, its parameters not asking for gradients.
        person_BE: W_i of the batch's videos.
    """
    made: tuple[Tensor, Tensor] = embedder_generator(batch)
    fake, embedding = made
    parts = picture_loss(fake, batch, discriminator, person_BE.detach(), objective)
    if objective.match:
        parts["match"] = objective.weights.match * embedding_match(embedding.float(), person_BE)
    loss = torch.stack(list(parts.values())).sum()
    return GeneratorOutput(loss, {name: part.detach() for name, part in parts.items()}, fake.detach().float())


def discriminator_step(
    discriminator: Any, person_BE: Tensor, batch: EpisodeBatch, fake_BCHW: Tensor
) -> DiscriminatorOutput:
    """Return the discriminator's loss (equation 6); its gradient also reaches `person_BE`.

    Args:
        discriminator: the discriminator, possibly wrapped for several processes.
        fake_BCHW: drawn pictures, detached.
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
