"""How much of a person's opacity belongs to which parts."""

from __future__ import annotations

from dataclasses import dataclass

from animato.head.parts import HeadParts
from animato.types import Plane


@dataclass(frozen=True, eq=False)
class Shares:
    """How much of the person some parts are, each S x S float32 in [0, 1].

    Attributes:
        head: face, hair and ears.
        face: skin of face and scalp.
        hair: hair.
        skin: skin of the neck and below.
        body: neck, clothes and whatever else is below the head.
    """

    head: Plane
    face: Plane
    hair: Plane
    skin: Plane
    body: Plane

    @classmethod
    def of(cls, parts: HeadParts, size: int) -> Shares:
        """Return the shares in a square picture, whose pixels the parts' map starts from."""
        square = (size, size)
        return cls(
            parts.share(("face", "hair", "eyes", "mouth_interior", "ear"), square),
            parts.share(("face",), square),
            parts.share(("hair",), square),
            parts.share(("body_skin",), square),
            parts.share(("body_skin", "clothes"), square),
        )
