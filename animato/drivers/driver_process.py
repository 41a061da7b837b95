"""A driver tracked in a process of its own: Python runs one thread at a time, and tracking would hold up painting.

Parent and child speak through the child's standard input and output. The parent writes the job as one line of JSON, and
a line for each reading of the driver. The child answers with messages: a line of JSON, followed by the bytes of the
arrays that it names. Nothing is unpickled. The child ends as soon as its standard input does, so with its parent.
"""

from __future__ import annotations

import contextlib
import json
import subprocess
import sys
import tempfile
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
from animato.runtime.stage_clock import StageClock
from animato.settings.animate import AnimateSettings

ASKED = (
    *("start", "end", "neutral", "driver_face", "stabilize_landmarks"),
    *(channel.name for channel in CHANNELS),
    *("motion", "stabilize", "cuts"),
)
"""Settings that a driver reads, besides the model."""

SCALARS = ("time", "scale", "tracked")
ARRAYS = ("rotation", "translation", "expression", "apertures", "blendshapes")
"""Fields of a `MotionFrame`, sent as JSON and as bytes; channels follow under their own names."""

_START = (
    "import sys; sys.path[:] = [part for part in sys.path if part] + [sys.argv.pop()]; import signal; "
    "[signal.signal(getattr(signal, name), signal.SIG_IGN) for name in ('SIGINT', 'SIGTERM', 'SIGHUP') "
    "if hasattr(signal, name)]; from animato.drivers.driver_process_main import main; main()"
)
"""What the child runs. A folder that somebody stands in must not lend it modules, and signals are its parent's."""

Arrays = Mapping[str, NDArray[Any]]


class Message(NamedTuple):
    """What the child says: of which kind, plain values, and arrays."""

    kind: str
    values: dict[str, Any]
    arrays: dict[str, NDArray[Any]]


def send(stream: IO[bytes], kind: str, values: Mapping[str, Any], arrays: Arrays | None = None) -> None:
    """Write a message: one line of JSON, then the bytes of the arrays in their order."""
    arrays = arrays or {}
    shapes = [[name, array.dtype.str, array.shape] for name, array in arrays.items()]
    stream.write(json.dumps({"kind": kind, "values": values, "arrays": shapes}).encode() + b"\n")
    for array in arrays.values():
        stream.write(np.ascontiguousarray(array).tobytes())
    stream.flush()


def receive(stream: IO[bytes]) -> Message:
    """Read a message.

    Raises:
        EOFError: the other side ended, maybe in the middle of it.
    """
    line = stream.readline()
    if not line.endswith(b"\n"):
        raise EOFError
    said = json.loads(line)
    arrays = {}
    for name, kind, shape in said["arrays"]:
        dtype = np.dtype(kind)
        data = stream.read(dtype.itemsize * int(np.prod(shape)))
        if len(data) < dtype.itemsize * int(np.prod(shape)):
            raise EOFError
        arrays[name] = np.frombuffer(data, dtype).reshape(shape)
    return Message(said["kind"], said["values"], arrays)


def start_subprocess_driver(path: Path, settings: AnimateSettings) -> SubprocessDriver | None:
    """Start tracking a driver apart, or return None where that gains nothing or cannot be: a motion file, one thread,
    a Python that is part of another program, a system that starts no further process."""
    startable = bool(sys.executable) and not getattr(sys, "frozen", False)
    if path.suffix.lower() == SUFFIX or settings.threads == 1 or not startable:
        return None
    try:
        return SubprocessDriver(path, settings)
    except OSError:
        return None


