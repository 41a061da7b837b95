"""Architecture of the networks of the 2019 system. Does not import torch."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from animato.errors import FileFormatError
from animato.geometry.crop import MARGIN
from animato.settings.training import TrainSettings


@dataclass(frozen=True, kw_only=True)
class PaperConfig:
    """Sizes of embedder, generator and discriminator.

    The defaults are those published later by the authors' lab (module "FSTH"): 37.9 M, 14.8 M and 19.6 M parameters,
    47.2 GMAC per frame and 15.5 GMAC per photo at 256 px.

    Attributes:
        size: side of images and drawings, pixels.
        channels: channels after the first block; they double at each halving up to `max_channels`.
        max_channels: largest channel count.
        embed: length of the person embedding e.
        down_blocks: halvings in the generator.
        residual_blocks: AdaIN blocks at the smallest size.
        embedder_blocks: blocks in the embedder; all downsample at 256 px, not necessarily at smaller sizes.
        embedder_side: side at which the embedder stops halving, pixels: 4 as in the paper at 256 px, so that the sum
            over positions keeps its 16 terms.
        embedder_reduce: factor by which photos are downscaled before the embedder; 1 in the paper.
        discriminator_blocks: blocks in the discriminator, the last ones without halving.
        attention: self-attention at 1/8 of the size in the encoder and 1/4 in the decoder (32 and 64 at 256 px), as in
            both known re-implementations; the authors' later module has none.
        scale_base: added to every AdaIN scale predicted by P; 0 in the paper, 1 starts small runs near identity.
        affine_gain: factor on psi = P e. P is spectrally normalised, so |psi| <= |e| over all A parameters: with the
            paper's 1 the effect of a person is small until e has grown, which takes too long in small runs.
        margin: side of the training crops, in units of the longer side of the face's mesh; photos and drivers must be
            cropped equally.
        drawing: strokes of the landmark drawing: "paper" (68 points, no iris, no inner lip) or "full" (both).
    """

    size: int = 256
    channels: int = 64
    max_channels: int = 512
    embed: int = 512
    down_blocks: int = 4
    residual_blocks: int = 4
    embedder_blocks: int = 6
    embedder_side: int = 4
    embedder_reduce: int = 1
    discriminator_blocks: int = 7
    attention: bool = False
    scale_base: float = 0.0
    affine_gain: float = 1.0
    drawing: str = "paper"
    margin: float = MARGIN

    def __post_init__(self) -> None:
        if self.size % (2**self.down_blocks):
            raise FileFormatError(
                f"a size of {self.size} px cannot be halved {self.down_blocks} times",
                where="paper model configuration",
                hint=f"a multiple of {2**self.down_blocks}, or fewer down blocks",
            )
        if self.drawing not in ("paper", "full"):
            raise FileFormatError(f"unknown drawing {self.drawing!r}", where="one of: paper, full")

    def width(self, level: int) -> int:
        """Return the channel count after `level` halvings (level 1 is the first block)."""
        return min(self.channels << max(level - 1, 0), self.max_channels)

    @property
    def embedder_halvings(self) -> int:
        """Number of downsampling blocks in the embedder."""
        input_side = self.size // self.embedder_reduce
        return min(self.embedder_blocks, max(1, input_side.bit_length() - self.embedder_side.bit_length()))

    def as_json(self) -> dict[str, Any]:
        """Return the configuration as plain JSON types."""
        return asdict(self)

    @classmethod
    def from_settings(cls, settings: TrainSettings, margin: float = MARGIN) -> PaperConfig:
        """Create the configuration for a training run.

        Args:
            margin: side of the data's crops, in units of the longer side of the face.
        """
        shared = {name for name in cls.__dataclass_fields__ if name in TrainSettings.__dataclass_fields__}
        return cls(**{name: getattr(settings, name) for name in sorted(shared)}, margin=margin)

    @classmethod
    def from_json(cls, values: dict[str, Any], where: str) -> PaperConfig:
        """Build a configuration from a file's header.

        Raises:
            FileFormatError: a name is unknown or missing.
        """
        # files of the first version lack this entry: their embedders downsample to one pixel
        values = {"embedder_side": 1, **values}
        fields = set(cls.__dataclass_fields__)
        mismatched = sorted(set(values) ^ fields)
        if mismatched:
            raise FileFormatError(
                f"{where} has an invalid network configuration", where=f"unexpected or missing: {', '.join(mismatched)}"
            )
        return cls(**values)
