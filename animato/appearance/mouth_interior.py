"""Mouth interior channel: brightness and redness on a grid between the lips.

How it is read and laid on is in `appearance.mouth_levels`. It is kept as it is, not as a change since the neutral
frame: a mouth that is closed there shows nothing to compare with.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from animato.appearance.mouth_grid import INSIDE_SHAPE
from animato.appearance.mouth_levels import read_mouth_interior
from animato.appearance.mouth_migration import FIRST_PLACES, inside_of_first
from animato.appearance.teeth import ToothLight
from animato.motion.channel import Channel, Value
from animato.settings.motion import MotionSettings
from animato.types import Affine, Face, Frame

BRIGHT, NOT_SEEN = 250, 255
"""Stored brightness inside a mouth that means 1, and what is stored where nothing is known."""


@dataclass(frozen=True)
class _Reader:
    light: ToothLight

    def read(self, frame: Frame, face: Face, steady: Face, neutral_from_frame: Affine | None) -> Value | None:  # noqa: ARG002
        return read_mouth_interior(frame, face, self.light)


class MouthInterior(Channel):
    """16 x 28 x 2 float32 in [0, 1], brightness and redness; absent where the lips touch or nobody looked."""

    name = "mouth_interior"
    shape = INSIDE_SHAPE
    range_sigma = 0.1
    portrait_only = True
    smooth_live = False
    array_name, array_kind = "inside", "u"

    def reader(self, frame: Frame, face: Face) -> _Reader | None:
        """Return the reader of an H x W x 3 uint8 frame; None where it is too dark, too noisy or too grey."""
        light = ToothLight.of_driver(frame, face.points)
        return None if light is None else _Reader(light)

    def relative(self, neutral: Value | None, now: Value | None) -> Value | None:  # noqa: ARG002
        """Return 16 x 28 x 2 float32 as it is."""
        return now

    def mix(self, first: Value | None, second: Value | None, weight: float) -> Value | None:
        """Mix what two mouths show inside, 16 x 28 x 2 each; of lips that touch nothing is known."""
        if first is None or second is None:
            return second if first is None else first
        return np.asarray((1.0 - weight) * first + weight * second, np.float32)

    def occluded(self, part: str, current: Value | None, filled: Value | None) -> Value | None:
        """Return the filled 16 x 28 x 2 value while the mouth is occluded."""
        return filled if part == "mouth" else current

    def smooth(
        self, now: Value | None, lags: NDArray[np.float64], near: Sequence[Value], strength: float
    ) -> Value | None:
        """Return 16 x 28 x 2 float32, see `Channel`; where the lips just touched, the neighbours' counts."""
        if not near:
            return None
        shown = np.stack(near).astype(np.float64)
        weights = np.exp(-0.5 * lags**2)
        if now is not None:
            changed = np.sqrt(((shown - now) ** 2).mean(axis=(1, 2, 3)))
            weights *= np.exp(-0.5 * (changed / (self.range_sigma * strength)) ** 2)
        return np.asarray(np.tensordot(weights / weights.sum(), shown, axes=1), np.float32)

    def encode(self, values: Sequence[Value | None]) -> NDArray[np.uint8]:
        """Return N x 16 x 28 x 2 uint8, brightness and redness in 250ths; 255 everywhere where nothing is known."""
        absent = np.full(self.shape, NOT_SEEN, np.uint8)
        levels = [absent if value is None else np.rint(value * BRIGHT).clip(0, BRIGHT) for value in values]
        return np.stack(levels).astype(np.uint8)

    def decode(self, array: NDArray[Any], step: float) -> list[Value | None]:  # noqa: ARG002
        """Return N values, 16 x 28 x 2 float32 each, from N x 16 x 28 x 2 uint8."""
        return [
            None if (levels > BRIGHT).any() else np.asarray(levels.astype(np.float32) / BRIGHT, np.float32)
            for levels in array
        ]

    def migrate(self, array: NDArray[Any]) -> NDArray[Any]:
        """Return version 1's N x 5 x 6 places, brightness only, as they are stored now."""
        first = array.shape[1:] == FIRST_PLACES and array.dtype == np.uint8
        return inside_of_first(array, BRIGHT) if first else array

    def scaled(self, value: Value, settings: MotionSettings, pose_scale: float) -> Value | None:  # noqa: ARG002
        """Return 16 x 28 x 2 float32 as it is, or None where it is off."""
        return value if settings.mouth_interior else None
