"""Mouth movement from the features of speech: a linear regression on half a second of them (docs/model-card-sound.md).

Trained by `scripts/fit_sound.py` on the mouths of talking people. In pauses the mouth rests, whatever it did there in
the training data: before they speak, people open it, and no sound tells when.
"""

from __future__ import annotations

import functools
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from animato.errors import MissingPartError
from animato.motion.speech_features import BANDS, CLAMP, HOP, NEPER, RATE, SpeechLevel, loudness, normalised

ASSET = Path(__file__).resolve().parents[1] / "assets" / "speech.npz"

Array = NDArray[np.float32]

SPECTRA_PER_SECOND = RATE / HOP
TAPS, STRIDE = 17, 3
"""Features from which a mouth is predicted, and spectra from one to the next: 0.24 s before and after."""
REACH = (TAPS // 2) * STRIDE
"""Spectra before and after that a prediction depends on."""
SMOOTHING = 1.5
"""Standard deviation in spectra of the smoothing of features: half of `STRIDE`, so that none is passed over."""

CLICK_SPECTRA = 3
"""Sounds shorter than this many of five spectra are clicks, not speech."""
OPENS_BEFORE, CLOSES_AFTER = 0.12, 0.10
"""Seconds from which the mouth may move before speech, and for which it may after; pauses shorter than their sum are
none, so that closures of consonants (0.05 to 0.15 s) are left to the regression."""
EASE = 0.06
"""Seconds in which the mouth comes to rest: half the width of the transition."""

LOUD_DECIBELS = 15.0
"""Decibels below the level of speech at which a syllable counts as unstressed."""
SYLLABLE, PHRASE = 0.12, 0.4
"""Standard deviations in seconds of the windows whose difference is the stress: a syllable in its phrase."""

CLOSED_PERCENT, OPEN_PERCENT = 27.0, 92.0
"""Percentiles of the predicted gaps of a sound that are set to `CLOSED_GAP` and `OPEN_GAP`; lips of the training clips
are closed in a quarter of the frames of speech."""
CLOSED_GAP, OPEN_GAP = 0.12, 0.9
"""Gaps at these percentiles in the training clips, canonical centimetres, rounded."""
MOST_GAIN, MOST_OFFSET = 1.6, 0.25
"""Limits of the gain and of the centimetres that are taken off: in a sound of vowels alone, no lips should close."""

MARGIN = round((2.5 * PHRASE + OPENS_BEFORE + EASE + 0.05) * SPECTRA_PER_SECOND)
"""Spectra of context that a block needs on both sides: a phrase, and what decides where it pauses."""
BLOCK = 1000
"""Spectra that are analysed at once: 10 s."""


@dataclass(frozen=True, eq=False)
class Curves:
    """What a sound says about the face, at `SPECTRA_PER_SECOND`.

    Attributes:
        expression: T x K float32, coefficients of the basis.
        gap: T float32, gap between the lips as predicted, canonical centimetres; means nothing in pauses.
        speaking: T float32, 1 in speech, 0 in pauses.
        stress: T float32, how much louder a syllable is than its surroundings, about -0.5 to 0.5.
    """

    expression: Array
    gap: Array
    speaking: Array
    stress: Array


class GapScale:
    """Scales the gaps of a sound to those of people: what is predicted moves less, and less for some voices.

    Args:
        sound: all curves of the sound; a histogram of them is kept.
    """

    LOW, STEP, BINS = -1.0, 0.01, 300
    """The histogram of gaps: first gap and width of a bin, canonical centimetres, and number of bins."""

    def __init__(self, sound: Iterable[Curves]) -> None:
        counts = np.zeros(self.BINS, np.int64)
        for curves in sound:
            bins = (curves.gap[curves.speaking > 0.5] - self.LOW) / self.STEP
            counts += np.bincount(np.clip(bins, 0, self.BINS - 1).astype(np.int64), minlength=self.BINS)
        shares = np.cumsum(counts) / max(int(counts.sum()), 1)
        low, high = (
            self.LOW + self.STEP * (int(np.searchsorted(shares, percent / 100.0)) + 0.5)
            for percent in (CLOSED_PERCENT, OPEN_PERCENT)
        )
        self._low = low
        self._gain = float(np.clip((OPEN_GAP - CLOSED_GAP) / max(high - low, self.STEP), 1.0, MOST_GAIN))
        self._rest = max(CLOSED_GAP, low - MOST_OFFSET)

    def __call__(self, curves: Curves) -> Array:
        """Return T float32 gaps, canonical centimetres; 0 in pauses."""
        scaled = (curves.gap - self._low) * self._gain + self._rest
        return np.asarray(np.maximum(scaled, 0.0) * curves.speaking, np.float32)


@dataclass(frozen=True, eq=False)
class SpeechModel:
    """The fitted regression.

    Attributes:
        weights: `TAPS` x `FEATURES` x (K + 1) float32.
        bias: K + 1 float32.
        basis: K x 478 x 3 float32, fields of the coefficients, canonical centimetres.
    """

    weights: Array
    bias: Array
    basis: Array

    def __call__(self, features: Array) -> Array:
        """Return the outputs of T features, T x (K + 1); before and after them, there is silence."""
        padded = np.pad(smoothed(features, SMOOTHING), ((REACH, REACH), (0, 0)), constant_values=-CLAMP)
        taps = (
            padded[tap * STRIDE : tap * STRIDE + len(features)] @ weights for tap, weights in enumerate(self.weights)
        )
        return np.asarray(sum(taps, self.bias), np.float32)


def speech_curves(spectra: Iterable[Array], level: SpeechLevel) -> Iterator[Curves]:
    """Yield what a sound says about the face, in blocks of at most `BLOCK` spectra, as many as came.

    Args:
        spectra: from `speech_features.log_mels`.
        level: of the whole sound.
    """
    model = speech_model()
    for padded in _with_margins(spectra, np.float32(level.top - CLAMP)):
        yield _curves(padded, level, model)


def _with_margins(spectra: Iterable[Array], silence: np.float32) -> Iterator[Array]:
    """Yield blocks with `MARGIN` spectra of their neighbours on both sides; silence before and after the sound."""
    pause = np.full((MARGIN, BANDS), silence, np.float32)
    waiting = pause
    for block in spectra:
        waiting = np.concatenate([waiting, block])
        while len(waiting) >= BLOCK + 2 * MARGIN:
            yield waiting[: BLOCK + 2 * MARGIN]
            waiting = waiting[BLOCK:]
    if len(waiting) > MARGIN:
        padded = np.concatenate([waiting, pause])
        for begin in range(0, len(padded) - 2 * MARGIN, BLOCK):
            yield padded[begin : begin + BLOCK + 2 * MARGIN]


def _curves(padded: Array, level: SpeechLevel, model: SpeechModel) -> Curves:
    loud = loudness(padded)
    inside = slice(MARGIN, len(padded) - MARGIN)
    speaking = speech_share(loud, level)
    outputs = model(normalised(padded, level))
    stressed = np.clip(1.0 + (loud - level.top) / (LOUD_DECIBELS * NEPER), 0.0, 1.0) * speaking
    syllable, phrase = (smoothed(stressed[:, None], width * SPECTRA_PER_SECOND) for width in (SYLLABLE, PHRASE))
    expression = (outputs[:, :-1] * speaking[:, None])[inside]
    return Curves(expression, outputs[inside, -1], speaking[inside], (syllable - phrase)[inside, 0])


def speech_share(loud: Array, level: SpeechLevel) -> Array:
    """Return how far each of T moments is speech, T float32: 1 in speech, 0 in pauses, eased in between.

    Args:
        loud: T, from `speech_features.loudness`.
        level: of the whole sound.
    """
    if level.silent:
        return np.zeros(len(loud), np.float32)
    voiced = loud > level.threshold
    voiced &= np.convolve(voiced, np.ones(5), "same") >= CLICK_SPECTRA
    before, after = (round(seconds * SPECTRA_PER_SECOND) for seconds in (OPENS_BEFORE, CLOSES_AFTER))
    near = np.convolve(voiced, np.ones(before + after + 1))[before : before + len(voiced)] > 0.5
    window = np.hanning(2 * round(EASE * SPECTRA_PER_SECOND) + 3)[1:-1]
    return np.asarray(np.convolve(near, window / window.sum(), "same"), np.float32)


def smoothed(values: Array, sigma: float) -> Array:
    """Return T x K values smoothed over time by a Gaussian of a standard deviation in samples; ends are repeated."""
    radius = round(2.5 * sigma)
    kernel = np.exp(-0.5 * (np.arange(-radius, radius + 1) / sigma) ** 2)
    padded = np.pad(values, ((radius, radius), (0, 0)), mode="edge")
    columns = [np.convolve(padded[:, column], kernel / kernel.sum(), "valid") for column in range(values.shape[1])]
    return np.stack(columns, axis=1).astype(np.float32)


@functools.cache
def speech_model() -> SpeechModel:
    """Return the regression that ships with animato.

    Raises:
        MissingPartError: the file is missing or damaged.
    """
    try:
        with np.load(ASSET, allow_pickle=False) as arrays:
            return SpeechModel(*(arrays[name].astype(np.float32) for name in ("weights", "bias", "basis")))
    except (OSError, ValueError, KeyError) as error:
        raise MissingPartError(
            "the bundled regression for speech is missing or damaged",
            where=ASSET.name,
            hint="pip install --force-reinstall animato",
        ) from error
