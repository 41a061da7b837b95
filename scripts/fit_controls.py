"""Fit the displacement fields of the expression controls, which ship as animato/assets/controls.npz.

    python scripts/fit_controls.py ../shared/data [faces.npz]

Faces are tracked in the photos of the London Set, the clips of GRID (both CC BY 4.0) and the rendered heads (MIT and
CC0). A ridge regression explains each face's change since its owner's most neutral one by the changes of the 52 scores
and of the gaze; a control is the sum of the fields of its scores at a strong score. Sounds are means over people, of
the spoken frames whose mouth is most open (aa), wide (ee) or narrow (oo). Fields are symmetrised, limited to the part
they move, and lips touch where a control does not open them. The second argument keeps the tracked faces between runs.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from animato.geometry.apertures import apertures, mouth_width
from animato.geometry.landmarks import BLENDSHAPES, IRIS_LEFT, IRIS_RIGHT, MESH_POINTS, POINTS
from animato.geometry.mesh import head_topology
from animato.geometry.region_weights import part_weights
from animato.media.image import load_picture
from animato.media.reader import open_video
from animato.motion.aperture_profile import scale_apertures
from animato.motion.controls import ASSET
from animato.motion.motion_frame import Factored, factor, neutral_cost
from animato.motion.photo_expression import gaze_offset
from animato.tracking.face_finder import FaceFinder, face_width
from animato.tracking.tracker import Tracker

FRAME_STEP = {"talking": 4, "rendered": 3}
"""Stride over the frames of a clip."""
MAX_TURN = 25.0
"""Yaw or pitch in degrees beyond which a frame is skipped: hidden landmarks are guesses."""
RIDGE = 0.02
"""Weight of the penalty per observation, in squared scores; the smile of held-out people is explained best near it."""
PAIR_WEIGHT = 6.0
"""Weight of a pair of photos relative to a frame, as frames of a clip are correlated."""
EXTREME_SHARE = 0.04
"""Share of a person's spoken frames that count as one sound."""
STRONG = 99.0
"""Percentile of the scores that counts as strong."""
GAIN = 1.4
"""Full controls exceed strong expressions by this factor: the widest smiles and mouths of these faces (95th and 99.8th
percentile) are 1.4 times as wide and open as the fields alone."""

SIDES = ("Left", "Right")
SCORES = {
    "smile": ("mouthSmile",),
    "pout": ("mouthPucker",),
    "jaw_open": ("jawOpen",),
    "brows": ("browInnerUp", "browOuterUp"),
    "brows_down": ("browDown",),
    "blink": ("eyeBlink",),
}
"""Scores of each field, both sides together."""
OPENING = frozenset({"jaw_open", "aa", "ee", "oo"})
"""Controls that open the mouth."""
PART = {"brows": 2, "brows_down": 2, "blink": 1, "gaze_x": 1, "gaze_y": 1}
"""Part of the face (`geometry.region_weights`) of each field; 0, mouth with jaw and cheeks, for the others."""

Faces = dict[str, list[Factored]]
"""Name of a person or clip to the faces."""


def main(data: Path, cache: Path | None) -> None:
    """Fit and write the fields."""
    faces = _read(cache) if cache is not None and cache.exists() else dict(_tracked(data))
    if cache is not None and not cache.exists():
        _write(cache, faces)
    neutral, fields = fit(faces)
    arrays = {name: field.astype(np.float16) for name, field in fields.items()}
    rest, full = score_ranges(faces)
    np.savez_compressed(ASSET, neutral=neutral.astype(np.float32), score_rest=rest, score_full=full, **arrays)
    print(f"{ASSET.name}: {ASSET.stat().st_size} bytes")


