"""Motion source that tracks a camera in two threads: one reads, so that only the newest frame waits; one tracks."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator

from animato.errors import AnimatoError, InputError
from animato.live.newest import Newest
from animato.live.protocols import LiveMotion
from animato.trust.nudity import thumbnail
from animato.types import Frame, TimedFrame

Follow = Callable[[Frame, float], LiveMotion | None]
"""Returns the motion of a frame (`live.follow.FaceFollower.motion`)."""

RETRY_SECONDS = (0.5, 1.0, 2.0, 4.0, 8.0)
"""Seconds before a camera is opened again, one after another; the last is repeated."""

SILENT_SECONDS = 2.0
"""Seconds without a frame after which this is said: longer than any exposure."""

SAMPLE_SECONDS = 1.0
"""Seconds between two pictures for the nudity gate, as for files."""


class CameraSource:
    """A tracked camera; see `live.protocols.MotionSource`. It reopens a camera that fails, and reports it meanwhile.

    Args:
        open_frames: opens the camera; the iterator yields frames as they arrive.
        follow: returns the motion of a frame.
        calibrate: chooses the neutral frame anew.
        judge: gets a thumbnail once a second, for the nudity gate.
        once: whether the end of the frames is the end (a file), and not a camera that stopped.
        now: returns seconds.
    """

    def __init__(
        self,
        open_frames: Callable[[], Iterator[TimedFrame]],
        follow: Follow,
        calibrate: Callable[[], None] = lambda: None,
        judge: Callable[[Frame], None] = lambda _frame: None,
        *,
        once: bool = False,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        self._open, self._follow, self._judge, self._once, self._now = open_frames, follow, judge, once, now
        self.calibrate = calibrate
        self._frames: Newest[TimedFrame] = Newest()
        self._motion: Newest[LiveMotion] = Newest()
        self._problem: AnimatoError | None = None
        self._last_frame = now()
        self._stop = threading.Event()
        self._threads = [
            threading.Thread(target=target, name=f"animato-{name}", daemon=True)
            for name, target in (("camera", self._read), ("follow", self._track))
        ]
        for thread in self._threads:
            thread.start()

    @property
    def status(self) -> str | None:
        """Why nothing arrives, or None."""
        problem = self._problem
        if problem is not None:
            return problem.what if problem.hint is None else f"{problem.what}: {problem.hint}"
        if not self._frames.closed and self._now() - self._last_frame > SILENT_SECONDS:
            return "the camera sends no frames"
        return None

    @property
    def dropped(self) -> int:
        """Frames of the camera that were not tracked, and motion that was not rendered, as newer ones had arrived."""
        return self._frames.dropped + self._motion.dropped

    @property
    def finished(self) -> bool:
        """Whether everything of a file was taken."""
        return self._motion.finished

    def take(self, timeout: float) -> LiveMotion | None:
        """Return the newest motion; see `MotionSource.take`."""
        return self._motion.take(timeout)

    def close(self) -> None:
        """End the threads. One that waits for a camera that does not answer ends with the program."""
        self._stop.set()
        self._frames.close()
        for thread in self._threads:
            thread.join(timeout=1.0)

    def _read(self) -> None:
        failures = 0
        while not self._stop.is_set():
            try:
                for frame in self._open():
                    self._last_frame, self._problem, failures = self._now(), None, 0
                    self._frames.put(frame)
                    if self._stop.is_set():
                        return
                if self._once:
                    break
                raise InputError("the camera stopped")
            except InputError as problem:
                self._problem = problem
                if self._once:
                    self._motion.fail(problem)
                    return
            except Exception as problem:  # does not mend itself: raised in the loop's thread
                self._motion.fail(problem)
                return
            self._stop.wait(RETRY_SECONDS[min(failures, len(RETRY_SECONDS) - 1)])
            failures += 1
        self._frames.close()

    def _track(self) -> None:
        next_sample = -float("inf")
        try:
            while (frame := self._frames.take()) is not None:
                if frame.time >= next_sample:
                    next_sample = frame.time + SAMPLE_SECONDS
                    self._judge(thumbnail(frame.image))
                motion = self._follow(frame.image, frame.time)
                if motion is not None:
                    self._motion.put(motion)
        except BaseException as problem:
            self._motion.fail(problem)
        self._motion.close()
