"""Expression controls: named sliders, and the motion frame that their values describe.

The displacements of the landmarks are fitted to tracked faces (`scripts/fit_controls.py`). Controls add up; where
several open, widen or narrow the mouth, their sum goes no further than one of them alone. Left and right are sides of
the picture.
"""

from __future__ import annotations

import difflib
import functools
import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from animato.errors import MissingPartError, UsageError
from animato.geometry.apertures import EYE_CLOSED, EYE_OPEN, apertures, eye_widths, mouth_width
from animato.geometry.landmarks import MESH_POINTS, canonical_face
from animato.geometry.smoothstep import smoothstep
from animato.motion.motion_frame import MotionFrame, Neutral
from animato.motion.neck_limits import PIVOT
from animato.motion.photo_expression import EYEBALL_RADIUS

ASSET = Path(__file__).resolve().parents[1] / "assets" / "controls.npz"

MIDLINE = 0.5
"""Half-width of the transition between the sides of the face for a wink, canonical centimetres: the bridge of the
nose."""


@dataclass(frozen=True)
class Control:
    """One slider.

    Attributes:
        name: in files, options and the API.
        label: for people.
        group: heading under which it is shown: Head, Eyes, Brows, Mouth or Photo.
        low: smallest value.
        high: largest value.
        default: value of rest.
        step: sensible increment.
        unit: "degrees", or "" for a share.
        help: one sentence.
    """

    name: str
    label: str
    group: str
    low: float
    high: float
    help: str
    step: float = 0.01
    default: float = 0.0
    unit: str = ""


CONTROLS = (
    Control("yaw", "Turn", "Head", -30.0, 30.0, "Turns the head; positive is to the right of the picture.", 0.5, 0.0,
            "degrees"),
    Control("pitch", "Nod", "Head", -20.0, 20.0, "Nods; positive is down.", 0.5, 0.0, "degrees"),
    Control("roll", "Tilt", "Head", -25.0, 25.0, "Tilts the head; positive is clockwise.", 0.5, 0.0, "degrees"),
    Control("blink", "Blink", "Eyes", 0.0, 1.0, "Closes both eyes."),
    Control("wink_left", "Wink, left", "Eyes", 0.0, 1.0, "Closes the eye on the left of the picture."),
    Control("wink_right", "Wink, right", "Eyes", 0.0, 1.0, "Closes the eye on the right of the picture."),
    Control("gaze_x", "Look sideways", "Eyes", -25.0, 25.0, "Turns the eyes; positive is to the right of the picture.",
            0.5, 0.0, "degrees"),
    Control("gaze_y", "Look up and down", "Eyes", -15.0, 15.0, "Turns the eyes; positive is down.", 0.5, 0.0,
            "degrees"),
    Control("brows", "Brows", "Brows", -1.0, 1.0, "Raises the brows; negative lowers them."),
    Control("jaw_open", "Open mouth", "Mouth", 0.0, 1.0, "Lowers the jaw."),
    Control("smile", "Smile", "Mouth", -0.5, 1.0, "Widens the mouth and raises its corners; negative lowers them."),
    Control("pout", "Pout", "Mouth", 0.0, 1.0, "Purses the closed lips."),
    Control("aa", "Sound aa", "Mouth", 0.0, 1.0, "The mouth of the vowel in father."),
    Control("ee", "Sound ee", "Mouth", 0.0, 1.0, "The mouth of the vowel in see."),
    Control("oo", "Sound oo", "Mouth", 0.0, 1.0, "The mouth of the vowel in blue."),
    Control("neutralise", "Neutralise", "Photo", 0.0, 1.0, "Removes the photo's own expression first.", 0.01, 0.5),
)  # fmt: skip
"""All controls, in the order in which they are shown."""

NEUTRALISE = "neutralise"
"""The control that is a setting of the render (`settings.motion`) and not part of a motion frame."""

BY_NAME = {control.name: control for control in CONTROLS}
MOUTH = ("jaw_open", "smile", "pout", "aa", "ee", "oo")
"""Controls whose sum is limited."""


@dataclass(frozen=True)
class _Basis:
    """The fitted fields.

    Attributes:
        neutral: 478 x 3 float64, mean face with lips together, canonical centimetres.
        fields: name to 478 x 3 float64, displacement at 1 (gaze: per eye width), canonical centimetres.
    """

    neutral: NDArray[np.float64]
    fields: Mapping[str, NDArray[np.float64]]


