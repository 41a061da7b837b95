"""Driver that is tracked in a subprocess, so that tracking and rendering do not contend for the GIL.

Protocol: the parent writes to the child's standard input, first the job as one line of JSON, then a line for each pass
over the driver. The child writes messages to its standard output: a line of JSON, followed by the raw bytes of the
arrays it lists. Nothing is pickled. The child exits when its standard input closes, and so when the parent exits.
"""

from __future__ import annotations

import contextlib
import json
import subprocess
import sys
import weakref
from collections.abc import Iterator, Mapping
from fractions import Fraction
from pathlib import Path
from typing import IO, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

import animato
from animato import errors
from animato.appearance.channels import CHANNELS
from animato.drivers.base import DriverReport
from animato.errors import AnimatoError
from animato.motion.channel import ChannelValues
from animato.motion.motion_file import SUFFIX
from animato.motion.motion_frame import MotionFrame, Neutral
from animato.runtime.scratch import ScratchFolder
from animato.runtime.stage_clock import StageClock
from animato.settings.animate import AnimateSettings

DRIVER_SETTINGS = (
    *("start", "end", "neutral", "driver_face", "stabilize_landmarks"),
    *(channel.name for channel in CHANNELS),
    *("motion", "stabilize", "cuts"),
)
"""Settings that a driver reads, in addition to `model`."""

SCALARS = ("time", "scale", "tracked")
ARRAYS = ("rotation", "translation", "expression", "apertures", "blendshapes")
"""Fields of a `MotionFrame` sent as JSON and as raw bytes; channels are sent as arrays under their own names."""

BOOTSTRAP = (
    "import sys; sys.path[:] = [entry for entry in sys.path if entry] + [sys.argv.pop()]; import signal; "
    "[signal.signal(getattr(signal, name), signal.SIG_IGN) for name in ('SIGINT', 'SIGTERM', 'SIGHUP') "
    "if hasattr(signal, name)]; from animato.drivers.parent_pipe import lines_from_parent; "
    "lines = lines_from_parent(); import importlib; importlib.import_module(sys.argv.pop()).main(lines)"
)
"""Code that the child runs, with the name of its module and the package's folder as arguments. It imports nothing from
the working directory and leaves signals to the parent."""

Arrays = Mapping[str, NDArray[Any]]


class Message(NamedTuple):
    """A message from the child: its kind, JSON values, and arrays."""

    kind: str
    values: dict[str, Any]
    arrays: dict[str, NDArray[Any]]


def send(stream: IO[bytes], kind: str, values: Mapping[str, Any], arrays: Arrays | None = None) -> None:
    """Write a message: one line of JSON, then the bytes of the arrays in order."""
    arrays = arrays or {}
    layout = [[name, array.dtype.str, array.shape] for name, array in arrays.items()]
    stream.write(json.dumps({"kind": kind, "values": values, "arrays": layout}).encode() + b"\n")
    for array in arrays.values():
        stream.write(np.ascontiguousarray(array).tobytes())
    stream.flush()


def receive(stream: IO[bytes]) -> Message:
    """Read a message.

    Raises:
        EOFError: the stream ended before the end of the message.
    """
    line = stream.readline()
    if not line.endswith(b"\n"):
        raise EOFError
    header = json.loads(line)
    arrays = {}
    for name, dtype_name, shape in header["arrays"]:
        dtype = np.dtype(dtype_name)
        size = dtype.itemsize * int(np.prod(shape))
        data = stream.read(size)
        if len(data) < size:
            raise EOFError
        arrays[name] = np.frombuffer(data, dtype).reshape(shape)
    return Message(header["kind"], header["values"], arrays)


def start_subprocess_driver(path: Path, settings: AnimateSettings) -> SubprocessDriver | None:
    """Start tracking a driver in a subprocess.

    Returns:
        None where a subprocess is of no use (a motion file, a single thread) or cannot be started (a frozen or embedded
        Python, a process limit).
    """
    if path.suffix.lower() == SUFFIX or settings.threads == 1 or not can_start_processes():
        return None
    try:
        return SubprocessDriver(path, settings)
    except OSError:
        return None


