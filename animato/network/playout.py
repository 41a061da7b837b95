"""Jitter buffer: evens out the times at which frames arrive and conceals those that do not.

Frames are shown a delay after the fastest one could have been, as long as the slowest of the last seconds took. Between
two frames that arrived, motion is interpolated; when none is left, the last one is held and eased to rest; when frames
arrive again, motion is blended back.
"""

from __future__ import annotations

import bisect
import math
from collections import deque
from dataclasses import replace

import numpy as np

from animato.geometry.smoothstep import smoothstep
from animato.motion.dropouts import EASE_SECONDS, HOLD_SECONDS, RESUME_SECONDS, mix, rest_frame
from animato.motion.motion_frame import MotionFrame, Neutral
from animato.network.decoder import Decoded

TRANSIT_FRAMES = 125
"""Frames from which the delay is computed: five seconds at 25 frames per second."""

ON_TIME_SHARE = 0.95
"""Share of frames that arrive before they are shown; the others are interpolated."""

MARGIN = 0.005
"""Added to the delay, seconds: a frame that arrives as it is due would be missed."""

SLOWER, FASTER = 0.25, 0.05
"""Largest change of the speed of playing while the delay grows and shrinks; 5 % is not seen, and late frames are."""

RESTART_SECONDS, RESTART_LATE = 1.0, 10
"""Decrease of the transit time, and number of late frames in a row, that show a clock set anew."""

CONCEALED_SECONDS = 0.06
"""Age from which a frame stands for missing ones: a frame and a half at 25 frames per second."""

MAX_FRAMES = 256
"""Frames kept; more than arrive within the longest delay."""


class PlayoutBuffer:
    """Plays frames evenly.

    Args:
        max_delay: longest delay in seconds; frames that take longer are concealed.

    Attributes:
        late: frames that arrived after a later one was shown.
        concealed: samples that stood for frames that were missing.
    """

    def __init__(self, max_delay: float = 0.3) -> None:
        self._max_delay = max_delay
        self._transits: deque[float] = deque(maxlen=TRANSIT_FRAMES)
        self._restart()
        self._output: Decoded | None = None
        self._held: Decoded | None = None
        self._missing, self._resumed, self._blend = 0.0, 0.0, 0.0
        self.late = self.concealed = 0

    def _restart(self) -> None:
        self._transits.clear()
        self._frames: list[Decoded] = []
        self._times: list[float] = []
        self._offset: float | None = None  # between the clocks, with the delay
        self._now = self._shown = -math.inf
        self._late_run = 0

    @property
    def delay(self) -> float:
        """Seconds for which the fastest frames wait."""
        return 0.0 if self._offset is None else max(self._offset - min(self._transits), 0.0)

    def add(self, frame: Decoded, now: float) -> None:
        """Take a frame.

        Args:
            frame: its time is of the sender's clock.
            now: local seconds at which it arrived.
        """
        time, transit = frame.motion.time, now - frame.motion.time
        if self._transits and (transit < min(self._transits) - RESTART_SECONDS or self._late_run >= RESTART_LATE):
            self._restart()
        if time <= self._shown:
            self.late += 1
            self._late_run += 1
            self._transits.append(min(transit, min(self._transits) + RESTART_SECONDS))
            return
        self._transits.append(transit)
        self._late_run = 0
        index = bisect.bisect(self._times, time)
        self._times.insert(index, time)
        self._frames.insert(index, frame)
        if len(self._frames) > MAX_FRAMES:
            del self._frames[0], self._times[0]

    def sample(self, now: float) -> Decoded | None:
        """Return the motion to show at a local time; None before the first frame, and once it has come to rest.

        Its time is `now`, and `tracked` is False while it eases to rest for want of frames.
        """
        if not self._transits:
            return None
        at = now - self._aim(now)
        due = bisect.bisect_right(self._times, at)
        if due == 0:
            return self._output
        del self._frames[: due - 1], self._times[: due - 1]
        first, following = self._frames[0], self._frames[1:2]
        returned = first.motion.time > self._shown
        self._shown = first.motion.time
        for second in following:
            gap = second.motion.time - first.motion.time
            if gap <= HOLD_SECONDS:
                weight = (at - first.motion.time) / gap if first.neutral is second.neutral else 0.0
                self._end_of_gap(now, self._missing > 0)
                return self._blended(mix(first.motion, second.motion, weight), first.neutral, now)
        self._end_of_gap(now, returned)
        self._missing = at - first.motion.time
        motion = self._concealed(first)
        return None if motion is None else self._blended(motion, first.neutral, now)

    def _aim(self, now: float) -> float:
        """Return local time minus the sender's time to show, moved towards the one that is wanted."""
        base = min(self._transits)
        slow = float(np.quantile(self._transits, ON_TIME_SHARE)) - base
        wanted = base + min(slow + MARGIN, self._max_delay)
        if self._offset is None:
            self._offset = wanted
        else:
            step = max(now - self._now, 0.0)
            self._offset += min(max(wanted - self._offset, -FASTER * step), SLOWER * step)
        self._now = now
        return self._offset

    def _end_of_gap(self, now: float, ended: bool) -> None:
        """Begin to blend from what stood for missing frames to those that arrived."""
        if ended and self._missing > CONCEALED_SECONDS:
            self._held, self._resumed, self._blend = self._output, now, min(self._missing, RESUME_SECONDS)
        if ended:
            self._missing = 0.0

    def _blended(self, motion: MotionFrame, neutral: Neutral, now: float) -> Decoded:
        if self._held is not None and self._held.neutral is neutral and now < self._resumed + self._blend:
            motion = mix(self._held.motion, motion, smoothstep(now - self._resumed, 0.0, self._blend))
        self._output = Decoded(replace(motion, time=now), neutral)
        return self._output

    def _concealed(self, last: Decoded) -> MotionFrame | None:
        """Return what stands for the frames that are missing after one; None at rest.

        It is held: going on at its speed, decaying, was no closer to what followed, whatever the decay.
        """
        if self._missing > HOLD_SECONDS + EASE_SECONDS:
            return None
        self.concealed += self._missing > CONCEALED_SECONDS
        weight = smoothstep(self._missing - HOLD_SECONDS, 0.0, EASE_SECONDS)
        motion = mix(last.motion, rest_frame(last.neutral), weight)
        return replace(motion, tracked=last.motion.tracked and weight == 0)
