"""Architecture of the portrait renderer's networks. Does not import torch."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from animato.errors import FileFormatError
from animato.models.paper.config import PaperConfig

PICTURE = 3
DRAWING = 3


@dataclass(frozen=True, kw_only=True)
class PatchConfig:
    """Sizes of one region's network.

    Attributes:
        side: side of the patch, pixels; the U-Net starts at half of it.
        widths: channels at 1/2, 1/4, 1/8, ... of the side.
        features: channels of the encoded photo features, at 1/2.
        encoder: channels of the photo encoder.
        embed: length of the person's embedding e.
        blocks: AdaIN residual blocks at the smallest size.
        reach: maximum magnitude of the flow correction, pixels of the patch.
        hidden_only: whether the output is used only near regions that no photo shows.
    """

    side: int
    widths: tuple[int, ...]
    features: int = 24
    encoder: int = 24
    embed: int = 64
    blocks: int = 2
    reach: float = 4.0
    hidden_only: bool = False

    @property
    def inputs(self) -> int:
        """Channels of the composite patch, its validity and the drawing, folded to 1/2."""
        return 4 * (PICTURE + 1 + DRAWING)

    def adaptive_widths(self) -> tuple[int, ...]:
        """Channel counts of the AdaIN layers, in order: the middle blocks, then one decoder block."""
        return (self.widths[-1],) * (2 * self.blocks) + (self.widths[-2],) * 2

    @property
    def affine_count(self) -> int:
        """A: the number of AdaIN parameters (shift and scale of every layer)."""
        return 2 * sum(self.adaptive_widths())

    def as_json(self) -> dict[str, Any]:
        """Return the configuration as plain JSON types."""
        return {**asdict(self), "widths": list(self.widths)}

    @classmethod
    def from_json(cls, values: Mapping[str, Any], where: str) -> PatchConfig:
        """Build a configuration from a file's header.

        Raises:
            FileFormatError: a name is unknown or missing.
        """
        mismatched = sorted(set(values) ^ set(cls.__dataclass_fields__))
        if mismatched:
            raise FileFormatError(
                f"{where} has an invalid network configuration", where=f"unexpected or missing: {mismatched}"
            )
        return cls(**{**values, "widths": tuple(int(width) for width in values["widths"])})


CONFIGS: Mapping[str, PatchConfig] = {
    "mouth": PatchConfig(side=96, widths=(28, 56, 96), features=24, encoder=24),
    "eye": PatchConfig(side=64, widths=(24, 40, 64), features=16, encoder=16),
    "head": PatchConfig(side=128, widths=(16, 32, 48, 64), features=12, encoder=12, reach=6.0, hidden_only=True),
}
"""Shipped architectures: about half a GMAC per frame in total."""


def discriminator_config(side: int) -> PaperConfig:
    """Return the configuration of the discriminator: that of Zakharov et al. 2019, section 3.1, narrow, for patches.

    Args:
        side: of the patch, pixels.
    """
    return PaperConfig(size=side, channels=16, max_channels=128, embed=128, discriminator_blocks=5)