def fit(faces: Faces) -> tuple[NDArray[np.float64], dict[str, NDArray[np.float64]]]:
    """Return the mean neutral face (478 x 3) and the field of each control at 1 (478 x 3), centimetres."""
    rows = [
        (person, neutral, face, PAIR_WEIGHT if person.startswith("l") else 1.0)
        for person, owned in faces.items()
        for neutral in [min(owned, key=neutral_cost)]
        for face in owned
        if face is not neutral and _usable(face) and _usable(neutral)
    ]
    x = np.array([_measures(face) - _measures(neutral) for _, neutral, face, _ in rows])
    y = np.array([(face.local - neutral.local).ravel() for _, neutral, face, _ in rows])
    weights = np.array([weight for *_, weight in rows])
    solution = _ridge(x, y, weights)
    print(f"{len(rows)} faces of {len(faces)} people and clips; explained {_explained(x, y, weights, solution):.2f}")
    strong = np.percentile([_measures(face) for owned in faces.values() for face in owned], STRONG, axis=0)
    fields = {name: _of_scores(solution, strong, names) for name, names in SCORES.items()}
    fields |= {f"gaze_{axis}": solution[len(BLENDSHAPES) + index].reshape(POINTS, 3) for index, axis in enumerate("xy")}
    fields |= _sounds(rows)
    neutrals = [min(owned, key=neutral_cost).local for person, owned in faces.items() if person.startswith("l")]
    neutral = np.mean(neutrals, axis=0)
    neutral = scale_apertures((neutral + _mirrored(neutral)) / 2, (1.0, 1.0, 0.0))
    return neutral, {name: _finished(name, field, neutral) for name, field in fields.items()}


def score_ranges(faces: Faces) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Return the 52 scores up to which a face counts as neutral, and those at which its controls are full."""
    neutral = [min(owned, key=neutral_cost).blendshapes for person, owned in faces.items() if person.startswith("l")]
    strong = np.percentile([face.blendshapes for owned in faces.values() for face in owned], STRONG, axis=0)
    rest = np.median(neutral, axis=0)
    return np.float32(rest), np.float32(np.maximum(np.minimum(GAIN * strong, 1.0), rest + 0.1))


def _usable(face: Factored) -> bool:
    yaw, pitch, _ = face.pose.degrees()
    return abs(yaw) < MAX_TURN and abs(pitch) < MAX_TURN


def _measures(face: Factored) -> NDArray[np.float64]:
    """Return the 52 scores without the eight gaze directions, and the offset of the irises right and down: 54."""
    scores = face.blendshapes.astype(np.float64).copy()
    scores[[0, *range(11, 19)]] = 0.0
    return np.concatenate([scores, gaze_offset(face.local)])


def _ridge(x: NDArray[np.float64], y: NDArray[np.float64], weights: NDArray[np.float64]) -> NDArray[np.float64]:
    weighted = x * weights[:, None]
    penalty = RIDGE * weights.sum() * np.diag([0.05] * len(BLENDSHAPES) + [0.0005] * 2)
    return np.asarray(np.linalg.solve(weighted.T @ x + penalty + 1e-9 * np.eye(x.shape[1]), weighted.T @ y))


def _explained(
    x: NDArray[np.float64], y: NDArray[np.float64], weights: NDArray[np.float64], solution: NDArray[np.float64]
) -> float:
    rest = (weights[:, None] * (y - x @ solution) ** 2).sum()
    return float(1.0 - rest / (weights[:, None] * y**2).sum())


def _of_scores(
    solution: NDArray[np.float64], strong: NDArray[np.float64], names: tuple[str, ...]
) -> NDArray[np.float64]:
    rows = [
        index for index, name in enumerate(BLENDSHAPES) if name in names or name[:-4] in names or name[:-5] in names
    ]
    return np.asarray((solution[rows] * strong[rows, None]).sum(axis=0).reshape(POINTS, 3))


def _sounds(rows: list[tuple[str, Factored, Factored, float]]) -> dict[str, NDArray[np.float64]]:
    """Return the mean changes of the spoken frames with the most open, widest and narrowest parted lips."""
    spoken: dict[str, list[tuple[Factored, Factored]]] = {}
    for person, neutral, face, _ in rows:
        if person.startswith("g"):
            spoken.setdefault(person, []).append((neutral, face))
    means: dict[str, list[NDArray[np.float64]]] = {"aa": [], "ee": [], "oo": []}
    for pairs in spoken.values():
        gap = np.array([apertures(face.local)[2] * mouth_width(face.local) for _, face in pairs])
        width = np.array([mouth_width(face.local) - mouth_width(neutral.local) for neutral, face in pairs])
        parted = np.where(gap > 0.15, 0.0, -np.inf)  # centimetres: teeth are seen
        count = max(2, round(EXTREME_SHARE * len(pairs)))
        for sound, rank in (("aa", gap), ("ee", width + parted), ("oo", parted - width)):
            chosen = [pairs[index] for index in np.argsort(-rank)[:count] if np.isfinite(rank[index])]
            means[sound] += (
                [np.mean([face.local - neutral.local for neutral, face in chosen], axis=0)] if chosen else []
            )
    return {sound: np.mean(changes, axis=0) for sound, changes in means.items()}


def _finished(name: str, field: NDArray[np.float64], neutral: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return a field made symmetric, limited to its part, and with lips together unless it opens them."""
    side = -1.0 if name == "gaze_x" else 1.0
    field = (field + side * _mirrored(field)) / 2
    field = field * (1.0 if name.startswith("gaze") else GAIN) * part_weights()[PART.get(name, 0)][:, None]
    if name not in OPENING:
        field = scale_apertures(neutral + field, (1.0, 1.0, 0.0)) - neutral
    if not name.startswith("gaze"):
        field[[*IRIS_LEFT, *IRIS_RIGHT]] = 0.0
    return field


