"""Fit the basis and the tables that ship as animato/assets/motion_basis.npz.

    python scripts/fit_motion_basis.py ../shared/data motions/

Records the motion of talking people (GRID, CC BY 4.0) and of rendered heads (VALID avatars, MIT) into a folder, unless
it is there already, smooths it as live motion is smoothed, and computes: a weighted principal component analysis of the
expression, mirrored copies included; linear predictions of apertures and scores; and for every coded value the table
with the shortest code. The people in HELD_OUT and the heads of `twins` are left out: docs/motion-stream.md judges on
them.
"""

from __future__ import annotations

import csv
import sys
from fractions import Fraction
from pathlib import Path

import numpy as np

from animato.appearance.channels import CHANNELS
from animato.drivers.video import VideoDriver
from animato.errors import AnimatoError
from animato.geometry.landmarks import BLENDSHAPES, EYE_LEFT, EYE_RIGHT, LIPS_INNER, LIPS_OUTER, POINTS
from animato.geometry.mesh import head_topology
from animato.motion.entropy import TOTAL_BITS
from animato.motion.motion_basis import ASSET, POSE_VALUES
from animato.motion.motion_file import MotionClip, load_motion, save_motion
from animato.motion.smooth import CausalSmoother, pose_vector
from animato.runtime.stage_clock import StageClock
from animato.settings.animate import AnimateSettings
from animato.tracking.face_finder import FaceFinder

HELD_OUT = ("g02", "g05", "g08", "g11", "g14", "g17")
"""A third of the talking people."""
RENDERED_STRIDE = 2
"""Of the rendered clips; more of them changed nothing."""
RENDERED_WEIGHT = 0.5
"""Of all rendered heads, relative to all talking people: rendered faces move like rigs."""

COMPONENTS = 96
STEPS = {"pose": 0.02, "expression": 0.08, "eyes": 0.005, "mouth": 0.004, "scores": 0.15}
"""Pose: cm at the surface of the head, 0.04 px rms at 256. Expression: two thirds of the error per landmark that the
components beyond the 96th leave out. Eyes, mouth: a twentieth of the way from closed to open. Scores are for avatars,
which show less than a tenth of their range hardly at all."""

DEPTH_WEIGHT = 0.5
"""Of depth against image directions: it shows by the sine of a turn, which is 30 degrees at most in a call."""
IRIS_WEIGHT, EDGE_WEIGHT = 3.0, 1.5
"""Of irises, lips and lids against skin: an error of the gaze is seen soonest."""

REACH = 20
"""Tables hold the values from -REACH to REACH."""
SPREAD = 1.15
"""Widening of the tables, for people who move more than those of the fit."""
SMOOTH = 0.5
"""Strength of the live smoothing, the default of the setting."""


