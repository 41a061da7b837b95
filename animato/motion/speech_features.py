"""Features of speech: log-mel spectra of a sound that arrives in blocks, freed of its level and its recording.

Davis and Mermelstein 1980 (mel-frequency spectra); the mel scale is that of O'Shaughnessy 1987.
"""

from __future__ import annotations

import functools
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

RATE = 16_000
"""Samples a second of the sound that is analysed."""
HOP = 160
"""Samples from one spectrum to the next: 10 ms, the usual step of speech recognition."""
WINDOW, TRANSFORM = 400, 512
"""Samples of a window (25 ms, two periods of a deep voice), and of its Fourier transform."""
BANDS = 26
"""Mel bands; 20 to 40 are usual for speech at 16 kHz."""
FEATURES = BANDS + 1
"""The bands, and the loudness."""
LOWEST, HIGHEST = 80.0, 7600.0
"""Edges of the bands, hertz: above the hum of mains, below what the resampler attenuates."""
FLOOR = 1e-10
"""Power added to every band, of full scale: the noise of 16-bit sound, so that digital silence has a finite level."""
NEPER = np.log(10.0) / 10.0
"""One decibel in natural logarithms of power."""

PEAK_SHARE, PEAK_SPECTRA = 0.005, 5
"""Share of the spectra, and their number at least, that are as loud as the peak: more than a click has."""
ACTIVE = 30.0
"""Decibels below the peak to which a spectrum counts for the level of speech; speech spans about 30."""
VOICED = 21.0
"""Decibels below the level of speech from which a moment is silence: pauses of the training clips lie 25 to 45 below,
and closures of consonants last too short to count (`speech_mouth.OPENS_BEFORE`)."""
ABOVE_NOISE = 3.0
"""Decibels by which speech must exceed the steady noise of the recording, whose spectra vary by less than one."""
SILENT = -75.0
"""Level in decibels below which a file is silent: 50 below the training clips."""
CLAMP = 7.0
"""Features go no further below the level of speech, natural logarithms of power (30 dB): pauses look alike."""


@dataclass(frozen=True, eq=False)
class SpeechLevel:
    """Level and colour of a recording's speech.

    Attributes:
        bands: `BANDS` float64, mean spectrum of the active parts, natural logarithms of power.
        top: level of speech, natural logarithm of power; the 95th percentile of the active parts.
        threshold: level from which a moment is not silence.
        silent: whether nothing in the recording is speech.
    """

    bands: NDArray[np.float64]
    top: float
    threshold: float
    silent: bool


class LevelMeter:
    """Measures the level of speech of a recording whose spectra arrive in blocks; keeps a histogram only."""

    LOW, STEP, BINS = -110.0, 0.5, 240
    """The histogram of levels: first level, width of a bin, decibels, and number of bins."""

    def __init__(self) -> None:
        self._count = np.zeros(self.BINS, np.int64)
        self._sums = np.zeros((self.BINS, BANDS))

    def add(self, spectra: NDArray[np.float32]) -> None:
        """Count spectra (T x `BANDS`)."""
        level = loudness(spectra) / NEPER
        bins = np.clip((level - self.LOW) / self.STEP, 0, self.BINS - 1).astype(np.int64)
        self._count += np.bincount(bins, minlength=self.BINS)
        np.add.at(self._sums, bins, spectra)

    def level(self) -> SpeechLevel:
        """Return the level of what was added."""
        total = int(self._count.sum())
        share = max(PEAK_SHARE, PEAK_SPECTRA / max(total, 1))
        peak, floor = (self._percentile(self._count, percent) for percent in (100.0 * (1.0 - share), 5.0))
        centres = self.LOW + self.STEP * (np.arange(self.BINS) + 0.5)
        active = np.where(centres > peak - ACTIVE, self._count, 0)
        top = self._percentile(active, 95.0)
        threshold = max(top - VOICED, floor + ABOVE_NOISE)
        mean = self._sums[active > 0].sum(axis=0) / max(int(active.sum()), 1)
        return SpeechLevel(mean, top * NEPER, threshold * NEPER, top < max(SILENT, threshold))

    def _percentile(self, count: NDArray[np.int64], percent: float) -> float:
        reached = np.searchsorted(np.cumsum(count), max(percent, 0.0) / 100.0 * count.sum())
        return self.LOW + self.STEP * (min(int(reached), self.BINS - 1) + 0.5)


def log_mels(blocks: Iterable[NDArray[np.float32]]) -> Iterator[NDArray[np.float32]]:
    """Yield the spectra of a sound, block by block; the first is centred on the first sample.

    Args:
        blocks: consecutive blocks of samples at `RATE`, N float32 in [-1, 1].

    Yields:
        T x `BANDS` float32, natural logarithms of power; the spectra are `HOP` apart.
    """
    waiting = np.zeros(WINDOW // 2, np.float32)
    for block in blocks:
        waiting = np.concatenate([waiting, block])
        count = (len(waiting) - WINDOW) // HOP + 1
        if count > 0:
            yield _spectra(waiting, count)
            waiting = waiting[count * HOP :]
    padded = np.concatenate([waiting, np.zeros(WINDOW // 2, np.float32)])
    count = (len(padded) - WINDOW) // HOP + 1
    if count > 0:
        yield _spectra(padded, count)


def normalised(spectra: NDArray[np.float32], level: SpeechLevel) -> NDArray[np.float32]:
    """Return the features of spectra: T x `FEATURES` float32, relative to the mean spectrum, and the loudness."""
    relative = np.column_stack([spectra - level.bands, loudness(spectra) - level.top])
    return np.asarray(np.maximum(relative, -CLAMP), np.float32)


def loudness(spectra: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return the mean over the bands of spectra (T x `BANDS`), T float32.

    The mean of logarithms: consonants, which are weak but broad, count nearly as much as vowels.
    """
    return np.asarray(spectra.mean(axis=1), np.float32)


def _spectra(samples: NDArray[np.float32], count: int) -> NDArray[np.float32]:
    windows = np.lib.stride_tricks.sliding_window_view(samples, WINDOW)[: count * HOP : HOP]
    power = np.abs(np.fft.rfft(windows * np.hanning(WINDOW), TRANSFORM)) ** 2 / WINDOW
    return np.asarray(np.log(power @ _filters() + FLOOR), np.float32)


@functools.cache
def _filters() -> NDArray[np.float64]:
    """Return 257 x `BANDS` triangular filters, equally wide in mel; each sums to 1."""
    edges = 700.0 * (10.0 ** (np.linspace(_mel(LOWEST), _mel(HIGHEST), BANDS + 2) / 2595.0) - 1.0)
    frequency = np.fft.rfftfreq(TRANSFORM, 1 / RATE)[:, None]
    rising = (frequency - edges[:-2]) / (edges[1:-1] - edges[:-2])
    falling = (edges[2:] - frequency) / (edges[2:] - edges[1:-1])
    filters = np.maximum(0.0, np.minimum(rising, falling))
    return np.asarray(filters / np.maximum(filters.sum(axis=0), 1e-9))


def _mel(hertz: float) -> float:
    return float(2595.0 * np.log10(1.0 + hertz / 700.0))
