"""Numbers drawn into pictures, and a renderer that passes pictures through: delay and drops are read from pixels.

A clip whose frames carry their numbers is played as the camera. Whatever comes out at the other end says, by its
pixels, which frame it is; so the measurement needs no time stamp of the code that it measures.
"""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from animato.live.browser import Assemble, BrowserSession
from animato.live.camera_source import CameraSource
from animato.live.loop import LiveLoop
from animato.live.performer import Performer
from animato.live.protocols import LiveMotion
from animato.live.remote import Remote
from animato.live.run import LiveRun
from animato.motion.controls import neutral_measures
from animato.motion.dropouts import rest_frame
from animato.motion.motion_frame import MotionFrame, Neutral
from animato.runtime.stage_clock import StageClock
from animato.types import Frame

BITS = 16
GRID = 5
"""Blocks a side: 16 bits, their complement's parity in 8, and one white corner."""

_UNIT = 2.0**-BITS


def numbered_frame(number: int, width: int, height: int) -> Frame:
    """Return a picture of a number as blocks, H x W x 3 uint8 RGB.

    Args:
        number: 0 to 65535.
        width: pixels, at least 40.
        height: pixels, at least 40.
    """
    blocks = np.where(_blocks(number), 235, 20).astype(np.uint8).reshape(GRID, GRID)
    rows, columns = np.arange(height) * GRID // height, np.arange(width) * GRID // width
    return np.repeat(blocks[rows][:, columns][..., None], 3, axis=2)


def read_number(frame: Frame) -> int | None:
    """Return the number in a picture from `numbered_frame`, of any size and after any codec; None if it has none."""
    height, width = frame.shape[:2]
    centres = (2 * np.arange(GRID) + 1) / (2 * GRID)
    rows, columns = (centres * height).astype(int), (centres * width).astype(int)
    bits = (frame[rows][:, columns].mean(axis=2) > 128).reshape(-1)
    number = int((bits[:BITS] * (1 << np.arange(BITS))).sum())
    return number if (bits == _blocks(number)).all() else None


def _blocks(number: int) -> NDArray[np.bool_]:
    """Return 25 bits: the number, a check of 8, and a one."""
    check = (number * 167 + 89 >> 3) & 0xFF
    return np.array([*(number >> bit & 1 for bit in range(BITS)), *(check >> bit & 1 for bit in range(8)), 1], bool)


class Passthrough:
    """Stands for tracker and renderer: `follow` keeps a camera's frame, and `begin` leads back to it.

    Args:
        seconds: that a frame takes, besides.
        wait: waits for seconds.

    Attributes:
        level: of quality; without effect.
        neutral: of the motion.
        width, height: of a browser's picture, pixels, before the first frame.
        mark_id, warnings: as of `Interactive`, empty.
    """

    width, height, mark_id = 640, 480, ""
    warnings: tuple[str, ...] = ()

    def __init__(self, seconds: float = 0.0, wait: Callable[[float], object] = time.sleep) -> None:
        self.level = 0
        self.neutral: Neutral = neutral_measures()
        self._seconds, self._wait = seconds, wait
        self._kept: OrderedDict[int, Frame] = OrderedDict()
        self._last: Frame = numbered_frame(0, 64, 64)
        self._count = self._key = 0

    def follow(self, image: Frame, captured: float) -> LiveMotion:
        """Return motion that leads back to the picture."""
        self._count = (self._count + 1) % 2**BITS
        self._kept[self._count] = image
        while len(self._kept) > 8:
            self._kept.popitem(last=False)
        motion = rest_frame(self.neutral, captured)
        scores = motion.blendshapes.copy()
        scores[0] = self._count * _UNIT
        return LiveMotion(replace(motion, blendshapes=scores, tracked=True), self.neutral, captured)

    def adjust(self, *, neutral: Neutral) -> None:
        """Take other neutral measures; without effect on the picture."""
        self.neutral = neutral

    def begin(self, motion: MotionFrame, clock: StageClock | None = None) -> Callable[[], Frame]:  # noqa: ARG002
        """Return what returns the picture that the motion leads back to, or the last one."""
        key = round(float(motion.blendshapes[0]) / _UNIT)
        # Motion that the performer mixes with rest, as when the camera is late, may lead to an earlier picture.
        if key in self._kept and (key - self._key) % 2**BITS < 2 ** (BITS - 1):
            self._key, self._last = key, self._kept[key]
        picture = self._last.copy()

        def finish() -> Frame:
            if self._seconds:
                self._wait(self._seconds)
            return picture

        return finish


def passthrough_run(seconds: float = 0.0) -> Assemble:
    """Return what assembles a browser's run that shows the camera's own picture; for measurements, as it marks nothing.

    Args:
        seconds: that a frame takes to render.
    """

    def assemble(session: BrowserSession, stack: ExitStack) -> LiveRun:
        passthrough, stop = Passthrough(seconds), threading.Event()
        source = CameraSource(session.frames, session.followed(passthrough.follow), once=True)
        stack.callback(source.close)
        performer = Performer(passthrough.neutral)
        remote = Remote(performer, source.calibrate, lambda **_options: None, lambda _name: 1.0, stop.set)
        loop = LiveLoop(source, performer, passthrough, [session], overlap=True)
        face: Any = passthrough
        return LiveRun(loop, remote, stop, face, page=None)

    return assemble