def child_command(module: str) -> list[str]:
    """Return the command that runs `main(lines)` of a module of this package in a process of its own."""
    return [sys.executable, "-c", BOOTSTRAP, module, str(Path(animato.__file__).resolve().parent.parent)]


def can_start_processes() -> bool:
    """Return whether this Python can start another: a frozen or embedded one cannot."""
    return bool(sys.executable) and not getattr(sys, "frozen", False)


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
    """Driver that tracks a video in a subprocess, started at once; `opened` waits for the neutral frame.

    A context manager: leaving the block ends the subprocess. It also ends after the last frame, when this object is
    garbage-collected, and when this process exits.

    Args:
        path: the video.
        settings: see `AnimateSettings`.
    """

    def __init__(self, path: Path, settings: AnimateSettings) -> None:
        self.path = path
        self.report = DriverReport()
        values = {name: getattr(settings, name) for name in DRIVER_SETTINGS}
        # Tracking depends only on whether the model is portrait; the others need no person file here.
        values["model"] = "portrait" if settings.model == "portrait" else "geometry"
        self._job = {"path": str(path), "settings": values}
        self._child: subprocess.Popen[bytes] | None = None
        self._at_start = False
        self._start()

    def __enter__(self) -> SubprocessDriver:
        return self

    def __exit__(self, *_problem: object) -> None:
        self.close()

    def opened(self) -> SubprocessDriver:
        """Wait for the neutral frame.

        Raises:
            InputError, UsageError: see `VideoDriver`.
        """
        opened = self._next("opened")
        values = opened.values
        self.fps, self.duration = Fraction(values["fps"]), values["duration"]
        self.has_audio, self.report.neutral_time = values["has_audio"], values["neutral_time"]
        self.neutral = neutral_from(opened)
        self._at_start = True
        return self

    def frames(self, clock: StageClock) -> Iterator[MotionFrame]:
        """Yield the video's motion; each call reads it from the beginning. See `VideoDriver.frames`."""
        if not self._at_start:
            self._start()
            self.opened()
        self._at_start = False
        try:
            self._write_line(b"go\n")
            self.report.samples.clear()
            while (message := self._next("frame", "sample", "end")).kind != "end":
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
            self._finalizer()
            self._child = None

    def _start(self) -> None:
        command = child_command("animato.drivers.driver_process_main")
        # A killed child cannot clean up, so its temporary files go into a folder that this process removes.
        scratch = ScratchFolder()
        # Ctrl-C must reach only the parent: a new session on POSIX; elsewhere the bootstrap ignores the signal.
        pipe = subprocess.PIPE
        try:
            self._child = subprocess.Popen(command, stdin=pipe, stdout=pipe, start_new_session=True)
        except BaseException:
            scratch.cleanup()
            raise
        # Also runs when this driver is garbage-collected and at interpreter exit.
        self._finalizer = weakref.finalize(self, kill_child, self._child, scratch)
        try:
            self._write_line(json.dumps({**self._job, "scratch": scratch.name}).encode() + b"\n")
        except BaseException:  # Ctrl-C: its traceback refers to this object, so a stored one would keep the child alive
            self.close()
            raise

    def _write_line(self, line: bytes) -> None:
        """Write a line to the child; if it has exited, reading its next message raises the error."""
        assert self._child is not None and self._child.stdin is not None
        with contextlib.suppress(BrokenPipeError):
            self._child.stdin.write(line)
            self._child.stdin.flush()

    def _next(self, *kinds: str) -> Message:
        """Return the child's next message, which must be of one of the given kinds; errors of the child are raised."""
        assert self._child is not None and self._child.stdout is not None
        try:
            message = receive(self._child.stdout)
        except EOFError:
            self.close()
            raise AnimatoError(
                f"the process that tracks {self.path.name} exited unexpectedly",
                hint="free some memory, or use `threads=1`, which tracks without a separate process",
            ) from None
        if message.kind == "error":
            self.close()
            name = message.values.pop("name")
            raise getattr(errors, name)(**message.values)
        assert message.kind in kinds
        return message


def kill_child(child: subprocess.Popen[bytes], scratch: ScratchFolder) -> None:
    """Kill a child process, and remove its temporary files."""
    child.kill()
    child.communicate()
    scratch.cleanup()
