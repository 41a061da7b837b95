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
    """Return values in [0, 1]: 0 at `low` and below, 1 at `high` and above, with level ends (3 t^2 - 2 t^3).

    Args:
        values: a number or an array of any shape, float32 or float64; an array keeps its shape and dtype.
        high: differs from `low`.
    """
    if not isinstance(values, np.ndarray):
        share = min(max((values - low) / (high - low), 0.0), 1.0)
        return share * share * (3 - 2 * share)
    ramp = np.clip((values - low) / (high - low), 0, 1)
    return np.asarray(ramp * ramp * (3 - 2 * ramp), values.dtype)
