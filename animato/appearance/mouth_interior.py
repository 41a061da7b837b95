"""Mouth interior channel: brightness and redness on a grid between the lips.

Measurement and rendering are in `appearance.mouth_levels`. Values are absolute, not relative to the neutral frame, in
which the mouth is usually closed.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from animato.appearance.mouth_grid import MOUTH_INTERIOR_SHAPE
from animato.appearance.mouth_levels import measure_mouth_interior
from animato.appearance.mouth_migration import VERSION_1_GRID, migrate_version_1
from animato.appearance.teeth import ToothLight
from animato.motion.channel import Channel, Value
from animato.settings.motion import MotionSettings
from animato.types import Affine, Face, Frame

LEVELS, ABSENT = 250, 255
"""Stored value of 1, and stored value of absent cells."""


@dataclass(frozen=True)
class _Reader:
    light: ToothLight

    def read(self, frame: Frame, face: Face, stabilized: Face, neutral_from_frame: Affine | None) -> Value | None:  # noqa: ARG002
        return measure_mouth_interior(frame, face, self.light)


class MouthInterior(Channel):
    """16 x 28 x 2 float32 in [0, 1], brightness and redness; absent where the lips touch or it was not measured."""

    name = "mouth_interior"
    shape = MOUTH_INTERIOR_SHAPE
    range_sigma = 0.1
    portrait_only = True
    smooth_live = False
    array_name, array_kind = "inside", "u"

    def reader(self, frame: Frame, face: Face) -> _Reader | None:
        """Return the reader of an H x W x 3 uint8 frame; None where it is too dark, too noisy or too grey."""
        light = ToothLight.from_driver(frame, face.points)
        return None if light is None else _Reader(light)

    def relative(self, neutral: Value | None, current: Value | None) -> Value | None:  # noqa: ARG002
        """Return the 16 x 28 x 2 value unchanged."""
        return current

    def mix(self, first: Value | None, second: Value | None, weight: float) -> Value | None:
        """Interpolate two values, 16 x 28 x 2 each; an absent one (closed lips) is ignored."""
        if first is None or second is None:
            return second if first is None else first
        return np.asarray((1.0 - weight) * first + weight * second, np.float32)

    def occluded(self, part: str, current: Value | None, filled: Value | None) -> Value | None:
        """Return the filled 16 x 28 x 2 value while the mouth is occluded."""
        return filled if part == "mouth" else current

    def smooth(
        self, current: Value | None, lags: NDArray[np.float64], neighbours: Sequence[Value], strength: float
    ) -> Value | None:
        """Return 16 x 28 x 2 float32, see `Channel`; without a current value the mean of the neighbours."""
        if not neighbours:
            return None
        values = np.stack(neighbours).astype(np.float64)
        weights = np.exp(-0.5 * lags**2)
        if current is not None:
            change = np.sqrt(((values - current) ** 2).mean(axis=(1, 2, 3)))
            weights *= np.exp(-0.5 * (change / (self.range_sigma * strength)) ** 2)
        return np.asarray(np.tensordot(weights / weights.sum(), values, axes=1), np.float32)

    def encode(self, values: Sequence[Value | None]) -> NDArray[np.uint8]:
        """Return N x 16 x 28 x 2 uint8, in units of 1 / `LEVELS`; `ABSENT` everywhere for absent values."""
        absent = np.full(self.shape, ABSENT, np.uint8)
        levels = [absent if value is None else np.rint(value * LEVELS).clip(0, LEVELS) for value in values]
        return np.stack(levels).astype(np.uint8)

    def decode(self, array: NDArray[Any], step: float) -> list[Value | None]:  # noqa: ARG002
        """Return N values, 16 x 28 x 2 float32 each, from N x 16 x 28 x 2 uint8."""
        return [
            None if (levels > LEVELS).any() else np.asarray(levels.astype(np.float32) / LEVELS, np.float32)
            for levels in array
        ]

    def migrate(self, array: NDArray[Any]) -> NDArray[Any]:
        """Convert the N x 5 x 6 brightness grids of version 1 to N x 16 x 28 x 2."""
        version_1 = array.shape[1:] == VERSION_1_GRID and array.dtype == np.uint8
        return migrate_version_1(array, LEVELS) if version_1 else array

    def scaled(self, value: Value, settings: MotionSettings, pose_scale: float) -> Value | None:  # noqa: ARG002
        """Return the 16 x 28 x 2 value unchanged, or None if the channel is off."""
        return value if settings.mouth_interior else None
