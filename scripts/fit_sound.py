"""Fit the regression that moves a mouth by sound, which ships as animato/assets/speech.npz.

    python scripts/fit_sound.py ../shared/data clips.npz [--evaluate | --without g02 --output speech.npz]

The clips of GRID (CC BY 4.0) that keep their sound are tracked; a ridge regression learns the change of the mouth since
the neutral frame from the spectra of the sound, where people speak. Spectra are stretched in time and in frequency,
coloured and given noise, so that few voices stand for many. `--evaluate` fits without each speaker in turn and prints
how well that speaker's mouth is predicted (docs/model-card-sound.md). The second argument keeps what was tracked.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from mouth_figures import Curve, print_figures
from numpy.typing import NDArray

from animato.drivers.video import VideoDriver
from animato.geometry.apertures import mouth_width
from animato.geometry.landmarks import MESH_POINTS, POINTS
from animato.geometry.mesh import head_topology
from animato.geometry.region_weights import part_weights
from animato.media.sound_file import SoundFile
from animato.motion.controls import basis as controls_basis
from animato.motion.speech_features import (
    BANDS,
    CLAMP,
    FEATURES,
    RATE,
    LevelMeter,
    SpeechLevel,
    log_mels,
    loudness,
    normalised,
)
from animato.motion.speech_mouth import (
    ASSET,
    REACH,
    SMOOTHING,
    SPECTRA_PER_SECOND,
    STRIDE,
    TAPS,
    Curves,
    GapScale,
    SpeechModel,
    smoothed,
    speech_share,
)
from animato.runtime.engine import Engine
from animato.runtime.stage_clock import StageClock
from animato.settings.animate import AnimateSettings
from animato.tracking.face_finder import FaceFinder

COMPONENTS = 6
"""Coefficients of the mouth's shape."""
RIDGE = 0.1
"""Weight of the penalty per observation, in standardised features."""
VARIANTS = 12
"""Altered copies of each clip's spectra."""
GAIN = 1.2
"""Amplification of the shape about its mean: a regression on few voices moves four fifths as far as people do. The gap
between the lips is scaled by `speech_mouth.GapScale`."""

KINDS = ("constant", "loudness", "regression", "as shipped")
"""What is compared: the mean mouth, a regression on loudness alone, the one on spectra, and as it ships."""

Array = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Clip:
    """One tracked clip.

    Attributes:
        person: who speaks.
        spectra: T x `BANDS` float32.
        times: N, of the frames, seconds.
        expression: N x 478 x 3, symmetrised mouth movement, canonical centimetres.
        gap: N, between the lips, canonical centimetres.
    """

    person: str
    spectra: NDArray[np.float32]
    times: Array
    expression: Array
    gap: Array

    @property
    def level(self) -> SpeechLevel:
        """Level of its speech."""
        meter = LevelMeter()
        meter.add(self.spectra)
        return meter.level()

    @property
    def speaking(self) -> NDArray[np.bool_]:
        """N, whether the person speaks."""
        share = speech_share(loudness(self.spectra), self.level)
        return np.interp(self.times, np.arange(len(share)) / SPECTRA_PER_SECOND, share) > 0.5


Clips = Mapping[str, Clip]