def main(data: Path, motions: Path) -> None:
    """Record what is missing, fit, and write the asset."""
    motions.mkdir(exist_ok=True)
    record(data, motions, training_clips(data))
    expression, pose, opening, scores, weights, follows = stacked(data, motions)
    point_weights = np.ones(POINTS)
    point_weights[[*EYE_LEFT, *EYE_RIGHT, *LIPS_INNER, *LIPS_OUTER]] = EDGE_WEIGHT
    point_weights[468:] = IRIS_WEIGHT
    scale = np.tile(point_weights[:, None], (1, 3)) * (1.0, 1.0, DEPTH_WEIGHT)
    scaled = (expression * scale).reshape(len(expression), -1) * np.sqrt(weights)[:, None]
    _, vectors = np.linalg.eigh((scaled.T @ scaled).astype(np.float64))
    vectors = vectors[:, : -COMPONENTS - 1 : -1].T
    vector_scale = np.abs(vectors).max(axis=1) / 127
    stored = np.rint(vectors / vector_scale[:, None]).astype(np.int8)
    vectors = stored * vector_scale[:, None]

    steps = np.concatenate(
        [
            np.full(POSE_VALUES, STEPS["pose"]),
            np.full(COMPONENTS, STEPS["expression"]),
            [STEPS["eyes"], STEPS["eyes"], STEPS["mouth"]],
            np.full(len(BLENDSHAPES), STEPS["scores"]),
        ]
    )
    expression_units = np.rint((expression * scale).reshape(len(expression), -1) @ vectors.T / STEPS["expression"])
    coefficients = expression_units * STEPS["expression"]
    opening_of = solve(coefficients, opening, weights)
    opening_units = np.rint((opening - coefficients @ opening_of) / steps[-len(BLENDSHAPES) - 3 : -len(BLENDSHAPES)])
    known = np.column_stack([coefficients, opening, np.ones(len(opening))])
    scores_of = solve(known, scores, weights)
    score_units = np.rint((scores - (known @ scores_of).clip(0, 1)) / STEPS["scores"])
    units = np.column_stack([np.rint(pose / STEPS["pose"]), expression_units, opening_units, score_units])

    units = units.astype(int)
    changes = units[1:] - units[:-1]
    tables, chosen, shifts, bits = choose(units, weights)
    _, follower, follower_shifts, follower_bits = choose(changes, follows[1:] * weights[1:] / (follows * weights).sum())
    ends = np.cumsum([POSE_VALUES, COMPONENTS, 3])
    for name, part in (("key frame", bits), ("follower", follower_bits)):
        print(name, "bits: pose, expression, apertures, scores", [round(b.sum(), 1) for b in np.split(part, ends)])
    np.savez_compressed(
        ASSET,
        vectors=stored,
        vector_scale=vector_scale.astype(np.float32),
        weights=point_weights.astype(np.float32),
        depth_weight=np.float32(DEPTH_WEIGHT),
        apertures=opening_of.astype(np.float32),
        scores=scores_of[:-1].astype(np.float16),
        mean_scores=scores_of[-1].astype(np.float16),
        steps=steps,
        tables=tables.astype(np.uint16),
        table=chosen.astype(np.uint8),
        shift=shifts.astype(np.uint8),
        follower_table=follower.astype(np.uint8),
        follower_shift=follower_shifts.astype(np.uint8),
    )


