"""Where the time of a run goes: milliseconds per stage, for the benchmark and the result."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager

STAGES = ("decode", "track", "motion", "warp", "paint", "composite", "mark", "encode", "sign")


class StageClock:
    """Adds up the time spent in each stage.

    Attributes:
        seconds: stage to seconds.
    """

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        """Measure a block as part of a stage."""
        begin = time.perf_counter()
        try:
            yield
        finally:
            self.seconds[name] = self.seconds.get(name, 0.0) + time.perf_counter() - begin

    def milliseconds(self, frames: int) -> dict[str, float]:
        """Return milliseconds per output frame of each stage that ran, in the order of the pipeline."""
        known = [name for name in STAGES if name in self.seconds]
        others = [name for name in self.seconds if name not in STAGES]
        return {name: 1000 * self.seconds[name] / max(frames, 1) for name in [*known, *others]}
