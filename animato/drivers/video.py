"""Driver that tracks a video while reading it, shot by shot."""

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
from animato.drivers.reference_frame import Wanted
from animato.drivers.shot import SEARCH_EVERY, Shot, as_candidate, most_neutral
from animato.drivers.warnings import driver_notes
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
from animato.types import Face, Frame, TimedFrame, VideoInfo

TRACK_SIDE = 960
"""Longer side, in pixels, to which a driver is reduced before tracking."""
DECODE_THREADS = 2
"""Maximum number of decoder threads."""
REMEMBERED = 4
"""Shots whose neutral frames are kept, for a video that cuts back to them."""
NOTHING_HIDDEN = np.zeros(len(PARTS), bool)


class FrameSource(Protocol):
    """An opened video, or what can be read like one; see `media.reader.VideoReader`."""

    info: VideoInfo
    end: float

    @property
    def warnings(self) -> tuple[str, ...]:
        """Sentences about it; complete once all frames were read."""
        ...

    def __enter__(self) -> FrameSource: ...

    def __exit__(
        self, kind: type[BaseException] | None, problem: BaseException | None, trace: TracebackType | None
    ) -> None: ...

    def __iter__(self) -> Iterator[TimedFrame]: ...


class FrameOpener(Protocol):
    """Opens a video from its beginning, such as `media.reader.open_video` with its path."""

    def __call__(self, *, max_side: int | None = None, start: float = 0.0, end: float | None = None) -> FrameSource: ...


