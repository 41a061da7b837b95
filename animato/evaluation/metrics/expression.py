"""Expression distance: blendshape scores of the output against those of the driver.

This is "AED" in the sense of PIRenderer (expression coefficients), not the identity distance of the first order motion
model; here with the 52 blendshape scores of our tracker.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from animato.evaluation.metrics.base import FrameMean, MetricInfo, ScoredFrame, register

SCORES = slice(1, 52)
"""All scores except the first, `_neutral`, which carries no information."""


@register(
    MetricInfo("expression", "[0,1]", "lower", "driver", "Mean difference of 51 blendshape scores, output to driver.")
)
class Expression(FrameMean):
    """Mean absolute difference of the scores."""

    def measure(self, scored: ScoredFrame) -> float | None:
        if scored.face is None:
            return None
        difference = scored.face.blendshapes[SCORES] - scored.reference.face.blendshapes[SCORES]
        return float(np.abs(difference).mean())


@register(
    MetricInfo(
        "expression-motion",
        "[0,1]",
        "lower",
        "driver",
        "The same for the change since the first scored frame, independent of the neutral expressions.",
    )
)
class ExpressionMotion(FrameMean):
    """Mean absolute difference of the scores' changes."""

    def __init__(self) -> None:
        super().__init__()
        self._first: NDArray[np.float32] | None = None

    def measure(self, scored: ScoredFrame) -> float | None:
        if scored.face is None:
            return None
        offset = scored.face.blendshapes[SCORES] - scored.reference.face.blendshapes[SCORES]
        if self._first is None:
            self._first = offset.copy()
            return None
        return float(np.abs(offset - self._first).mean())
