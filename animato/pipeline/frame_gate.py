"""The nudity gate and the consent in front of frames that are rendered on demand."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterator

from animato.errors import RefusedError
from animato.head.head import Head
from animato.pipeline.nudity_gate import SAMPLE_INTERVAL, NudityGate
from animato.types import Frame


class FrameGate:
    """Passes frames to the nudity gate, at most one a second, and remembers a refusal: nothing is shown after one.

    Args:
        gate: scores the pictures; its photos were added.
        head: whose consent is checked as often.
        now: returns seconds.
    """

    def __init__(self, gate: NudityGate, head: Head, now: Callable[[], float] = time.monotonic) -> None:
        self._gate, self._head, self._now = gate, head, now
        self._frames, self._next_sample = 0, -float("inf")
        self._refusal: RefusedError | None = None

    def check(self) -> None:
        """Raise the refusal again, if there was one."""
        if self._refusal is not None:
            raise self._refusal

    def score(self, frame: Frame) -> None:
        """Take the next frame; the first one waits for the photos' scores.

        Raises:
            RefusedError: a picture looked like nudity, or the consent has ended.
        """
        with self._kept():
            self._frames += 1
            if self._now() >= self._next_sample:
                self._next_sample = self._now() + SAMPLE_INTERVAL
                self._head.check_consent()  # may expire or be revoked while frames are rendered
                self._gate.add(f"frame {self._frames} of the video", frame)
            if self._frames == 1:
                self._gate.finish()
            self._gate.check()

    def judge(self, name: str, picture: Frame) -> None:
        """Take a picture of the driver; a refusal is raised by the next frame."""
        self._gate.add(name, picture)

    def finish(self) -> None:
        """Wait until all pictures are scored.

        Raises:
            RefusedError: one looked like nudity.
        """
        with self._kept():
            self._gate.finish()

    @contextlib.contextmanager
    def _kept(self) -> Iterator[None]:
        try:
            yield
        except RefusedError as problem:
            self._refusal = problem
            raise
