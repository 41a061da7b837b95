"""Layers of the 2019 few-shot system: spectrally normalised convolutions, AdaIN, residual blocks, self-attention.

Shapes: B batch, C channels in, O channels out, H height, W width. Tensors are float32 (bf16 under autocast on a GPU).
Sources: Miyato et al. 2018 (spectral norm), Huang & Belongie 2017 (AdaIN), Brock et al. 2019 (residual blocks and
orthodox pre-activation order), Zhang et al. 2019 (self-attention), Zakharov et al. 2019 section 3 (architecture).
Channel counts and the epsilon of 1e-4 follow the later module "FSTH" of the authors' lab.
"""

from __future__ import annotations

from typing import Literal

import torch
from torch import Tensor, nn
from torch.nn import functional as F

SPECTRAL_EPS = 1e-4
NORM_EPS = 1e-4

NormKind = Literal["none", "instance", "adaptive"]
Resize = Literal["none", "up", "down"]


class _Spectral(nn.Module):
    """Base of the spectrally normalised layers, with the power iteration (Miyato et al. 2018, algorithm 1).

    The largest singular value of the weight, reshaped to an O x (C k k) matrix, is tracked by one power iteration per
    `refresh_spectral` call: once per optimiser step rather than per forward pass, so that all forward passes of a step
    use the same weights on every process.
    """

    weight: Tensor
    bias: Tensor | None
    left: Tensor
    right: Tensor
    folded = False

    def _start(self, iterations: int = 12) -> None:
        matrix = self.weight.detach().flatten(1)
        generator = torch.Generator().manual_seed(matrix.shape[0] * 100_003 + matrix.shape[1])
        left = torch.randn(matrix.shape[0], generator=generator)
        self.register_buffer("left", F.normalize(left, dim=0, eps=SPECTRAL_EPS))
        self.register_buffer("right", F.normalize(torch.mv(matrix.t(), self.left), dim=0, eps=SPECTRAL_EPS))
        for _ in range(iterations):
            self.iterate()

    @torch.no_grad()
    def iterate(self) -> None:
        """Run one power iteration in place."""
        matrix = self.weight.detach().flatten(1)
        self.right.copy_(F.normalize(torch.mv(matrix.t(), self.left), dim=0, eps=SPECTRAL_EPS))
        self.left.copy_(F.normalize(torch.mv(matrix, self.right), dim=0, eps=SPECTRAL_EPS))

    def normalised(self) -> Tensor:
        """Return the weight divided by its largest singular value (differentiable in the weight)."""
        if self.folded:
            return self.weight
        # float32, because half-precision rounding of the singular value would rescale the layer
        with torch.autocast(self.weight.device.type, enabled=False):
            sigma = torch.dot(self.left, torch.mv(self.weight.flatten(1), self.right))
            return self.weight / sigma

    @torch.no_grad()
    def fold(self) -> None:
        """Fold the normalisation into the weight permanently and remove the power iteration."""
        if not self.folded:
            self.weight.copy_(self.normalised())
            del self.left, self.right
            self.folded = True


class SpectralConv(_Spectral):
    """Convolution with zero padding, stride 1, spectrally normalised: B C H W -> B O H W.

    Attributes:
        saving: factor by which it evaluates fewer positions than in the usual formulation of the network.
    """

    def __init__(self, inputs: int, outputs: int, kernel: int = 3, bias: bool = True, saving: int = 1) -> None:
        super().__init__()
        layer = nn.Conv2d(inputs, outputs, kernel, bias=bias)
        self.weight, self.bias = layer.weight, layer.bias
        self.padding = kernel // 2
        self.saving = saving
        self._start()

    def forward(self, x_BCHW: Tensor) -> Tensor:
        return F.conv2d(x_BCHW, self.normalised(), self.bias, padding=self.padding)


class SpectralLinear(_Spectral):
    """Affine map, spectrally normalised: B C -> B O."""

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        layer = nn.Linear(inputs, outputs)
        self.weight, self.bias = layer.weight, layer.bias
        self._start()

    def forward(self, x_BC: Tensor) -> Tensor:
        return F.linear(x_BC, self.normalised(), self.bias)


def refresh_spectral(module: nn.Module) -> None:
    """Run one power iteration in every spectrally normalised layer of a network; call once per optimiser step."""
    for layer in module.modules():
        if isinstance(layer, _Spectral) and not layer.folded:
            layer.iterate()


def fold_spectral(module: nn.Module) -> None:
    """Fold spectral normalisation into the weights of a network, for inference."""
    for layer in module.modules():
        if isinstance(layer, _Spectral):
            layer.fold()


class AdaptiveNorm(nn.Module):
    """Adaptive instance normalisation with scale and shift per sample (Huang & Belongie 2017, eq. 8).

    Attributes:
        channels: C; the layer has 2 C parameters per sample, shift first, then scale.
    """

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.channels = channels

    def forward(self, x_BCHW: Tensor, shift_BC: Tensor, scale_BC: Tensor) -> Tensor:
        normal = F.instance_norm(x_BCHW, eps=NORM_EPS)
        return torch.addcmul(shift_BC[:, :, None, None], normal, scale_BC[:, :, None, None])


