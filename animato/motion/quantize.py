"""Centimetres as motion files store them: int16 units, as differences in time."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

STEP = 0.0002
"""Canonical centimetres per stored unit."""


def quantized_steps(centimetres: NDArray[np.float32]) -> NDArray[np.int16]:
    """Return N x ... int16 units, each moment less the one before; the arithmetic wraps, and reading undoes that.

    Differences are small numbers, which the archive's compression likes.
    """
    units = np.asarray(np.rint(centimetres / STEP).clip(-32768, 32767), np.int16)
    return np.diff(units, axis=0, prepend=np.zeros_like(units[:1]))


def summed_steps(steps: NDArray[Any], step: float) -> NDArray[np.float32]:
    """Return N x ... float32, centimetres, from differences in time, `step` centimetres per unit."""
    return (np.cumsum(steps, axis=0, dtype=np.int16) * np.float32(step)).astype(np.float32)