def main() -> None:
    """Track, fit, and write or evaluate."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("data", type=Path)
    parser.add_argument("cache", type=Path)
    parser.add_argument("--evaluate", action="store_true")
    parser.add_argument("--without", default="", help="a person to leave out, as g02")
    parser.add_argument("--output", type=Path, default=ASSET)
    args = parser.parse_args()
    if not args.cache.exists():
        _write(args.cache, dict(_tracked(args.data / "talking")))
    clips = {name: clip for name, clip in _read(args.cache).items() if clip.person != args.without}
    if args.evaluate:
        evaluate(clips)
        return
    arrays = {name: np.float16(array) for name, array in vars(fit(clips)).items()}
    np.savez_compressed(args.output, **arrays)  # type: ignore[arg-type]
    print(f"{args.output.name}: {args.output.stat().st_size} bytes, {len(clips)} clips")


def fit(clips: Clips, amplify: bool = True) -> SpeechModel:
    """Return the regression on clips, amplified or as it is."""
    basis = _mouth_basis(clips)
    random = np.random.default_rng(0)
    inputs, outputs = [], []
    for clip in clips.values():
        flat = clip.expression.reshape(len(clip.times), -1) @ basis.reshape(len(basis), -1).T
        spoken = clip.speaking
        for variant in _variants(clip, random):
            inputs.append(_windows(variant)[spoken])
            outputs.append(np.c_[flat, clip.gap][spoken])
    x, y = np.concatenate(inputs).astype(np.float64), np.concatenate(outputs)
    mean, deviation = x.mean(axis=0), x.std(axis=0) + 1e-6
    x = (x - mean) / deviation
    solution = np.linalg.solve(x.T @ x + RIDGE * len(x) * np.eye(x.shape[1]), x.T @ (y - y.mean(axis=0)))
    gain = np.array([*[GAIN] * COMPONENTS, 1.0]) if amplify else np.ones(COMPONENTS + 1)
    weights = gain * solution / deviation[:, None]
    bias = y.mean(axis=0) - mean @ weights
    return SpeechModel(np.float32(weights.reshape(TAPS, FEATURES, -1)), np.float32(bias), np.float32(basis))


def _windows(clip: Clip) -> NDArray[np.float32]:
    """Return what `SpeechModel` multiplies at each frame, N x (`TAPS` * `FEATURES`)."""
    features = smoothed(normalised(clip.spectra, clip.level), SMOOTHING)
    padded = np.pad(features, ((REACH, REACH), (0, 0)), constant_values=-CLAMP)
    rows = np.minimum(np.rint(clip.times * SPECTRA_PER_SECOND).astype(np.int64), len(clip.spectra) - 1)
    return np.stack([padded[row : row + 2 * REACH + 1 : STRIDE].ravel() for row in rows])


def evaluate(clips: Clips) -> None:
    """Fit without each speaker, and print the figures of that speaker's clips."""
    found: dict[str, dict[str, Curve]] = {name: {} for name in KINDS}
    for person in sorted({clip.person for clip in clips.values()}):
        others = {name: clip for name, clip in clips.items() if clip.person != person}
        model, amplified = fit(others, amplify=False), fit(others)
        for name, clip in clips.items():
            if clip.person == person:
                found["regression"][name] = _predicted(clip, model)
                found["as shipped"][name] = _shipped(clip, amplified)
                found["constant"][name] = _regressed(clip, others, constant=True)
                found["loudness"][name] = _regressed(clip, others, constant=False)
    people = {name: clip.person for name, clip in clips.items()}
    truth = {name: Curve.of(clip.times, clip.expression, clip.gap) for name, clip in clips.items()}
    speaking = {name: clip.speaking for name, clip in clips.items()}
    for kind, curves in found.items():
        print_figures(kind, curves, truth, speaking, people)


def _predicted(clip: Clip, model: SpeechModel) -> Curve:
    outputs = model(normalised(clip.spectra, clip.level))
    at = np.arange(len(outputs)) / SPECTRA_PER_SECOND
    values = np.stack([np.interp(clip.times, at, column) for column in outputs.T], axis=1)
    return Curve.of(clip.times, np.tensordot(values[:, :-1], model.basis, axes=1), np.maximum(values[:, -1], 0.0))


def _shipped(clip: Clip, model: SpeechModel) -> Curve:
    """Return the prediction with its gaps scaled as a driver's are."""
    raw = model(normalised(clip.spectra, clip.level))
    share = speech_share(loudness(clip.spectra), clip.level)
    curves = Curves(raw[:, :-1], raw[:, -1], share, share)
    found, at = _predicted(clip, model), np.arange(len(raw)) / SPECTRA_PER_SECOND
    found.measures[:, 0] = np.interp(clip.times, at, GapScale([curves])(curves))
    return found


def _regressed(clip: Clip, others: Clips, *, constant: bool) -> Curve:
    """Return the mean mouth of others, or their linear regression on loudness."""

    def measured(one: Clip) -> Array:
        level = np.maximum(loudness(one.spectra) - one.level.top, -CLAMP)
        at = np.interp(one.times, np.arange(len(level)) / SPECTRA_PER_SECOND, level)
        return np.stack([np.ones_like(at), np.zeros_like(at) if constant else at], axis=1)

    x = np.concatenate([measured(one)[one.speaking] for one in others.values()])
    y = np.concatenate(
        [np.c_[one.expression.reshape(len(one.times), -1), one.gap][one.speaking] for one in others.values()]
    )
    values = measured(clip) @ np.linalg.lstsq(x, y, rcond=None)[0]
    return Curve.of(clip.times, values[:, :-1].reshape(-1, POINTS, 3), values[:, -1])


