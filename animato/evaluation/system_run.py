"""Run one system on one sample: render, track and score its frames."""

from __future__ import annotations

import time
from collections.abc import Generator, Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from animato.errors import AnimatoError
from animato.evaluation.frames import GROUP
from animato.evaluation.metrics.base import METRICS, Metric, Reference, ScoredFrame, make
from animato.evaluation.rows import Row
from animato.evaluation.systems.base import DrawsSilhouettes, RenderRequest, System
from animato.tracking.face_finder import FaceFinder
from animato.tracking.tracker import Tracker
from animato.types import Face, Frame


class RunTracker:
    """Tracks separate runs of consecutive frames, resetting the tracker for each run.

    The result depends on the run alone, for outputs and true frames alike. The first frame is tracked three times until
    the tracker's region converges; otherwise the landmarks would shift and be measured as jitter.
    """

    def __init__(self, finder: FaceFinder) -> None:
        self._tracker = Tracker(finder=finder)
        self._run = -1
        self.position = 0

    def track(self, picture: Frame, run: int) -> Face | None:
        """Return the landmarks in the next image and set `position` to its index in the run, from 0."""
        self.position += 1
        if run != self._run:
            self._run, self.position = run, 0
            self._tracker.reset()
            for _ in range(2):
                self._tracker.track(picture)
        return self._tracker.track(picture)


class SystemRun:
    """One system on one sample: its frames, its tracker, its metrics.

    Args:
        system: the system under test.
        rows: an empty row for each band, by the band's label.
        metrics: names of the metrics of single clips.
        finder: networks to use.
    """

    def __init__(self, system: System, rows: dict[str, Row], metrics: Sequence[str], finder: FaceFinder) -> None:
        self.system, self.rows = system, rows
        self.problem: str | None = None
        self._metrics = {band: {name: make(name) for name in metrics} for band in rows}
        self._tracker = RunTracker(finder)
        self._frames: Iterator[Frame] | None = None
        self._silhouettes: Iterator[Frame] = iter(())
        self._count = 0

    def start(self, photos: Sequence[Frame], request: RenderRequest, silhouettes: bool = False) -> None:
        """Prepare the system; an error is recorded in the rows.

        Args:
            photos: of the source person.
            request: the frames to render.
            silhouettes: whether the silhouettes of its heads are measured, if the system draws them.
        """
        started = time.perf_counter()
        try:
            self.system.prepare(photos)
            if silhouettes and isinstance(self.system, DrawsSilhouettes):
                self._silhouettes = iter(list(self.system.silhouettes(request)))
            self._frames = self.system.render(request)
        except AnimatoError as error:
            self.problem = error.what
        for row in self.rows.values():
            row.prepare_seconds = time.perf_counter() - started

    def next_silhouette(self) -> Frame | None:
        """Return the silhouette of the next frame, white on black, or None if the system draws none."""
        return next(self._silhouettes, None)

    def next(self) -> Frame | None:
        """Return the next frame, or None if the system failed."""
        if self._frames is None or self.problem is not None:
            return None
        try:
            output = next(self._frames)
        except AnimatoError as error:
            self.problem = error.what
            return None
        except StopIteration:
            self.problem = f"output ended after {self._count} frames"
            return None
        self._count += 1
        return output

    def measure(
        self,
        output: Frame,
        reference: Reference,
        run: int,
        band: str,
        pooled: dict[str, Metric],
        head: NDArray[np.bool_] | None = None,
    ) -> None:
        """Track the face in a frame and add both to every metric.

        Args:
            output: the scored square of the system's output.
            reference: reference data of the frame.
            run: number of the run of consecutive frames.
            band: label of the band.
            pooled: metrics over all clips of this system in this band.
            head: S x S bool, silhouette of the head in the scored square, if known.
        """
        face = self._tracker.track(output, run)
        scored = ScoredFrame(output, face, reference, head=head)
        within_group = self._tracker.position % GROUP != 0
        for name, metric in (*self._metrics[band].items(), *pooled.items()):
            info = METRICS[name].info
            lacks_truth = info.needs == "truth" and reference.picture is None
            if not lacks_truth and not (within_group and info.sparse):
                metric.add(scored)
        self.rows[band].frames += 1
        self.rows[band].lost += face is None

    def finish(self) -> list[Row]:
        """Return the finished rows; those of a failed system have no values."""
        if isinstance(self._frames, Generator):
            self._frames.close()  # stops the threads of the pipeline
        for band, row in self.rows.items():
            row.problem = self.problem
            if self.problem is None and not row.frames + row.skipped:
                row.problem = "no frame in this band of head rotation"
            if row.problem is None:
                row.values = {name: metric.value() for name, metric in self._metrics[band].items()}
        return list(self.rows.values())
