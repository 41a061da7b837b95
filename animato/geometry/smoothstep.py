"""Smoothstep between two values."""

from __future__ import annotations

from typing import TypeVar, overload

import numpy as np
from numpy.typing import NDArray

FloatingT = TypeVar("FloatingT", np.float32, np.float64)


@overload
def smoothstep(values: float, low: float, high: float) -> float: ...


@overload
def smoothstep(values: NDArray[FloatingT], low: float, high: float) -> NDArray[FloatingT]: ...


def smoothstep(values: float | NDArray[FloatingT], low: float, high: float) -> float | NDArray[FloatingT]:
    """Return values in [0, 1]: 0 up to `low`, 1 from `high` on, and 3 t^2 - 2 t^3 in between.

    Args:
        values: a number or an array of any shape, float32 or float64; shape and dtype are kept.
        high: not equal to `low`.
    """
    if not isinstance(values, np.ndarray):
        ratio = min(max((values - low) / (high - low), 0.0), 1.0)
        return ratio * ratio * (3 - 2 * ratio)
    t = np.clip((values - low) / (high - low), 0, 1)
    return np.asarray(t * t * (3 - 2 * t), values.dtype)
