"""Average keypoint distance (AKD) between the landmarks of the output and of the true frame.

Source: Siarohin et al. 2019, "First Order Motion Model", section 4 (AKD); differs: 478 mesh points of our own tracker
instead of 68, both images tracked at the size of the crop, in pixels of a 256 px crop.
"""

from __future__ import annotations

import numpy as np

from animato.evaluation.metrics.base import FrameMean, Metric, MetricInfo, ScoredFrame, mean_distance, register
from animato.geometry.landmarks import EYE_LEFT, EYE_RIGHT, IRIS_LEFT, IRIS_RIGHT, LIPS_INNER, LIPS_OUTER, POINTS

ALL = np.arange(POINTS)
LIPS = np.array(LIPS_OUTER + LIPS_INNER)
LIDS = np.array(EYE_LEFT + EYE_RIGHT)
IRISES = np.array(IRIS_LEFT[:1] + IRIS_RIGHT[:1])


class _Akd(FrameMean):
    def __init__(self, points: np.ndarray[tuple[int], np.dtype[np.int64]]) -> None:
        super().__init__()
        self._points = points

    def measure(self, scored: ScoredFrame) -> float | None:
        if scored.face is None:
            return None
        a, b = scored.face.points[self._points], scored.reference.face.points[self._points]
        return mean_distance(a, b) * scored.to_256


@register(MetricInfo("akd", "px at 256", "lower", "truth", "Distance of all 478 landmarks from the true frame's."))
def _akd() -> Metric:
    return _Akd(ALL)


@register(MetricInfo("akd-lips", "px at 256", "lower", "truth", "Distance of the 40 lip landmarks."))
def _akd_lips() -> Metric:
    return _Akd(LIPS)


@register(MetricInfo("akd-lids", "px at 256", "lower", "truth", "Distance of the 32 lid landmarks."))
def _akd_lids() -> Metric:
    return _Akd(LIDS)


@register(MetricInfo("akd-irises", "px at 256", "lower", "truth", "Distance of the two iris centres: the gaze."))
def _akd_irises() -> Metric:
    return _Akd(IRISES)
