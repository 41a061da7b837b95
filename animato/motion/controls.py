"""The motion frame that values of the expression controls (`settings.controls`) describe.

The displacements of the landmarks are fitted to tracked faces (`scripts/fit_controls.py`). Controls add up; where
several open, widen or narrow the mouth, their sum goes no further than one of them alone.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from animato.errors import MissingPartError
from animato.geometry.apertures import EYE_CLOSED, EYE_OPEN, apertures, eye_widths, mouth_width
from animato.geometry.landmarks import MESH_POINTS, canonical_face
from animato.geometry.smoothstep import smoothstep
from animato.motion.motion_frame import MotionFrame, Neutral
from animato.motion.neck_limits import PIVOT
from animato.motion.photo_expression import EYEBALL_RADIUS
from animato.settings.controls import BY_NAME, CONTROLS, check_controls

__all__ = ["CONTROLS", "MOUTH", "Basis", "basis", "check_controls", "motion_of", "neutral_measures"]

ASSET = Path(__file__).resolve().parents[1] / "assets" / "controls.npz"

MIDLINE = 0.5
"""Half-width of the transition between the sides of the face for a wink, canonical centimetres: the bridge of the
nose."""


MOUTH = ("jaw_open", "smile", "pout", "aa", "ee", "oo")
"""Controls whose sum is limited."""


@dataclass(frozen=True)
class Basis:
    """The fitted fields.

    Attributes:
        neutral: 478 x 3 float64, mean face with lips together, canonical centimetres.
        score_rest: 52 float64, scores of a neutral face.
        score_full: 52 float64, scores at which controls are full.
        fields: name to 478 x 3 float64, displacement at 1 (gaze: per eye width), canonical centimetres.
    """

    neutral: NDArray[np.float64]
    score_rest: NDArray[np.float64]
    score_full: NDArray[np.float64]
    fields: Mapping[str, NDArray[np.float64]]


def neutral_measures() -> Neutral:
    """Return the neutral measures to which the motion frames of `motion_of` are relative."""
    local = basis().neutral
    return Neutral(np.eye(3), apertures(local), eye_widths(local), mouth_width(local))


def motion_of(values: Mapping[str, Any], time: float = 0.0) -> MotionFrame:
    """Return the motion frame that control values describe, relative to `neutral_measures`.

    `neutralise` has no effect here; it is a setting of the render.

    Args:
        values: name to value, see `settings.controls`; absent controls rest.
        time: of the frame, seconds.

    Raises:
        UsageError: see `check_controls`.
    """
    given = check_controls(values)
    rotation = _rotation(*(math.radians(given.get(name, 0.0)) for name in ("yaw", "pitch", "roll")))
    fitted = basis()
    change, closing = _face_change(given)
    local = fitted.neutral + change
    opening = apertures(local)
    opening[:2] *= _aperture_share(closing, opening[:2])
    return MotionFrame(
        time=time,
        rotation=rotation,
        translation=(PIVOT - rotation @ PIVOT)[:2],  # the head turns on its neck, not about the centre of the face
        scale=1.0,
        expression=(change + _closing_field(closing)).astype(np.float32),
        apertures=np.maximum(opening, 0.0),
        blendshapes=np.zeros(52, np.float32),
    )


def _rotation(yaw: float, pitch: float, roll: float) -> NDArray[np.float64]:
    """Return the rotation whose angles `HeadPose.degrees` gives back, 3 x 3; angles in radians."""
    sine, cosine = np.sin([-yaw, pitch, roll]), np.cos([-yaw, pitch, roll])
    about_y = np.array([[cosine[0], 0, sine[0]], [0, 1, 0], [-sine[0], 0, cosine[0]]])
    about_x = np.array([[1, 0, 0], [0, cosine[1], -sine[1]], [0, sine[1], cosine[1]]])
    about_z = np.array([[cosine[2], -sine[2], 0], [sine[2], cosine[2], 0], [0, 0, 1]])
    return np.asarray(about_y @ about_x @ about_z)


def _face_change(given: Mapping[str, float]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the displacement (478 x 3) of all controls but the closing of the eyes, and that closing (2, 0 to 1)."""
    fitted = basis()
    change = np.zeros_like(fitted.neutral)
    mouth = {name: given.get(name, 0.0) for name in MOUTH}
    share = _mouth_share(mouth)
    for name, value in mouth.items():
        change += fitted.fields[name] * (value * share)
    brows = given.get("brows", 0.0)
    change += fitted.fields["brows" if brows >= 0 else "brows_down"] * abs(brows)
    for name in ("gaze_x", "gaze_y"):
        change += fitted.fields[name] * (EYEBALL_RADIUS * math.sin(math.radians(given.get(name, 0.0))))
    winks = np.array([given.get("wink_left", 0.0), given.get("wink_right", 0.0)])
    return change, np.minimum(given.get("blink", 0.0) + winks, 1.0)


