"""Match small patches between two images (KLT), and regularise the displacements."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class PatchSearch:
    """Parameters of patch matching (Lucas, Kanade 1981; Bouguet 2000).

    Attributes:
        window: side of a patch, pixels.
        max_iterations: of the search.
        max_displacement: from the initial position, pixels; larger ones are mismatches.
        half_weight_difference: mean patch difference, grey levels, with weight one half.
        zero_prior: weight of the prior on zero displacement, in patches.
        half_weight_outlier: distance from the neighbours' displacement, pixels, with weight one half.
    """

    window: int
    max_iterations: int
    max_displacement: float
    half_weight_difference: float
    zero_prior: float
    half_weight_outlier: float

    def track(
        self,
        reference: NDArray[np.uint8],
        image: NDArray[np.uint8],
        centres: NDArray[np.float64],
        initial: NDArray[np.float64],
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Return the displacements of patches from their initial positions (N x 2, pixels), and confidences (N).

        Args:
            reference: h x w uint8, the image that the patches are cut from.
            image: h x w uint8, the image to search.
            centres: N x 2, patch centres in the reference, pixels.
            initial: N x 2, initial positions in the image, pixels.
        """
        start = np.ascontiguousarray(initial[:, None], np.float32)
        positions, status, error = cv2.calcOpticalFlowPyrLK(
            reference,
            image,
            np.ascontiguousarray(centres[:, None], np.float32),
            start.copy(),
            winSize=(self.window, self.window),
            maxLevel=0,
            criteria=(cv2.TERM_CRITERIA_EPS | cv2.TERM_CRITERIA_COUNT, self.max_iterations, 0.02),
            flags=cv2.OPTFLOW_USE_INITIAL_FLOW,
        )
        displacement = (positions - start)[:, 0].astype(np.float64)
        # Position and error of a lost patch are undefined.
        tracked = (status[:, 0] > 0) & (np.hypot(displacement[:, 0], displacement[:, 1]) < self.max_displacement)
        weight = np.zeros(len(displacement))
        weight[tracked] = 1.0 / (1.0 + (error[tracked, 0].astype(np.float64) / self.half_weight_difference) ** 4)
        displacement[~tracked] = 0.0
        return displacement, weight

    def smooth(
        self,
        kernel: NDArray[np.float64],
        indices: NDArray[np.int64],
        weight: NDArray[np.float64],
        displacement: NDArray[np.float64],
    ) -> NDArray[np.float64]:
        """Return the displacement of points (M x 2): the weighted mean of the patches, with outliers down-weighted.

        Args:
            kernel: M x N, spatial weight of each patch at every point.
            indices: N, the point at the centre of each patch.
            weight: N, confidence of each patch.
            displacement: N x 2, of each patch, pixels.
        """
        distance = np.linalg.norm(displacement - self._mean(kernel, weight, displacement)[indices], axis=1)
        return self._mean(kernel, weight / (1.0 + (distance / self.half_weight_outlier) ** 2), displacement)

    def _mean(
        self, kernel: NDArray[np.float64], weight: NDArray[np.float64], displacement: NDArray[np.float64]
    ) -> NDArray[np.float64]:
        weights = kernel * weight
        mean: NDArray[np.float64] = weights @ displacement / (weights.sum(axis=1) + self.zero_prior)[:, None]
        return mean
