"""Render twins with the package that this process imports, and write their metrics; used by ablate_rules.py.

The protocol, pipeline and metrics are those of `animato evaluate --protocol twins`, with the first frame of each scored
group. People in the training data of the networks are included: both sides of a comparison use the same networks.
"""

from __future__ import annotations

import argparse
import hashlib
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np

from animato.evaluation.footage import Footage, Track, Tracks
from animato.evaluation.frames import FrameSelection
from animato.evaluation.protocols import plan
from animato.evaluation.rows import Row
from animato.evaluation.scoring import Sample
from animato.evaluation.systems.base import RenderRequest
from animato.evaluation.systems.portrait import AnimateSystem, animate_settings
from animato.head.head import Head
from animato.pipeline.framing import Framing
from animato.renderers.base import Renderer
from animato.runtime.engine import Engine
from animato.settings.evaluation import EvaluateSettings
from animato.tracking.face_finder import FaceFinder
from animato.types import Face, Frame

METRICS = ("psnr", "psnr-face", "l1-mouth", "l1-eyes", "akd")


@dataclass(frozen=True)
class Run:
    """Settings of a run.

    Attributes:
        settings: motion settings that differ from the defaults.
        rings: whether every photo falls back to rings, as one with an unreliable outline does.
    """

    settings: dict[str, Any] = field(default_factory=dict)
    rings: bool = False


RUNS = {
    "default": Run(),
    "light": Run({"expression_light": 1.0}),
    "rings": Run(rings=True),
}
"""Runs by name."""


class TwinSystem(AnimateSystem):
    """The portrait system, with a digest of its output."""

    def __init__(self, run: Run, settings: EvaluateSettings, finder: FaceFinder) -> None:
        super().__init__("portrait", animate_settings(settings), settings.threads, finder)
        self._run = run
        self.digest = hashlib.sha256()

    def prepare(self, photos: Sequence[Frame]) -> None:
        """See `System`; starts a new digest."""
        self.digest = hashlib.sha256()
        super().prepare(photos)

    def _renderer(self, head: Head) -> tuple[Framing, Renderer]:
        if self._run.rings:
            head = replace(head, photos=tuple(replace(photo, parts=None) for photo in head.photos))
        return super()._renderer(head)

    def render(self, request: RenderRequest) -> Iterator[Frame]:
        """See `System`."""
        for frame in super().render(request):
            self.digest.update(frame.tobytes())
            yield frame


class StoredTracks(Tracks):
    """Landmarks of whole clips, kept in a folder: every run selects the same frames, whatever its own tracker finds.

    Args:
        finder: networks to use.
        max_count: maximum number of frames read per clip.
        folder: one file per clip.
    """

    def __init__(self, finder: FaceFinder, max_count: int, folder: Path) -> None:
        super().__init__(finder, max_count)
        self._folder = folder

    def of(self, footage: Footage) -> Track:
        """Return the landmarks of a clip."""
        file = self._folder / f"{footage.name}.npz"
        if not file.is_file():
            faces, times = track = super().of(footage)
            found = [face for face in faces if face is not None]
            self._folder.mkdir(parents=True, exist_ok=True)
            np.savez(
                file,
                found=np.array([face is not None for face in faces]),
                points=np.array([face.points for face in found], np.float32),
                blendshapes=np.array([face.blendshapes for face in found], np.float32),
                scores=np.array([face.score for face in found], np.float64),
                times=np.array(times, np.float64),
            )
            return track
        with np.load(file, allow_pickle=False) as arrays:
            stored = zip(arrays["points"], arrays["blendshapes"], arrays["scores"], strict=True)
            known = iter([Face(points, blendshapes, float(score)) for points, blendshapes, score in stored])
            faces = tuple(next(known) if found else None for found in arrays["found"])
            return Track(faces, tuple(float(time) for time in arrays["times"]))


def render(data: Path, run: Run, settings: EvaluateSettings, tracks: Path) -> dict[str, Any]:
    """Return pair name to the values of the metrics and the digest of the frames.

    Args:
        data: folder of the clips.
        run: what is rendered.
        settings: of the evaluation.
        tracks: folder of the clips' landmarks.
    """
    finder = FaceFinder(Engine(settings.threads))
    system, stored = TwinSystem(run, settings, finder), StoredTracks(finder, settings.frames, tracks)
    (part,) = (part for part in plan(data, settings) if part.kind == "twins")
    result = {}
    for source, driver in part.samples:
        sample = Sample(part, source, driver, stored, settings.size)
        selection = part.choose(sample.source_track.faces, sample.driver_track.faces, settings.every)
        if selection is not None:
            pooled: dict[str, Any] = {system.name: {band.label: {} for band in part.bands}}
            rows, _ = sample.run(_first_of_groups(selection), [system], METRICS, pooled)
            result[sample.name] = {"digest": system.digest.hexdigest(), "values": _mean_of_bands(rows)}
    return result


def _first_of_groups(selection: FrameSelection) -> FrameSelection:
    """Return a selection without the second and third frame of each group."""
    first: dict[int, int] = {}
    for index, group in selection.scored:
        first.setdefault(group, index)
    return replace(selection, scored=tuple((index, group) for group, index in first.items()))


def _mean_of_bands(rows: Sequence[Row]) -> dict[str, float | None]:
    """Return the mean of each metric over the bands of turn, weighted by their frames."""
    means: dict[str, float | None] = {}
    for metric in METRICS:
        values = [(value, row.frames) for row in rows if (value := row.values.get(metric)) is not None]
        frames = sum(count for _, count in values)
        means[metric] = sum(value * count for value, count in values) / frames if frames else None
    return means


def main() -> None:
    """Render and write one JSON file."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path)
    parser.add_argument("-o", "--output", type=Path, required=True, help="JSON file")
    parser.add_argument("--tracks", type=Path, required=True, help="folder for the landmarks of the clips")
    parser.add_argument("--run", choices=RUNS, default="default")
    parser.add_argument("--pairs", type=int, help="maximum number of pairs; default: all")
    parser.add_argument("--every", type=int, default=2, help="score every N-th group of frames")
    args = parser.parse_args()
    run = RUNS[args.run]
    settings = EvaluateSettings(
        protocol="twins", subset="twins", limit=args.pairs, every=args.every, threads=1, **run.settings
    )
    result = render(args.data, run, settings, args.tracks)
    temporary = args.output.with_suffix(".tmp")
    temporary.write_text(json.dumps(result), encoding="utf-8")
    temporary.replace(args.output)


if __name__ == "__main__":
    main()
