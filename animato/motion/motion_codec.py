"""One motion frame as a message of some forty bytes (docs/motion-stream.md).

Pose, expression on a linear basis, apertures and scores are quantised uniformly and entropy-coded with static tables.
Apertures and scores are predicted from the expression, and what is coded is the difference. A message decodes alone, or
holds the changes since one other frame, which takes little more than half the bits. Channels are not coded.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from animato.geometry.landmarks import POINTS
from animato.motion.entropy import RAW_LIMIT, DamagedMessageError, decode, encode
from animato.motion.motion_basis import APERTURES, POSE_VALUES, MotionBasis, motion_basis
from animato.motion.motion_frame import MotionFrame, Neutral
from animato.motion.smooth import HEAD_RADIUS, pose_vector, with_pose_vector

MAX_BYTES = 512
"""Longest message. One in which every value were escaped would have some 560 bytes; talking people need 30 to 60."""

TIME_WRAP = 65.536
"""Seconds after which the coded time starts again at 0: 16 bits of milliseconds."""

MAX_SHIFT_CM = 100.0
"""Translation of a head beyond which a message is damaged, canonical centimetres: the picture is 38 cm wide."""

MAX_ZOOM = 10.0
"""Ratio of the size of a head to its neutral size beyond which a message is damaged, also its inverse."""

MAX_EXPRESSION_CM = 10.0
"""Displacement of a landmark beyond which a message is damaged: a face is 15 cm wide."""

MAX_APERTURE = 10.0
"""As in motion files (`motion.motion_file_checks`)."""

_LARGEST = RAW_LIMIT // 2 - 1
"""Largest quantised value, so that every change can be coded."""

_TIME_BITS = 16
_TRACKED = 1 << _TIME_BITS
_START = 1 << _TIME_BITS + 1


class CodedFrame(NamedTuple):
    """A frame as a message.

    Attributes:
        message: its bytes.
        values: quantised values, to code another frame by its changes.
    """

    message: bytes
    values: tuple[int, ...]


class DecodedFrame(NamedTuple):
    """A frame from a message.

    Attributes:
        motion: the frame; its time lies in [0, `TIME_WRAP`).
        values: as of `CodedFrame`.
    """

    motion: MotionFrame
    values: tuple[int, ...]


class MotionCodec:
    """Encodes and decodes single motion frames.

    Args:
        basis: shared by both sides; None for the one that ships with animato.
    """

    def __init__(self, basis: MotionBasis | None = None) -> None:
        self.basis = basis or motion_basis()
        first, last = POSE_VALUES, POSE_VALUES + self.basis.size
        self._pose, self._expression = slice(0, first), slice(first, last)
        self._apertures, self._scores = slice(last, last + APERTURES), slice(last + APERTURES, None)

    def encode(self, frame: MotionFrame, neutral: Neutral, base: tuple[int, ...] | None = None) -> CodedFrame:
        """Return the message of one frame; its channels are dropped, and its time is kept modulo `TIME_WRAP`.

        Args:
            frame: to be coded.
            neutral: measures it is relative to.
            base: values of a frame that the receiver has, relative to the same measures; None for a message that
                decodes alone.

        Raises:
            ValueError: the frame holds values that are not finite, or needs more than `MAX_BYTES`.
        """
        basis, steps = self.basis, self.basis.steps
        units = np.empty(len(steps))
        units[self._pose] = pose_vector(frame) / steps[self._pose]
        units[self._expression] = frame.expression.reshape(-1) @ basis.project / steps[self._expression]
        if not np.isfinite(units[: self._expression.stop]).all():
            raise ValueError("a motion frame holds values that are not numbers")
        coefficients = np.rint(units[self._expression]) * steps[self._expression]
        opening = frame.apertures - neutral.apertures - coefficients @ basis.apertures
        units[self._apertures] = opening / steps[self._apertures]
        opening = np.rint(units[self._apertures]) * steps[self._apertures] + coefficients @ basis.apertures
        units[self._scores] = (frame.blendshapes - self._predicted(coefficients, opening)) / steps[self._scores]
        if not np.isfinite(units).all():
            raise ValueError("a motion frame holds values that are not numbers")
        milliseconds = round(frame.time * 1000) % (1 << _TIME_BITS)
        values = tuple(int(value) for value in np.rint(units.clip(-_LARGEST, _LARGEST)))
        models = basis.models if base is None else basis.change_models
        coded = values if base is None else [value - other for value, other in zip(values, base, strict=True)]
        message = encode(coded, models, _START | _TRACKED * frame.tracked | milliseconds)
        if len(message) > MAX_BYTES:
            raise ValueError(f"a motion frame needs {len(message)} bytes; up to {MAX_BYTES} are sent")
        return CodedFrame(message, values)

    def decode(self, message: bytes, neutral: Neutral, base: tuple[int, ...] | None = None) -> DecodedFrame:
        """Return the frame of a message; arguments as of `encode`.

        Raises:
            DamagedMessageError: it is no message of `encode`, or its values are not those of a head.
        """
        if not 0 < len(message) <= MAX_BYTES:
            raise DamagedMessageError(f"a message of {len(message)} bytes")
        values, rest = decode(message, self.basis.models if base is None else self.basis.change_models)
        if not _START <= rest < 2 * _START:
            raise DamagedMessageError("the message does not end where it should")
        if base is not None:
            values = [value + other for value, other in zip(values, base, strict=True)]
        numbers = np.array(values, np.float64) * self.basis.steps
        coefficients = numbers[self._expression]
        opening = numbers[self._apertures] + coefficients @ self.basis.apertures
        scores = self._predicted(coefficients, opening) + numbers[self._scores]
        expression = (coefficients.astype(np.float32) @ self.basis.restore).reshape(POINTS, 3)
        apertures = neutral.apertures + opening
        pose = numbers[self._pose]
        _check(pose, expression, apertures)
        frame = MotionFrame(
            time=(rest & _TRACKED - 1) / 1000,
            rotation=np.eye(3),
            translation=np.zeros(2),
            scale=1.0,
            expression=expression,
            apertures=apertures,
            blendshapes=scores.clip(0, 1).astype(np.float32),
            tracked=bool(rest & _TRACKED),
        )
        return DecodedFrame(with_pose_vector(frame, pose), tuple(values))

    def _predicted(self, coefficients: NDArray[np.float64], opening: NDArray[np.float64]) -> NDArray[np.float64]:
        linear = np.concatenate([coefficients, opening]) @ self.basis.scores + self.basis.mean_scores
        return np.asarray(linear.clip(0, 1), np.float64)


def _check(pose: NDArray[np.float64], expression: NDArray[np.float32], apertures: NDArray[np.float64]) -> None:
    """Raise `DamagedMessageError` for values that are not those of a head."""
    if (
        np.linalg.norm(pose[:3]) > math.pi * HEAD_RADIUS * 1.01
        or np.abs(pose[3:5]).max() > MAX_SHIFT_CM
        or abs(pose[5]) > math.log(MAX_ZOOM) * HEAD_RADIUS
        or np.abs(expression).max() > MAX_EXPRESSION_CM
        or np.abs(apertures).max() > MAX_APERTURE
    ):
        raise DamagedMessageError("the values are not those of a head")
