"""The networks of the portrait renderer as they run: pixels in, pixels out.

What `animato export` writes as ONNX and what the torch backend runs. Shapes: S = side of a patch, h = w = S / 2,
B target patches, K photos of each, F features, E embedding, A AdaIN parameters.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from animato.models.loading import load_strictly
from animato.models.portrait.config import PatchConfig
from animato.models.portrait.graphs import PATCHES, SAMPLES, encoder_shapes, painter_shapes
from animato.models.portrait.networks import PatchNetwork, by_patch, edge_ramp, near_hidden
from animato.models.tracing import traced
from animato.weights.graphs import Skeleton

ENCODER_OUTPUTS = ("features", "embedding")
PAINTER_OUTPUTS = ("layer", "flow")


class RunEncoder(nn.Module):
    """Encodes the patch of a photo.

    Args:
        network: of the region.
    """

    def __init__(self, network: PatchNetwork) -> None:
        super().__init__()
        self.encoder = network.encoder

    def forward(self, picture_BSS3: Tensor, drawing_BSS3: Tensor) -> tuple[Tensor, Tensor]:
        """Return features (B F h w) and embedding (B E), float32.

        Args:
            picture_BSS3: uint8 RGB.
            drawing_BSS3: uint8, the landmarks in three channels.
        """
        found: tuple[Tensor, Tensor] = self.encoder(
            _first(picture_BSS3.float()) * (1 / 127.5) - 1, _first(drawing_BSS3.float()) * (1 / 255)
        )
        return found


class RunPainter(nn.Module):
    """Fuses the photos of each patch and paints it.

    Args:
        network: of the region.
    """

    def __init__(self, network: PatchNetwork) -> None:
        super().__init__()
        self.network = network
        self.register_buffer("ramp", edge_ramp(network.config.side), persistent=False)
        self.ramp: Tensor

    def forward(
        self,
        composite_BSS3: Tensor,
        drawing_BSS3: Tensor,
        validity_BSS1: Tensor,
        features_NFhw: Tensor,
        grid_Nhw2: Tensor,
        seen_N1hw: Tensor,
        log_weight_N111: Tensor,
        affine_BA: Tensor,
    ) -> tuple[Tensor, Tensor]:
        """Return layer (B S S 4) and flow (B S S 2), float32.

        RGB of the layer is m paint + (1 - m) light in 0..255, its fourth channel the mask m in [0, 1]; the flow is in
        pixels of the patch; all fade out at the edge of the patch.

        Args:
            composite_BSS3, drawing_BSS3: uint8.
            validity_BSS1: float32 in [0, 1].
            features_NFhw: float32, from the encoder, N = B K; the photos of one patch are consecutive.
            grid_Nhw2: float32 positions in [-1, 1], as for `F.grid_sample` with align_corners=False.
            seen_N1hw: float32 in [0, 1], validity of the grid.
            log_weight_N111: float32, logarithm of each photo's weight.
            affine_BA: float32, from `PatchNetwork.affine`.
        """
        network, patches = self.network, composite_BSS3.shape[0]
        drawing, validity = _first(drawing_BSS3.float()) * (1 / 255), _first(validity_BSS1)
        fused, known = network.gather(
            by_patch(features_NFhw, patches),
            by_patch(grid_Nhw2, patches),
            by_patch(seen_N1hw[:, 0], patches),
            drawing,
            by_patch(log_weight_N111[:, 0], patches),
        )
        composite = _first(composite_BSS3.float()) * (1 / 127.5) - 1
        painted = network.paint(torch.cat([composite, validity, drawing], 1), fused, known, affine_BA)
        ramp = self.ramp * near_hidden(validity) if network.config.hidden_only else self.ramp
        mask, light = painted.mask * ramp, painted.light * 127.5 * ramp
        layer = (painted.paint + 1) * 127.5 * mask + light * (1 - mask)
        return _last(torch.cat([layer, mask], 1)), _last(painted.flow * ramp)


def module_of(part: str, config: PatchConfig, arrays: Mapping[str, NDArray[Any]] | None, where: str) -> nn.Module:
    """Return a part of a network, ready to run.

    Args:
        part: "encoder" or "painter".
        config: of the network.
        arrays: the network's weights by name, or None to leave them random.
        where: file name for messages.

    Raises:
        FileFormatError: the weights do not fit.
    """
    network = PatchNetwork(config)
    if arrays is not None:
        load_strictly(network, arrays, where)
    module = RunEncoder(network) if part == "encoder" else RunPainter(network)
    return module.eval().requires_grad_(False)


def trace(part: str, config: PatchConfig) -> Skeleton:
    """Return the graph of a part of a network, without weights.

    Args:
        part: "encoder" or "painter".
        config: of the network.
    """
    if part == "encoder":
        shapes, open_sizes, outputs = encoder_shapes(config), {}, ENCODER_OUTPUTS
    else:
        shapes, outputs = painter_shapes(config, photos=2, targets=2), PAINTER_OUTPUTS
        open_sizes = dict.fromkeys(shapes, PATCHES) | dict.fromkeys(("features", "grid", "seen", "log_weight"), SAMPLES)
    pixels = {"picture", "composite", "drawing"}
    example = tuple(
        torch.zeros(shape, dtype=torch.uint8 if name in pixels else torch.float32) for name, shape in shapes.items()
    )
    inputs = {name: open_sizes.get(name) for name in shapes}
    return traced(module_of(part, config, None, "tracing"), config.as_json(), example, inputs, outputs)


def _first(x_BHWC: Tensor) -> Tensor:
    return x_BHWC.permute(0, 3, 1, 2)


def _last(x_BCHW: Tensor) -> Tensor:
    return x_BCHW.permute(0, 2, 3, 1)