def _mouth_basis(clips: Clips) -> Array:
    """Return `COMPONENTS` x 478 x 3 orthonormal fields: the principal components of speaking mouths, about rest."""
    spoken = np.concatenate([clip.expression[clip.speaking] for clip in clips.values()]).reshape(-1, POINTS * 3)
    values, vectors = np.linalg.eigh(spoken.T @ spoken)
    print(f"{COMPONENTS} components hold {values[-COMPONENTS:].sum() / values.sum():.3f} of the movement")
    return np.ascontiguousarray(vectors[:, : -COMPONENTS - 1 : -1].T).reshape(COMPONENTS, POINTS, 3)


def _variants(clip: Clip, random: np.random.Generator) -> Iterator[Clip]:
    """Yield the clip, and copies: faster or slower, of longer or shorter vocal tracts, coloured, and noisy."""
    yield clip
    band = np.linspace(-1.0, 1.0, BANDS)
    for _ in range(VARIANTS):
        speed = random.uniform(0.9, 1.1)
        rows = np.arange(0.0, len(clip.spectra) - 1, speed)
        columns = np.clip(np.arange(BANDS) + random.uniform(-2.0, 2.0) * (band + 1.0), 0, BANDS - 1)
        spectra = _at(_at(clip.spectra.astype(np.float64), rows).T, columns).T
        spectra += random.normal(0, 0.7) * band + random.normal(0, 0.7) * band**2
        noise = clip.level.top + random.uniform(-9.0, -4.0) + random.normal(0, 1.0) * band
        spectra = np.logaddexp(spectra, noise + random.normal(0, 0.5, spectra.shape))
        yield replace(clip, spectra=spectra.astype(np.float32), times=clip.times / speed)


def _at(values: Array, places: Array) -> Array:
    """Return the rows of values at fractional places."""
    low = np.minimum(places.astype(int), len(values) - 2)
    share = (places - low)[:, None]
    return np.asarray((1.0 - share) * values[low] + share * values[low + 1])


def _tracked(folder: Path) -> Iterator[tuple[str, Clip]]:
    finder, neutral_face = FaceFinder(Engine(1)), controls_basis().neutral
    partner = np.concatenate(
        [head_topology().partner[:MESH_POINTS], [473, 476, 475, 474, 477, 468, 471, 470, 469, 472]]
    )
    for path in sorted(folder.glob("*.mp4")):
        driver = VideoDriver(path, AnimateSettings(threads=1), finder, channels=())
        if not driver.has_audio:
            continue
        frames = list(driver.frames(StageClock()))
        expression = np.stack([frame.expression for frame in frames]).astype(np.float64)
        expression = (expression + expression[:, partner] * (-1.0, 1.0, 1.0)) / 2 * part_weights()[0][:, None]
        wider = np.array([mouth_width(neutral_face + change) for change in expression]) - mouth_width(neutral_face)
        spectra = np.concatenate(list(log_mels(SoundFile(path, 0.0, None, RATE).blocks())))
        gap = np.array([frame.apertures[2] for frame in frames]) * (driver.neutral.mouth_width + wider)
        yield path.stem, Clip(path.stem[:3], spectra, np.array([frame.time for frame in frames]), expression, gap)


def _write(cache: Path, clips: Clips) -> None:
    fields = ("spectra", "times", "expression", "gap")
    np.savez(cache, **{f"{name}.{field}": getattr(clip, field) for name, clip in clips.items() for field in fields})


def _read(cache: Path) -> dict[str, Clip]:
    with np.load(cache, allow_pickle=False) as arrays:
        names = sorted({name.split(".")[0] for name in arrays.files})
        fields = ("spectra", "times", "expression", "gap")
        return {name: Clip(name[:3], *(arrays[f"{name}.{field}"] for field in fields)) for name in names}


if __name__ == "__main__":
    main()
