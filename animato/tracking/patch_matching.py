"""Match small patches between two pictures, and regularise the displacements."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class PatchSearch:
    """How patches are searched for (Lucas, Kanade 1981, an image registration of small windows; as in Bouguet 2000).

    Attributes:
        window: side of a patch, pixels.
        steps: most steps of the search.
        farthest: a patch found farther than this from where it was expected, pixels, is another patch.
        likeness: mean difference of patches, grey levels, at which one counts half.
        doubt: weight of no movement at all, in found patches.
        odd: pixels from its neighbours' movement at which a patch counts half.
    """

    window: int
    steps: int
    farthest: float
    likeness: float
    doubt: float
    odd: float

    def find(
        self,
        before: NDArray[np.uint8],
        now: NDArray[np.uint8],
        places: NDArray[np.float64],
        expected: NDArray[np.float64],
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Return how far patches lie from where they were expected (N x 2, pixels), and how much each counts (N).

        Args:
            before: h x w uint8, the picture that the patches are of.
            now: h x w uint8, the one they are searched for in.
            places: N x 2, their middles in the first, pixels.
            expected: N x 2, where they should be in the second, pixels.
        """
        there = np.ascontiguousarray(expected[:, None], np.float32)
        found, seen, error = cv2.calcOpticalFlowPyrLK(
            before,
            now,
            np.ascontiguousarray(places[:, None], np.float32),
            there.copy(),
            winSize=(self.window, self.window),
            maxLevel=0,
            criteria=(cv2.TERM_CRITERIA_EPS | cv2.TERM_CRITERIA_COUNT, self.steps, 0.02),
            flags=cv2.OPTFLOW_USE_INITIAL_FLOW,
        )
        moved = (found - there)[:, 0].astype(np.float64)
        # Where nothing was found, neither place nor error means anything.
        usable = (seen[:, 0] > 0) & (np.hypot(moved[:, 0], moved[:, 1]) < self.farthest)
        weight = np.zeros(len(moved))
        weight[usable] = 1.0 / (1.0 + (error[usable, 0].astype(np.float64) / self.likeness) ** 4)
        moved[~usable] = 0.0
        return moved, weight

    def even_out(
        self,
        near: NDArray[np.float64],
        chosen: NDArray[np.int64],
        weight: NDArray[np.float64],
        moved: NDArray[np.float64],
    ) -> NDArray[np.float64]:
        """Return the movement of points, M x 2: the patches', by nearness and trust; odd patches count less.

        Args:
            near: M x N, how near each patch lies to every point.
            chosen: N, which of the points each patch is.
            weight: N, how much each patch counts.
            moved: N x 2, how far each has moved.
        """
        odd = np.linalg.norm(moved - self._mean(near, weight, moved)[chosen], axis=1)
        return self._mean(near, weight / (1.0 + (odd / self.odd) ** 2), moved)

    def _mean(
        self, near: NDArray[np.float64], weight: NDArray[np.float64], moved: NDArray[np.float64]
    ) -> NDArray[np.float64]:
        shares = near * weight
        mean: NDArray[np.float64] = shares @ moved / (shares.sum(axis=1) + self.doubt)[:, None]
        return mean
