"""Cameras by PyAV: a number, a device, `FORMAT:SOURCE` of FFmpeg, or an address; files play at their own rate."""

from __future__ import annotations

import errno
import re
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import av
import av.error
import numpy as np

from animato.errors import AnimatoError, InputError, UsageError
from animato.media.reader import open_video
from animato.settings.media import ReaderSettings
from animato.types import Frame, TimedFrame

CAMERA_FORMATS = {"linux": "v4l2", "darwin": "avfoundation", "win32": "dshow"}
"""FFmpeg's name of the camera interface of each system."""

MAX_SIDE = 960
"""Longer side to which frames of a file are reduced, as in tracking."""

Frames = Iterator[TimedFrame]


def camera_frames(
    source: str,
    width: int,
    height: int,
    fps: float,
    *,
    now: Callable[[], float] = time.monotonic,
    wait: Callable[[float], object] = time.sleep,
) -> Frames:
    """Open a camera and yield its frames as they arrive; `time` is `now()` at that moment.

    Args:
        source: see the module. An existing file is played at its own rate, once.
        width: wanted width, pixels; the camera may choose another.
        height: wanted height, pixels.
        fps: wanted rate, frames per second.
        now: returns seconds.
        wait: waits for seconds, between the frames of a file.

    Raises:
        InputError: the camera is missing, in use or not permitted, or stops; the message says what to do.
    """
    if Path(source).is_file():
        return _file_frames(Path(source), now, wait)
    form, device = camera_device(source)
    return _device_frames(source, form, device, {"video_size": f"{width}x{height}", "framerate": f"{fps:g}"}, now)


def camera_device(source: str) -> tuple[str | None, str]:
    """Return FFmpeg's format (None: by the address) and device name of a camera.

    Raises:
        UsageError: no camera is named.
    """
    form = CAMERA_FORMATS.get(sys.platform)
    if not source:
        raise UsageError("`camera` is empty", hint="`camera=0`, a device, or a video file")
    if source.isdecimal():
        return form, f"/dev/video{source}" if form == "v4l2" else source
    if "://" in source:
        return None, source
    named = re.fullmatch(r"([a-z0-9_]+):(.+)", source)
    if named and named[1] in av.formats_available:
        return named[1], named[2]
    return form, source


def _file_frames(path: Path, now: Callable[[], float], wait: Callable[[float], object]) -> Frames:
    with open_video(path, max_side=MAX_SIDE, settings=ReaderSettings(decode_threads=1)) as video:
        start: float | None = None
        for frame in video:
            start = now() if start is None else start
            due = start + frame.time
            if due > now():
                wait(due - now())
            yield TimedFrame(frame.image, now())


def _device_frames(
    name: str, form: str | None, device: str, options: dict[str, str], now: Callable[[], float]
) -> Frames:
    try:
        # The timeouts end a wait for a camera that stopped, such as after the computer slept.
        container: Any = av.open(device, format=form, options=options if form != "lavfi" else {}, timeout=(10.0, 5.0))
    except (av.error.FFmpegError, OSError, ValueError) as problem:
        raise camera_error(name, problem) from problem
    with container:
        if not container.streams.video:
            raise InputError(f"the camera {name} has no picture", hint="another `camera`")
        stream = container.streams.video[0]
        stream.thread_count = 1  # threads of a decoder hold frames back
        try:
            for picture in container.decode(stream):
                captured = now()
                yield TimedFrame(_upright(picture), captured)
        except (av.error.FFmpegError, OSError) as problem:
            raise camera_error(name, problem) from problem
    raise InputError(f"the camera {name} stopped", hint="plug it in again")


def _upright(picture: Any) -> Frame:
    turns = round(getattr(picture, "rotation", 0) / 90) % 4
    image = picture.to_ndarray(format="rgb24")
    return np.ascontiguousarray(np.rot90(image, turns) if turns else image)


def camera_error(name: str, problem: Exception) -> AnimatoError:
    """Return what is wrong with a camera, and what to do.

    Args:
        name: as the user gave it.
        problem: of the system.
    """
    number = getattr(problem, "errno", None)
    reasons = {
        errno.ENOENT: ("is not there", "plug it in, or another `camera`: 0, 1, 2"),
        errno.ENODEV: ("was unplugged", "plug it in again"),
        errno.ENXIO: ("was unplugged", "plug it in again"),
        errno.EIO: ("stopped", "plug it in again"),
        errno.EACCES: ("may not be used by this user", "sudo usermod -aG video $USER, then log in again"),
        errno.EPERM: ("may not be used by this program", "allow the camera in the settings of the system"),
        errno.EBUSY: ("is in use by another program", "close the call or program that uses it"),
        errno.ETIMEDOUT: ("sends no frames", "plug it in again"),
        errno.EINVAL: ("does not have this mode", "another `camera_size` or `camera_fps`"),
    }
    what, hint = reasons.get(number or 0, ("cannot be opened", "another `camera`, or a video file"))
    if isinstance(problem, av.error.ExitError):  # PyAV's interrupt after a timeout
        what, hint = reasons[errno.ETIMEDOUT]
    return InputError(f"the camera {name} {what}", where=str(problem), hint=hint, more="docs/live.md")
