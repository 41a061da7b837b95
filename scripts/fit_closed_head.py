"""Fit the constants of the closed head's shape to silhouettes of turned heads.

python scripts/fit_closed_head.py ../shared/data/parts

Each labelled clip gives its most frontal view as the photo and its turned views as targets. The closed head is fitted
to the photo's true labels, turned to a target's landmarks, and its silhouette above the chin is compared with the true
one. Heads that the parts network was trained on are used for the fit, all others only for the report
(docs/numbers.md).
"""

from __future__ import annotations

import functools
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from animato.data.sources import SourceClip, find_sources
from animato.evaluation.metrics.silhouette import silhouette_iou
from animato.evaluation.regions import HEAD
from animato.evaluation.truth_labels import read_view_labels
from animato.geometry.pose import fit_pose
from animato.geometry.raster import draw_triangles
from animato.head import closed_rings
from animato.head.closed_head import ClosedHead, fit_closed_head
from animato.head.closed_topology import closed_topology
from animato.head.view import HeadView
from animato.media.reader import open_video
from animato.models.parts.config import PARTS
from animato.renderers.warp.shell import ClosedShell
from animato.runtime.engine import Engine
from animato.settings.data import PrepareSettings
from animato.tracking.face_finder import FaceFinder
from animato.training.parts.cases import named_head
from animato.types import Frame, Points
from animato.weights.parts import read_parts

STEPS = {"PERSPECTIVE": 0.005, "WIDEST_SIDE": 1.0, "WIDEST_TOP": 1.5, "BACK_CM": 1.5, "HAIR_CM": 1.5} | {
    f"{shares} {number}": 0.15
    for shares in ("BACK_SHARES", "HAIR_SHARES")
    for number in range(len(closed_rings.BACK_HEIGHTS))
}
"""Constants that are fitted, with the first step of the search; those of a tuple with their number in it."""

ROUNDS = 3
"""Rounds of the coordinate search; the steps are halved after each."""

MOST_FRONTAL, LEAST_TURN = 8.0, 15.0
"""Largest yaw of a photo, and smallest difference in yaw of a target, degrees."""

ABOVE_CHIN_CM = 0.5
"""Pixels farther down than this above the chin are not compared: there neck and hanging hair begin."""

SMALLEST_TRIANGLE = 0.3
CHIN = 152
BANDS = ((15.0, 30.0), (30.0, 45.0), (45.0, 90.0))


@dataclass(frozen=True, eq=False, kw_only=True)
class LabelledView(HeadView):
    """A photo whose closed head is fitted to true labels, S x S uint8."""

    labels: NDArray[np.uint8]

    @functools.cached_property
    def closed_head(self) -> ClosedHead:
        """The head beyond its face mesh."""
        head, hair, person = (
            mask.astype(np.float32)
            for mask in (
                np.isin(self.labels, HEAD),
                self.labels == PARTS.index("hair"),
                self.labels != PARTS.index("background"),
            )
        )
        return fit_closed_head(self.points, self.pose, head, hair, person)


@dataclass(frozen=True)
class TurnedView:
    """One target.

    Attributes:
        points: 478 x 3 float32, its landmarks, pixels.
        head: S x S bool, its true silhouette.
        turn: difference in yaw from the photo, degrees.
    """

    points: Points
    head: NDArray[np.bool_]
    turn: float


@dataclass(frozen=True)
class HeadCase:
    """One head: its photo and its targets."""

    photo: LabelledView
    targets: tuple[TurnedView, ...]


def drawn_silhouette(photo: HeadView, target: Points) -> NDArray[np.bool_]:
    """Return where the closed head of a photo is drawn when it is turned to a target, S x S bool.

    Args:
        photo: the photo.
        target: 478 x 3, landmarks, pixels.
    """
    shell = ClosedShell(photo)
    return _drawn(shell, target, photo.size)


def _drawn(shell: ClosedShell, target: Points, size: int) -> NDArray[np.bool_]:
    topology = closed_topology()
    vertices = shell.target(target, fit_pose(target), None)
    drawn = draw_triangles(vertices, topology.triangles, size, topology.outward, SMALLEST_TRIANGLE)
    return np.asarray((drawn >= 0) & ~np.take(np.append(topology.fringe, False), drawn, mode="wrap"))