class VideoDriver:
    """A video as driver; see `drivers.base.Driver`.

    Args:
        path: of the video.
        settings: start, end, neutral, driver_face, and what is measured.
        finder: networks.
        channels: what may be read beside landmarks; the settings of their names switch them.
        opener: opens the video where it is no file; None opens `path`.

    Raises:
        InputError: it cannot be read, or shows no face.
        UsageError: `neutral` does not lie in it.
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
        reading = ReaderSettings(decode_threads=min(settings.threads, DECODE_THREADS))
        self._opener: FrameOpener = opener or functools.partial(open_video, path, settings=reading)
        painted = settings.model == "portrait"  # the others would not use what is read for painters
        self._wanted = Wanted(
            skin=settings.stabilize_landmarks,
            channels=[item for item in channels if item.is_enabled(settings) and (painted or not item.portrait_only)],
            stabilize=settings.stabilize,
        )
        self._first = self._first_shot() if settings.neutral is None else self._shot_at(settings.neutral)
        self.neutral = self._first.neutral
        with self._open() as video:
            self.fps, self.duration, self.has_audio = video.info.fps, video.info.duration, video.info.has_audio

    def _open(self, skipped: float = 0.0) -> FrameSource:
        start = self._settings.start + skipped
        return self._opener(max_side=TRACK_SIDE, start=start, end=self._settings.end)

    def _track(self, tracker: Tracker, image: Frame) -> Face | None:
        try:
            return tracker.track(image)
        except FaceError as problem:  # `driver_face` names a face that is not there
            raise FaceError(
                f"{self.path.name}: {problem.what}", problem.where, "`driver_face=largest`", problem.more
            ) from problem

    def _tracker(self, shot: Shot | None = None) -> Tracker:
        seed = None if shot is None else shot.seed
        return Tracker(self._settings.driver_face, self._finder, seed)

    def _first_shot(self) -> Shot:
        """Return the first shot in which a face is seen."""
        skipped = 0.0
        while True:
            tracker = self._tracker()
            with self._open(skipped) as video:
                frames = iter(video)
                found, read = most_neutral(frames, functools.partial(self._track, tracker))
                # Nobody in this shot, a title maybe: the person may come in a later one.
                over = found is not None or next(frames, None) is None
            if found is not None:
                self.report.neutral_time = self._settings.start + skipped + found.frame.time
                return Shot(found, tracker, self._finder, self._wanted)
            if over:
                raise FaceError(
                    f"no face found in the driver {self.path.name}",
                    where=f"every {SEARCH_EVERY}rd frame of {skipped + read:.1f} s",
                    hint="a clip in which the face is seen from the front and is larger",
                    more="docs/drivers.md",
                )
            skipped += read

    def _shot_at(self, time: float) -> Shot:
        """Return the shot whose neutral frame is the one at a time of the video, in seconds."""
        if time < self._settings.start:
            raise UsageError(f"`neutral={time:g}` lies before `start={self._settings.start:g}`")
        with self._opener() as video:
            length = video.info.duration
        late = UsageError(
            f"`neutral={time:g}` lies after the end of {self.path.name}",
            where=f"{length:.2f} s" if length else None,
            hint="an earlier time, or leave it out to have it found",
        )
        if length is not None and time >= length:
            raise late
        with self._opener(max_side=TRACK_SIDE, start=time) as video:
            for frame in video:
                tracker = self._tracker()
                face = self._track(tracker, frame.image)
                if face is None:
                    raise FaceError(
                        f"no face at {time:g} s in the driver {self.path.name}",
                        hint="another `neutral`, or leave it out to have it found",
                    )
                self.report.neutral_time = time
                return Shot(as_candidate(frame, face), tracker, self._finder, self._wanted)
        raise late

    def frames(self, clock: StageClock) -> Iterator[MotionFrame]:
        """Track the video and return its movement; what cannot be followed is filled and reported."""
        self.report.warnings.clear()
        dropouts, occlusions = DropoutFiller(self.neutral), OcclusionFiller(self.neutral)
        self._first.reference.reset()
        reading = _Reading([self._first])
        yield from dropouts.fill(occlusions.fill(self._tracked(clock, reading)))
        held = self._settings.cuts == "hold"
        self.report.warnings += driver_notes(
            self._settings.start, dropouts.intervals, occlusions.intervals, reading.cuts, reading.shots, held
        )

    def _tracked(self, clock: StageClock, reading: _Reading) -> Iterator[Observed]:
        meter = JitterMeter(HEAD_CROP_CM * self._first.scale / 256)
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
                with clock.stage("track"):
                    cut = cuts.is_cut(frame.image)
                    if cut:
                        meter.interrupt()
                        shot = self._shot_after(frame, reading)
                        tracker = self._tracker(shot or self._first)
                    face = None if shot is None else tracker.track(frame.image)
                    found = None if shot is None or face is None else shot.measure(frame.image, face, frame.time)
                if cut:
                    yield Cut(frame.time), NOTHING_HIDDEN
                if shot is None or found is None:
                    meter.interrupt()
                    yield Missing(frame.time), NOTHING_HIDDEN
                    continue
                with clock.stage("motion"):
                    measured, moved, hidden = found
                    meter.add(measured.points)
                    absolute = self._settings.motion == "absolute"
                    moved = rebase_motion(self.neutral, shot.neutral, moved, absolute=absolute)
                yield moved, hidden
            self.duration = video.end
            self.report.warnings += video.warnings
        self.report.jitter = meter.value

    def _shot_after(self, frame: TimedFrame, reading: _Reading) -> Shot | None:
        """Return the shot that begins with a frame; None where it is not followed."""
        reading.cuts.append(self._settings.start + frame.time)
        for known in reading.shots:
            face = self._tracker(known).track(frame.image)
            if face is not None and known.reference.is_of(frame.image, face):
                return known
        if self._settings.cuts == "hold":
            return None
        tracker = self._tracker()
        # A hair later, so that rounding does not show the frame before the cut.
        with self._open(frame.time + 1e-3) as video:
            try:
                found, _ = most_neutral(video, tracker.track)
            except FaceError:  # the face that `driver_face` names is not in this shot
                return None
        if found is None:
            return None
        shot = Shot(found, tracker, self._finder, self._wanted)
        reading.shots = [*reading.shots, shot][-REMEMBERED:]
        return shot


@dataclass
class _Reading:
    """What is known of one reading of the video.

    Attributes:
        shots: the last ones followed.
        cuts: seconds of the video at which it cuts.
    """

    shots: list[Shot]
    cuts: list[float] = field(default_factory=list)
