"""The live loop: newest motion in, finished frame out, one at a time; nothing queues."""

from __future__ import annotations

import functools
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Protocol

from animato.live.performer import Performer
from animato.live.protocols import FrameSink, LiveMotion, MotionSink, MotionSource
from animato.live.report import Governor, LiveReport, LiveStatistics
from animato.motion.dropouts import HOLD_SECONDS
from animato.motion.motion_frame import MotionFrame, Neutral
from animato.runtime.stage_clock import StageClock
from animato.types import Frame

IDLE_FPS = 25.0
"""Frames per second while the head moves by itself."""

PACE_FRAMES = 4
"""Frames over which times of the two halves are compared: long enough to see those that vary."""


class Pace:
    """When to take motion while another thread finishes a frame: taken earlier, it would only wait and grow old.

    Attributes:
        begun: seconds that the first halves of the last frames took.
        finished: seconds that their second halves took.
    """

    def __init__(self) -> None:
        # Of a few frames, the times that make the wait shortest: an idle painter costs frames.
        self.begun: deque[float] = deque(maxlen=PACE_FRAMES)
        self.finished: deque[float] = deque(maxlen=PACE_FRAMES)
        self._handed_over = 0.0

    def hand_over(self, now: float) -> None:
        """Note that a second half begins."""
        self._handed_over = now

    def wait(self, now: float) -> float:
        """Return the seconds after which the next first half would be done just when the second half is."""
        if not self.begun or not self.finished:
            return 0.0
        return max(0.0, self._handed_over + min(self.finished) - max(self.begun) - now)


class FrameRenderer(Protocol):
    """What the loop needs of `pipeline.interactive.Interactive`."""

    level: int

    @property
    def neutral(self) -> Neutral:
        """Measures to which motion frames are relative."""
        ...

    def adjust(self, *, neutral: Neutral) -> None:
        """Change these measures."""
        ...

    def begin(self, motion: MotionFrame, clock: StageClock | None = None) -> Callable[[], Frame]:
        """Run the first half of a motion frame, and return the second, which returns the finished frame."""
        ...


class LiveLoop:
    """Renders the newest motion until it is stopped or its source has ended.

    Args:
        source: of motion.
        performer: applies controls, and moves the head when nothing arrives.
        renderer: of finished frames; None if only motion is passed on.
        frame_sinks: get each frame.
        motion_sinks: get each motion frame that is rendered.
        governor: chooses the level of quality; None for the best.
        overlap: whether one frame is begun while another thread finishes the previous one.
        now: returns seconds.
        wait: waits for seconds.

    Attributes:
        report: of the frames so far.
        clock: time per stage.
    """

    def __init__(
        self,
        source: MotionSource,
        performer: Performer,
        renderer: FrameRenderer | None = None,
        frame_sinks: Sequence[FrameSink] = (),
        motion_sinks: Sequence[MotionSink] = (),
        *,
        governor: Governor | None = None,
        overlap: bool = False,
        now: Callable[[], float] = time.monotonic,
        wait: Callable[[float], object] = time.sleep,
    ) -> None:
        self._source, self._performer, self._renderer = source, performer, renderer
        self._frame_sinks, self._motion_sinks = frame_sinks, motion_sinks
        self._governor, self._now, self._wait = governor, now, wait
        self.report, self.clock = LiveReport(), StageClock()
        self._last, self._alive = now(), False
        self._painter = ThreadPoolExecutor(1, "animato-paint") if overlap else None
        self._painting: Future[float] | None = None
        self._pace = Pace()

    def run(self, stop: threading.Event, each: Callable[[], None] = lambda: None) -> None:
        """Render until stopped; the source and all sinks are closed, also after an exception.

        Args:
            stop: ends the loop.
            each: called after every frame.
        """
        try:
            while not stop.is_set() and not self._source.finished:
                self.step()
                each()
            self._wait_for_painting()
        finally:
            if self._painter is not None:
                self._painter.shutdown()
            self._close()

    def step(self) -> None:
        """Wait for motion and render one frame. Without motion an idle frame is rendered."""
        if self._painting is not None:
            self._wait(self._pace.wait(self._now()))
        # While the head only follows, nothing changes before motion arrives or the face counts as lost.
        due = self._last + (HOLD_SECONDS if self._performer.is_following else 1 / IDLE_FPS)
        if self._alive:  # behind a slow renderer, an idle frame would only delay the motion that is about to arrive
            due = max(due, self._now() + 1 / IDLE_FPS)
        arrived = self._source.take(max(0.0, due - self._now()))
        if arrived is None and self._now() < due and not self._source.finished:
            self._wait(due - self._now())
        self._last, self._alive = self._now(), arrived is not None
        motion = self._performer(arrived, self._last)
        for motion_sink in self._motion_sinks:
            motion_sink.put(motion)
        if self._renderer is not None:
            self._render(self._renderer, motion, arrived is not None)
        else:
            self.report.add(self._now(), motion.captured if arrived is not None else None)

    def statistics(self) -> LiveStatistics:
        """Return the figures of the last seconds."""
        level = 0 if self._renderer is None else self._renderer.level
        return self.report.statistics(self._source.dropped, level, self._source.status)

    def _render(self, renderer: FrameRenderer, motion: LiveMotion, arrived: bool) -> None:
        if motion.neutral is not renderer.neutral:
            renderer.adjust(neutral=motion.neutral)
        finish = functools.partial(self._finish, renderer.begin(motion.motion, self.clock), motion.captured, arrived)
        begun = self._now() - self._last
        if self._painter is None:
            taken = begun + finish()
        else:
            taken = max(begun, self._wait_for_painting())  # the halves run at once, so the longer one counts
            self._pace.begun.append(begun)
            self._pace.hand_over(self._now())
            self._painting = self._painter.submit(finish)
        if self._governor is not None:
            renderer.level = self._governor.add(taken, self._now())

    def _finish(self, pending: Callable[[], Frame], captured: float, arrived: bool) -> float:
        """Finish a frame, hand it to the sinks, and return the seconds that took."""
        begin = self._now()
        frame = pending()
        for sink in self._frame_sinks:
            sink.put(frame, captured)
        finished = self._now()
        self.report.add(finished, captured if arrived else None)
        return finished - begin

    def _wait_for_painting(self) -> float:
        """Wait for the frame that another thread finishes, and return the seconds it took; its errors are raised."""
        painting, self._painting = self._painting, None
        if painting is None:
            return 0.0
        self._pace.finished.append(taken := painting.result())
        return taken

    def _close(self) -> None:
        """Close the source and every sink, and raise the first error of any."""
        first: BaseException | None = None
        parts: tuple[MotionSource | MotionSink | FrameSink, ...] = (
            self._source,
            *self._motion_sinks,
            *self._frame_sinks,
        )
        for close in [part.close for part in parts]:
            try:
                close()
            except BaseException as problem:
                first = first or problem
        if first is not None:
            raise first
