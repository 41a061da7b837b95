"""The embedder E(x, y): photo and landmark drawing to person embedding (Zakharov 2019, 3.1)."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from animato.models.layers import ResBlock, SelfAttention, Stem
from animato.models.paper.config import PaperConfig


class Embedder(nn.Module):
    """Person embedding from K photos; no normalisation layers, sum over positions, mean over photos.

    Shapes: B people, K photos per person, E = config.embed. Photos are B K 3 H W in [-1, 1] RGB, drawings B K 3 H W in
    [0, 1]; the embedding is B E, non-negative.
    """

    def __init__(self, config: PaperConfig) -> None:
        super().__init__()
        self.config = config
        self.stem = Stem(6, config.width(1))
        layers: list[nn.Module] = []
        halvings = config.embedder_halvings
        for level in range(2, config.embedder_blocks + 1):
            last = level == config.embedder_blocks
            outputs = config.embed if last else config.width(level)
            layers.append(ResBlock(config.width(level - 1), outputs, "none", "down" if level <= halvings else "none"))
            if config.attention and level == 3:
                layers.append(SelfAttention(outputs))
        self.blocks = nn.Sequential(*layers)

    def each(self, photos_BKCHW: Tensor, drawings_BKCHW: Tensor) -> Tensor:
        """Return one embedding per photo, B K E."""
        people, photos = photos_BKCHW.shape[:2]
        stacked = torch.cat([drawings_BKCHW, photos_BKCHW], dim=2).flatten(0, 1)
        if self.config.embedder_reduce > 1:
            stacked = F.avg_pool2d(stacked, self.config.embedder_reduce)
        features = F.relu(self.blocks(self.stem(stacked)))
        vectors: Tensor = features.float().flatten(2).sum(2)
        return vectors.reshape(people, photos, -1)

    def forward(self, photos_BKCHW: Tensor, drawings_BKCHW: Tensor) -> Tensor:
        return self.each(photos_BKCHW, drawings_BKCHW).mean(1)