def _mouth_share(values: Mapping[str, float]) -> float:
    """Return the factor on all mouth controls that keeps their sum within what one of them does alone."""
    shapes = _mouth_shapes()
    total = sum((shapes[name] * value for name, value in values.items()), np.zeros(3))
    limits = np.max([shapes[name] * BY_NAME[name].high for name in MOUTH], axis=0)
    excess = np.max(total / np.maximum(limits, 1e-6))
    return 1.0 / max(float(excess), 1.0)


@functools.cache
def _mouth_shapes() -> dict[str, NDArray[np.float64]]:
    """Return how far each mouth control at 1 opens, widens and narrows the mouth, 3 float64, canonical centimetres."""
    fitted = basis()
    width = mouth_width(fitted.neutral)
    shapes = {}
    for name in MOUTH:
        moved = fitted.neutral + fitted.fields[name]
        wider = mouth_width(moved) - width
        shapes[name] = np.array([apertures(moved)[2] * mouth_width(moved), wider, -wider])
    return shapes


def _aperture_share(closing: NDArray[np.float64], opening: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the factors on the open apertures (2) that close the target's eyes by these shares (2, 0 to 1).

    The retargeter closes narrow eyes further, as tracked blinks end above 0; half a blink should still be half.
    """
    grid = np.linspace(0.0, 1.0, 101)
    shares = []
    for share, aperture in zip(closing, opening, strict=True):
        full = smoothstep(float(aperture), EYE_CLOSED, EYE_OPEN)
        seen = grid * smoothstep(aperture * grid, EYE_CLOSED, EYE_OPEN) / max(full, 1e-6)
        shares.append(float(np.interp(1.0 - share, seen, grid)) if share < 1.0 else 0.0)
    return np.array(shares)


def _closing_field(closing: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the displacement (478 x 3) of closing eyes; closing: 2, left and right, 0 to 1."""
    left, right = basis().fields["blink"] * _sides()[:, :, None]
    return np.asarray(left * closing[0] + right * closing[1])


@functools.cache
def _sides() -> NDArray[np.float64]:
    """Return 2 x 478 float64 weights of the left and right side of the face; they sum to 1."""
    x = canonical_face().vertices[:MESH_POINTS, 0]
    right = np.array([smoothstep(float(value), -MIDLINE, MIDLINE) for value in x])
    right = np.concatenate([right, np.zeros(5), np.ones(5)])  # the irises
    return np.stack([1.0 - right, right])


@functools.cache
def basis() -> Basis:
    """Return the fitted fields.

    Raises:
        MissingPartError: the file is missing or damaged.
    """
    try:
        with np.load(ASSET, allow_pickle=False) as arrays:
            fields = {name: arrays[name].astype(np.float64) for name in arrays.files}
        neutral, rest, full = (fields.pop(name) for name in ("neutral", "score_rest", "score_full"))
        return Basis(neutral, rest, full, fields)
    except (OSError, ValueError, KeyError) as error:
        raise MissingPartError(
            "the bundled expression controls are missing or damaged",
            where=ASSET.name,
            hint="pip install --force-reinstall animato",
        ) from error
