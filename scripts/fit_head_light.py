"""Fit the map from a photo's skin to its light that ships as animato/assets/head_light.npy.

    python scripts/fit_head_light.py FACES rendered,parts twins

Of each rendered clip some nearly frontal frames are photos. The logarithm of how brightness changes at the vertices of
the face, from the photo to every other frame, is explained by harmonics of the turned normals: least squares over all
clips, each mirrored as well. Clips whose named head appears in the folders held out are left out. With the fit, the
share of that change it explains in clips whose head it was not fitted to is printed.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from animato.data.sources import SourceClip, find_sources
from animato.geometry.landmarks import MESH_POINTS
from animato.geometry.mesh import head_topology
from animato.geometry.pose import HeadPose, fit_pose
from animato.head.light import FITTED, HeadLight, Skin, harmonics, regressors, statistics
from animato.media.reader import open_video
from animato.runtime.engine import Engine
from animato.settings.data import PrepareSettings
from animato.tracking.face_finder import FaceFinder
from animato.tracking.tracker import Tracker
from animato.training.parts.cases import named_head

STEP = 2
"""Stride over the frames of a clip."""

PHOTOS, FRONTAL = 3, 28.0
"""Number of photos of a clip, and the largest yaw of one, degrees."""

LARGEST = 0.6
"""Largest logarithm of a change that is light; others are hair or a hand."""

RIDGE = 0.003
"""Of the fit, in units of the mean of the diagonal."""

FOLDS = 6


@dataclass(frozen=True)
class Seen:
    """One frame: the skin of its face, and the head's rotation."""

    skin: Skin
    rotation: NDArray[np.float64]


@dataclass(frozen=True)
class Case:
    """Normal equations of one photo: what all other frames say of its light.

    Attributes:
        head: name of the head.
        found: statistics of the photo, 11 x 3.
        squares: 8 x 8, of the changes of the harmonics, mean over the vertices of all frames.
        product: 8 x 3, of these and the changes of the colours.
        power: mean square of the changes of the colours.
    """

    head: str
    found: NDArray[np.float64]
    squares: NDArray[np.float64]
    product: NDArray[np.float64]
    power: float


def read_clip(clip: SourceClip, finder: FaceFinder) -> list[Seen]:
    """Return the frames of a clip that show a face."""
    tracker, seen = Tracker(finder=finder), []
    with open_video(clip.path) as reader:
        for number, frame in enumerate(reader):
            face = tracker.track(frame.image) if number % STEP == 0 else None
            if face is not None:
                pose: HeadPose = fit_pose(face.points)
                seen.append(Seen(Skin.of(frame.image, face.points, pose.scale), pose.rotation))
    return seen


def mirrored(seen: Seen) -> Seen:
    """Return the frame as in a mirror."""
    partner = head_topology().partner[:MESH_POINTS]
    skin, flip = seen.skin, np.array([-1.0, 1.0, 1.0])
    other = Skin(skin.colours[partner], skin.normals[partner] * flip, skin.shown[partner])
    return replace(seen, skin=other, rotation=flip[:, None] * seen.rotation * flip)


