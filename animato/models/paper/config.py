"""What a network of the 2019 system looks like; the only thing needed to build it again. No torch in here."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from animato.errors import FileFormatError
from animato.geometry.crop import MARGIN
from animato.settings.training import TrainSettings


@dataclass(frozen=True, kw_only=True)
class PaperConfig:
    """Sizes of embedder, generator and discriminator.

    The defaults are those of the 2019 system as the authors' lab published them later (module "FSTH"): 37.9 M, 14.8 M
    and 19.6 M parameters, 47.2 GMAC a frame and 15.5 GMAC a photo at 256 px.

    Attributes:
        size: side of pictures and drawings, pixels.
        channels: channels after the first block; they double at each halving up to `max_channels`.
        max_channels: largest channel count.
        embed: length of the person embedding e.
        down_blocks: halvings in the generator.
        residual_blocks: AdaIN blocks at the smallest size.
        embedder_blocks: blocks in the embedder, all halving at 256 px; at smaller sizes the last ones need not.
        embedder_side: side at which the embedder stops halving, pixels: 4 as the paper has at 256 px, so that the sum
            over positions keeps its 16 terms.
        embedder_reduce: photos are averaged down this many times before the embedder sees them; 1 in the paper.
        discriminator_blocks: blocks in the discriminator, the last ones without halving.
        attention: self-attention at 1/8 of the size on the way down and 1/4 on the way up (32 and 64 at 256 px), as
            both known re-implementations read the paper's text; the authors' later module has none.
        scale_base: added to every AdaIN scale that P predicts; 0 in the paper, 1 lets small runs start near identity.
        affine_gain: factor on psi = P e. P is spectrally normalised, so |psi| <= |e|, spread over all A numbers: with
            the paper's 1 a person moves each of them little until e has grown, which small runs have no time for.
        margin: side of the crops it was trained on, in units of the longer side of the face's mesh; photos and drivers
            must be cut alike.
        drawing: which strokes the landmark picture has: "paper" (68 points, no iris, no inner lip) or "full" (both).
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
        """How many of the embedder's blocks halve."""
        seen = self.size // self.embedder_reduce
        return min(self.embedder_blocks, max(1, seen.bit_length() - self.embedder_side.bit_length()))

    def as_json(self) -> dict[str, Any]:
        """Return the configuration as plain JSON types."""
        return asdict(self)

    @classmethod
    def from_settings(cls, settings: TrainSettings, margin: float = MARGIN) -> PaperConfig:
        """Return what the networks of a training run look like.

        Args:
            margin: side of the data's crops, in units of the longer side of the face.
        """
        taken = {name for name in cls.__dataclass_fields__ if name in TrainSettings.__dataclass_fields__}
        return cls(**{name: getattr(settings, name) for name in sorted(taken)}, margin=margin)

    @classmethod
    def from_json(cls, values: dict[str, Any], where: str) -> PaperConfig:
        """Build a configuration from a file's header.

        Raises:
            FileFormatError: a name is unknown or missing; `where` is named.
        """
        # files of the first version lack this entry: their embedders halved down to one pixel
        values = {"embedder_side": 1, **values}
        known = set(cls.__dataclass_fields__)
        odd = sorted(set(values) ^ known)
        if odd:
            raise FileFormatError(
                f"{where} describes its network wrongly", where=f"unexpected or missing: {', '.join(odd)}"
            )
        return cls(**values)
