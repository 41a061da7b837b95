"""Correlation of the mouth and eye opening of the output with those of the driver, over a clip."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from animato.evaluation.metrics.base import Metric, MetricInfo, ScoredFrame, register
from animato.geometry.apertures import face_apertures
from animato.types import Points

MIN_MOTION = 0.01
"""Standard deviation of the driver's aperture (relative to its width) below which the correlation is undefined."""

MIN_FRAMES = 5


def jaw_opening(points: Points) -> float:
    """Compute the mean gap of the inner lips relative to the mouth width, in the frontal pose.

    Args:
        points: 478 x 3 float32, pixels.
    """
    return float(face_apertures(points)[2])


def eye_opening(points: Points) -> float:
    """Compute the mean gap of the eyelids relative to the eye width, in the frontal pose.

    Args:
        points: 478 x 3 float32, pixels.
    """
    return float(face_apertures(points)[:2].mean())


class Correlation:
    """Pearson correlation of a signal of the output with that of the driver; 0 for a constant output.

    Args:
        signal: function from landmarks to a scalar.
        min_motion: smallest standard deviation of the driver's signal.
    """

    def __init__(self, signal: Callable[[Points], float], min_motion: float = MIN_MOTION) -> None:
        self._signal, self._min_motion = signal, min_motion
        self._pairs: list[tuple[float, float]] = []

    def add(self, scored: ScoredFrame) -> None:
        """Add one frame; a frame without a face is skipped."""
        if scored.face is not None:
            self._pairs.append((self._signal(scored.face.points), self._signal(scored.reference.face.points)))

    def value(self) -> float | None:
        """Return the correlation in [-1, 1], or None if the driver's motion is below `min_motion`."""
        if len(self._pairs) < MIN_FRAMES:
            return None
        output, driver = np.array(self._pairs).T
        if driver.std() < self._min_motion:
            return None
        return 0.0 if output.std() < 1e-9 else float(np.corrcoef(output, driver)[0, 1])


@register(
    MetricInfo(
        "jaw-follow", "", "higher", "driver", "Correlation of the mouth aperture with the driver's over the clip."
    )
)
def _jaw() -> Metric:
    return Correlation(jaw_opening)


@register(
    MetricInfo(
        "lids-follow", "", "higher", "driver", "Correlation of the eye aperture with the driver's over the clip."
    )
)
def _lids() -> Metric:
    return Correlation(eye_opening)
