"""One case: every system rendered side by side, every frame measured; only numbers and a few pictures are kept."""

from __future__ import annotations

import itertools
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from animato.errors import AnimatoError
from animato.evaluation.footage import Footage, Tracks
from animato.evaluation.frames import GROUP, Choice
from animato.evaluation.metrics.base import METRICS, Judged, Metric, Reference, make
from animato.evaluation.protocols import Part
from animato.evaluation.systems.base import Crop, Drive, Photo, Subject, best_photo, neutral_index
from animato.settings.evaluation import EvaluateSettings
from animato.tracking.face_finder import FaceFinder
from animato.tracking.tracker import Tracker
from animato.types import Face, Frame


@dataclass
class Row:
    """What one system reached in one case.

    Attributes:
        part, case, person, driver, system: where it belongs.
        values: metric name to value; None where the metric is not defined.
        frames: judged frames.
        lost: of these, frames in which no face was found in the output.
        skipped: wanted frames that could not be judged because the true frame showed no face at the size of the crop.
        seconds: time spent in `prepare`, and in `render` for each frame.
        problem: why the system gave nothing, or None.
    """

    part: str
    case: str
    person: str
    driver: str
    system: str
    values: dict[str, float | None] = field(default_factory=dict)
    frames: int = 0
    lost: int = 0
    skipped: int = 0
    prepare_seconds: float = 0.0
    frame_seconds: float = 0.0
    problem: str | None = None


@dataclass(frozen=True)
class Shot:
    """One line of the page: what everybody made of one frame.

    Attributes:
        part, case, index: where it belongs; index is the driver's frame.
        source: the first photo.
        driver: the true frame, or the driver's.
        outputs: system name to picture; all S x S x 3 uint8 RGB.
        has_truth: whether `driver` is the true frame.
    """

    part: str
    case: str
    index: int
    source: Frame
    driver: Frame
    outputs: dict[str, Frame]
    has_truth: bool


class RunTracker:
    """A tracker for runs of consecutive frames that lie apart: each run starts anew and settled.

    What it finds then depends on the run alone, for outputs and true frames alike. The first frame is looked at three
    times, because the region that the tracker looks at still moves after the first look, and the landmarks with it:
    that would be read as jitter.
    """

    def __init__(self, finder: FaceFinder) -> None:
        self._tracker = Tracker(finder=finder)
        self._run = -1
        self.place = 0

    def track(self, picture: Frame, run: int) -> Face | None:
        """Return the landmarks in the next picture; `place` is then its place in its run, from 0."""
        self.place += 1
        if run != self._run:
            self._run, self.place = run, 0
            self._tracker.reset()
            for _ in range(2):
                self._tracker.track(picture)
        return self._tracker.track(picture)


class Lane:
    """One system in one case: its generator, its tracker, its metrics."""

    def __init__(self, subject: Subject, row: Row, metrics: Sequence[str], finder: FaceFinder) -> None:
        self.subject, self.row = subject, row
        self._clip = {name: make(name) for name in metrics}
        self._tracker = RunTracker(finder)
        self._frames: Iterator[Frame] | None = None

    def start(self, photos: Sequence[Photo], crop: Crop, drive: Drive) -> None:
        """Prepare the system; a failure becomes the row's problem."""
        begun = time.perf_counter()
        try:
            self.subject.prepare(photos, crop)
            self._frames = self.subject.render(drive)
        except AnimatoError as error:
            self.row.problem = error.what
        self.row.prepare_seconds = time.perf_counter() - begun

    def next(self) -> Frame | None:
        """Return the next picture, or None where the system gave up."""
        if self._frames is None or self.row.problem is not None:
            return None
        begun = time.perf_counter()
        try:
            output = next(self._frames)
        except AnimatoError as error:
            self.row.problem = error.what
            return None
        except StopIteration:
            self.row.problem = f"gave {self.row.frames + self.row.skipped} pictures and then none"
            return None
        self.row.frame_seconds += time.perf_counter() - begun
        return output

    def measure(self, output: Frame, reference: Reference, run: int, pooled: dict[str, Metric]) -> None:
        """Find the face in a picture and hand both to every metric.

        Args:
            output: what the system made.
            reference: what it is compared with.
            run: number of the run of consecutive frames.
            pooled: metrics over all clips of this system.
        """
        face = self._tracker.track(output, run)
        judged = Judged(output, face, reference)
        between = self._tracker.place % GROUP != 0
        for name, metric in (*self._clip.items(), *pooled.items()):
            info = METRICS[name].info
            blind = info.needs == "truth" and reference.picture is None
            if not blind and not (between and info.sparse):
                metric.add(judged)
        self.row.frames += 1
        self.row.lost += face is None

    def finish(self) -> Row:
        """Return the finished row; a system that gave up has no values."""
        if self.row.problem is None:
            self.row.values = {name: metric.value() for name, metric in self._clip.items()}
            if self.row.frames:
                self.row.frame_seconds /= self.row.frames + self.row.skipped
        return self.row


