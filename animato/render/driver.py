"""Drivers: where movement comes from. A video is tracked while it is read; a motion file is simply read."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from typing import Protocol

from animato.errors import FaceError, UsageError
from animato.face.tracker import FaceFinder, Tracker
from animato.media.reader import VideoReader, open_video
from animato.motion.frames import Factored, MotionFrame, Neutral, factor, neutral_cost, neutral_of, relative_to
from animato.motion.gaps import GapFiller, Missing
from animato.motion.jitter import JitterMeter
from animato.motion.template import SUFFIX, MotionClip, load_motion
from animato.render.clock import StageClock
from animato.settings.animate import AnimateSettings
from animato.types import Face, Frame, TimedFrame
from animato.warp.surroundings import Hold

TRACK_SIDE = 960
"""Longer side, in pixels, to which a driver is reduced before tracking."""
SEARCH_SECONDS = 8.0
"""How far into the driver its neutral frame is looked for."""
SEARCH_EVERY = 3
"""Every how many frames it is looked for."""
GOOD_ENOUGH = 0.55
"""A frame as neutral as this ends the search."""
HEAD_CROP_CM = 38.0
"""Side of a head's crop in canonical centimetres, to express jitter in pixels at 256."""


@dataclass
class DriverReport:
    """What was learnt of a driver while it was read.

    Attributes:
        jitter: mean absolute second difference of its landmarks, px at 256; None when it cannot be known.
        neutral_time: seconds of the driver at which its neutral frame lies, or None.
        findings: sentences.
        memory_mb: most memory of the process that tracked it, megabytes; None where that was this one.
    """

    jitter: float | None = None
    neutral_time: float | None = None
    memory_mb: float | None = None
    findings: list[str] = field(default_factory=list)


class Driver(Protocol):
    """A source of movement.

    Attributes:
        path: of the file.
        fps: its own frames a second.
        duration: seconds, or None when unknown.
        has_audio: whether it carries sound.
        neutral: measures of its neutral frame.
        report: filled while it is read.
    """

    path: Path
    fps: Fraction
    duration: float | None
    has_audio: bool
    neutral: Neutral
    report: DriverReport

    def frames(self, clock: StageClock) -> Iterator[MotionFrame]:
        """Return its movement in order of time; gaps are filled. Each call reads the driver from its beginning."""
        ...


def open_driver(path: Path, settings: AnimateSettings, finder: FaceFinder) -> Driver:
    """Open a video or a motion file as driver.

    Raises:
        InputError: it cannot be read, or shows no face.
    """
    if path.suffix.lower() == SUFFIX:
        return MotionDriver(path, load_motion(path), settings)
    return VideoDriver(path, settings, finder)


class MotionDriver:
    """A motion file as driver."""

    def __init__(self, path: Path, clip: MotionClip, settings: AnimateSettings) -> None:
        if settings.neutral is not None:
            raise UsageError(
                "--neutral is for videos; a motion file has its neutral frame chosen already", hint="leave it out"
            )
        if settings.start >= clip.duration:
            raise UsageError(
                f"{path.name} is {clip.duration:.2f} s long; nothing is left after {settings.start:g} s",
                hint="an earlier --start",
            )
        self.path, self.fps, self.has_audio = path, clip.fps, False
        self._end = min(clip.duration, settings.end or clip.duration)
        self._start = settings.start
        self.duration: float | None = self._end - self._start
        self.neutral = clip.neutral
        self.report = DriverReport()
        self._clip = clip

    def frames(self, clock: StageClock) -> Iterator[MotionFrame]:
        """Return the recorded movement of the stretch asked for."""
        from dataclasses import replace

        for frame in self._clip.frames:
            if self._start - 1e-9 <= frame.time < self._end:
                with clock.stage("decode"):
                    moved = replace(frame, time=frame.time - self._start)
                yield moved


