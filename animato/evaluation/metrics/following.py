"""Does the output open its mouth and close its eyes when the driver does? Correlation over the clip."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from animato.evaluation.metrics.base import Metric, MetricInfo, ScoredFrame, register
from animato.geometry.apertures import face_apertures
from animato.types import Points

MIN_MOTION = 0.01
"""Where the driver's own gap (over the width of mouth or eye) varies less than this, following it cannot be scored."""

MIN_FRAMES = 5


def jaw_opening(points: Points) -> float:
    """Return the mean gap of the inner lips over the mouth's width, with the head turned to the front.

    Args:
        points: 478 x 3 float32, pixels.
    """
    return float(face_apertures(points)[2])


def eye_opening(points: Points) -> float:
    """Return the mean gap of the lids over the eyes' width, with the head turned to the front.

    Args:
        points: 478 x 3 float32, pixels.
    """
    return float(face_apertures(points)[:2].mean())


class Correlation:
    """Pearson correlation of a signal of the output with the same signal of the driver; a still output counts as 0.

    Args:
        signal: landmarks to a number.
        min_motion: smallest standard deviation of the driver's signal.
    """

    def __init__(self, signal: Callable[[Points], float], min_motion: float = MIN_MOTION) -> None:
        self._signal, self._min_motion = signal, min_motion
        self._pairs: list[tuple[float, float]] = []

    def add(self, scored: ScoredFrame) -> None:
        """Take one frame; one without a face is left out."""
        if scored.face is not None:
            self._pairs.append((self._signal(scored.face.points), self._signal(scored.reference.face.points)))

    def value(self) -> float | None:
        """Return the correlation in [-1, 1], or None where the driver hardly moves."""
        if len(self._pairs) < MIN_FRAMES:
            return None
        output, driver = np.array(self._pairs).T
        if driver.std() < self._min_motion:
            return None
        return 0.0 if output.std() < 1e-9 else float(np.corrcoef(output, driver)[0, 1])


@register(
    MetricInfo(
        "jaw-follow", "", "higher", "driver", "Correlation of the mouth's opening with the driver's over the clip."
    )
)
def _jaw() -> Metric:
    return Correlation(jaw_opening)


@register(
    MetricInfo(
        "lids-follow", "", "higher", "driver", "Correlation of the eyes' opening with the driver's over the clip."
    )
)
def _lids() -> Metric:
    return Correlation(eye_opening)
