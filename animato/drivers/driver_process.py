"""Driver that is tracked in a sealed subprocess, so that tracking and rendering do not contend for the GIL, and a
hostile video meets limits instead of the user's rights.

Protocol: the parent writes the job to the child's standard input, as one line of JSON. The child answers with messages
(`runtime.messages`): the neutral frame, and at once the motion, a few frames ahead of the parent. It exits at the end
of the driver, and when its standard input closes, and so when the parent exits.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any

from numpy.typing import NDArray

from animato.appearance.channels import CHANNELS
from animato.drivers.base import DriverReport
from animato.motion.channel import ChannelValues
from animato.motion.motion_file import SUFFIX
from animato.motion.motion_frame import MotionFrame, Neutral
from animato.runtime.child_process import ChildProcess, can_start
from animato.runtime.messages import Message
from animato.runtime.seal import Limits
from animato.runtime.stage_clock import StageClock
from animato.settings.animate import AnimateSettings

DRIVER_SETTINGS = (
    *("start", "end", "fps", "neutral", "driver_face", "stabilize_landmarks"),
    *(channel.name for channel in CHANNELS),
    *("motion", "stabilize", "cuts"),
)
"""Settings that a driver reads, in addition to `model`."""

SCALARS = ("time", "scale", "tracked")
ARRAYS = ("rotation", "translation", "expression", "apertures", "blendshapes")
"""Fields of a `MotionFrame` sent as JSON and as raw bytes; channels are sent as arrays under their own names."""

OPENED_BYTES, FRAME_BYTES = 10_000, 64_000_000
"""Sizes of the arrays of a message, at most: of the neutral frame, and of a frame with its channels (5 MB at most) or
a thumbnail."""

LIMITS = Limits(memory_mb=6000)
"""Of the child. Estimated: networks and the decoder of a video of 4096 x 4096 pixels with 16 reference frames take
3 GB."""


def start_subprocess_driver(path: Path, settings: AnimateSettings) -> SubprocessDriver | None:
    """Start tracking a driver in a subprocess.

    Returns:
        None where a subprocess is of no use (a motion file, a single thread) or cannot be started (a frozen or embedded
        Python, a process limit).
    """
    if path.suffix.lower() == SUFFIX or settings.threads == 1 or not can_start():
        return None
    try:
        return SubprocessDriver(path, settings)
    except OSError:
        return None


def motion_arrays(frame: MotionFrame) -> dict[str, NDArray[Any]]:
    """Return the arrays of a motion frame, for `send`; its other values are its `SCALARS`."""
    return {name: getattr(frame, name) for name in ARRAYS} | dict(frame.channels)


def motion_from(message: Message) -> MotionFrame:
    """Return the motion frame in a message of `SCALARS` and `motion_arrays`."""
    arrays, values = dict(message.arrays), {name: message.values[name] for name in SCALARS}
    fields = {name: arrays.pop(name) for name in ARRAYS}
    return MotionFrame(**values, **fields, channels=ChannelValues(CHANNELS, arrays))  # type: ignore[arg-type]


def neutral_values(neutral: Neutral) -> dict[str, Any]:
    """Return the numbers of neutral measures, for `send`; the arrays are `rotation` and `apertures`."""
    return {name: getattr(neutral, name) for name in ("eye_widths", "mouth_width", "smile", "gaze")}


def neutral_from(message: Message) -> Neutral:
    """Return the neutral measures in a message of `neutral_values` and its two arrays."""
    values, arrays = message.values, message.arrays
    left, right = values["eye_widths"]
    across, down = values["gaze"]
    return Neutral(
        arrays["rotation"], arrays["apertures"], (left, right), values["mouth_width"], values["smile"], (across, down)
    )


class SubprocessDriver:
    """Driver that reads a video or a sound in a subprocess, started at once; `opened` waits for the neutral frame.

    A context manager: leaving the block ends the subprocess. It also ends after the last frame, when this object is
    garbage-collected, and when this process exits.

    Args:
        path: the video or sound.
        settings: see `AnimateSettings`.
    """

    def __init__(self, path: Path, settings: AnimateSettings) -> None:
        self.path = path
        self.report = DriverReport()
        values = {name: getattr(settings, name) for name in DRIVER_SETTINGS}
        # Tracking depends only on whether the model is portrait; the others need no person file here.
        values["model"] = "portrait" if settings.model == "portrait" else "geometry"
        self._job = {"path": str(path), "settings": values}
        self._child: ChildProcess | None = None
        self._at_start = False
        self._start()

    def __enter__(self) -> SubprocessDriver:
        return self

    def __exit__(self, *_problem: object) -> None:
        self.close()

    def opened(self) -> SubprocessDriver:
        """Wait for the neutral frame.

        Raises:
            InputError, UsageError: see `VideoDriver` and `SoundDriver`.
        """
        opened = self._next("opened", max_bytes=OPENED_BYTES)
        values = opened.values
        self.fps, self.duration = Fraction(values["fps"]), values["duration"]
        self.has_audio, self.report.neutral_time = values["has_audio"], values["neutral_time"]
        self.neutral = neutral_from(opened)
        self._at_start = True
        return self

    def frames(self, clock: StageClock) -> Iterator[MotionFrame]:
        """Yield the motion; each call reads the file from the beginning. See `VideoDriver.frames`."""
        if not self._at_start:
            self._start()
            self.opened()
        self._at_start = False
        try:
            self.report.samples.clear()
            while (message := self._next("frame", "sample", "end", max_bytes=FRAME_BYTES)).kind != "end":
                if message.kind == "sample":
                    self.report.samples.append(message.arrays["thumbnail"])
                    continue
                yield motion_from(message)
            self.duration = message.values["duration"]
            self.report.jitter, self.report.memory_mb = message.values["jitter"], message.values["memory_mb"]
            self.report.warnings[:] = message.values["warnings"]
            clock.add(message.values["seconds"])
        finally:
            self.close()

    def close(self) -> None:
        """Kill the subprocess."""
        if self._child is not None:
            self._child.close()
            self._child = None

    def _start(self) -> None:
        self._child = ChildProcess("animato.drivers.driver_process_main", LIMITS, with_scratch=True)
        try:
            self._child.write_line(json.dumps(self._job).encode() + b"\n")
        except BaseException:  # Ctrl-C: its traceback refers to this object, so a stored one would keep the child alive
            self.close()
            raise

    def _running(self) -> ChildProcess:
        assert self._child is not None
        return self._child

    def _next(self, *kinds: str, max_bytes: int) -> Message:
        """Return the child's next message, which must be of one of the given kinds; errors of the child are raised."""
        try:
            return self._running().next(*kinds, purpose=f"tracks {self.path.name}", max_bytes=max_bytes)
        except BaseException:
            self.close()
            raise
