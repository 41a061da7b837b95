"""The mouth moves where there is speech and rests where there is none; blocks leave no seam."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from voice import voice

from animato.errors import MissingPartError
from animato.motion import speech_mouth
from animato.motion.speech_features import LevelMeter, SpeechLevel, log_mels
from animato.motion.speech_mouth import SPECTRA_PER_SECOND, Curves, GapScale, speech_curves, speech_model, speech_share


def curves_of(samples: np.ndarray, block: int = 1 << 20) -> Curves:
    """Return the curves of a sound that is read in blocks of samples, with its gaps scaled."""
    blocks = [samples[begin : begin + block] for begin in range(0, len(samples), block)]
    meter = LevelMeter()
    for spectra in log_mels(blocks):
        meter.add(spectra)
    parts = list(speech_curves(log_mels(blocks), meter.level()))
    scale = GapScale(parts)
    gap = np.concatenate([scale(part) for part in parts])
    joined = {name: np.concatenate([getattr(part, name) for part in parts]) for name in vars(parts[0])}
    return Curves(**{**joined, "gap": gap})


def seconds(begin: float, end: float) -> slice:
    return slice(round(begin * SPECTRA_PER_SECOND), round(end * SPECTRA_PER_SECOND))


def test_vowels_open_the_mouth_and_silence_closes_it() -> None:
    curves = curves_of(voice(4.0, [(1.0, 1.4), (2.4, 2.9)]))
    for begin, end in ((1.0, 1.4), (2.4, 2.9)):
        assert curves.gap[seconds(begin, end)].max() > 0.3
    for begin, end in ((0.0, 0.8), (1.7, 2.2), (3.2, 4.0)):
        assert curves.gap[seconds(begin, end)].max() == 0.0
        assert not curves.expression[seconds(begin, end)].any()
    assert np.isfinite(curves.stress).all() and np.abs(curves.stress).max() < 1.0


def test_a_sound_moved_in_time_moves_the_mouth_as_far() -> None:
    early, late = (curves_of(voice(4.0, [(begin, begin + 0.4)])) for begin in (1.0, 2.36))
    np.testing.assert_allclose(early.gap[seconds(0.5, 2.0)], late.gap[seconds(1.86, 3.36)], atol=0.05)


def test_a_long_sound_is_read_in_blocks_without_a_seam(monkeypatch: pytest.MonkeyPatch) -> None:
    samples = voice(9.0, [(begin, begin + 0.3) for begin in np.arange(0.5, 8.5, 0.5)])
    whole = curves_of(samples)
    monkeypatch.setattr(speech_mouth, "BLOCK", 170)
    parts = curves_of(samples, block=1600)
    for name in ("expression", "gap", "stress"):
        np.testing.assert_allclose(getattr(parts, name), getattr(whole, name), atol=1e-4)


def test_gaps_are_scaled_to_those_of_people_and_vowels_alone_stay_open() -> None:
    def scaled(gap: np.ndarray) -> np.ndarray:
        curves = Curves(np.zeros((len(gap), 6)), gap, np.ones(len(gap)), np.zeros(len(gap)))
        return GapScale([curves])(curves)

    timid = scaled(np.linspace(0.1, 0.8, 1000))
    assert np.percentile(timid, 27) == pytest.approx(0.12, abs=0.02)
    assert np.percentile(timid, 92) == pytest.approx(0.85, abs=0.05)
    assert scaled(np.full(100, 0.6)).min() > 0.3
    assert not GapScale([])(Curves(np.zeros((3, 6)), np.zeros(3), np.zeros(3), np.zeros(3))).any()


def test_a_click_is_no_speech() -> None:
    loudness = np.full(200, -20.0, np.float32)
    level = SpeechLevel(np.zeros(26), 0.0, -5.0, silent=False)
    loudness[50:52] = 0.0
    assert not speech_share(loudness, level).any()
    loudness[120:130] = 0.0
    share = speech_share(loudness, level)
    assert share[125] == pytest.approx(1.0, abs=1e-6) and not share[:95].any() and not share[160:].any()


def test_a_missing_regression_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(speech_mouth, "ASSET", tmp_path / "speech.npz")
    speech_model.cache_clear()
    try:
        with pytest.raises(MissingPartError, match="regression for speech is missing"):
            speech_model()
    finally:
        speech_model.cache_clear()