def _mirrored(points: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return positions or displacements (478 x 3) of the mirrored face."""
    partner = np.concatenate(
        [head_topology().partner[:MESH_POINTS], [473, 476, 475, 474, 477, 468, 471, 470, 469, 472]]
    )
    return np.asarray(points[partner] * (-1.0, 1.0, 1.0))


def _tracked(data: Path) -> Iterator[tuple[str, list[Factored]]]:
    finder = FaceFinder()
    for neutral in sorted((data / "portraits").glob("l*_neutral.jpg")):
        paths = (neutral, neutral.with_name(neutral.name.replace("neutral", "smiling")))
        yield neutral.stem.split("_")[0], [_photo(path, finder) for path in paths]
    clips: dict[str, list[Factored]] = {}
    for kind, step in FRAME_STEP.items():
        for path in sorted((data / kind).glob("*.mp4")):
            tracker = Tracker(finder=finder)
            with open_video(path) as reader:
                tracked = [tracker.track(frame.image) for index, frame in enumerate(reader) if index % step == 0]
            faces = [factor(face, 0.0) for face in tracked if face is not None]
            clips.setdefault(path.stem.split("_")[0], []).extend(faces)
    yield from clips.items()


def _photo(path: Path, finder: FaceFinder) -> Factored:
    image = load_picture(path).image
    return factor(finder.refined(image, max(finder.find(image), key=face_width)), 0.0)


def _write(cache: Path, faces: Faces) -> None:
    flat = [(person, face) for person, owned in faces.items() for face in owned]
    np.savez(
        cache,
        person=[person for person, _ in flat],
        local=[face.local for _, face in flat],
        scores=[face.blendshapes for _, face in flat],
        rotation=[face.pose.rotation for _, face in flat],
    )


def _read(cache: Path) -> Faces:
    from animato.geometry.pose import HeadPose

    faces: Faces = {}
    with np.load(cache, allow_pickle=False) as arrays:
        for person, local, scores, rotation in zip(
            *(arrays[n] for n in ("person", "local", "scores", "rotation")), strict=True
        ):
            pose = HeadPose(rotation, np.zeros(3), 1.0)
            faces.setdefault(str(person), []).append(Factored(0.0, pose, local.astype(np.float64), scores))
    return faces


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]) if len(sys.argv) > 2 else None)