class InstanceNorm(nn.Module):
    """Instance normalisation with a learned scale and shift per channel."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.ones(channels))
        self.bias = nn.Parameter(torch.zeros(channels))

    def forward(self, x_BCHW: Tensor) -> Tensor:
        return F.instance_norm(x_BCHW, weight=self.weight, bias=self.bias, eps=NORM_EPS)


class ResBlock(nn.Module):
    """Pre-activation residual block: norm, ReLU, (up), conv 3x3, norm, ReLU, conv 3x3, (average pool), plus a skip.

    The skip is a 1x1 convolution if the shape changes, else the identity. Nearest-neighbour upsampling and average
    pooling commute with a 1x1 convolution, so the skip is computed at the smaller of the two sizes, with equal results
    at a quarter of the cost.
    """

    def __init__(self, inputs: int, outputs: int, norm: NormKind, resize: Resize) -> None:
        super().__init__()
        self.resize = resize
        self.adaptive = norm == "adaptive"
        self.norm_in = _make_norm(norm, inputs)
        self.norm_mid = _make_norm(norm, outputs)
        self.conv_in = SpectralConv(inputs, outputs, bias=norm == "none")
        self.conv_out = SpectralConv(outputs, outputs, bias=norm == "none")
        reshapes = inputs != outputs or resize != "none"
        saving = 4 if resize != "none" else 1
        self.skip = SpectralConv(inputs, outputs, kernel=1, saving=saving) if reshapes else None

    def affine_sizes(self) -> list[int]:
        """Return the channel counts of the adaptive layers, in the order of their parameters."""
        return [norm.channels for norm in (self.norm_in, self.norm_mid) if isinstance(norm, AdaptiveNorm)]

    def forward(self, x_BCHW: Tensor, affine: list[tuple[Tensor, Tensor]] | None = None) -> Tensor:
        first, second = affine if affine is not None else (None, None)
        y = F.relu(_apply_norm(self.norm_in, x_BCHW, first))
        if self.resize == "up":
            y = F.interpolate(y, scale_factor=2.0, mode="nearest")
        y = self.conv_in(y)
        y = F.relu(_apply_norm(self.norm_mid, y, second))
        y = self.conv_out(y)
        if self.resize == "down":
            y = F.avg_pool2d(y, 2)
        return y + self._shortcut(x_BCHW)

    def _shortcut(self, x_BCHW: Tensor) -> Tensor:
        if self.resize == "down":
            x_BCHW = F.avg_pool2d(x_BCHW, 2)
        if self.skip is not None:
            x_BCHW = self.skip(x_BCHW)
        if self.resize == "up":
            x_BCHW = F.interpolate(x_BCHW, scale_factor=2.0, mode="nearest")
        return x_BCHW


class Stem(nn.Module):
    """First block: conv, ReLU, conv, average pool, plus a pooled 1x1 skip; no normalisation, halves the size."""

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        self.conv_in = SpectralConv(inputs, outputs)
        self.conv_out = SpectralConv(outputs, outputs)
        self.skip = SpectralConv(inputs, outputs, kernel=1, saving=4)

    def forward(self, x_BCHW: Tensor) -> Tensor:
        y = F.avg_pool2d(self.conv_out(F.relu(self.conv_in(x_BCHW))), 2)
        shortcut: Tensor = self.skip(F.avg_pool2d(x_BCHW, 2))
        return y + shortcut


class SelfAttention(nn.Module):
    """Self-attention over positions, added through a gain that starts at zero (Zhang et al. 2019, section 3)."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.query = SpectralConv(channels, max(1, channels // 8), kernel=1)
        self.key = SpectralConv(channels, max(1, channels // 8), kernel=1)
        self.value = SpectralConv(channels, channels, kernel=1)
        self.gain = nn.Parameter(torch.zeros(1))

    def forward(self, x_BCHW: Tensor) -> Tensor:
        query_BLE = self.query(x_BCHW).flatten(2).transpose(1, 2)
        key_BLE = self.key(x_BCHW).flatten(2).transpose(1, 2)
        value_BLC = self.value(x_BCHW).flatten(2).transpose(1, 2)
        # differs: no 1/sqrt(E) scale, as in Zhang et al. 2019, eq. 1
        mixed_BLC = F.scaled_dot_product_attention(query_BLE, key_BLE, value_BLC, scale=1.0)
        return x_BCHW + self.gain * mixed_BLC.transpose(1, 2).reshape(x_BCHW.shape)


def _make_norm(kind: NormKind, channels: int) -> nn.Module | None:
    if kind == "adaptive":
        return AdaptiveNorm(channels)
    return InstanceNorm(channels) if kind == "instance" else None


def _apply_norm(norm: nn.Module | None, x_BCHW: Tensor, affine: tuple[Tensor, Tensor] | None) -> Tensor:
    if norm is None:
        return x_BCHW
    normalised_BCHW: Tensor = norm(x_BCHW) if affine is None else norm(x_BCHW, *affine)
    return normalised_BCHW
