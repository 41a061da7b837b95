"""Share of output frames without a detectable face."""

from __future__ import annotations

from animato.evaluation.metrics.base import FrameMean, MetricInfo, ScoredFrame, register


@register(
    MetricInfo(
        "failures", "%", "lower", "driver", "Share of the frames in which no face was found in the output.", digits=1
    )
)
class Failures(FrameMean):
    """100 for a frame without a face, else 0."""

    def measure(self, scored: ScoredFrame) -> float | None:
        return 0.0 if scored.face is not None else 100.0
