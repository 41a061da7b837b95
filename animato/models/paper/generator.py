"""The generator G(y, e): landmark drawing to image, conditioned on the person by AdaIN (Zakharov 2019, 3.1)."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from animato.models.layers import AdaptiveNorm, ResBlock, SelfAttention, SpectralConv, SpectralLinear, Stem
from animato.models.paper.config import PaperConfig


class Generator(nn.Module):
    """Generates a person from landmarks, without skip connections from photos.

    Shapes: B images, E = config.embed, A = number of AdaIN parameters (shift then scale of every layer, in order).
    Drawings are B 3 H W in [0, 1]; images are B 3 H W in [-1, 1] RGB.

    Attributes:
        project: P, the map e -> psi = P e.
    """

    def __init__(self, config: PaperConfig) -> None:
        super().__init__()
        self.config = config
        deepest = config.down_blocks
        self.stem = Stem(3, config.width(1))
        down: list[nn.Module] = []
        for level in range(2, deepest + 1):
            down.append(ResBlock(config.width(level - 1), config.width(level), "instance", "down"))
            if config.attention and level == 3:
                down.append(SelfAttention(config.width(level)))
        self.down = nn.Sequential(*down)
        middle = config.width(deepest)
        blocks: list[nn.Module] = [ResBlock(middle, middle, "adaptive", "none") for _ in range(config.residual_blocks)]
        inputs = middle
        for level in range(deepest, 0, -1):
            # not symmetric to the encoder: the first up block keeps the maximum width, as in the FSTH module
            outputs = min(config.channels * 2 ** (level - 1), config.max_channels)
            blocks.append(ResBlock(inputs, outputs, "adaptive", "up"))
            inputs = outputs
            if config.attention and level == 3:
                blocks.append(SelfAttention(outputs))
        self.decoder = nn.ModuleList(blocks)
        self.norm = AdaptiveNorm(inputs)
        self.to_rgb = SpectralConv(inputs, 3)
        self.project: nn.Module = SpectralLinear(config.embed, self.affine_count)

    @property
    def affine_sizes(self) -> list[int]:
        """Channel counts of the AdaIN layers, in order."""
        sizes = [size for block in self.decoder if isinstance(block, ResBlock) for size in block.affine_sizes()]
        return [*sizes, self.norm.channels]

    @property
    def affine_count(self) -> int:
        """A: the number of AdaIN parameters."""
        return 2 * sum(self.affine_sizes)

    def affine(self, embedding_BE: Tensor) -> Tensor:
        """Return psi = P e, B A (Zakharov 2019, section 3.1), with `scale_base` already added to the scales."""
        psi: Tensor = self.project(embedding_BE)
        if self.config.affine_gain != 1.0:
            psi = psi * self.config.affine_gain
        if self.config.scale_base == 0.0:
            return psi
        base = [part for size in self.affine_sizes for part in (torch.zeros(size), torch.ones(size))]
        return psi + self.config.scale_base * torch.cat(base).to(psi)

    def render(self, drawing_BCHW: Tensor, affine_BA: Tensor) -> Tensor:
        """Render drawings with the given AdaIN parameters (one row for all, or one row per image)."""
        parts = torch.split(affine_BA, [size for size in self.affine_sizes for _ in range(2)], dim=1)
        pairs = list(zip(parts[0::2], parts[1::2], strict=True))
        x = self.down(self.stem(drawing_BCHW))
        for block in self.decoder:
            if isinstance(block, ResBlock):
                x = block(x, [pairs.pop(0), pairs.pop(0)])
            else:
                x = block(x)
        return torch.tanh(self.to_rgb(F.relu(self.norm(x, *pairs.pop(0)))))

    def forward(self, drawing_BCHW: Tensor, embedding_BE: Tensor) -> Tensor:
        return self.render(drawing_BCHW, self.affine(embedding_BE))
