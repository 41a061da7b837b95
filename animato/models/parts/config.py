"""Configuration of the parts network: what it labels and how large it is. Without torch."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

PARTS = ("background", "face", "hair", "body_skin", "clothes", "eyes", "mouth_interior", "ear")
"""Labels in order; `body_skin` is neck, shoulders and hands, `face` is the skin of face and scalp without the ears."""


@dataclass(frozen=True)
class PartsConfig:
    """Size of the network.

    Attributes:
        side: side of the square picture in pixels, a multiple of 32.
        widths: channels at 1/2, 1/4, 1/8, 1/16 and 1/32 of the side.
    """

    side: int = 192
    widths: tuple[int, ...] = (24, 32, 48, 64, 96)

    def as_json(self) -> dict[str, Any]:
        """Return the configuration as plain JSON types."""
        return {**asdict(self), "widths": list(self.widths)}

    @classmethod
    def from_json(cls, entry: dict[str, Any]) -> PartsConfig:
        """Return the configuration that `as_json` wrote."""
        return cls(int(entry["side"]), tuple(int(width) for width in entry["widths"]))
