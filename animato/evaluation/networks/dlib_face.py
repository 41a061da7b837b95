"""The identity network: dlib's face ResNet, read from its own file format into torch.

Source of the layers: the `anet_type` of dlib's face recognition example (29 convolutions, a 128-number embedding);
weights: `dlib_face_recognition_resnet_model_v1.dat` (CC0) inside the package `face-recognition-models`. The 68-point
model in the same package is not for commercial use and is never opened.

The file is a stream of layers in forward order. A layer is its name ("con_4", "affine_", "fc_2"), then its parameters.
Integers are one length byte and that many little-endian bytes; a tensor is the version 2, four sizes, and float32
little-endian values. Everything between the parameters (gradients, solver state) is skipped by searching for the names.
"""

from __future__ import annotations

import functools
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional as F

from animato.errors import FileFormatError
from animato.evaluation.networks.package import package_file
from animato.types import Frame

NAME = "dlib-face-resnet-v1"
PACKAGE = "face_recognition_models"
FILE = "models/dlib_face_recognition_resnet_model_v1.dat"
SHA256 = "55533b28a95800a551ba546ba62fe69625c7e95a7061c338adffead08719da30"
CHIP = 150
"""Side of the aligned image, pixels."""

MEAN = (122.782, 117.001, 104.298)
SCALE = 1.0 / 256.0
WIDTHS = (32, 32, 32, 64, 64, 64, 64, 128, 128, 128, 256, 256, 256, 256)
"""Output channels of the 14 residual blocks, two convolutions each."""
DOWN = (3, 7, 10, 13)
"""Blocks that halve the size; their shortcut is an average pool."""


@dataclass(frozen=True)
class FaceWeights:
    """Parameters in forward order.

    Attributes:
        convs: 29 pairs (O x C x k x k weight, O bias).
        affines: 29 pairs (scale, shift), one after each convolution.
        head: 256 x 128 projection.
    """

    convs: tuple[tuple[Tensor, Tensor], ...]
    affines: tuple[tuple[Tensor, Tensor], ...]
    head: Tensor


def _integer(data: bytes, at: int) -> tuple[int, int]:
    """Read an integer; return it and the offset after it."""
    size = data[at] & 0x0F
    if not 1 <= size <= 8 or data[at] & 0xF0:
        raise FileFormatError("the identity network's file is damaged", where=f"byte {at}: not an integer")
    return int.from_bytes(data[at + 1 : at + 1 + size], "little"), at + 1 + size


def read_tensor(data: bytes, at: int) -> NDArray[np.float32]:
    """Read the tensor that starts at a byte of a file, flattened.

    Raises:
        FileFormatError: no tensor starts there, or the file ends inside it.
    """
    version, at = _integer(data, at)
    sizes = []
    for _ in range(4):
        size, at = _integer(data, at)
        sizes.append(size)
    count = int(np.prod(sizes))
    if version != 2 or at + 4 * count > len(data):
        raise FileFormatError("the identity network's file is damaged", where=f"byte {at}: tensor of {count} numbers")
    return np.frombuffer(data, "<f4", count, at).astype(np.float32)


def _layers(data: bytes, name: bytes, count: int) -> list[NDArray[np.float32]]:
    """Return the parameters of every layer of one kind, in file order."""
    mark = bytes([1, len(name)]) + name
    layers, at = [], data.find(mark)
    while at >= 0:
        layers.append(read_tensor(data, at + len(mark)))
        # Skip the parameters, which may contain the name by chance.
        at = data.find(mark, at + len(mark) + 4 * layers[-1].size)
    if len(layers) != count:
        raise FileFormatError(
            "the identity network's file has unexpected contents",
            where=f"{len(layers)} layers {name.decode()}, not {count}",
        )
    return layers


