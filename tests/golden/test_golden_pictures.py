"""What each renderer makes stays what it was: small pictures, kept beside this file."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from golden_pictures import PICTURES, path_of
from PIL import Image

from animato.runtime.engine import Engine

MEAN, MOST = 0.5, 24
"""Levels of 255 by which a picture may differ on average, and at a pixel: processors add floats and 8-bit products in
other orders. One and two threads differ by less than a tenth of that here; a rule that is changed, by more."""


@pytest.fixture(scope="module")
def engine() -> Engine:
    return Engine(1)


@pytest.mark.parametrize("name", PICTURES)
def test_a_picture_is_what_it_was(name: str, engine: Engine, tmp_path: Path) -> None:
    if name == "paper":
        pytest.importorskip("torch")
    found, wanted = PICTURES[name](engine, tmp_path), np.array(Image.open(path_of(name)))
    difference = np.abs(found.astype(int) - wanted)
    if difference.mean() > MEAN or difference.max() > MOST:
        Image.fromarray(np.concatenate([wanted, found], axis=1)).save(tmp_path / f"{name}.png")
        pytest.fail(
            f"{name}: differs by {difference.mean():.2f} on average and by {difference.max()} at most; before and now: "
            f"{tmp_path / name}.png. If it is meant to: python tests/golden/golden_pictures.py {name}"
        )
    assert wanted.shape == (256, 256, 3)
