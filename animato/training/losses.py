"""Losses of the 2019 system (Zakharov et al. 2019, section 3.2, equations 2 to 6)."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor
from torch.nn import functional as F

REGION_FLOOR = 1e-6


def discriminator_hinge(real_B: Tensor, fake_B: Tensor) -> Tensor:
    """Return max(0, 1 + D(fake)) + max(0, 1 - D(real)), mean over the batch (equation 6)."""
    return F.relu(1 + fake_B).mean() + F.relu(1 - real_B).mean()


def generator_hinge(fake_B: Tensor) -> Tensor:
    """Return -D(fake), mean over the batch (first part of equation 4)."""
    return -fake_B.mean()


def feature_matching(real: Sequence[Tensor], fake: Sequence[Tensor]) -> Tensor:
    """Return the L1 distance of the discriminator's block outputs, mean over elements and layers (FSTH module)."""
    layers = [F.l1_loss(f, r.detach()) for r, f in zip(real, fake, strict=True)]
    return torch.stack(layers).mean()


def summed_features(real: Sequence[Tensor], fake: Sequence[Tensor]) -> Tensor:
    """Return the L1 distance of feature maps, mean over elements, summed over layers (equation 3)."""
    return torch.stack([F.l1_loss(f, r.detach()) for r, f in zip(real, fake, strict=True)]).sum()


def relative_features(real: Sequence[Tensor], fake: Sequence[Tensor]) -> Tensor:
    """Return the L1 distance of feature maps, each layer divided by the real image's mean absolute activation.

    Normalised per image, so that the loss of a batch is the mean of its images' losses.
    """
    layers = []
    for r, f in zip(real, fake, strict=True):
        scale_B = r.detach().abs().mean((1, 2, 3)).clamp_min(1e-6)
        layers.append(((f - r.detach()).abs().mean((1, 2, 3)) / scale_B).mean())
    return torch.stack(layers).mean()


def embedding_match(embedding_BE: Tensor, video_BE: Tensor) -> Tensor:
    """Return the L1 distance of embedding and video vector, mean over elements; no gradient in the latter (eq. 5)."""
    return F.l1_loss(embedding_BE, video_BE.detach())


def edge_distance(fake_BCHW: Tensor, real_BCHW: Tensor, regions_BCHW: Tensor, focus: float) -> Tensor:
    """Return the mean absolute difference of the image gradients, horizontal plus vertical.

    Pixels are weighted as in `pixel_distance`; the last column and row have no gradient and contribute 0.
    """
    error = fake_BCHW - real_BCHW
    across, down = F.pad(error.diff(dim=3), (0, 1)), F.pad(error.diff(dim=2), (0, 0, 0, 1))
    nothing = torch.zeros_like(error)
    return pixel_distance(across, nothing, regions_BCHW, focus) + pixel_distance(down, nothing, regions_BCHW, focus)


def pixel_distance(fake_BCHW: Tensor, real_BCHW: Tensor, regions_BCHW: Tensor, focus: float) -> Tensor:
    """Return the mean absolute difference, with weight 1 + focus for pixels in the second region.

    Weights are normalised to mean 1 per image, so that images with large mouths do not dominate the batch.
    """
    difference = (fake_BCHW - real_BCHW).abs()
    if focus == 0.0:
        return difference.mean()
    weight = 1 + focus * regions_BCHW[:, 1:2]
    return (difference * weight / weight.mean((1, 2, 3), keepdim=True)).mean()


def masked_distance(fake_BCHW: Tensor, real_BCHW: Tensor, mask_B1HW: Tensor) -> Tensor:
    """Return the mean absolute difference inside a mask, B, in units of the image range."""
    difference = (fake_BCHW - real_BCHW).abs().mean(1, keepdim=True) * mask_B1HW
    return difference.sum((1, 2, 3)) / mask_B1HW.sum((1, 2, 3)).clamp_min(REGION_FLOOR)
