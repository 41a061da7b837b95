"""What each renderer makes stays what it was: small pictures, kept beside this file."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from golden_pictures import PICTURES, path_of
from PIL import Image

from animato.runtime.engine import Engine

LIMITS = (0.1, 32)
CHAINED_LIMITS = (0.75, 64)
"""Levels of 255 by which a picture may differ on average, and at a pixel: processors sum in other orders.

Measured with 1 and 4 threads, with the networks (ONEDNN_MAX_CPU_ISA=AVX) and OpenCV (OPENCV_CPU_DISABLE) each kept from
using AVX2, and torch without AVX: at most 0.022 on average and 12 at a pixel. The driver of "cross-person" is itself
rendered, encoded and tracked, which adds up to 0.29 and 29. A correction of the mouth's size was 0.74 and 137.
"""


@pytest.fixture(scope="module")
def engine() -> Engine:
    return Engine(1)


@pytest.mark.parametrize("name", PICTURES)
def test_a_picture_is_what_it_was(name: str, engine: Engine, tmp_path: Path) -> None:
    if name == "paper":
        pytest.importorskip("torch")
    found, wanted = PICTURES[name](engine, tmp_path), np.array(Image.open(path_of(name)))
    difference = np.abs(found.astype(int) - wanted)
    mean, most = CHAINED_LIMITS if name == "cross-person" else LIMITS
    if difference.mean() > mean or difference.max() > most:
        Image.fromarray(np.concatenate([wanted, found], axis=1)).save(tmp_path / f"{name}.png")
        pytest.fail(
            f"{name}: differs by {difference.mean():.2f} on average and by {difference.max()} at most; before and now: "
            f"{tmp_path / name}.png. If it is meant to: python tests/golden/golden_pictures.py {name}"
        )
    assert wanted.shape == (256, 256, 3)
