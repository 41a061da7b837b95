"""Parts network: a small U-Net from a square picture of a head to part logits and depth (Ronneberger et al. 2015).

Shapes: B pictures, S = config.side, P = len(PARTS).
"""

from __future__ import annotations

import itertools

from torch import Tensor, nn
from torch.nn import functional as F

from animato.models.parts.config import PARTS, PartsConfig
from animato.models.portrait.networks import Block, conv

DEPTH_UNIT = 5.0
"""Canonical centimetres of depth for an output of 1, so that logits and depth are of one size."""


class PartsNetwork(nn.Module):
    """Labels parts and estimates depth; both heads share all layers but the last."""

    def __init__(self, config: PartsConfig) -> None:
        super().__init__()
        self.config = config
        widths = config.widths
        self.stem = conv(4 * 3, widths[0])
        self.down = nn.ModuleList([Block(a, b) for a, b in zip(widths[:1] + widths[:-1], widths, strict=True)])
        pairs = [(deep, shallow) for shallow, deep in reversed(list(itertools.pairwise(widths)))]
        self.up = nn.ModuleList([conv(deep, shallow, 1) for deep, shallow in pairs])
        self.merge = nn.ModuleList([Block(shallow, shallow) for _, shallow in pairs])
        self.out = conv(widths[0], 4 * (len(PARTS) + 1))

    def forward(self, picture_B3SS: Tensor) -> tuple[Tensor, Tensor]:
        """Return part logits and depth.

        Args:
            picture_B3SS: RGB in [-1, 1].

        Returns:
            (B P S S logits, B S S depth in canonical centimetres behind the middle of the face).
        """
        x = F.relu(self.stem(F.pixel_unshuffle(picture_B3SS, 2)))
        skips: list[Tensor] = []
        for number, block in enumerate(self.down):
            x = block(x if number == 0 else F.avg_pool2d(x, 2))
            skips.append(x)
        skips.pop()
        for up, merge in zip(self.up, self.merge, strict=True):
            deeper = F.interpolate(up(x), scale_factor=2.0, mode="bilinear", align_corners=False)
            x = merge(deeper + skips.pop())
        out = F.pixel_shuffle(self.out(x), 2)
        return out[:, :-1], out[:, -1] * DEPTH_UNIT
