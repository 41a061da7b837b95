"""A shaven or bald crown that the parts network takes for hair."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from animato.head.parts import Shares
from animato.types import Frame, Plane

CROWN = 0.4
"""Area of hair in units of the face's, below which it covers the crown alone. If it is also lighter than the face, it
is a bare skull that catches the light (of 142 portraits the four shaven ones, and no blond one)."""

LIGHTER = 1.1
"""How many times as light as the face a bare skull is at least: 1.19 to 1.34 times in those portraits, short hair that
recedes 1.03 times in another picture."""


def without_bare_skull(shares: Shares, image: Frame, alpha: Plane) -> Shares:
    """Return the parts of a photo with a bare skull as skin.

    Args:
        shares: of the photo.
        image: S x S x 3 uint8 RGB.
        alpha: S x S float32 in [0, 1], opacity of the person.
    """
    if not is_bare_skull(image, alpha * shares.hair, alpha * shares.face):
        return shares
    return replace(shares, face=shares.face + shares.hair, hair=np.zeros_like(shares.hair))


def is_bare_skull(image: Frame, hair: Plane, face: Plane) -> bool:
    """Return whether what was taken for hair is a shaven crown.

    Args:
        image: S x S x 3 uint8 RGB.
        hair, face: S x S float32 in [0, 1], opacity of hair, and of the skin of the face.
    """
    hairy, bare = hair > 0.9, face > 0.9
    if not hairy.any() or not bare.any() or hairy.sum() > CROWN * bare.sum():
        return False
    brightness = image.astype(np.float32) @ np.array([0.299, 0.587, 0.114], np.float32)
    return bool(np.median(brightness[hairy]) > LIGHTER * np.median(brightness[bare]))
