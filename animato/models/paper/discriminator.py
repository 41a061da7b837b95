"""The projection discriminator D(x, y, i) of an image, its landmarks and its video (Zakharov 2019, 3.1)."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from animato.models.layers import ResBlock, SelfAttention, SpectralLinear, Stem
from animato.models.paper.config import PaperConfig


class Discriminator(nn.Module):
    """Realism score v . (W_i + w0) + b; W_i is passed in, one vector per video (see `training.embedding_table`).

    Shapes: B images, E = config.embed. Images are B 3 H W in [-1, 1] RGB, drawings B 3 H W in [0, 1], person
    vectors B E; scores are B, any real number.
    """

    def __init__(self, config: PaperConfig) -> None:
        super().__init__()
        self.config = config
        self.stem = Stem(6, config.width(1))
        count = config.discriminator_blocks
        # downsample to 4 px (FSTH: log2(size) - 2 down blocks)
        halvings = min(config.size.bit_length() - 3, count - 1)
        layers: list[nn.Module] = []
        inputs = config.width(1)
        for level in range(2, count + 1):
            outputs = config.embed if level == count else config.width(min(level, halvings))
            layers.append(ResBlock(inputs, outputs, "none", "down" if level <= halvings else "none"))
            inputs = outputs
            if config.attention and level == 3:
                layers.append(SelfAttention(outputs))
        self.blocks = nn.ModuleList(layers)
        self.linear = SpectralLinear(config.embed, 1)

    def forward(self, picture_BCHW: Tensor, drawing_BCHW: Tensor, person_BE: Tensor) -> tuple[Tensor, list[Tensor]]:
        """Return the scores, B, and the outputs of all blocks (for feature matching)."""
        x = self.stem(torch.cat([drawing_BCHW, picture_BCHW], dim=1))
        features = [x]
        for block in self.blocks:
            x = block(x)
            features.append(x)
        v_BE = F.relu(x).float().flatten(2).sum(2)
        score_B = (v_BE * person_BE).sum(1) + self.linear(v_BE)[:, 0]
        return score_B, features
