"""A bare crown that catches the light is no hair; fair or short hair is."""

from __future__ import annotations

import numpy as np
import pytest

from animato.head.bare_skull import without_bare_skull
from animato.head.parts import Shares

SKIN, GLOSS, BLOND, DARK = (150, 105, 90), (250, 215, 205), (180, 160, 120), (60, 45, 40)


@pytest.mark.parametrize(
    ("crown", "rows", "bare"), [(GLOSS, 30, True), (DARK, 30, False), (BLOND, 90, False)], ids=["gloss", "dark", "fair"]
)
def test_a_bare_crown_is_skin(crown: tuple[int, int, int], rows: int, bare: bool) -> None:
    image = np.full((160, 100, 3), SKIN, np.uint8)
    image[:rows] = crown
    ones, none = np.ones((160, 100), np.float32), np.zeros((160, 100), np.float32)
    hair = none.copy()
    hair[:rows] = 1
    shares = Shares(ones, ones - hair, none, hair, none, none)
    found = without_bare_skull(shares, image, ones)
    assert found.hair.any() != bare
    assert (found.face == (ones if bare else ones - hair)).all()
    assert (found.head == 1).all()
