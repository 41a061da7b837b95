"""Performer: what the head does now, from the newest motion, the controls, and an idle motion of its own.

Without a face in the picture, without a camera, and while it is hidden, the head rests, breathes and blinks. All
changes are eased, so no frame jumps and none is missing.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from animato.geometry.landmarks import MESH_POINTS, POINTS
from animato.geometry.mesh import mirror_partners
from animato.geometry.smoothstep import smoothstep
from animato.live.protocols import LiveMotion
from animato.motion.channel import ChannelValues
from animato.motion.controls import neutral_measures
from animato.motion.dropouts import EASE_SECONDS, HOLD_SECONDS, RESUME_SECONDS, mix, rest_frame
from animato.motion.idle import idle_frame, with_controls
from animato.motion.motion_frame import MotionFrame, Neutral

EXPRESSIONS: Mapping[str, Mapping[str, float]] = {
    "smile": {"smile": 0.9},
    "surprise": {"brows": 0.9, "jaw_open": 0.35},
    "frown": {"brows": -0.8, "smile": -0.3},
    "pout": {"pout": 0.8},
    "wink": {"wink_left": 1.0, "smile": 0.3},
}
"""Expressions for hot keys: controls that are added to the motion, in the order of the keys 1 to 5."""

EXPRESSION_SECONDS = 0.25
"""Seconds in which an expression comes and goes, as long as a face is blended back (`motion.dropouts`)."""

GAP_SECONDS = 0.15
"""Seconds without a face after which motion is blended back: a few frames at the rate of a slow camera."""


@dataclass
class Performance:
    """Switches of the performer; each may be changed between frames.

    Attributes:
        mirror: swap left and right.
        freeze: hold the motion.
        hide: rest, breathe and blink instead of following the face.
        expression: key of `EXPRESSIONS`, or None.
        controls: expression controls that are added at once (`motion.controls`), such as those of sliders.
    """

    mirror: bool = False
    freeze: bool = False
    hide: bool = False
    expression: str | None = None
    controls: Mapping[str, float] = field(default_factory=dict)


class Performer:
    """Turns the newest motion into what is rendered.

    Args:
        neutral: measures of motion before the source has any.

    Attributes:
        switches: may be changed between frames.
    """

    def __init__(self, neutral: Neutral | None = None) -> None:
        self.switches = Performance()
        self._neutral = neutral or neutral_measures()
        self._last = rest_frame(self._neutral)
        self._seen: float | None = None
        self._before, self._resumed_at = self._last, -math.inf
        self._resting, self._lost = 1.0, False
        self._frozen: MotionFrame | None = None
        self._weights = dict.fromkeys(EXPRESSIONS, 0.0)
        self._time: float | None = None

    def __call__(self, arrived: LiveMotion | None, now: float) -> LiveMotion:
        """Return the motion of the next frame.

        Args:
            arrived: newest motion, or None if none arrived since the last call.
            now: seconds, increasing from call to call.
        """
        step = 0.0 if self._time is None else max(0.0, now - self._time)
        self._time = now
        if arrived is not None and arrived.neutral is not self._neutral:
            self._neutral, self._before, self._resumed_at = arrived.neutral, self._last, now
        followed = self._followed(arrived, now, step)
        if self.switches.freeze:
            self._frozen = self._frozen or followed
            followed = self._frozen
        else:
            self._frozen = None
        shown = replace(followed, time=now)
        shown = self._with_expressions(mirrored(shown) if self.switches.mirror else shown, step)
        return LiveMotion(shown, self._neutral, now if arrived is None else arrived.captured)

    @property
    def is_following(self) -> bool:
        """Whether the head only follows the source, so that nothing moves until more motion arrives."""
        moving = any(weight != float(name == self.switches.expression) for name, weight in self._weights.items())
        return self._resting == 0.0 and not self.switches.hide and not moving

    def _followed(self, arrived: LiveMotion | None, now: float, step: float) -> MotionFrame:
        """Return the tracked motion, eased to the idle motion and back."""
        if arrived is not None and arrived.motion.tracked:
            if self._lost:
                self._lost, self._resumed_at, self._before = False, now, self._last
            blended = smoothstep(now - self._resumed_at, 0.0, RESUME_SECONDS)
            self._seen, self._last = now, mix(self._before, arrived.motion, blended) if blended < 1 else arrived.motion
        elif self._seen is not None and now - self._seen > GAP_SECONDS:
            self._lost = True
        missing = self.switches.hide or self._seen is None or now - self._seen > HOLD_SECONDS
        wanted, seconds = (1.0, EASE_SECONDS) if missing else (0.0, RESUME_SECONDS)
        change = step / seconds
        self._resting += max(-change, min(change, wanted - self._resting))
        if self._resting == 0.0:
            return self._last
        return mix(self._last, idle_frame(self._neutral, now), smoothstep(self._resting, 0.0, 1.0))

    def _with_expressions(self, frame: MotionFrame, step: float) -> MotionFrame:
        for name, weight in self._weights.items():
            wanted = float(name == self.switches.expression)
            change = step / EXPRESSION_SECONDS
            self._weights[name] = weight = weight + max(-change, min(change, wanted - weight))
            if weight > 0:
                share = smoothstep(weight, 0.0, 1.0)
                values = {control: value * share for control, value in EXPRESSIONS[name].items()}
                frame = with_controls(frame, values)
        controls = self.switches.controls
        return with_controls(frame, controls) if controls else frame


def mirrored(frame: MotionFrame) -> MotionFrame:
    """Return a motion frame with left and right swapped, without channels: they belong to the driver's pixels."""
    flip = np.diag([-1.0, 1.0, 1.0])
    return replace(
        frame,
        rotation=flip @ frame.rotation @ flip,
        translation=frame.translation * (-1.0, 1.0),
        expression=(frame.expression[_partners()] * np.array([-1, 1, 1])).astype(np.float32),
        apertures=frame.apertures[[1, 0, 2]],
        channels=ChannelValues(),
    )


@functools.cache
def _partners() -> NDArray[np.int64]:
    """Return 478 indices: the corresponding landmark on the other side; iris points by position on their circle."""
    mesh = mirror_partners(0)[:MESH_POINTS]
    left, right = range(MESH_POINTS, MESH_POINTS + 5), range(MESH_POINTS + 5, POINTS)
    order = (0, 3, 2, 1, 4)  # centre, then right, top, left, bottom
    return np.array([*mesh, *(right[i] for i in order), *(left[i] for i in order)])
