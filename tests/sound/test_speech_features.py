"""Spectra do not depend on how a sound arrives; its level is found whatever its loudness."""

from __future__ import annotations

import numpy as np
import pytest
from voice import voice

from animato.motion.speech_features import (
    BANDS,
    FEATURES,
    HOP,
    NEPER,
    RATE,
    LevelMeter,
    SpeechLevel,
    log_mels,
    normalised,
)

SPEECH = voice(2.0, [(0.5, 0.9), (1.2, 1.7)])


def level_of(samples: np.ndarray) -> SpeechLevel:
    meter = LevelMeter()
    for spectra in log_mels([samples]):
        meter.add(spectra)
    return meter.level()


def test_spectra_are_the_same_in_any_blocks() -> None:
    whole = np.concatenate(list(log_mels([SPEECH])))
    assert whole.shape == (len(SPEECH) // HOP + 1, BANDS) and whole.dtype == np.float32
    for size in (37, 160, 4096):
        blocks = [SPEECH[begin : begin + size] for begin in range(0, len(SPEECH), size)]
        np.testing.assert_allclose(np.concatenate(list(log_mels(blocks))), whole, atol=1e-5)


def test_a_tone_is_loudest_in_its_band() -> None:
    for hertz, band in ((300, 2), (1000, 8), (3000, 17)):
        tone = np.sin(2 * np.pi * hertz * np.arange(RATE) / RATE).astype(np.float32)
        assert abs(int(np.concatenate(list(log_mels([tone])))[50].argmax()) - band) <= 1


def test_features_do_not_depend_on_loudness() -> None:
    spectra = next(log_mels([SPEECH]))
    quiet = next(log_mels([SPEECH * np.float32(0.3)]))
    loud, soft = normalised(spectra, level_of(SPEECH)), normalised(quiet, level_of(SPEECH * np.float32(0.3)))
    assert loud.shape == (len(spectra), FEATURES)
    assert np.abs(loud - soft)[60:85].max() < 0.1


def test_the_level_of_speech_lies_above_its_threshold() -> None:
    level = level_of(SPEECH)
    assert not level.silent and level.top > level.threshold
    assert level.top / NEPER == pytest.approx(level_of(SPEECH * np.float32(0.1)).top / NEPER + 20, abs=1.1)


@pytest.mark.parametrize("kind", ["nothing", "hiss", "hum"])
def test_a_steady_sound_is_no_speech(kind: str) -> None:
    samples = {
        "nothing": np.zeros(2 * RATE),
        "hiss": np.random.default_rng(0).normal(0, 0.05, 2 * RATE),
        "hum": 0.3 * np.sin(2 * np.pi * 120 * np.arange(2 * RATE) / RATE),
    }[kind]
    assert level_of(samples.astype(np.float32)).silent
