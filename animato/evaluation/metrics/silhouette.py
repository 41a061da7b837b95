"""Overlap of the rendered head's silhouette with the true one."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from animato.evaluation.metrics.base import FrameMean, MetricInfo, ScoredFrame, register


def silhouette_iou(drawn: NDArray[np.bool_], truth: NDArray[np.bool_]) -> float:
    """Return the intersection over union of two masks, in [0, 1]; 1 if both are empty.

    Args:
        drawn: H x W bool.
        truth: the same shape.
    """
    either = np.count_nonzero(drawn | truth)
    return np.count_nonzero(drawn & truth) / either if either else 1.0


@register(MetricInfo("silhouette", "IoU", "higher", "truth", "Overlap of the head's silhouette with the true one."))
class Silhouette(FrameMean):
    """Silhouette IoU of the rendered head, where its mask and the true labels are known."""

    def measure(self, scored: ScoredFrame) -> float | None:
        """Return the IoU of one frame, or None where either mask is not known."""
        truth = scored.reference.labelled_region("head")
        return None if scored.head is None or truth is None else silhouette_iou(scored.head, truth)
