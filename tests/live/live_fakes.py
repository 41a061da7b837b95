"""Fakes of the live tests: a clock that is moved by hand, and sources and sinks without threads."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import replace

import numpy as np

from animato.live.protocols import LiveMotion
from animato.motion.controls import motion_of, neutral_measures
from animato.motion.motion_frame import MotionFrame, Neutral
from animato.runtime.stage_clock import StageClock
from animato.types import Frame

NEUTRAL = neutral_measures()


class FakeClock:
    """Seconds that pass only when somebody waits or works."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def __call__(self) -> float:
        return self.seconds

    def wait(self, seconds: float) -> None:
        self.seconds += max(0.0, seconds)


def moved(time: float, captured: float | None = None, neutral: Neutral = NEUTRAL, **controls: float) -> LiveMotion:
    """A tracked motion frame."""
    frame = replace(motion_of(controls, time), tracked=True)
    return LiveMotion(frame, neutral, time if captured is None else captured)


class FakeSource:
    """Camera frames at given times; the newest wins, as in the real one."""

    def __init__(self, clock: FakeClock, times: list[float]) -> None:
        self.clock, self.waiting = clock, deque(times)
        self.status: str | None = None
        self.dropped = 0
        self.closed = False
        self.calibrated = 0

    def take(self, timeout: float) -> LiveMotion | None:
        if not self.waiting or self.waiting[0] > self.clock() + timeout:
            self.clock.wait(timeout)
            return None
        captured = self.waiting.popleft()
        while self.waiting and self.waiting[0] <= self.clock():
            self.dropped += 1
            captured = self.waiting.popleft()
        self.clock.wait(captured - self.clock())
        return moved(captured, yaw=5.0)

    def calibrate(self) -> None:
        self.calibrated += 1

    @property
    def finished(self) -> bool:
        return not self.waiting

    def close(self) -> None:
        self.closed = True


class FakeRenderer:
    """Takes a given time for a frame, depending on the level."""

    def __init__(self, clock: FakeClock, *seconds: float) -> None:
        self.clock, self.seconds, self.level = clock, seconds, 0
        self.neutral = NEUTRAL
        self.motions: list[MotionFrame] = []

    def adjust(self, *, neutral: Neutral) -> None:
        self.neutral = neutral

    def begin(self, motion: MotionFrame, clock: StageClock | None = None) -> Callable[[], Frame]:
        self.motions.append(motion)

        def finish() -> Frame:
            self.clock.wait(self.seconds[self.level])
            return np.zeros((8, 8, 3), np.uint8)

        return finish


class ListSink:
    """Keeps what it gets."""

    def __init__(self) -> None:
        self.items: list[float] = []
        self.closed = False

    def put(self, item: object, captured: float = 0.0) -> None:
        self.items.append(captured)

    def close(self) -> None:
        self.closed = True
