"""Validate one network on held-out people: its errors relative to geometry alone, and an image."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from animato.models.landmark_features import LandmarkFeatures
from animato.models.portrait.networks import PatchNetwork, edge_ramp
from animato.training.content import ContentLoss
from animato.training.losses import masked_distance
from animato.training.portrait.batches import PatchBatch
from animato.training.portrait.objective import ForwardPass, landmark_distance
from animato.training.system import Validation

ROWS = 12


@torch.no_grad()
def validate(
    network: PatchNetwork, batch: PatchBatch, content: ContentLoss, landmarks: LandmarkFeatures | None = None
) -> Validation:
    """Validate a network on a fixed batch.

    Returns:
        `inside`, `whole`, `content` and `landmarks` are ratios to the error of the geometry composite (for mouths,
        matched to the interior of the truth). The picture has one row per sample: first photo, truth, geometry, output,
        paint, mask.
    """
    forward_pass = ForwardPass(network, edge_ramp(network.config.side)).to(batch.truth_B3SS.device).eval()
    result = forward_pass(batch)
    opening = (batch.drawing_B3SS[:, :1] > 0.5).float()
    is_open = opening.mean((1, 2, 3)) > 0.004
    output, truth, composite = result.picture_B3SS, batch.truth_B3SS, batch.composite_B3SS
    figures = {"mask": float(result.mask_B1SS.mean())}
    if bool(is_open.any()):
        inside = masked_distance(output, truth, opening)[is_open].mean()
        figures["inside"] = float(inside / masked_distance(composite, truth, opening)[is_open].mean())
    figures["whole"] = float((output - truth).abs().mean() / (composite - truth).abs().mean())
    if content.whole is not None:
        boxes = output.new_zeros((len(output), 4))
        figures["content"] = float(content(output, truth, boxes) / content(composite, truth, boxes))
    if landmarks is not None:
        figures["landmarks"] = float(
            landmark_distance(landmarks, output, truth) / landmark_distance(landmarks, composite, truth)
        )
    mask = result.mask_B1SS.expand(-1, 3, -1, -1) * 2 - 1
    columns = [batch.photos_BK3SS[:, 0], truth, composite, output, result.painter_output.paint, mask]
    return Validation(figures, _sheet(columns))


def _sheet(columns: list[Tensor]) -> NDArray[np.uint8]:
    rows = torch.cat([torch.cat(list(column[:ROWS]), 1) for column in columns], 2)
    return np.asarray(((rows.clamp(-1, 1) + 1) * 127.5).round().permute(1, 2, 0).byte().cpu().numpy())
