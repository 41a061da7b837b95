"""What a live run reports: frames a second, added delay, dropped frames; and how quality follows the load."""

from __future__ import annotations

import threading
from collections import deque
from dataclasses import dataclass

import numpy as np

WINDOW_SECONDS = 5.0
"""Seconds over which rate and delay are reported."""

AUDIO_STEP = 0.01
"""Seconds to which the suggested audio offset is rounded: one step in the settings of OBS is 1 ms, a hearer's 20."""


@dataclass(frozen=True)
class LiveStatistics:
    """Figures of the last seconds.

    Attributes:
        fps: frames per second that left the loop.
        delay_p50: median seconds from the arrival of a camera frame to its finished picture; None without any.
        delay_p95: 95th percentile of the same.
        dropped: camera frames that newer ones replaced, since the start.
        frames: since the start.
        level: of quality, 0 is the best.
        status: a sentence while no motion arrives, or None.
    """

    fps: float
    delay_p50: float | None
    delay_p95: float | None
    dropped: int
    frames: int
    level: int = 0
    status: str | None = None

    @property
    def audio_offset(self) -> float | None:
        """Seconds by which the sound is to be delayed, so that lips and voice agree; None if not known."""
        return None if self.delay_p50 is None else round(self.delay_p50 / AUDIO_STEP) * AUDIO_STEP

    def sentence(self) -> str:
        """Return the figures as one line."""
        parts = [f"{self.fps:.0f} fps"]
        if self.delay_p50 is not None and self.delay_p95 is not None and self.audio_offset is not None:
            parts.append(f"delay {1000 * self.delay_p50:.0f} ms (95 %: {1000 * self.delay_p95:.0f})")
            parts.append(f"audio offset {1000 * self.audio_offset:.0f} ms")
        parts.append(f"{self.dropped} dropped")
        if self.level:
            parts.append(f"quality lowered by {self.level}")
        return ", ".join(parts) + (f"; {self.status}" if self.status else "")

    def to_json(self) -> dict[str, float | int | str | None]:
        """Return the figures as plain JSON types."""
        return {**vars(self), "audio_offset": self.audio_offset}


class LiveReport:
    """Collects the times of frames; one thread may add while another reads.

    Attributes:
        frames: number of frames.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._finished: deque[tuple[float, float | None]] = deque()
        self.frames = 0

    def add(self, finished: float, captured: float | None) -> None:
        """Note a finished frame.

        Args:
            finished: seconds.
            captured: when its camera frame arrived; None for an idle frame.
        """
        with self._lock:
            self.frames += 1
            self._finished.append((finished, None if captured is None else finished - captured))
            while finished - self._finished[0][0] > WINDOW_SECONDS:
                self._finished.popleft()

    def statistics(self, dropped: int, level: int = 0, status: str | None = None) -> LiveStatistics:
        """Return the figures of the last `WINDOW_SECONDS`."""
        with self._lock:
            recent = list(self._finished)
        times = [time for time, _ in recent]
        delays = [delay for _, delay in recent if delay is not None]
        span = times[-1] - times[0] if len(times) > 1 else 0.0
        p50, p95 = np.percentile(delays, [50, 95]).tolist() if delays else (None, None)
        rate = (len(times) - 1) / span if span > 0 else 0.0
        return LiveStatistics(rate, p50, p95, dropped, self.frames, level, status)


LOWER_SECONDS, RAISE_SECONDS = 1.0, 10.0
"""Seconds of load before quality is lowered, and of ease before it is raised; the latter doubles after each relapse."""

EASE_SHARE = 0.6
"""Share of the time of a frame below which there is room for better quality."""


class Governor:
    """Chooses the level of quality from the time that frames take. Queues never grow, as there are none.

    Args:
        levels: number of levels; 0 is the best.
        budget: seconds that a frame may take.
    """

    def __init__(self, levels: int, budget: float) -> None:
        self.level = 0
        self._levels, self._budget, self._patience = levels, budget, RAISE_SECONDS
        self._since: float | None = None
        self._times: deque[tuple[float, float]] = deque()

    def add(self, seconds: float, now: float) -> int:
        """Note the time that a frame took, and return the level of the next one."""
        since = self._since = now if self._since is None else self._since
        self._times.append((now, seconds))
        while now - self._times[0][0] > LOWER_SECONDS:
            self._times.popleft()
        usual = float(np.median([taken for _, taken in self._times]))
        if usual > self._budget and now - since >= LOWER_SECONDS and self.level + 1 < self._levels:
            # A level that had just been raised is tried again later and later.
            self._patience = 2 * self._patience if now - since < self._patience else RAISE_SECONDS
            self._change(self.level + 1)
        elif usual < EASE_SHARE * self._budget and now - since >= self._patience and self.level > 0:
            self._change(self.level - 1)
        return self.level

    def _change(self, level: int) -> None:
        self.level, self._since = level, None
        self._times.clear()
