"""A drawn voice: vowels of a buzzing source and three formants, in silence."""

from __future__ import annotations

import wave
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

RATE = 16_000
PITCH = 120.0
FORMANTS = ((700.0, 80.0), (1200.0, 90.0), (2600.0, 120.0))
"""Frequency and bandwidth of an open vowel, hertz (Peterson and Barney 1952, "a")."""

Spans = Sequence[tuple[float, float]]


def voice(seconds: float, spans: Spans, gain: float = 0.3) -> NDArray[np.float32]:
    """Return N float32 samples at `RATE`: vowels from and to the given times in seconds, silence elsewhere."""
    times = np.arange(round(seconds * RATE)) / RATE
    samples = np.zeros(len(times))
    harmonics = np.arange(PITCH, 4000.0, PITCH)
    for harmonic in harmonics:
        strength = sum(1.0 / (1.0 + ((harmonic - centre) / width) ** 2) for centre, width in FORMANTS)
        samples += strength * np.sin(2 * np.pi * harmonic * times)
    samples *= gain / np.abs(samples).max()
    loud = np.zeros(len(times))
    for begin, end in spans:
        # Vowels swell and fade within 30 ms, as voices do.
        loud = np.maximum(loud, np.clip(np.minimum(times - begin, end - times) / 0.03, 0.0, 1.0))
    noise = np.random.default_rng(0).normal(0.0, 0.001 * gain, len(times))  # of a microphone
    return (samples * loud + noise).astype(np.float32)


def write_voice(path: Path, seconds: float, spans: Spans, gain: float = 0.3) -> Path:
    """Write a drawn voice as a wav file."""
    return write_samples(path, voice(seconds, spans, gain))


def write_samples(path: Path, samples: NDArray[np.float32]) -> Path:
    """Write mono samples at `RATE` as a wav file."""
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(RATE)
        file.writeframes((np.clip(samples, -1, 1) * 32767).astype(np.int16).tobytes())
    return path
