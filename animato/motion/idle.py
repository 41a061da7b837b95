"""Idle motion: a head at rest breathes, sways slightly and blinks; and controls added to any motion."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from animato.geometry.smoothstep import smoothstep
from animato.motion.controls import motion_of, neutral_measures
from animato.motion.dropouts import rest_frame
from animato.motion.motion_frame import MotionFrame, Neutral

BREATHS, BREATH_PITCH, SWAY_YAW = 14 / 60, 0.4, 0.6
"""Breaths a second (12 to 20 a minute in adults at rest), and degrees by which the head nods and sways with them."""

BLINK_EVERY, BLINK_SECONDS = 3.7, 0.3
"""Seconds from blink to blink (about 17 a minute at rest: Bentivoglio et al. 1997) and of one blink, from open to
open."""


def with_controls(frame: MotionFrame, values: Mapping[str, float]) -> MotionFrame:
    """Return a motion frame with expression controls added.

    Args:
        frame: relative to any neutral measures.
        values: see `motion.controls`.
    """
    added, own = motion_of(values), neutral_measures()
    apertures = frame.apertures * np.append(added.apertures[:2] / own.apertures[:2], 1.0)
    apertures[2] += added.apertures[2] - own.apertures[2]
    return replace(
        frame,
        rotation=added.rotation @ frame.rotation,
        translation=frame.translation + added.translation,
        expression=frame.expression + added.expression,
        apertures=np.maximum(apertures, 0.0),
    )


def idle_frame(neutral: Neutral, time: float) -> MotionFrame:
    """Return the idle motion at a time: rest, with breaths, a slight sway and blinks.

    Args:
        neutral: measures that it is relative to.
        time: seconds.
    """
    return replace(with_controls(rest_frame(neutral, time), idle_controls(time)), time=time, tracked=False)


def idle_controls(time: float) -> dict[str, float]:
    """Return the controls (`motion.controls`) of the idle motion at a time in seconds: pitch, yaw and blink."""
    breath = math.sin(2 * math.pi * BREATHS * time)
    # The sway has no simple ratio to the breath, so that the motion does not visibly repeat.
    sway = math.sin(2 * math.pi * BREATHS * time / math.sqrt(5))
    return {"pitch": BREATH_PITCH * breath, "yaw": SWAY_YAW * sway, "blink": _blink(time)}


def _blink(time: float) -> float:
    """Return how far the eyes are closed, 0 to 1. Intervals vary by a third; lids close in 0.1 s, and rest 0.05 s."""
    number = math.floor(time / BLINK_EVERY)
    begins = number * BLINK_EVERY + (number * 0.618 % 1.0) * BLINK_EVERY / 3
    elapsed = (time - begins) / BLINK_SECONDS
    if not 0 <= elapsed <= 1:
        return 0.0
    return min(smoothstep(elapsed, 0.0, 1 / 3), 1.0 - smoothstep(elapsed, 1 / 2, 1.0))
