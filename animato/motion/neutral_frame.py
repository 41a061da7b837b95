"""Select the neutral frame of a driver: relaxed, frontal, with typical gaze, lids and brows."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from animato.geometry.apertures import MOUTH_CLOSED, apertures
from animato.geometry.landmarks import BROW_LEFT, BROW_RIGHT, EYE_LEFT, EYE_RIGHT, IRIS_LEFT, IRIS_RIGHT
from animato.motion.motion_frame import Factored, neutral_cost

GAZE = 0.07
"""Difference from the usual gaze, in widths of the eye (5 to 6 degrees), that counts as much as 20 degrees of turn."""
LIDS = 0.1
"""Difference from the usual opening of the eyes (gap over width) that counts as much."""
BROWS = 0.5
"""Difference from the usual height of the brows, canonical centimetres, that counts as much."""
MOUTH = 0.07
"""Opening of the mouth (gap over width) beyond closed lips that counts as much."""


def habits(frame: Factored) -> NDArray[np.float64]:
    """Return what is compared with the usual: gaze (x, y), lids and brows, in units that each count 1."""
    local = frame.local
    gaze = []
    for iris, ring in ((IRIS_LEFT, EYE_LEFT), (IRIS_RIGHT, EYE_RIGHT)):
        inner, outer = local[ring[0], :2], local[ring[8], :2]
        gaze.append((local[iris[0], :2] - (inner + outer) / 2) / max(float(np.linalg.norm(inner - outer)), 1e-6))
    lids = float(apertures(local)[:2].mean())
    brows = float(local[[*EYE_LEFT, *EYE_RIGHT], 1].mean() - local[[*BROW_LEFT, *BROW_RIGHT], 1].mean())
    return np.array([*(np.mean(gaze, axis=0) / GAZE), lids / LIDS, brows / BROWS])


def panel_costs(frames: Sequence[Factored]) -> NDArray[np.float64]:
    """Return how ill suited each of a driver's frames is as the neutral one, compared with all of them: N float64.

    To what `motion.motion_frame.neutral_cost` counts, gaze, lids and brows are added by their difference from the
    medians of these frames: a person reading beside the camera looks there in the neutral frame, too, and a moment in
    which they look elsewhere would turn their gaze away for the whole clip.
    """
    measured = np.stack([habits(frame) for frame in frames])
    away = np.abs(measured - np.median(measured, axis=0))
    unusual = np.hypot(away[:, 0], away[:, 1]) + away[:, 2] + away[:, 3]
    opened = np.array([max(0.0, apertures(frame.local)[2] - MOUTH_CLOSED) for frame in frames]) / MOUTH
    return np.asarray(np.array([neutral_cost(frame) for frame in frames]) + unusual + opened)
