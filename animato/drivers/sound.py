"""Driver that speaks: the mouth follows a sound, and the head breathes, blinks and nods as people do who talk.

The sound is read three times, in blocks: for its level, for the range of its mouth, and for the movement. Nothing is
random, so the same sound gives the same motion.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from animato.drivers.base import DriverReport
from animato.errors import UsageError
from animato.geometry.apertures import mouth_width
from animato.media.sound_file import SoundFile
from animato.motion.controls import basis, neutral_measures
from animato.motion.dropouts import rest_frame
from animato.motion.idle import idle_controls, with_controls
from animato.motion.motion_frame import MotionFrame
from animato.motion.speech_features import RATE, LevelMeter, log_mels
from animato.motion.speech_mouth import SPECTRA_PER_SECOND, Curves, GapScale, speech_curves, speech_model
from animato.runtime.stage_clock import StageClock
from animato.settings.animate import AnimateSettings

LEAST_FPS = 25
"""Frames a second that are made at least: lips that meet for a `b` stay together for 0.05 to 0.1 s."""
NOD, BROWS = -1.0, 0.15
"""Degrees of nodding, and share of raised brows, per stress of a syllable (`speech_mouth.Curves`). The heads of the
training clips rise by 1.0 degrees (standard error 0.4)."""
IDLE_PHASE = 1.0
"""Seconds by which the idle motion is ahead, so that no video begins with a blink."""


class SoundDriver:
    """Driver that moves a face by a sound; see `drivers.base.Driver`.

    Args:
        path: wav, mp3, m4a, aac, flac, ogg, or a container of video without pictures.
        settings: start, end and fps are used.

    Raises:
        InputError: the file cannot be read, is too long or holds no sound.
        UsageError: `neutral` is set.
    """

    def __init__(self, path: Path, settings: AnimateSettings) -> None:
        if settings.neutral is not None:
            raise UsageError("`neutral` applies to videos only; a sound has no frames", hint="leave it out")
        self.path, self.has_audio = path, True
        self.fps = max(Fraction(LEAST_FPS), Fraction(settings.fps or LEAST_FPS).limit_denominator(1001))
        self.neutral, self.report = neutral_measures(), DriverReport()
        self._sound = SoundFile(path, settings.start, settings.end, RATE)
        meter = LevelMeter()
        for spectra in log_mels(self._sound.blocks()):
            meter.add(spectra)
        self._level = meter.level()
        self.duration: float | None = self._sound.duration
        self._scale = GapScale(self._curves())

    def warnings(self) -> list[str]:
        """Return sentences about the sound."""
        warnings = []
        if self._level.silent:
            warnings.append("no speech was found in the driver's sound; the mouth stays closed")
        if self._sound.damaged:
            warnings.append("the sound is damaged; the bad parts were left out")
        return warnings

    def frames(self, clock: StageClock) -> Iterator[MotionFrame]:
        """Yield the motion of the sound, at `fps`."""
        self.report.warnings[:] = self.warnings()
        curves = _joined(self._curves(), self._scale)
        count = max(1, math.ceil(self._sound.duration * self.fps - 1e-6))
        begin, known = 0, next(curves)
        for index in range(count):
            time = float(index / self.fps)
            with clock.stage("track"):
                while (place := time * SPECTRA_PER_SECOND - begin) > len(known) - 1:
                    following = next(curves, None)
                    if following is None:
                        place = len(known) - 1.0
                        break
                    begin, known = begin + len(known) - 1, np.concatenate([known[-1:], following])
                motion = _motion(_between(known, place), time)
            yield motion

    def _curves(self) -> Iterator[Curves]:
        return speech_curves(log_mels(self._sound.blocks()), self._level)


Rows = NDArray[np.float32]
"""T x (K + 2): coefficients of the expression, gap between the lips, stress."""


def _joined(curves: Iterator[Curves], scale: GapScale) -> Iterator[Rows]:
    for block in curves:
        yield np.column_stack([block.expression, scale(block), block.stress])


def _between(rows: Rows, place: float) -> Rows:
    """Return the row at a fractional place."""
    low = min(int(place), len(rows) - 1)
    high = min(low + 1, len(rows) - 1)
    return np.asarray(rows[low] + np.float32(place - low) * (rows[high] - rows[low]))


def _motion(row: Rows, time: float) -> MotionFrame:
    """Return the motion at a time."""
    coefficients, gap, stress = row[:-2], float(row[-2]), float(row[-1])
    fields = speech_model().basis
    expression = (coefficients @ fields.reshape(len(fields), -1)).reshape(fields.shape[1:])
    rest = rest_frame(neutral_measures(), time)
    apertures = rest.apertures.copy()
    apertures[2] = gap / mouth_width(basis().neutral + expression)
    controls = idle_controls(time + IDLE_PHASE)
    controls["pitch"] += NOD * stress
    controls["brows"] = BROWS * max(stress, 0.0)
    return with_controls(replace(rest, expression=expression, apertures=apertures, tracked=True), controls)
