"""Driver that tracks a video shot by shot while decoding it."""

from __future__ import annotations

import functools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Protocol

import numpy as np

from animato.appearance.channels import CHANNELS
from animato.drivers.base import DriverReport
from animato.drivers.reference_frame import Measurements
from animato.drivers.shot import SEARCH_EVERY, Shot, as_candidate, most_neutral
from animato.drivers.warnings import driver_warnings
from animato.errors import FaceError, UsageError
from animato.geometry.region_weights import PARTS
from animato.media.cuts import CutDetector
from animato.media.reader import open_video
from animato.motion.channel import Channel
from animato.motion.dropouts import Cut, DropoutFiller, Missing
from animato.motion.jitter import HEAD_CROP_CM, JitterMeter
from animato.motion.motion_frame import MotionFrame
from animato.motion.occlusions import Observed, OcclusionFiller
from animato.motion.shots import rebase_motion
from animato.runtime.stage_clock import StageClock
from animato.settings.animate import AnimateSettings
from animato.settings.media import ReaderSettings
from animato.tracking.face_finder import FaceFinder
from animato.tracking.tracker import Tracker
from animato.trust.nudity import thumbnail
from animato.types import Face, Frame, TimedFrame, VideoInfo

TRACK_SIDE = 960
"""Longer side, in pixels, to which frames are downscaled before tracking."""
DECODE_THREADS = 2
"""Maximum number of decoder threads."""
MAX_CACHED_SHOTS = 4
"""Recent shots whose neutral frames are reused when the video cuts back to them."""
SAMPLES, SAMPLE_INTERVAL = 8, 1.0
"""Thumbnails for the nudity gate: their number in a clip of known duration, and the least seconds between two."""
NO_OCCLUSION = np.zeros(len(PARTS), bool)


class FrameSource(Protocol):
    """An opened video, or anything with the same interface; see `media.reader.VideoReader`."""

    info: VideoInfo
    end: float

    @property
    def warnings(self) -> tuple[str, ...]:
        """Sentences about the video; complete after the last frame."""
        ...

    def __enter__(self) -> FrameSource: ...

    def __exit__(
        self, kind: type[BaseException] | None, problem: BaseException | None, trace: TracebackType | None
    ) -> None: ...

    def __iter__(self) -> Iterator[TimedFrame]: ...


class FrameOpener(Protocol):
    """Opens a video from its beginning, such as `media.reader.open_video` bound to a path."""

    def __call__(self, *, max_side: int | None = None, start: float = 0.0, end: float | None = None) -> FrameSource: ...


