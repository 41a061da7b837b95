"""Network of one region: encodes photos once, then resamples, fuses and decodes their features for each target.

Shapes: B targets, K photos, S = config.side, h = w = S / 2, F = config.features, E = config.embed, A = number of AdaIN
parameters. Images are in [-1, 1] RGB, drawings and validity in [0, 1], grids are positions in [-1, 1] as for
`F.grid_sample` with align_corners=False.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from animato.models.layers import AdaptiveNorm
from animato.models.portrait.config import DRAWING, PICTURE, PatchConfig

VALIDITY_BIAS = 4.0
"""Range of the bias of the mask's logit by validity; without it a network only copies and never learns to paint."""

INVISIBLE_PENALTY = 8.0
"""Penalty on the score of a photo where the point is not visible in it."""

OUTPUTS = 4 + 2
"""Channels at full patch size: paint (3), mask (1), flow (2); light (3) is at half size."""


def conv(inputs: int, outputs: int, kernel: int = 3) -> nn.Conv2d:
    """Return a convolution with zero padding, stride 1."""
    return nn.Conv2d(inputs, outputs, kernel, padding=kernel // 2)


class Block(nn.Module):
    """Two convolutions with ReLU, the second added to the first's output."""

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        self.first, self.second = conv(inputs, outputs), conv(outputs, outputs)

    def forward(self, x_BCHW: Tensor) -> Tensor:
        x_BCHW = F.relu(self.first(x_BCHW))
        out: Tensor = F.relu(x_BCHW + self.second(x_BCHW))
        return out


class AdaptiveBlock(nn.Module):
    """AdaIN residual block: AdaIN, ReLU, convolution, twice, plus the input (Zakharov et al. 2019, section 3.1)."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.norm_in, self.norm_mid = AdaptiveNorm(width), AdaptiveNorm(width)
        self.first, self.second = conv(width, width), conv(width, width)

    def forward(self, x_BCHW: Tensor, affine: list[tuple[Tensor, Tensor]]) -> Tensor:
        y = self.first(F.relu(self.norm_in(x_BCHW, *affine[0])))
        y = self.second(F.relu(self.norm_mid(y, *affine[1])))
        out: Tensor = x_BCHW + y
        return out


class Encoder(nn.Module):
    """Encodes a photo patch and its drawing to features at half size and a person embedding."""

    def __init__(self, config: PatchConfig) -> None:
        super().__init__()
        width = config.encoder
        self.stem = conv(4 * (PICTURE + DRAWING), width)
        self.block = Block(width, width)
        self.features = conv(width, config.features, 1)
        self.down = nn.ModuleList([conv(width * 2**i, width * 2 ** (i + 1)) for i in range(2)])
        self.person = nn.Linear(width * 4, config.embed)

    def forward(self, picture_BCSS: Tensor, drawing_BCSS: Tensor) -> tuple[Tensor, Tensor]:
        """Return features (B F h w) and embeddings (B E)."""
        x = F.pixel_unshuffle(torch.cat([picture_BCSS, drawing_BCSS], 1), 2)
        x = self.block(F.relu(self.stem(x)))
        features: Tensor = self.features(x)
        for layer in self.down:
            x = F.relu(layer(F.avg_pool2d(x, 2)))
        return features, self.person(x.mean((2, 3)))


@dataclass(frozen=True)
class PainterOutput:
    """Output of a network for a patch.

    Attributes:
        paint: B 3 S S in [-1, 1], generated image.
        mask: B 1 S S in [0, 1], opacity of the paint.
        flow: B 2 S S, residual flow (x, y) of the composite, pixels of the patch.
        light: B 3 S S, added to the warped composite, in the range of images.
    """

    paint: Tensor
    mask: Tensor
    flow: Tensor
    light: Tensor


class PatchNetwork(nn.Module):
    """Encoder, projection P of the embedding to AdaIN parameters, attention over photos, and the U-Net painter."""

    def __init__(self, config: PatchConfig) -> None:
        super().__init__()
        self.config = config
        widths, features = config.widths, config.features
        self.encoder = Encoder(config)
        self.project = nn.Linear(config.embed, config.affine_count)
        nn.init.zeros_(self.project.bias)
        self.score_in = conv(features + 1 + DRAWING, 16, 1)
        self.score_out = conv(16, 1, 1)
        self.stem = conv(config.inputs + features + 1, widths[0])
        self.down = nn.ModuleList([Block(a, b) for a, b in zip(widths[:1] + widths[:-1], widths, strict=True)])
        self.middle = nn.ModuleList([AdaptiveBlock(widths[-1]) for _ in range(config.blocks)])
        pairs = list(zip(widths[:0:-1], widths[-2::-1], strict=True))
        self.up = nn.ModuleList([conv(a, b, 1) for a, b in pairs])
        self.merge = nn.ModuleList([Block(b, b) for _, b in pairs])
        self.personal = AdaptiveBlock(widths[-2])
        self.out = conv(widths[0], 4 * OUTPUTS)
        self.light = conv(widths[0], 3)
        for layer in (self.out, self.light):
            nn.init.normal_(layer.weight, std=0.01)
            assert layer.bias is not None
            nn.init.zeros_(layer.bias)

    def affine(self, embedding_BE: Tensor) -> Tensor:
        """Return psi = P e, B A, with 1 added to the scales (Zakharov et al. 2019, section 3.1)."""
        psi: Tensor = self.project(embedding_BE)
        widths = self.config.adaptive_widths()
        base = torch.cat([part for width in widths for part in (torch.zeros(width), torch.ones(width))])
        return psi + base.to(psi)

    def gather(
        self,
        features_BKFhw: Tensor,
        grid_BKhw2: Tensor,
        validity_BKhw: Tensor,
        drawing_BCSS: Tensor,
        log_weight_BK11: Tensor | None = None,
    ) -> tuple[Tensor, Tensor]:
        """Resample each photo's features and fuse the photos with per-pixel weights (softmax over K).

        Args:
            features_BKFhw: from the encoder.
            grid_BKhw2: sampling grids.
            validity_BKhw: validity of the grids; -1 for a missing photo.
            drawing_BCSS: of the target.
            log_weight_BK11: added to the photos' scores.

        Returns:
            (B F h w, B 1 h w): the fused features and their validity.
        """
        people, photos = features_BKFhw.shape[:2]
        resampled = F.grid_sample(features_BKFhw.flatten(0, 1), grid_BKhw2.flatten(0, 1), align_corners=False)
        validity = validity_BKhw.flatten(0, 1)[:, None]
        small_drawing = F.avg_pool2d(drawing_BCSS, 2)[:, None].expand(-1, photos, -1, -1, -1).flatten(0, 1)
        visible = validity.clamp_min(0)
        score = self.score_out(F.relu(self.score_in(torch.cat([resampled * visible, visible, small_drawing], 1))))
        # a missing photo (-1) gets a score so low that its weight is 0
        score = score + INVISIBLE_PENALTY * (visible - 1) + 60.0 * (validity - visible)
        sizes = (people, photos)
        if log_weight_BK11 is not None:
            score = score + log_weight_BK11.flatten(0, 1)[:, None]
        weight = torch.unflatten(score, 0, sizes).softmax(1)
        fused = (weight * torch.unflatten(resampled * visible, 0, sizes)).sum(1)
        return fused, (weight * torch.unflatten(visible, 0, sizes)).sum(1)

    def paint(self, input_BCSS: Tensor, fused_BFhw: Tensor, validity_B1hw: Tensor, affine_BA: Tensor) -> PainterOutput:
        """Paint a patch.

        Args:
            input_BCSS: composite (3), validity (1), drawing (3).
            fused_BFhw, validity_B1hw: from `gather`.
            affine_BA: one row for all targets, or one row per target.
        """
        sizes = [width for width in self.config.adaptive_widths() for _ in range(2)]
        parts = torch.split(affine_BA, sizes, dim=1)
        pairs = list(zip(parts[0::2], parts[1::2], strict=True))
        x = F.relu(self.stem(torch.cat([F.pixel_unshuffle(input_BCSS, 2), fused_BFhw, validity_B1hw], 1)))
        skips = []
        for level, block in enumerate(self.down):
            x = block(x if level == 0 else F.avg_pool2d(x, 2))
            skips.append(x)
        for number, block in enumerate(self.middle):
            x = block(x, pairs[2 * number : 2 * number + 2])
        for level, (up, merge) in enumerate(zip(self.up, self.merge, strict=True)):
            x = F.interpolate(up(x), scale_factor=2.0, mode="nearest") + skips[-2 - level]
            x = merge(x)
            if level == 0:
                x = self.personal(x, pairs[-2:])
        raw = F.pixel_shuffle(self.out(x), 2)
        light = F.interpolate(self.light(x), scale_factor=2.0, mode="bilinear", align_corners=False)
        bias = VALIDITY_BIAS * (0.5 - input_BCSS[:, 3:4])
        return PainterOutput(
            torch.tanh(raw[:, :3]),
            torch.sigmoid(raw[:, 3:4] + bias),
            self.config.reach * torch.tanh(raw[:, 4:6]),
            torch.tanh(light),
        )


def by_patch(x_NCHW: Tensor, patches: int) -> Tensor:
    """Return the photos of each patch in a dimension of their own, B K C H W, N = B K.

    `reshape`, because a traced `unflatten` keeps the sizes of the example.
    """
    return x_NCHW.reshape(patches, x_NCHW.shape[0] // patches, *x_NCHW.shape[1:])


def edge_ramp(side: int) -> Tensor:
    """Return a ramp, 1 1 side side float32, that falls from 1 to 0 over the outer twelfth to hide the patch border."""
    line = torch.arange(side, dtype=torch.float32)
    ramp = ((torch.minimum(line, side - 1 - line) + 0.5) / (side / 12)).clamp(0, 1)
    ramp = ramp * ramp * (3 - 2 * ramp)
    return (ramp[:, None] * ramp[None, :])[None, None]


def near_hidden(validity_B1SS: Tensor) -> Tensor:
    """Return a mask, B 1 S S in [0, 1], that is 1 in regions no photo shows and falls to 0 over seven pixels."""
    grown = F.max_pool2d(1 - validity_B1SS, 7, stride=1, padding=3)
    return F.avg_pool2d(grown, 7, stride=1, padding=3)


def compose(composite_BCSS: Tensor, painted: PainterOutput, ramp_11SS: Tensor) -> tuple[Tensor, Tensor]:
    """Warp and relight the composite, and blend the paint over it; return the patch and the mask used.

    out = (1 - m) (copy(x + d) + light) + m paint, with m, d and light faded out at the patch's edge.

    Args:
        composite_BCSS: B 3 S S in [-1, 1].
        painted: from `PatchNetwork.paint`.
        ramp_11SS: from `edge_ramp`, or B 1 S S: that times `near_hidden`.
    """
    side = composite_BCSS.shape[-1]
    line = (torch.arange(side, dtype=composite_BCSS.dtype, device=composite_BCSS.device) + 0.5) * (2 / side) - 1
    y, x = torch.meshgrid(line, line, indexing="ij")
    identity = torch.stack([x, y], -1)[None]
    shift = (painted.flow * ramp_11SS).permute(0, 2, 3, 1) * (2 / side)
    warped = F.grid_sample(composite_BCSS, identity + shift, padding_mode="border", align_corners=False)
    mask = painted.mask * ramp_11SS
    relit = warped + painted.light * ramp_11SS
    return relit + mask * (painted.paint - relit), mask