def cases_of(frames: Sequence[Seen], head: str) -> Iterator[Case]:
    """Yield a case for each photo of a clip, and one for its mirror image."""
    yaws = [HeadPose(frame.rotation, np.zeros(3), 1.0).degrees()[0] for frame in frames]
    frontal = [number for number, yaw in enumerate(yaws) if abs(yaw) < FRONTAL]
    for number in frontal[:: max(1, len(frontal) // PHOTOS)][:PHOTOS]:
        for turn in (frames, [mirrored(frame) for frame in frames]):
            case = _case(turn, number, head)
            if case is not None:
                yield case


def _case(frames: Sequence[Seen], number: int, head: str) -> Case | None:
    photo = frames[number]
    squares, product, power, count = np.zeros((8, 8)), np.zeros((8, 3)), 0.0, 0
    for frame in frames:
        both = photo.skin.shown & frame.skin.shown
        change = frame.skin.colours[both] - photo.skin.colours[both]
        normals = photo.skin.normals[both]
        base = harmonics(normals @ (frame.rotation @ photo.rotation.T).T) - harmonics(normals)
        light = np.abs(change).max(axis=1) < LARGEST
        base, change = base[light], change[light]
        squares += base.T @ base
        product += base.T @ change
        power += float((change**2).sum())
        count += len(base)
    found = statistics(photo.skin)
    return Case(head, found, squares / count, product / count, power / count) if count and found.any() else None


def fitted(cases: Sequence[Case], ridge: float = RIDGE) -> NDArray[np.float64]:
    """Return the map, 8 x 23."""
    size = len(regressors(cases[0].found, 0))
    squares, product = np.zeros((8 * size, 8 * size)), np.zeros((8, size))
    for case in cases:
        for channel in range(3):
            given = regressors(case.found, channel)
            squares += np.kron(case.squares, np.outer(given, given))
            product += np.outer(case.product[:, channel], given)
    squares += ridge * np.trace(squares) / len(squares) * np.eye(len(squares))
    return np.asarray(np.linalg.solve(squares, product.reshape(-1)).reshape(8, size))


def explained(cases: Sequence[Case], lights: Sequence[HeadLight]) -> NDArray[np.float64]:
    """Return the share of the change that each case's light explains, N; negative where it makes it worse."""
    left = [
        case.power
        - 2 * float((light.coefficients * case.product).sum())
        + float((light.coefficients * (case.squares @ light.coefficients)).sum())
        for case, light in zip(cases, lights, strict=True)
    ]
    return np.asarray(1 - np.array(left) / np.array([case.power for case in cases]))


def light_of(case: Case, weights: NDArray[np.float64]) -> HeadLight:
    """Return the light that a map estimates."""
    return HeadLight(np.stack([weights @ regressors(case.found, channel) for channel in range(3)], axis=1))


def held_out_shares(cases: Sequence[Case], ridge: float = RIDGE) -> NDArray[np.float64]:
    """Return `explained` for each case with a map fitted to other heads."""
    heads = sorted({case.head for case in cases})
    fold = {head: number % FOLDS for number, head in enumerate(heads)}
    shares = np.zeros(len(cases))
    for number in range(FOLDS):
        inside = [index for index, case in enumerate(cases) if fold[case.head] == number]
        weights = fitted([case for case in cases if fold[case.head] != number], ridge)
        shares[inside] = explained([cases[i] for i in inside], [light_of(cases[i], weights) for i in inside])
    return shares


def head_of(clip: SourceClip) -> str:
    """Return the head that a clip is named after; a head and its variant X_ are one."""
    return named_head(clip.source, clip.person).removeprefix("X_")


def main(data: Path, folders: Sequence[str], held_out: Sequence[str]) -> None:
    """Fit and write the map."""
    finder, settings = FaceFinder(Engine(1)), PrepareSettings()
    kept_out = {head_of(clip) for folder in held_out for clip in find_sources([data / folder], settings).clips}
    clips = [clip for folder in folders for clip in find_sources([data / folder], settings).clips]
    used = [clip for clip in clips if head_of(clip) not in kept_out]
    cases: list[Case] = []
    for number, clip in enumerate(used):
        cases += cases_of(read_clip(clip, finder), head_of(clip))
        print(f"{number + 1}/{len(used)} {clip.clip}: {len(cases)} cases", flush=True)
    report(cases)
    np.save(FITTED, fitted(cases).astype(np.float32))


def report(cases: Sequence[Case]) -> None:
    """Print how much of the change the light explains, for heads it was not fitted to."""
    shares = held_out_shares(cases)
    first = explained(cases, [HeadLight(np.vstack([case.found[:3], np.zeros((5, 3))])) for case in cases])
    for name, values in (("map", shares), ("first order of the photo's own fit", first)):
        print(f"{name}: median {np.median(values):.3f}, made worse {np.mean(values < 0):.3f}")
    print(f"{len(cases)} cases of {len({case.head for case in cases})} heads")


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2].split(","), sys.argv[3].split(","))