def overlaps(case: HeadCase) -> list[float]:
    """Return the silhouette IoU of each target of a head above the chin, with the constants as they are."""
    size = case.photo.size
    # A new view: a cached closed head was fitted with other constants.
    shell = ClosedShell(LabelledView(case.photo.image, case.photo.points, labels=case.photo.labels))
    found = []
    for target in case.targets:
        lowest = target.points[CHIN, 1] - ABOVE_CHIN_CM * fit_pose(target.points).scale
        compared = np.broadcast_to(np.arange(size)[:, None] < lowest, (size, size))
        found.append(silhouette_iou(_drawn(shell, target.points, size) & compared, target.head & compared))
    return found


def read_constant(name: str) -> float:
    """Return a constant of `STEPS`."""
    constant, _, number = name.partition(" ")
    value = getattr(closed_rings, constant)
    return float(value[int(number)] if number else value)


def set_constant(name: str, value: float) -> None:
    """Set a constant of `STEPS`."""
    constant, _, number = name.partition(" ")
    values = getattr(closed_rings, constant)
    changed = (*values[: int(number)], value, *values[int(number) + 1 :]) if number else value
    setattr(closed_rings, constant, changed)


def objective(cases: Sequence[HeadCase], constants: Mapping[str, float]) -> float:
    """Return the mean silhouette IoU over all targets with given constants, which stay set."""
    for name, value in constants.items():
        set_constant(name, value)
    return float(np.mean([value for case in cases for value in overlaps(case)]))


def search(cases: Sequence[HeadCase], start: Mapping[str, float], rounds: int = ROUNDS) -> dict[str, float]:
    """Return the constants of the best objective found by a coordinate search."""
    best, reached, scale = dict(start), objective(cases, start), 1.0
    for _ in range(rounds):
        for name, step in STEPS.items():
            for sign in (1, -1):
                tried = {**best, name: best[name] + sign * scale * step}
                value = objective(cases, tried)
                if value > reached:
                    best, reached = tried, value
                    print(f"{value:.4f} {name} {tried[name]:.4g}", flush=True)
                    break
        scale /= 2
    return best


def read_cases(clips: Sequence[SourceClip], finder: FaceFinder) -> Iterator[HeadCase]:
    """Yield the heads of labelled clips that have a frontal and a turned view."""
    for clip in clips:
        labels = read_view_labels(clip.path)
        if labels is None:
            continue
        with open_video(clip.path) as video:
            frames = [item.image for item in video]
        faces = {number: _face(finder, frames[number]) for number in labels.frames}
        yaws = {number: fit_pose(points).degrees()[0] for number, points in faces.items() if points is not None}
        if not yaws:
            continue
        first = min(yaws, key=lambda number: abs(yaws[number]))
        targets = tuple(
            TurnedView(points, np.isin(labels.of(number), HEAD), abs(yaws[number] - yaws[first]))
            for number, points in faces.items()
            if points is not None and abs(yaws[number] - yaws[first]) >= LEAST_TURN
        )
        photo = faces[first]
        if targets and photo is not None and abs(yaws[first]) <= MOST_FRONTAL:
            yield HeadCase(LabelledView(frames[first], photo, labels=labels.of(first)), targets)


def _face(finder: FaceFinder, image: Frame) -> Points | None:
    faces = finder.find(image)
    return max(faces, key=lambda face: float(np.ptp(face.points[:, 0]))).points if faces else None


def report(name: str, cases: Sequence[HeadCase], constants: Mapping[str, float]) -> None:
    """Print the objective on a set of heads, in all and by bands of turn."""
    mean = objective(cases, constants)
    pairs = [(target.turn, value) for case in cases for target, value in zip(case.targets, overlaps(case), strict=True)]
    bands = [
        f"{low:g}-{high:g}: {np.mean(inside):.4f} ({len(inside)})"
        for low, high in BANDS
        if (inside := [value for turn, value in pairs if low <= turn < high])
    ]
    print(f"{name}: {mean:.4f} over {len(pairs)} views of {len(cases)} heads; {', '.join(bands)}", flush=True)


def main(folder: Path) -> None:
    """Fit on training heads; report both sets before and after."""
    trained = set(read_parts().header["recipe"]["people"])
    clips = find_sources([folder], PrepareSettings()).clips
    finder = FaceFinder(Engine(1))
    fitted, held_out = (
        list(read_cases([c for c in clips if (named_head(c.source, c.person) in trained) == wanted], finder))
        for wanted in (True, False)
    )
    start = {name: read_constant(name) for name in STEPS}
    print("before", start)
    report("fitted on", fitted, start)
    report("held out", held_out, start)
    best = search(fitted, start)
    print("after", {name: round(value, 5) for name, value in best.items()})
    report("fitted on", fitted, best)
    report("held out", held_out, best)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
