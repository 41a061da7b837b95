"""Validate the averaged weights on fixed episodes; return figures and one image."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional as F

from animato.training.episodes import EpisodeBatch, Episodes, stack
from animato.training.losses import masked_distance
from animato.training.step import EmbedderGenerator
from animato.training.system import Validation

PHOTOS = 8
"""Photos per person in the validation image (T of the 2019 protocol's middle row)."""


def fixed_batch(episodes: Episodes, people: int) -> EpisodeBatch:
    """Return the episodes of the validation image: one source for each of some people.

    The target is the frame two thirds through the source; the photos are spread evenly over the other frames.
    """
    batches = []
    for row in _shown_rows(episodes, people):
        count = episodes.sources[row].count
        target = (2 * count) // 3
        others = [i for i in range(count) if i != target]
        photos = [others[i] for i in np.linspace(0, len(others) - 1, PHOTOS).round().astype(int)]
        batches.append(episodes.fixed(row, target, photos))
    return stack(batches)


def _shown_rows(episodes: Episodes, people: int) -> list[int]:
    """Select one source per person, with equal shares of each kind, evenly spaced within a kind."""
    first: dict[str, dict[str, int]] = {}
    for row, source in enumerate(episodes.sources):
        first.setdefault(source.kind, {}).setdefault(source.person, row)
    kinds = [list(first[kind].values()) for kind in sorted(first)]
    shares = [(people + index) // len(kinds) for index in range(len(kinds))]
    rows = []
    for candidates, share in zip(kinds, shares, strict=True):
        indices = np.linspace(0, len(candidates) - 1, min(share, len(candidates))).round().astype(int)
        rows += [candidates[index] for index in np.unique(indices)]
    return rows


@torch.no_grad()
def validate(average: EmbedderGenerator, batch: EpisodeBatch) -> Validation:
    """Render and measure the fixed episodes with the averaged weights.

    Returns:
        Differences are mean absolute ones in units of the pictures' range [-1, 1]. The picture has one row per person:
        first photo, landmarks, real frame, output, difference.
    """
    generated, _ = average(batch)
    generated = generated.float()
    real, still = batch.target_BCHW, batch.photos_BKCHW[:, 0]
    face, parts = batch.regions_BCHW[:, :1], batch.regions_BCHW[:, 1:2]
    figures = {
        "l1": (generated - real).abs().mean(),
        "l1_face": masked_distance(generated, real, face).mean(),
        "l1_mouth_eyes": masked_distance(generated, real, parts).mean(),
        "l1_face_still": masked_distance(still, real, face).mean(),
        "l1_mouth_eyes_still": masked_distance(still, real, parts).mean(),
        "sharpness": _detail(generated) / _detail(real),
    }
    rows = [still, batch.drawing_BCHW * 2 - 1, real, generated, (generated - real).abs() - 1]
    return Validation({name: float(value) for name, value in figures.items()}, picture_grid(rows))


def picture_grid(columns: Sequence[Tensor]) -> NDArray[np.uint8]:
    """Tile images: each column is B x 3 x S x S in [-1, 1], one row per image."""
    side = torch.cat([column.float().cpu() for column in columns], dim=3)
    rows = side.permute(0, 2, 3, 1).flatten(0, 1)
    return ((rows.clamp(-1, 1) + 1) * 127.5).round().to(torch.uint8).numpy()


def _detail(picture_BCHW: Tensor) -> Tensor:
    """Compute the mean absolute Laplacian, a measure of sharpness."""
    grey = picture_BCHW.mean(1, keepdim=True)
    kernel = picture_BCHW.new_tensor([[0.0, 1.0, 0.0], [1.0, -4.0, 1.0], [0.0, 1.0, 0.0]])[None, None]
    return F.conv2d(grey, kernel).abs().mean()
