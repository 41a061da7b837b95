"""Time per stage of a run."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

STAGES = ("decode", "track", "motion", "warp", "draw", "paint", "composite", "mark", "encode", "sign")
"""All stages, in the order of the pipeline; "draw" is used by the paper renderer, "warp" and "paint" by the others."""


class StageClock:
    """Accumulates the time spent in each stage; thread-safe.

    Attributes:
        seconds: stage to seconds, for the stages that ran.
    """

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}
        self._lock = threading.Lock()

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        """Time a block as part of a stage.

        Raises:
            ValueError: unknown stage.
        """
        _check(name)
        begin = time.perf_counter()
        try:
            yield
        finally:
            self.add({name: time.perf_counter() - begin})

    def add(self, seconds: Mapping[str, float]) -> None:
        """Add times measured elsewhere, stage to seconds.

        Raises:
            ValueError: unknown stage.
        """
        for name in seconds:
            _check(name)
        with self._lock:
            for name, spent in seconds.items():
                self.seconds[name] = self.seconds.get(name, 0.0) + spent

    def milliseconds(self, frames: int) -> dict[str, float]:
        """Return milliseconds per output frame of each stage that ran, in the order of the pipeline."""
        with self._lock:
            return {name: 1000 * self.seconds[name] / max(frames, 1) for name in STAGES if name in self.seconds}


def _check(name: str) -> None:
    if name not in STAGES:
        raise ValueError(f"there is no stage {name!r}; the stages are {', '.join(STAGES)}")