class SubprocessDriver:
    """A video as driver, tracked in another process, which starts at once; `opened` waits for its neutral frame.

    Used in a `with` block, whose end ends the process. It also ends when all frames are read, when this object is
    garbage-collected, and with this process.

    Args:
        path: of the video.
        settings: see `AnimateSettings`.
    """

    def __init__(self, path: Path, settings: AnimateSettings) -> None:
        self.path = path
        self.report = DriverReport()
        asked = {name: getattr(settings, name) for name in ASKED}
        # A model that needs further files is drawn from here; its driver is read like geometry's.
        asked["model"] = "portrait" if settings.model == "portrait" else "geometry"
        self._job = {"path": str(path), "settings": asked}
        self._child: subprocess.Popen[bytes] | None = None
        self._fresh = False
        self._start()

    def __enter__(self) -> SubprocessDriver:
        return self

    def __exit__(self, *_problem: object) -> None:
        self.close()

    def opened(self) -> SubprocessDriver:
        """Wait for the neutral frame.

        Raises:
            InputError, UsageError: as of `VideoDriver`.
        """
        told = self._next("opened")
        self.fps, self.duration = Fraction(told.values["fps"]), told.values["duration"]
        self.has_audio, self.report.neutral_time = told.values["has_audio"], told.values["neutral_time"]
        widths, mouth = told.values["eye_widths"], told.values["mouth_width"]
        rotation, apertures = told.arrays["rotation"], told.arrays["apertures"]
        smile, gaze = told.values["smile"], told.values["gaze"]
        self.neutral = Neutral(rotation, apertures, (widths[0], widths[1]), mouth, smile, (gaze[0], gaze[1]))
        self._fresh = True
        return self

    def frames(self, clock: StageClock) -> Iterator[MotionFrame]:
        """Return the video's movement; each call reads it from its beginning. See `VideoDriver.frames`."""
        if not self._fresh:
            self._start()
            self.opened()
        self._fresh = False
        try:
            self._tell(b"go\n")
            while (told := self._next("frame", "end")).kind == "frame":
                arrays = dict(told.arrays)
                fields = {name: arrays.pop(name) for name in ARRAYS}
                channels = ChannelValues(CHANNELS, arrays)
                yield MotionFrame(**told.values, **fields, channels=channels)  # type: ignore[arg-type]
            self.duration = told.values["duration"]
            self.report.jitter, self.report.memory_mb = told.values["jitter"], told.values["memory_mb"]
            self.report.warnings[:] = told.values["warnings"]
            clock.add(told.values["seconds"])
        finally:
            self.close()

    def close(self) -> None:
        """Kill the process."""
        if self._child is not None:
            self._end()
            self._child = None

    def _start(self) -> None:
        command = [sys.executable, "-c", _START, str(Path(animato.__file__).resolve().parent.parent)]
        # A child that is killed removes nothing: its temporary files lie where this process removes them.
        scratch = tempfile.TemporaryDirectory(prefix="animato-", ignore_cleanup_errors=True)
        # Ctrl-C is the parent's; the child ends with it. Where there are no sessions, it ignores it first of all.
        pipe = subprocess.PIPE
        try:
            self._child = subprocess.Popen(command, stdin=pipe, stdout=pipe, start_new_session=True)
        except BaseException:
            scratch.cleanup()
            raise
        # Also when an error elsewhere lets go of this driver, and when the program ends.
        self._end = weakref.finalize(self, _end, self._child, scratch)
        try:
            self._tell(json.dumps({**self._job, "scratch": scratch.name}).encode() + b"\n")
        except BaseException:  # Ctrl-C; its traceback leads to this object, and whoever keeps it would keep the process
            self.close()
            raise

    def _tell(self, line: bytes) -> None:
        """Write a line to the child; that it has ended is noticed, and said, where its answer is read."""
        assert self._child is not None and self._child.stdin is not None
        with contextlib.suppress(BrokenPipeError):
            self._child.stdin.write(line)
            self._child.stdin.flush()

    def _next(self, *kinds: str) -> Message:
        """Return the child's next message; what went wrong there is raised here."""
        assert self._child is not None and self._child.stdout is not None
        try:
            told = receive(self._child.stdout)
        except EOFError:
            self.close()
            raise AnimatoError(
                f"the process that tracks {self.path.name} ended by itself",
                hint="is there memory left? `threads=1` tracks it without a process of its own",
            ) from None
        if told.kind == "error":
            self.close()
            name = told.values.pop("name")
            raise getattr(errors, name)(**told.values)
        assert told.kind in kinds
        return told


def _end(child: subprocess.Popen[bytes], scratch: tempfile.TemporaryDirectory[str]) -> None:
    child.kill()
    child.communicate()
    scratch.cleanup()
