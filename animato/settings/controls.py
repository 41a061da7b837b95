"""Expression controls: the sliders by which an expression is described.

Left and right are sides of the picture. `motion.controls` turns values into motion.
"""

from __future__ import annotations

import difflib
import numbers
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from animato.errors import UsageError


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
        number = as_number(value)
        if number is None:
            raise UsageError(f"{name} must be a number", where=where)
        if not control.low <= number <= control.high:
            unit = f" {control.unit}" if control.unit else ""
            limits = f"{control.low:g} and {control.high:g}{unit}"
            raise UsageError(f"{name} must lie between {limits}, not {number:g}", where=where)
        checked[name] = number
    return checked


def as_number(value: Any) -> float | None:
    """Return a value as a float; None for anything but a number, and for whole numbers too large for a float."""
    if isinstance(value, bool) or not isinstance(value, numbers.Real):
        return None
    try:
        return float(value)
    except OverflowError:
        return None