class VideoDriver:
    """A video as driver: its neutral frame is found first, then it is tracked as it is read."""

    def __init__(self, path: Path, settings: AnimateSettings, finder: FaceFinder) -> None:
        self.path = path
        self.report = DriverReport()
        self._settings, self._finder = settings, finder
        self._neutral, self._hold = self._find_neutral()
        self.neutral = neutral_of(self._neutral)
        with self._open() as video:
            self.fps, self.duration, self.has_audio = video.info.fps, video.info.duration, video.info.has_audio

    def _open(self) -> VideoReader:
        return open_video(self.path, max_side=TRACK_SIDE, start=self._settings.start, end=self._settings.end)

    def _tracker(self) -> Tracker:
        return Tracker(self._settings.driver_face, self._settings.threads, self._finder)

    def _look(self, tracker: Tracker, image: Frame) -> Face | None:
        try:
            return tracker.track(image)
        except FaceError as problem:  # --driver-face names a face that is not there
            raise FaceError(
                f"{self.path.name}: {problem.what}", problem.where, "--driver-face largest", problem.more
            ) from problem

    def _held_to(self, image: Frame, face: Face, time: float) -> tuple[Factored, Hold]:
        """Return a neutral frame's measures, looked at with care, and what holds later frames to it."""
        settled = self._finder.settled(image, face)
        wanted = self._settings
        painted = wanted.model == "portrait"  # the others would not use what is read for painters
        inside, shade = painted and wanted.inside, painted and wanted.shade > 0
        hold = Hold(image, settled, wanted.anchor, wanted.surroundings > 0, inside, shade)
        return factor(settled, time), hold

    def _find_neutral(self) -> tuple[Factored, Hold]:
        """Return the most neutral frame of the beginning, or the one at the time asked for, and what holds to it.

        Raises:
            FaceError: no face is seen there.
        """
        if self._settings.neutral is not None:
            return self._neutral_at(self._settings.neutral)
        best: tuple[float, TimedFrame, Face] | None = None
        tracker, seen = self._tracker(), 0.0
        with self._open() as video:
            for number, frame in enumerate(video):
                seen = frame.time
                if frame.time > SEARCH_SECONDS and best is not None:
                    break
                if number % SEARCH_EVERY:
                    continue
                face = self._look(tracker, frame.image)
                if face is None:
                    continue
                cost = neutral_cost(factor(face, frame.time))
                if best is None or cost < best[0]:
                    best = cost, frame, face
                if cost < GOOD_ENOUGH:
                    break
        if best is None:
            raise FaceError(
                f"no face found in the driver {self.path.name}",
                where=f"every {SEARCH_EVERY}rd frame of {seen:.1f} s",
                hint="a clip in which the face is seen from the front and is larger",
                more="docs/drivers.md",
            )
        self.report.neutral_time = self._settings.start + best[1].time
        return self._held_to(best[1].image, best[2], best[1].time)

    def _neutral_at(self, time: float) -> tuple[Factored, Hold]:
        end = time - self._settings.start
        if end < 0:
            raise UsageError(f"--neutral {time:g} lies before --start {self._settings.start:g}")
        with open_video(self.path) as video:
            length = video.info.duration
        late = UsageError(
            f"--neutral {time:g} lies after the end of {self.path.name}",
            where=f"{length:.2f} s" if length else None,
            hint="an earlier time, or leave it out to have it found",
        )
        if length is not None and time >= length:
            raise late
        with open_video(self.path, max_side=TRACK_SIDE, start=time) as video:
            for frame in video:
                face = self._look(self._tracker(), frame.image)
                if face is None:
                    raise FaceError(
                        f"no face at {time:g} s in the driver {self.path.name}",
                        hint="another --neutral, or leave it out to have it found",
                    )
                self.report.neutral_time = time
                return self._held_to(frame.image, face, time)
        raise late

    def frames(self, clock: StageClock) -> Iterator[MotionFrame]:
        """Track the video and return its movement; stretches without a face are filled and reported."""
        self.report.findings.clear()
        filler = GapFiller(self.neutral)
        yield from filler.fill(self._tracked(clock))
        skipped = self._settings.start
        for begin, end in filler.stretches:
            self.report.findings.append(
                f"no face in the driver from {skipped + begin:.2f} s to {skipped + end:.2f} s: "
                "the last one was held, then eased back to rest"
            )

    def _tracked(self, clock: StageClock) -> Iterator[MotionFrame | Missing]:
        tracker = self._tracker()
        meter = JitterMeter(HEAD_CROP_CM * self._neutral.pose.scale / 256)
        with self._open() as video:
            frames = iter(video)
            while True:
                with clock.stage("decode"):
                    frame = next(frames, None)
                if frame is None:
                    break
                with clock.stage("track"):
                    face = self._look(tracker, frame.image)
                    if face is not None:
                        face = self._hold.correct(frame.image, face)
                if face is None:
                    meter.interrupt()
                    yield Missing(frame.time)
                    continue
                with clock.stage("motion"):
                    meter.add(face.points)
                    moved = relative_to(self._neutral, factor(face, frame.time))
                yield moved
            self.duration = video.end
            self.report.findings += video.findings
        self.report.jitter = meter.value
