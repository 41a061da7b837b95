"""Time: from the stamps in a file to seconds that only grow, and from any rate to a constant one."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from fractions import Fraction

from animato.types import TimedFrame

_LARGEST_GAP = 60.0
"""Seconds without a frame after which the stamps, not the camera, are taken to be wrong."""

_STUCK = 3
"""Frames in a row without progress after which the stamps are given up and frames are counted."""

_SAME = 1e-6
"""Seconds within which two stamps are the same moment."""


class FrameClock:
    """Turns the stamps of decoded frames into seconds from the first frame, strictly growing.

    Missing stamps are filled with the usual distance; a frame that shares its moment with the one before is never
    seen and is left out; a jump backwards or by more than a minute is closed up; stamps that stand still are given
    up for counting.

    Args:
        period: usual distance of two frames, in seconds.
        fastest: smallest distance of two frames that are both kept, in seconds.
    """

    def __init__(self, period: float, fastest: float = 0.0) -> None:
        self.period = period
        self.fastest = fastest
        self.last = 0.0
        self.dropped = 0
        self.skipped = 0
        self.jumps = 0
        self.counting = False
        self._asked = False
        self._begun = False
        self._origin: float | None = None
        self._stuck = 0

    def count(self) -> None:
        """Count frames from the beginning: the caller knows that the stamps are wrong, and says so."""
        self.counting = self._asked = True

    def begin_at(self, origin: float | None) -> None:
        """Count from a known stamp instead of from the first one told, after a jump into the middle of a file."""
        self._origin = origin

    def tell(self, stamp: float | None) -> float | None:
        """Return the time of the next frame in seconds from the first; None when the frame is to be left out.

        Args:
            stamp: seconds as the file states, from anywhere; None when it states nothing.
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
        """Return sentences about what was wrong with the stamps."""
        said = []
        if self.counting and not self._asked:
            said.append(f"the times in the file stand still; {1 / self.period:.3g} frames a second were assumed")
        elif self.jumps:
            said.append(f"the times in the file jump {_times(self.jumps)}; the gaps were closed")
        if self.skipped:
            most = 1 / max(self.fastest, _SAME)
            said.append(f"{self.skipped} frames were left out: more than {most:.0f} a second are not read")
        return said

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
    """Yield frames at a constant rate: at each tick the newest frame that is already shown.

    Tick k lies at exactly k / fps, so no error adds up however long the clip is. A frame may come up to a quarter of
    a tick early, which absorbs the rounding of stamps (milliseconds in webm, hundredths in gif); frames that already
    have the constant rate pass unchanged. The same array comes more than once where frames repeat: do not write to it.

    Args:
        frames: in order of time, the first at 0.
        fps: frames a second to yield.
        end: asked after the last frame for the time in seconds at which it stops being shown (for a `VideoReader`,
            `lambda: reader.end`); without it the last frame stays as long as frames stay on average.

    Raises:
        ValueError: fps is not positive.
    """
    if fps <= 0:
        raise ValueError(f"fps must be positive, not {fps}")
    early = float(1 / fps) / 4
    tick = 0
    held: TimedFrame | None = None
    count, gap = 0, 0.0
    for frame in frames:
        while held is not None and tick / fps + early < frame.time:
            yield TimedFrame(held.image, float(tick / fps))
            tick += 1
        gap = frame.time - held.time if held is not None else 0.0
        held = frame
        count += 1
    if held is None:
        return
    average = held.time / (count - 1) if count > 1 else 0.0
    stop = end() if end is not None else None
    stop = held.time + min(gap, average) if stop is None else max(stop, held.time)
    while tick == 0 or tick / fps + early < stop:
        yield TimedFrame(held.image, float(tick / fps))
        tick += 1


def _times(count: int) -> str:
    return "once" if count == 1 else f"{count} times"
