"""An expression added to every frame of a motion."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from animato.errors import UsageError
from animato.motion.controls import motion_of, neutral_measures
from animato.motion.motion_frame import MotionFrame
from animato.settings.controls import NEUTRALISE, check_controls


def offset_motion(values: Mapping[str, Any]) -> MotionFrame:
    """Return the motion frame of controls that serve as an offset.

    Raises:
        UsageError: a value that is not allowed, or `neutralise`, which is a setting of its own.
    """
    given = check_controls(values, "offset")
    if NEUTRALISE in given:
        raise UsageError("neutralise cannot be an offset", where="offset", hint="`neutralise`, a setting of its own")
    return motion_of(given)


def with_offset(frame: MotionFrame, offset: MotionFrame) -> MotionFrame:
    """Return a motion frame with an offset added.

    Eyes keep the driver's blinks, in proportion to how far the offset leaves them open; lips that the offset does not
    part still touch when the driver's do.

    Args:
        frame: of the driver.
        offset: from `offset_motion`.
    """
    rest = neutral_measures().apertures
    opening = frame.apertures.copy()
    opening[:2] *= offset.apertures[:2] / rest[:2]
    opening[2] += offset.apertures[2]
    return replace(
        frame,
        rotation=offset.rotation @ frame.rotation,
        translation=frame.translation + offset.translation,
        expression=np.asarray(frame.expression + offset.expression, np.float32),
        apertures=opening,
    )