def training_clips(data: Path) -> list[str]:
    """Return the clips of the fit, relative to the data folder."""
    with (data / "manifest.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    judged = {row["source"] for row in rows if row["path"].startswith("twins/")}
    talking = [row["path"] for row in rows if row["path"].startswith("talking/") and row["person"] not in HELD_OUT]
    rendered = [row["path"] for row in rows if row["path"].startswith("rendered/") and row["source"] not in judged]
    return talking + rendered[::RENDERED_STRIDE]


def motion_of(clip: str, motions: Path) -> Path:
    """Return the path of a clip's motion file."""
    return motions / f"{clip.replace('/', '_').removesuffix('.mp4')}.motion"


def record(data: Path, motions: Path, clips: list[str]) -> None:
    """Record the motion of clips that have none yet."""
    finder = FaceFinder()
    for clip in clips:
        if motion_of(clip, motions).exists():
            continue
        try:
            driver = VideoDriver(data / clip, AnimateSettings(threads=1), finder)
            frames = tuple(driver.frames(StageClock()))
        except AnimatoError as problem:
            print(clip, problem)
            continue
        fps, duration = Fraction(driver.fps).limit_denominator(1001), float(driver.duration or 1.0)
        save_motion(motion_of(clip, motions), MotionClip(clip, "", "", fps, driver.neutral, frames, duration))


def stacked(data: Path, motions: Path) -> tuple[np.ndarray, ...]:
    """Return expression, pose, change of apertures, scores and weight of every frame, then of its mirror image.

    The last array says which frames follow the one before at the rate of a call.
    """
    expression, pose, opening, scores, weights, follows = [], [], [], [], [], []
    clips = [clip for clip in training_clips(data) if motion_of(clip, motions).exists()]
    people = [clip.split("/")[-1].split("_")[0] for clip in clips]
    for clip, person in zip(clips, people, strict=True):
        recorded, smoother = load_motion(motion_of(clip, motions), CHANNELS), CausalSmoother(SMOOTH)
        frames = [smoother(frame) for frame in recorded.frames]
        expression += [frame.expression for frame in frames]
        pose += [pose_vector(frame) for frame in frames]
        opening += [frame.apertures - recorded.neutral.apertures for frame in frames]
        scores += [frame.blendshapes for frame in frames]
        follows += [False, *[person.startswith("g")] * (len(frames) - 1)]
        kind = [name for name in set(people) if name.startswith(person[0])]
        share = RENDERED_WEIGHT if person.startswith("r") else 1.0
        weights += [share / len(kind) / people.count(person) / len(frames)] * len(frames)
    print(len(clips), "clips,", len(expression), "frames")
    partner = head_topology().partner[:468]
    # The rims of the irises run from the outer to the inner side in one eye and back in the other.
    partner = np.concatenate([partner, [473, 476, 475, 474, 477, 468, 471, 470, 469, 472]])
    swapped = [name.replace("Left", "#").replace("Right", "Left").replace("#", "Right") for name in BLENDSHAPES]
    faces, poses, openings = np.stack(expression).astype(np.float64), np.stack(pose), np.stack(opening)
    return (
        np.concatenate([faces, faces[:, partner] * (-1.0, 1.0, 1.0)]),
        np.concatenate([poses, poses * (1.0, -1.0, -1.0, -1.0, 1.0, 1.0)]),
        np.concatenate([openings, openings[:, [1, 0, 2]]]),
        np.concatenate([scores, np.stack(scores)[:, [BLENDSHAPES.index(name) for name in swapped]]]),
        np.array(weights * 2) / (2 * sum(weights)),
        np.array(follows * 2),
    )


def solve(known: np.ndarray, wanted: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Return the ridge regression of `wanted` (N x M) on `known` (N x K), K x M."""
    weighted = known * weights[:, None]
    square = weighted.T @ known
    return np.linalg.solve(square + 1e-3 * np.diag(np.diag(square)) + 1e-9 * np.eye(len(square)), weighted.T @ wanted)


def choose(units: np.ndarray, weights: np.ndarray) -> tuple[np.ndarray, ...]:
    """Return tables (T x (2 REACH + 2)), the table and shift of each column of `units`, and their bits a frame."""
    widths = 2.0 ** np.arange(-4.0, 3.5, 0.5)
    tables = np.stack([table(width, kind) for kind in (1.0, 2.0) for width in widths])
    code = TOTAL_BITS - np.log2(tables)
    best = []
    for column in units.T:
        options = []
        for shift in range(11):
            upper = column >> shift
            inside = np.abs(upper) <= REACH
            cost = code[:, np.where(inside, upper + REACH, 2 * REACH + 1)] + np.where(inside, shift, 16)
            options += [(bits, number, shift) for number, bits in enumerate(cost @ weights)]
        best.append(min(options))
    bits, chosen, shifts = (np.array(part) for part in zip(*best, strict=True))
    return tables, chosen.astype(int), shifts.astype(int), bits


def table(width: float, power: float) -> np.ndarray:
    """Return integer frequencies of a Laplace (power 1) or normal (power 2) distribution, with an escape."""
    edges = (np.arange(-REACH, REACH + 2) - 0.5) / (width * SPREAD)
    middle = np.linspace(edges[:-1], edges[1:], 33)
    density = np.exp(-(np.abs(middle) ** power) / power).mean(axis=0)
    share = np.append(density / density.sum(), 2e-4) + 2e-4
    counts = np.maximum(np.floor(share / share.sum() * 2**TOTAL_BITS), 1).astype(int)
    counts[REACH] += 2**TOTAL_BITS - counts.sum()
    return counts


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
