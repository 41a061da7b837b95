"""Delta encoding of lengths in motion files: int16 units, differences between successive frames."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

STEP = 0.0002
"""Canonical centimetres per stored unit."""


def delta_encode(centimetres: NDArray[np.float32]) -> NDArray[np.int16]:
    """Return N x ... int16 differences between successive frames, in units of `STEP`.

    Differences compress better than values. They may wrap around; `delta_decode` wraps back.
    """
    units = np.asarray(np.rint(centimetres / STEP).clip(-32768, 32767), np.int16)
    return np.diff(units, axis=0, prepend=np.zeros_like(units[:1]))


def delta_decode(deltas: NDArray[Any], step: float) -> NDArray[np.float32]:
    """Return N x ... float32, centimetres, from int16 differences, `step` centimetres per unit."""
    return np.multiply(np.cumsum(deltas, axis=0, dtype=np.int16), np.float32(step), dtype=np.float32)
