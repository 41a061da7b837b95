"""Losses of one region's network: pixels, features, paint, mask regulariser and, once enabled, adversarial terms."""

# ruff: noqa: N815  (names carry shapes)

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from animato.models.landmark_features import LandmarkFeatures
from animato.models.portrait.networks import PainterOutput, PatchNetwork, compose, near_hidden
from animato.settings.portrait import PortraitTrainSettings
from animato.training.content import ContentLoss
from animato.training.losses import feature_matching, generator_hinge, relative_features
from animato.training.portrait.batches import PatchBatch

LANDMARK_SCALE = 0.8
"""Scale for the landmark network, whose input has 10 px per cm; mouth patches have 12, eye patches 14."""

RIM = 9
"""Side of the dilation window that adds a rim to an opening, pixels of the patch."""


@dataclass(frozen=True)
class ForwardOutput:
    """Output of one forward pass.

    Attributes:
        picture_B3SS: composited patches.
        painter_output: output of the network.
        mask_B1SS: the mask used.
        embedding_BE: embeddings of the people.
    """

    picture_B3SS: Tensor
    painter_output: PainterOutput
    mask_B1SS: Tensor
    embedding_BE: Tensor


class ForwardPass(nn.Module):
    """Full forward pass: encode the photos, gather, paint, composite."""

    ramp: Tensor

    def __init__(self, network: PatchNetwork, ramp_11SS: Tensor) -> None:
        super().__init__()
        self.network = network
        self.register_buffer("ramp", ramp_11SS, persistent=False)

    def forward(self, batch: PatchBatch, affine_BA: Tensor | None = None) -> ForwardOutput:
        """Render a batch; AdaIN parameters are computed from the photos' embedding unless given."""
        network = self.network
        targets, photos = batch.photos_BK3SS.shape[:2]
        features, person = network.encoder(batch.photos_BK3SS.flatten(0, 1), batch.strokes_BK3SS.flatten(0, 1))
        present_BK = (batch.validity_BKhw[:, :, 0, 0] >= 0).float()
        person_BKE = person.unflatten(0, (targets, photos))
        embedding = (person_BKE * present_BK[..., None]).sum(1) / present_BK.sum(1, keepdim=True).clamp_min(1)
        affine = network.affine(embedding) if affine_BA is None else affine_BA
        fused, validity = network.gather(
            features.unflatten(0, (targets, photos)), batch.grid_BKhw2, batch.validity_BKhw, batch.drawing_B3SS
        )
        painter_output = network.paint(batch.input_BCSS, fused, validity, affine)
        ramp = self.ramp * near_hidden(batch.validity_B1SS) if network.config.hidden_only else self.ramp
        picture, mask = compose(batch.composite_B3SS, painter_output, ramp)
        return ForwardOutput(picture, painter_output, mask, embedding)


def plain_losses(
    output: ForwardOutput,
    batch: PatchBatch,
    content: ContentLoss,
    settings: PortraitTrainSettings,
    landmarks: LandmarkFeatures | None = None,
) -> dict[str, Tensor]:
    """Return the weighted losses without the discriminator."""
    opening = batch.drawing_B3SS[:, :1]
    weight = importance(batch.drawing_B3SS, settings)
    difference = output.picture_B3SS - batch.truth_B3SS
    pixel = (difference.abs() * weight).mean()
    # Landmark positions depend on edges, and blurred edges cost little in the L1 term.
    across, down = difference.diff(dim=3).abs(), difference.diff(dim=2).abs()
    edges = (across * weight[..., 1:]).mean() + (down * weight[..., 1:, :]).mean()
    # Supervise the paint where geometry is unreliable, independently of the mask.
    unreliability = (1 - batch.validity_B1SS) + 0.1
    paint = ((output.painter_output.paint - batch.truth_B3SS).abs() * unreliability).mean()
    mask_penalty = (output.mask_B1SS * batch.validity_B1SS).mean()
    boxes = output.picture_B3SS.new_zeros((len(opening), 4))
    losses = {
        "pixel": settings.pixel * pixel,
        "edges": settings.edges * edges,
        "content": settings.content * content(output.picture_B3SS, batch.truth_B3SS, boxes),
        "paint": settings.paint * paint,
        "calm": settings.calm * mask_penalty,
    }
    if landmarks is not None:
        losses["landmarks"] = settings.landmarks * landmark_distance(landmarks, output.picture_B3SS, batch.truth_B3SS)
    return losses


def landmark_distance(landmarks: LandmarkFeatures, fake_B3SS: Tensor, real_B3SS: Tensor) -> Tensor:
    """Compute the landmark feature distance of two mouth or eye patches, at the network's input scale."""
    side = max(16, round(fake_B3SS.shape[-1] * LANDMARK_SCALE / 16) * 16)
    fake, real = (
        F.interpolate(x, (side, side), mode="bilinear", antialias=True, align_corners=False)
        for x in (fake_B3SS, real_B3SS)
    )
    with torch.no_grad():
        truth = landmarks(real)
    return relative_features(truth, landmarks(fake))


def importance(drawing_B3SS: Tensor, settings: PortraitTrainSettings) -> Tensor:
    """Return the pixel weights, B 1 S S: highest inside eyes and mouth, raised on and around eyelids and lips.

    Args:
        drawing_B3SS: see `geometry.patch.draw_region`; the mouth's second channel is lips and mouth interior.
        settings: `inside` and `around`.
    """
    opening = drawing_B3SS[:, :1]
    rim = F.max_pool2d(opening, RIM, stride=1, padding=RIM // 2)
    return 1 + settings.inside * opening + settings.around * torch.maximum(rim, drawing_B3SS[:, 1:2])


def discriminator_losses(
    output: ForwardOutput,
    batch: PatchBatch,
    discriminator: nn.Module,
    person_BE: Tensor,
    settings: PortraitTrainSettings,
) -> dict[str, Tensor]:
    """Compute the weighted adversarial losses of the painter (Zakharov et al. 2019, equation 4)."""
    with torch.no_grad():
        _, real = discriminator(batch.truth_B3SS, batch.drawing_B3SS, person_BE)
    score, fake = discriminator(output.picture_B3SS, batch.drawing_B3SS, person_BE)
    return {
        "adversarial": settings.adversarial * generator_hinge(score),
        "features": settings.features * feature_matching(real, fake),
    }
