"""Frechet distance between the features of the outputs and of the true frames, over all clips.

Heusel et al. 2017, section 3: |m1 - m2|^2 + trace(C1 + C2 - 2 (C1 C2)^(1/2)) of two Gaussians. Differs: pooled features
of EfficientNet-Lite2, not of Inception, so it is not FID. It is biased upward for few images: compare only values with
equal N, which every report states.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from animato.evaluation.metrics.base import MetricInfo, ScoredFrame, register
from animato.evaluation.metrics.perceptual import NET, Features, describe
from animato.evaluation.networks.package import network

MIN_PICTURES = 16

Matrix = NDArray[np.float64]


class Gaussian:
    """Running mean and covariance of vectors."""

    def __init__(self, size: int) -> None:
        self.count = 0
        self._sum = np.zeros(size)
        self._outer = np.zeros((size, size))
        self._shift: Matrix | None = None

    def add(self, vector: NDArray[np.floating]) -> None:
        """Add one vector."""
        values = vector.astype(np.float64)
        if self._shift is None:
            self._shift = values.copy()  # shifting by a value near the mean avoids cancellation in the covariance
        values = values - self._shift
        self.count += 1
        self._sum += values
        self._outer += np.outer(values, values)

    def mean(self) -> Matrix:
        """Return the mean of the vectors."""
        shift = np.zeros_like(self._sum) if self._shift is None else self._shift
        return np.asarray(self._sum / max(self.count, 1) + shift)

    def covariance(self) -> Matrix:
        """Return the unbiased covariance; needs two vectors."""
        mean = self._sum / self.count
        return np.asarray((self._outer - self.count * np.outer(mean, mean)) / (self.count - 1))


def frechet(a: Gaussian, b: Gaussian) -> float:
    """Compute the squared Frechet distance of two Gaussians, clipped to be non-negative.

    trace((C1 C2)^(1/2)) is the sum of the square roots of the eigenvalues of C1^(1/2) C2 C1^(1/2), which is symmetric.

    Args:
        a: at least two vectors.
        b: at least two vectors of the same size.
    """
    first, second = a.covariance(), b.covariance()
    values, vectors = np.linalg.eigh(first)
    root = (vectors * np.sqrt(np.clip(values, 0, None))) @ vectors.T
    cross = np.sqrt(np.clip(np.linalg.eigvalsh(root @ second @ root), 0, None)).sum()
    gap = a.mean() - b.mean()
    return max(0.0, float(gap @ gap + np.trace(first) + np.trace(second) - 2 * cross))


@register(
    MetricInfo(
        "frechet",
        "",
        "lower",
        "truth",
        "Frechet distance of pooled deep features from the true frames' (not FID), over all clips.",
        net=NET,
        sparse=True,
        pooled=True,
        digits=2,
    )
)
class Frechet:
    """Frechet distance over all added frames."""

    def __init__(self) -> None:
        size = network("efficientnet_lite").POOLED
        network("efficientnet_lite").load()
        self._output, self._truth = Gaussian(size), Gaussian(size)

    @property
    def count(self) -> int:
        """Number of images on each side."""
        return self._output.count

    def add(self, scored: ScoredFrame) -> None:
        """Add one frame."""
        picture = scored.reference.picture
        if picture is None:
            return
        output: Features = scored.cached(NET, lambda: describe(scored.output))
        truth: Features = scored.reference.cached(NET, lambda: describe(picture))
        self._output.add(output[1])
        self._truth.add(truth[1])

    def value(self) -> float | None:
        """Return the distance, or None for fewer than 16 pictures."""
        return frechet(self._output, self._truth) if self.count >= MIN_PICTURES else None
