"""Temporal jitter: mean absolute second difference of the landmarks over three consecutive frames."""

from __future__ import annotations

from animato.evaluation.metrics.base import Metric, MetricInfo, ScoredFrame, register
from animato.motion.jitter import JitterMeter
from animato.types import Points

MIN_DRIVER_JITTER = 1e-3
"""Jitter of the driver in pixels at 256 below which a ratio is undefined."""


class _Run:
    """Jitter of one sequence with missing frames; differences do not span gaps."""

    def __init__(self) -> None:
        self._meter: JitterMeter | None = None
        self._last = -2

    def add(self, index: int, points: Points | None, pixels_per_256: float) -> None:
        if self._meter is None:
            self._meter = JitterMeter(pixels_per_256)
        if points is None or index != self._last + 1:
            self._meter.interrupt()
        if points is not None:
            self._meter.add(points)
            self._last = index

    def value(self) -> float | None:
        return None if self._meter is None else self._meter.value


class Jitter:
    """Jitter of the output, or its ratio to the driver's over the same frames.

    Args:
        ratio: whether the value is the ratio.
    """

    def __init__(self, ratio: bool) -> None:
        self._ratio = ratio
        self._output, self._driver = _Run(), _Run()

    def add(self, scored: ScoredFrame) -> None:
        """Add one frame; a frame without a face interrupts both sequences."""
        face, reference = scored.face, scored.reference
        pixels_per_256 = reference.size / 256.0
        self._output.add(reference.index, None if face is None else face.points, pixels_per_256)
        self._driver.add(reference.index, None if face is None else reference.face.points, pixels_per_256)

    def value(self) -> float | None:
        """Return the value, or None without three consecutive frames or, for the ratio, with a still driver."""
        output, driver = self._output.value(), self._driver.value()
        if not self._ratio:
            return output
        return None if output is None or driver is None or driver < MIN_DRIVER_JITTER else output / driver


@register(
    MetricInfo(
        "jitter", "px at 256", "lower", "driver", "Mean absolute second difference of the output's landmarks over time."
    )
)
def _jitter() -> Metric:
    return Jitter(ratio=False)


@register(
    MetricInfo(
        "jitter-ratio",
        "x driver",
        "one",
        "driver",
        "Jitter of the output divided by the driver's: above 1 it is less stable, far below 1 it does not follow.",
        digits=2,
    )
)
def _jitter_ratio() -> Metric:
    return Jitter(ratio=True)