class VideoDriver:
    """Driver that tracks a video; see `drivers.base.Driver`.

    Args:
        path: the video.
        settings: start, end, neutral, driver_face, and what is measured.
        finder: face detection and landmark networks.
        channels: available channels; the settings of the same names enable them.
        opener: opens a video that is not a file; None opens `path`.

    Raises:
        InputError: the video cannot be read, or shows no face.
        UsageError: `neutral` lies outside the video.
    """

    def __init__(
        self,
        path: Path,
        settings: AnimateSettings,
        finder: FaceFinder,
        channels: Sequence[Channel] = CHANNELS,
        opener: FrameOpener | None = None,
    ) -> None:
        self.path = path
        self.report = DriverReport()
        self._settings, self._finder = settings, finder
        reader_settings = ReaderSettings(decode_threads=min(settings.threads, DECODE_THREADS))
        self._opener: FrameOpener = opener or functools.partial(open_video, path, settings=reader_settings)
        paints = settings.model == "portrait"  # other renderers ignore the painted channels
        self._measurements = Measurements(
            stabilize_landmarks=settings.stabilize_landmarks,
            channels=[c for c in channels if c.is_enabled(settings) and (paints or not c.portrait_only)],
            stabilize=settings.stabilize,
        )
        self._first = self._first_shot() if settings.neutral is None else self._shot_at(settings.neutral)
        self.neutral = self._first.neutral
        with self._open() as video:
            self.fps, self.duration, self.has_audio = video.info.fps, video.info.duration, video.info.has_audio

    def _open(self, offset: float = 0.0) -> FrameSource:
        start = self._settings.start + offset
        return self._opener(max_side=TRACK_SIDE, start=start, end=self._settings.end)

    def _track(self, tracker: Tracker, image: Frame) -> Face | None:
        try:
            return tracker.track(image)
        except FaceError as problem:  # `driver_face` selects a face that does not exist
            raise FaceError(
                f"{self.path.name}: {problem.what}", problem.where, "`driver_face=largest`", problem.more
            ) from problem

    def _tracker(self, shot: Shot | None = None) -> Tracker:
        seed = None if shot is None else shot.seed
        return Tracker(self._settings.driver_face, self._finder, seed)

    def _first_shot(self) -> Shot:
        """Return the first shot that shows a face."""
        offset = 0.0
        while True:
            tracker = self._tracker()
            with self._open(offset) as video:
                frames = iter(video)
                candidate, searched = most_neutral(frames, functools.partial(self._track, tracker))
                # A shot without a face may be a title card: go on to the next one.
                ended = candidate is None and next(frames, None) is None
            if candidate is not None:
                self.report.neutral_time = self._settings.start + offset + candidate.frame.time
                return Shot(candidate, tracker, self._finder, self._measurements)
            if ended:
                raise FaceError(
                    f"no face found in the driver {self.path.name}",
                    where=f"every {SEARCH_EVERY}rd frame of {offset + searched:.1f} s",
                    hint="a clip with a larger face, seen from the front",
                    more="docs/drivers.md",
                )
            offset += searched

    def _shot_at(self, time: float) -> Shot:
        """Return the shot whose neutral frame is at `time`, in seconds of the video."""
        if time < self._settings.start:
            raise UsageError(f"`neutral={time:g}` is before `start={self._settings.start:g}`")
        with self._opener() as video:
            duration = video.info.duration
        too_late = UsageError(
            f"`neutral={time:g}` is after the end of {self.path.name}",
            where=f"{duration:.2f} s" if duration else None,
            hint="an earlier time, or leave it out to choose one automatically",
        )
        if duration is not None and time >= duration:
            raise too_late
        with self._opener(max_side=TRACK_SIDE, start=time) as video:
            for frame in video:
                tracker = self._tracker()
                face = self._track(tracker, frame.image)
                if face is None:
                    raise FaceError(
                        f"no face found at {time:g} s in the driver {self.path.name}",
                        hint="another `neutral`, or leave it out to choose one automatically",
                    )
                self.report.neutral_time = time
                return Shot(as_candidate(frame, face), tracker, self._finder, self._measurements)
        raise too_late

    def frames(self, clock: StageClock) -> Iterator[MotionFrame]:
        """Track the video and yield its motion; dropouts and occlusions are filled and reported."""
        self.report.warnings.clear()
        self.report.samples.clear()
        dropouts, occlusions = DropoutFiller(self.neutral), OcclusionFiller(self.neutral)
        self._first.reference.reset()
        state = _PassState([self._first])
        yield from dropouts.fill(occlusions.fill(self._tracked(clock, state)))
        self.report.warnings += driver_warnings(
            self._settings.start,
            dropouts.intervals,
            occlusions.intervals,
            state.cuts,
            state.shots,
            first_shot_only=self._settings.cuts == "hold",
        )

    def _tracked(self, clock: StageClock, state: _PassState) -> Iterator[Observed]:
        meter = JitterMeter(HEAD_CROP_CM * self._first.scale / 256)
        next_sample, interval = 0.0, max(SAMPLE_INTERVAL, (self.duration or 0.0) / SAMPLES)
        cuts = CutDetector()
        shot: Shot | None = self._first
        tracker = self._tracker(shot)
        with self._open() as video:
            frames = iter(video)
            while True:
                with clock.stage("decode"):
                    frame = next(frames, None)
                if frame is None:
                    break
                if frame.time >= next_sample:
                    self.report.samples.append(thumbnail(frame.image))
                    next_sample = frame.time + interval
                with clock.stage("track"):
                    cut = cuts.is_cut(frame.image)
                    if cut:
                        meter.interrupt()
                        shot = self._shot_after_cut(frame, state)
                        tracker = self._tracker(shot or self._first)
                    face = None if shot is None else tracker.track(frame.image)
                    measured = None if shot is None or face is None else shot.measure(frame.image, face, frame.time)
                if cut:
                    yield Cut(frame.time), NO_OCCLUSION
                if shot is None or measured is None:
                    meter.interrupt()
                    yield Missing(frame.time), NO_OCCLUSION
                    continue
                with clock.stage("motion"):
                    corrected, motion, occluded = measured
                    meter.add(corrected.points)
                    absolute = self._settings.motion == "absolute"
                    motion = rebase_motion(self.neutral, shot.neutral, motion, absolute=absolute)
                yield motion, occluded
            self.duration = video.end
            self.report.warnings += video.warnings
        self.report.jitter = meter.value

    def _shot_after_cut(self, frame: TimedFrame, state: _PassState) -> Shot | None:
        """Return the shot that begins with `frame`: a cached one or a new one; None if it is not followed."""
        state.cuts.append(self._settings.start + frame.time)
        for shot in state.shots:
            face = self._tracker(shot).track(frame.image)
            if face is not None and shot.reference.matches(frame.image, face):
                return shot
        if self._settings.cuts == "hold":
            return None
        tracker = self._tracker()
        # Seek slightly past the cut, so that rounding does not return the frame before it.
        with self._open(frame.time + 1e-3) as video:
            try:
                candidate, _ = most_neutral(video, tracker.track)
            except FaceError:  # this shot lacks the face that `driver_face` selects
                return None
        if candidate is None:
            return None
        shot = Shot(candidate, tracker, self._finder, self._measurements)
        state.shots = [*state.shots, shot][-MAX_CACHED_SHOTS:]
        return shot


@dataclass
class _PassState:
    """State of one pass over the video.

    Attributes:
        shots: the most recently followed shots.
        cuts: times of cuts, in seconds of the video.
    """

    shots: list[Shot]
    cuts: list[float] = field(default_factory=list)
