"""Convert file timestamps to strictly increasing seconds, and any frame rate to a constant one."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from fractions import Fraction

from animato.types import TimedFrame

_LARGEST_GAP = 60.0
"""Gap in seconds above which the timestamps are considered wrong."""

_STUCK = 3
"""Consecutive frames without progress after which timestamps are ignored and frames are counted."""

_SAME = 1e-6
"""Difference in seconds below which two timestamps are equal."""


class FrameClock:
    """Converts timestamps of decoded frames to strictly increasing seconds from the first frame.

    Missing timestamps are filled with the usual interval; a frame with the timestamp of its predecessor is dropped; a
    jump backwards or by more than a minute is removed; if timestamps do not advance, frames are counted instead.

    Args:
        period: usual interval between frames, in seconds.
        fastest: smallest interval between two frames that are both kept, in seconds.
    """

    def __init__(self, period: float, fastest: float = 0.0) -> None:
        self.period = period
        self.fastest = fastest
        self.last = 0.0
        self.dropped = 0
        self.skipped = 0
        self.jumps = 0
        self.counting = False
        self._forced = False
        self._begun = False
        self._origin: float | None = None
        self._stuck = 0

    def count(self) -> None:
        """Count frames from the beginning, without a warning; for callers that detected wrong timestamps."""
        self.counting = self._forced = True

    def begin_at(self, origin: float | None) -> None:
        """Set the timestamp of time 0, after seeking into the middle of a file."""
        self._origin = origin

    def tell(self, stamp: float | None) -> float | None:
        """Return the time of the next frame in seconds from the first, or None when the frame is dropped.

        Args:
            stamp: timestamp in seconds with any origin; None when it is missing.
        """
        if not self._begun:
            self._begun = True
            self._origin = (stamp or 0.0) if self._origin is None else self._origin
            self.last = (stamp or 0.0) - self._origin
            return self.last
        if self.counting or stamp is None or self._origin is None:
            self.last += self.period
            return self.last
        time = stamp - self._origin
        step = time - self.last
        if step > _LARGEST_GAP or step < -1.0:
            self.jumps += 1
            self._origin += step - self.period
            time = self.last + self.period
        elif step <= _SAME:
            return self._stand_still()
        elif step < self.fastest * 0.75:
            self.skipped += 1
            return None
        self._stuck = 0
        self.last = time
        return time

    def warnings(self) -> list[str]:
        """Return messages about irregular timestamps."""
        messages = []
        if self.counting and not self._forced:
            messages.append(f"the timestamps do not advance; {1 / self.period:.3g} frames a second were assumed")
        elif self.jumps:
            messages.append(f"the timestamps jump {_times(self.jumps)}; the gaps were closed")
        if self.skipped:
            most = 1 / max(self.fastest, _SAME)
            messages.append(f"{self.skipped} frames were left out: more than {most:.0f} a second are not read")
        return messages

    def _stand_still(self) -> float | None:
        self._stuck += 1
        if self._stuck >= _STUCK:
            self.counting = True
            self.last += self.period
            return self.last
        self.dropped += 1
        return None


def resample(
    frames: Iterable[TimedFrame], fps: Fraction, *, end: Callable[[], float | None] | None = None
) -> Iterator[TimedFrame]:
    """Yield frames at a constant rate: at each tick, the newest frame already shown.

    Tick k is at exactly k / fps, so errors do not accumulate. A frame may be used up to a quarter of a tick early,
    which absorbs rounded timestamps (milliseconds in webm, hundredths in gif); frames already at the constant rate
    pass unchanged. Repeated frames share one array: do not write to it.

    Args:
        frames: in order of time, the first at 0.
        fps: output frames per second.
        end: called after the last frame; returns its end time in seconds (for a `VideoReader`, `lambda: reader.end`).
            Without it the last frame has the average duration.

    Raises:
        ValueError: fps is not positive.
    """
    if fps <= 0:
        raise ValueError(f"fps must be positive, not {fps}")
    early = float(1 / fps) / 4
    tick = 0
    current: TimedFrame | None = None
    count, gap = 0, 0.0
    for frame in frames:
        while current is not None and tick / fps + early < frame.time:
            yield TimedFrame(current.image, float(tick / fps))
            tick += 1
        gap = frame.time - current.time if current is not None else 0.0
        current = frame
        count += 1
    if current is None:
        return
    average = current.time / (count - 1) if count > 1 else 0.0
    stop = end() if end is not None else None
    stop = current.time + min(gap, average) if stop is None else max(stop, current.time)
    while tick == 0 or tick / fps + early < stop:
        yield TimedFrame(current.image, float(tick / fps))
        tick += 1


def _times(count: int) -> str:
    return "once" if count == 1 else f"{count} times"