def check_controls(values: Mapping[str, Any], where: str = "controls") -> dict[str, float]:
    """Return control values as floats.

    Args:
        values: name to value; absent controls rest.
        where: the file or argument, for messages.

    Raises:
        UsageError: an unknown name, a value that is not a number, or one out of range.
    """
    if not isinstance(values, Mapping):
        raise UsageError("controls must map names to numbers", where=where, hint="{'smile': 0.5}")
    checked = {}
    for name, value in values.items():
        control = BY_NAME.get(name) if isinstance(name, str) else None
        if control is None:
            close = difflib.get_close_matches(str(name), BY_NAME, 1)
            hint = f"did you mean {close[0]}?" if close else ", ".join(BY_NAME)
            raise UsageError(f"no such control: {str(name)[:60]}", where=where, hint=hint)
        if isinstance(value, bool) or not isinstance(value, (int, float, np.integer, np.floating)):
            raise UsageError(f"{name} must be a number", where=where)
        if not math.isfinite(value) or not control.low <= value <= control.high:
            unit = f" {control.unit}" if control.unit else ""
            limits = f"{control.low:g} and {control.high:g}{unit}"
            raise UsageError(f"{name} must lie between {limits}, not {float(value):g}", where=where)
        checked[name] = float(value)
    return checked


def neutral_measures() -> Neutral:
    """Return the neutral measures to which the motion frames of `motion_of` are relative."""
    local = _basis().neutral
    return Neutral(np.eye(3), apertures(local), eye_widths(local), mouth_width(local))


def motion_of(values: Mapping[str, Any], time: float = 0.0) -> MotionFrame:
    """Return the motion frame that control values describe, relative to `neutral_measures`.

    `neutralise` has no effect here; it is a setting of the render.

    Args:
        values: name to value, see `CONTROLS`; absent controls rest.
        time: of the frame, seconds.

    Raises:
        UsageError: see `check_controls`.
    """
    given = check_controls(values)
    rotation = _rotation(*(math.radians(given.get(name, 0.0)) for name in ("yaw", "pitch", "roll")))
    basis = _basis()
    change, closing = _face_change(given, basis)
    local = basis.neutral + change
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


def _face_change(given: Mapping[str, float], basis: _Basis) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the displacement (478 x 3) of all controls but the closing of the eyes, and that closing (2, 0 to 1)."""
    change = np.zeros_like(basis.neutral)
    mouth = {name: given.get(name, 0.0) for name in MOUTH}
    share = _mouth_share(mouth)
    for name, value in mouth.items():
        change += basis.fields[name] * (value * share)
    brows = given.get("brows", 0.0)
    change += basis.fields["brows" if brows >= 0 else "brows_down"] * abs(brows)
    for name in ("gaze_x", "gaze_y"):
        change += basis.fields[name] * (EYEBALL_RADIUS * math.sin(math.radians(given.get(name, 0.0))))
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
    basis = _basis()
    width = mouth_width(basis.neutral)
    shapes = {}
    for name in MOUTH:
        moved = basis.neutral + basis.fields[name]
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
        seen = [value * smoothstep(float(aperture * value), EYE_CLOSED, EYE_OPEN) / max(full, 1e-6) for value in grid]
        shares.append(float(np.interp(1.0 - share, seen, grid)) if share < 1.0 else 0.0)
    return np.array(shares)


def _closing_field(closing: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the displacement (478 x 3) of closing eyes; closing: 2, left and right, 0 to 1."""
    left, right = _basis().fields["blink"] * _sides()[:, :, None]
    return np.asarray(left * closing[0] + right * closing[1])


@functools.cache
def _sides() -> NDArray[np.float64]:
    """Return 2 x 478 float64 weights of the left and right side of the face; they sum to 1."""
    x = canonical_face().vertices[:MESH_POINTS, 0]
    right = np.array([smoothstep(float(value), -MIDLINE, MIDLINE) for value in x])
    right = np.concatenate([right, np.zeros(5), np.ones(5)])  # the irises
    return np.stack([1.0 - right, right])


@functools.cache
def _basis() -> _Basis:
    try:
        with np.load(ASSET, allow_pickle=False) as arrays:
            fields = {name: arrays[name].astype(np.float64) for name in arrays.files}
        return _Basis(fields.pop("neutral"), fields)
    except (OSError, ValueError, KeyError) as error:
        raise MissingPartError(
            "the bundled expression controls are missing or damaged",
            where=ASSET.name,
            hint="pip install --force-reinstall animato",
        ) from error