class Case:
    """Source and driver of one case, tracked and ready.

    Args:
        part: the part it belongs to.
        source: clip that the photos come from.
        driver: clip that drives.
        tracks: landmarks of whole clips.
        settings: side of the judged crop, and how the driver's landmarks are held.
    """

    def __init__(
        self, part: Part, source: Footage, driver: Footage, tracks: Tracks, settings: EvaluateSettings
    ) -> None:
        self.part, self.source, self.driver = part, source, driver
        self._tracks, self._finder, self._settings = tracks, tracks.finder, settings

    @property
    def source_faces(self) -> list[Face | None]:
        """Landmarks of every frame of the source clip."""
        return self._tracks.of(self.source)

    @property
    def driver_faces(self) -> list[Face | None]:
        """Landmarks of every frame of the driving clip."""
        return self._tracks.of(self.driver)

    @property
    def name(self) -> str:
        """Name of the case: the clip, or source and driver."""
        return self.source.name if self.source is self.driver else f"{self.source.name} by {self.driver.name}"

    def row(self, system: str) -> Row:
        """Return an empty row for a system."""
        return Row(self.part.name, self.name, self.source.person, self.driver.person, system)

    def run(
        self, choice: Choice, subjects: Sequence[Subject], metrics: Sequence[str], pooled: dict[str, dict[str, Metric]]
    ) -> tuple[list[Row], list[Shot]]:
        """Render and measure every system.

        Args:
            choice: photos and judged frames.
            subjects: the systems.
            metrics: names of the metrics of single clips.
            pooled: system name to its metrics over all clips, which are fed.

        Returns:
            One row a system, and the pictures for the page.
        """
        source_faces = self._tracks.refined(self.source, choice.photos)
        neutral = self._neutral(choice, source_faces)
        driver_faces = source_faces if self._same else self._tracks.refined(self.driver, (neutral,))
        driver_faces = self._tracks.held(self.driver, driver_faces, neutral, self._settings)
        photos = self._photos(choice, driver_faces if self._same else source_faces)
        height, width = photos[0].image.shape[:2]
        crop = Crop.around(photos[0].face.points, self._settings.size, width, height)
        wanted = tuple(index for index, _ in choice.judged)
        drive = Drive(tuple(driver_faces), wanted, self._same, self.driver.fps, neutral)
        lanes = [Lane(subject, self.row(subject.name), metrics, self._finder) for subject in subjects]
        for lane in lanes:
            lane.start(photos, crop, drive)
        cuts = tuple(crop.cut(photo.image) for photo in photos)
        moved = tuple(crop.move(photo.face) for photo in photos)
        shared: dict[str, object] = {}
        shots = []
        for index, run, picture, face in self._truth(choice, crop):
            outputs = {lane.subject.name: lane.next() for lane in lanes}
            made = {name: output for name, output in outputs.items() if output is not None}
            if index in choice.shown:
                shots.append(Shot(self.part.name, self.name, index, cuts[0], picture, made, self._known))
            if face is None:
                for lane in lanes:
                    lane.row.skipped += 1
                continue
            reference = Reference(index, picture if self._known else None, face, cuts, moved, source_features=shared)
            for lane in lanes:
                if lane.subject.name in made:
                    lane.measure(made[lane.subject.name], reference, run, pooled[lane.subject.name])
        return [lane.finish() for lane in lanes], shots

    @property
    def _same(self) -> bool:
        return self.source is self.driver

    @property
    def _known(self) -> bool:
        """Whether the source clip shows what should come out: the same clip drives, or its twin."""
        return self._same or self.part.kind == "twins"

    def _neutral(self, choice: Choice, source_faces: Sequence[Face | None]) -> int:
        """Return the driver's neutral frame: the moment of the animated photo where the source moves as the driver."""
        if self._known:
            return best_photo(source_faces, choice.photos)
        return neutral_index(self.driver_faces, self.driver.fps)

    def _photos(self, choice: Choice, faces: Sequence[Face | None]) -> list[Photo]:
        """Read the photos from the source clip."""
        wanted = dict.fromkeys(choice.photos)
        photos = []
        for frame, face, index in zip(self.source.frames(), faces, itertools.count()):
            if index in wanted and face is not None:
                photos.append(Photo(frame, face))
            if len(photos) == len(wanted):
                break
        return photos

    def _truth(self, choice: Choice, crop: Crop) -> Iterator[tuple[int, int, Frame, Face | None]]:
        """Yield (frame, run, picture, its landmarks) of every judged frame: the truth, or else the driver.

        The crop is tracked anew so that both sides of every comparison went through the same resampling and tracker.

        Args:
            choice: which frames.
            crop: the judged square of the source; the driver of another movement has one of its own.
        """
        clip = self.source if self._known else self.driver
        if not self._known:
            height, width = next(clip.frames()).shape[:2]
            first = next(face for face in self.driver_faces if face is not None)
            crop = Crop.around(first.points, self._settings.size, width, height)
        runs = dict(choice.judged)
        tracker = RunTracker(self._finder)
        for index, frame in enumerate(clip.frames()):
            if index in runs:
                picture = crop.cut(frame)
                yield index, runs[index], picture, tracker.track(picture, runs[index])
            if index == choice.judged[-1][0]:
                return
