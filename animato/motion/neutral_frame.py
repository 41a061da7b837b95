"""Select the neutral frame of a driver: relaxed, frontal, with typical gaze, lids and brows."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from animato.geometry.apertures import MOUTH_CLOSED, apertures
from animato.geometry.landmarks import BROW_LEFT, BROW_RIGHT, EYE_LEFT, EYE_RIGHT, IRIS_LEFT, IRIS_RIGHT
from animato.motion.motion_frame import Factored, neutral_cost

GAZE_UNIT = 0.07
"""Deviation from the median gaze that costs as much as 20 degrees of rotation, eye widths (5 to 6 degrees)."""
LID_UNIT = 0.1
"""The same for the aperture of the eyes (height over width)."""
BROW_UNIT = 0.5
"""The same for the height of the brows, canonical centimetres."""
MOUTH_UNIT = 0.07
"""The same for the aperture of the mouth beyond closed lips (height over width)."""


def normalised_features(frame: Factored) -> NDArray[np.float64]:
    """Return gaze (x, y), eye aperture and brow height, each divided by its unit: 4 float64."""
    local = frame.local
    gaze = []
    for iris, ring in ((IRIS_LEFT, EYE_LEFT), (IRIS_RIGHT, EYE_RIGHT)):
        inner, outer = local[ring[0], :2], local[ring[8], :2]
        gaze.append((local[iris[0], :2] - (inner + outer) / 2) / max(float(np.linalg.norm(inner - outer)), 1e-6))
    lids = float(apertures(local)[:2].mean())
    brows = float(local[[*EYE_LEFT, *EYE_RIGHT], 1].mean() - local[[*BROW_LEFT, *BROW_RIGHT], 1].mean())
    return np.array([*(np.mean(gaze, axis=0) / GAZE_UNIT), lids / LID_UNIT, brows / BROW_UNIT])


def neutral_costs(frames: Sequence[Factored]) -> NDArray[np.float64]:
    """Return the cost of each of a driver's frames as neutral frame, N float64.

    `motion.motion_frame.neutral_cost`, plus the deviation of gaze, lids and brows from the medians of these frames: a
    person who reads beside the camera keeps that gaze in the neutral frame, and a momentary glance, which would offset
    the gaze of the whole clip, is not chosen.
    """
    features = np.stack([normalised_features(frame) for frame in frames])
    deviation = np.abs(features - np.median(features, axis=0))
    unusual = np.hypot(deviation[:, 0], deviation[:, 1]) + deviation[:, 2] + deviation[:, 3]
    open_mouth = np.array([max(0.0, apertures(frame.local)[2] - MOUTH_CLOSED) for frame in frames]) / MOUTH_UNIT
    return np.asarray(np.array([neutral_cost(frame) for frame in frames]) + unusual + open_mouth)
