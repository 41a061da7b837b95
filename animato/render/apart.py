"""A driver tracked in a process of its own: Python runs one thread at a time, and tracking would hold up painting.

Parent and child speak through the child's standard input and output. The parent writes the job as one line of JSON, and
a line for each reading of the driver. The child answers with messages: a line of JSON, followed by the bytes of the
arrays that it names. Nothing is unpickled. The child ends when its parent does.
"""

from __future__ import annotations

import contextlib
import json
import os
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
from animato.errors import AnimatoError
from animato.motion.frames import MotionFrame, Neutral
from animato.motion.template import SUFFIX
from animato.render.clock import StageClock
from animato.render.driver import DriverReport, VideoDriver
from animato.settings.animate import AnimateSettings

ASKED = ("start", "end", "neutral", "driver_face", "anchor", "surroundings", "inside", "shade")
"""Settings that a driver reads, besides the model."""

SCALARS = ("time", "zoom", "seen")
ARRAYS = ("rotation", "shift", "expression", "apertures", "blendshapes", "drift", "inside", "shade")
"""Fields of a `MotionFrame`, sent as JSON and as bytes."""

_START = (
    "import sys; sys.path[:] = [part for part in sys.path if part] + [sys.argv.pop()]; import signal; "
    "signal.signal(signal.SIGINT, signal.SIG_IGN); from animato.render.apart import main; main()"
)
"""What the child runs. A folder that somebody stands in must not lend it modules."""

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


def track_apart(path: Path, settings: AnimateSettings) -> ApartDriver | None:
    """Start tracking a driver apart, or return None where that gains nothing or cannot be: a motion file, one thread,
    a Python that is part of another program, a system that starts no further process."""
    startable = bool(sys.executable) and not getattr(sys, "frozen", False)
    if path.suffix.lower() == SUFFIX or settings.threads == 1 or not startable:
        return None
    try:
        return ApartDriver(path, settings)
    except OSError:
        return None


class ApartDriver:
    """A video as driver, tracked in another process, which starts at once; `opened` waits for its neutral frame.

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
        self._job = json.dumps({"path": str(path), "settings": asked}).encode() + b"\n"
        self._child: subprocess.Popen[bytes] | None = None
        self._fresh = False
        self._start()

    def opened(self) -> ApartDriver:
        """Wait until the neutral frame is found.

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
                yield MotionFrame(**told.values, **{name: told.arrays.get(name) for name in ARRAYS})  # type: ignore[arg-type]
            self.duration = told.values["duration"]
            self.report.jitter, self.report.memory_mb = told.values["jitter"], told.values["memory_mb"]
            self.report.findings[:] = told.values["findings"]
            for stage, seconds in told.values["seconds"].items():
                clock.seconds[stage] = clock.seconds.get(stage, 0.0) + seconds
        finally:
            self.close()

    def close(self) -> None:
        """End the process, whatever it is doing."""
        if self._child is not None:
            self._end()
            self._child = None

    def _start(self) -> None:
        command = [sys.executable, "-c", _START, str(Path(animato.__file__).resolve().parent.parent)]
        # Ctrl-C is the parent's; the child ends with it. Where there are no sessions, it ignores it first of all.
        self._child = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, start_new_session=True)
        # Also when an error elsewhere lets go of this driver, and when the program ends.
        self._end = weakref.finalize(self, _end, self._child)
        self._tell(self._job)

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
                hint="is there memory left? --threads 1 tracks it without a process of its own",
            ) from None
        if told.kind == "error":
            self.close()
            name = told.values.pop("name")
            raise getattr(errors, name)(**told.values)
        assert told.kind in kinds
        return told


def _end(child: subprocess.Popen[bytes]) -> None:
    child.kill()
    child.communicate()


def main() -> None:
    """Be the child: open the driver, then read it each time the parent says so."""
    stream = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # what a library prints must not end up among the messages
    import cv2

    from animato.face.tracker import FaceFinder

    cv2.setNumThreads(1)
    line = sys.stdin.buffer.readline()
    try:
        job = json.loads(line)
        settings = AnimateSettings(**job["settings"], threads=1)
        driver = VideoDriver(Path(job["path"]), settings, FaceFinder(1))
        _tell_opened(stream, driver)
        while sys.stdin.buffer.readline():
            _tell_frames(stream, driver)
    except AnimatoError as problem:
        parts = {name: getattr(problem, name) for name in ("what", "where", "hint", "more")}
        send(stream, "error", {"name": type(problem).__name__, **parts})
    except BrokenPipeError:  # the parent is gone; what is still to be written goes nowhere
        os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())


def _tell_opened(stream: IO[bytes], driver: VideoDriver) -> None:
    neutral = driver.neutral
    values = {
        "fps": str(driver.fps),
        "duration": driver.duration,
        "has_audio": driver.has_audio,
        "neutral_time": driver.report.neutral_time,
        "eye_widths": neutral.eye_widths,
        "mouth_width": neutral.mouth_width,
        "smile": neutral.smile,
        "gaze": neutral.gaze,
    }
    send(stream, "opened", values, {"rotation": neutral.rotation, "apertures": neutral.apertures})


def _tell_frames(stream: IO[bytes], driver: VideoDriver) -> None:
    clock = StageClock()
    for frame in driver.frames(clock):
        arrays = {name: getattr(frame, name) for name in ARRAYS if getattr(frame, name) is not None}
        send(stream, "frame", {name: getattr(frame, name) for name in SCALARS}, arrays)
    values = {
        "duration": driver.duration,
        "jitter": driver.report.jitter,
        "findings": driver.report.findings,
        "memory_mb": peak_memory_mb(),
        "seconds": clock.seconds,
    }
    send(stream, "end", values)


def peak_memory_mb() -> float | None:
    """Return the most memory this process has used, in megabytes; None where the system does not tell."""
    try:
        import resource
    except ImportError:  # Windows
        return None
    unit = 1.0 if sys.platform == "darwin" else 1024.0  # macOS counts bytes, Linux kilobytes
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit / 1e6