def parse(data: bytes) -> FaceWeights:
    """Read the 29 convolutions, 29 affine layers and the projection.

    Raises:
        FileFormatError: the bytes do not hold this network.
    """
    shapes = [(32, 3, 7)]
    for width in WIDTHS:
        shapes += [(width, shapes[-1][0], 3), (width, width, 3)]
    convs, affines = [], []
    for (outputs, inputs, side), flat in zip(shapes, _layers(data, b"con_4", len(shapes)), strict=True):
        count = outputs * inputs * side * side
        if flat.size != count + outputs:
            raise FileFormatError("the identity network's file has unexpected contents", where=f"{flat.size} weights")
        weight = flat[:count].reshape(outputs, inputs, side, side)
        convs.append((torch.from_numpy(weight), torch.from_numpy(flat[count:])))
    for (outputs, _, _), flat in zip(shapes, _layers(data, b"affine_", len(shapes)), strict=True):
        affines.append((torch.from_numpy(flat[:outputs]), torch.from_numpy(flat[outputs:])))
    return FaceWeights(tuple(convs), tuple(affines), _head(data))


def _head(data: bytes) -> Tensor:
    start = data.find(b"\x01\x04fc_2")
    if start < 0:
        raise FileFormatError("the identity network's file has unexpected contents", where="no layer fc_2")
    at = start + 6
    for _ in range(2):  # outputs, inputs
        _, at = _integer(data, at)
    return torch.from_numpy(read_tensor(data, at).reshape(WIDTHS[-1], -1))


class FaceNet:
    """The network, in inference only.

    Args:
        weights: as parsed.
    """

    def __init__(self, weights: FaceWeights) -> None:
        self._weights = weights

    @torch.no_grad()
    def embed(self, chips: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Compute the 128-dimensional embeddings of aligned images.

        Args:
            chips: n x 150 x 150 x 3 uint8 RGB, aligned as `animato.evaluation.metrics.identity.align` does.
        """
        values = (chips.astype(np.float32) - np.array(MEAN, np.float32)) * np.float32(SCALE)
        x = torch.from_numpy(np.ascontiguousarray(values.transpose(0, 3, 1, 2)))
        x = F.max_pool2d(F.relu(self._conv(x, 0, stride=2)), 3, 2)
        for block, width in enumerate(WIDTHS):
            down = block in DOWN
            y = F.relu(self._conv(x, 1 + 2 * block, stride=2 if down else 1))
            y = self._conv(y, 2 + 2 * block, stride=1)
            skip = F.avg_pool2d(x, 2, 2) if down else x
            x = F.relu(_padded_sum(y, skip, width))
        return (x.mean(dim=(2, 3)) @ self._weights.head).numpy()

    def _conv(self, x: Tensor, index: int, stride: int) -> Tensor:
        """Apply a convolution and its affine layer (folded batch norm); padding only at stride 1, as in dlib."""
        weight, bias = self._weights.convs[index]
        scale, shift = self._weights.affines[index]
        padding = weight.shape[-1] // 2 if stride == 1 else 0
        x = F.conv2d(x, weight, bias, stride=stride, padding=padding)
        return x * scale[:, None, None] + shift[:, None, None]


def _padded_sum(a: Tensor, b: Tensor, channels: int) -> Tensor:
    """Add two feature maps, zero-padding the smaller one at the right, the bottom and the last channels."""
    height, width = max(a.shape[2], b.shape[2]), max(a.shape[3], b.shape[3])

    def padded(x: Tensor) -> Tensor:
        return F.pad(x, (0, width - x.shape[3], 0, height - x.shape[2], 0, channels - x.shape[1]))

    return padded(a) + padded(b)


@functools.cache
def load() -> FaceNet:
    """Load the network from its package, once.

    Raises:
        MissingPartError: the package is absent.
    """
    path = package_file(PACKAGE, FILE, SHA256, "pip install 'animato[evaluation]'")
    return FaceNet(parse(path.read_bytes()))


def embed(chip: Frame) -> NDArray[np.float32]:
    """Compute the 128-dimensional embedding of one aligned 150 x 150 image."""
    return np.asarray(load().embed(chip[None])[0], np.float32)
