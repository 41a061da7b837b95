"""Control values of a tracked face: the expression of a picture.

A single picture does not tell expression and shape of a face apart, so expression is read from the tracker's scores,
and head and gaze from the landmarks.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from animato.geometry.apertures import apertures
from animato.geometry.landmarks import BLENDSHAPES
from animato.motion.controls import basis, motion_of
from animato.motion.motion_frame import factor
from animato.motion.photo_expression import EYEBALL_RADIUS, averted, own_expression
from animato.settings.controls import BY_NAME
from animato.types import Face

SCORES = {
    "smile": ("mouthSmileLeft", "mouthSmileRight"),
    "pout": ("mouthPucker",),
    "brows": ("browInnerUp", "browOuterUpLeft", "browOuterUpRight"),
    "brows_down": ("browDownLeft", "browDownRight"),
    "blink": ("eyeBlinkLeft", "eyeBlinkRight"),
    "jaw_open": ("jawOpen",),
}
"""Scores of each fitted field (`scripts/fit_controls.py`)."""
SMALLEST = 0.05
"""Share of a control's range below which it counts as resting: the scores of neutral faces vary by as much."""
WINK = 0.4
"""Difference between the closing of the eyes from which it is a wink; smaller ones are noise of the scores."""


def controls_of_face(face: Face) -> dict[str, float]:
    """Return the control values that come nearest to a face; those that rest are left out.

    Args:
        face: tracked in a picture.
    """
    factored = factor(face, 0.0)
    values = dict(zip(("yaw", "pitch", "roll"), factored.pose.degrees(), strict=True))
    gaze = averted(own_expression(factored.local, factored.pose, face.blendshapes).gaze)
    for name, offset in zip(("gaze_x", "gaze_y"), gaze, strict=True):
        values[name] = math.degrees(math.asin(float(np.clip(offset / EYEBALL_RADIUS, -1.0, 1.0))))
    shares = _shares(face.blendshapes)
    values |= {name: shares[name] for name in ("smile", "pout")}
    values["brows"] = shares["brows"] - shares["brows_down"]
    gap = apertures(factored.local)[2] / motion_of({"jaw_open": 1.0}).apertures[2]
    values["jaw_open"] = float(gap)
    # Scores name the person's own sides; controls those of the picture.
    right, left = (_share(face.blendshapes, (name,)) for name in SCORES["blink"])
    values["blink"] = (left + right) / 2 if abs(left - right) < WINK else min(left, right)
    if abs(left - right) >= WINK:
        values["wink_left" if left > right else "wink_right"] = abs(left - right)
    return _tidy(values)


def _shares(scores: NDArray[np.float32]) -> dict[str, float]:
    return {name: _share(scores, names) for name, names in SCORES.items()}


def _share(scores: NDArray[np.float32], names: tuple[str, ...]) -> float:
    """Return where the mean of scores lies between those of a neutral face and those of a full control."""
    rows = [BLENDSHAPES.index(name) for name in names]
    rest, full = basis().score_rest[rows].mean(), basis().score_full[rows].mean()
    return float(np.clip((scores[rows].mean() - rest) / (full - rest), 0.0, 1.0))


def _tidy(values: dict[str, float]) -> dict[str, float]:
    clipped = {name: min(max(value, BY_NAME[name].low), BY_NAME[name].high) for name, value in values.items()}
    moved = {name: value for name, value in clipped.items() if abs(value) >= SMALLEST * BY_NAME[name].high}
    return {name: round(value, 3) for name, value in moved.items()}
