"""Virtual camera by PyAV: frames at a constant size and rate into a v4l2loopback device, or a file of raw video."""

from __future__ import annotations

import errno
import os
import threading
import time
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import av.error
import cv2
import numpy as np

from animato.errors import MissingPartError, OutputError
from animato.types import Frame

WIDTH, HEIGHT, FPS = 1280, 720, 30
"""What every call program accepts."""

VIRTUAL_DEVICES = Path("/sys/devices/virtual/video4linux")
"""Where Linux lists video devices without hardware, which are those of v4l2loopback."""

SETUP = 'sudo modprobe v4l2loopback exclusive_caps=1 card_label="animato"'


def find_virtual_camera(listing: Path = VIRTUAL_DEVICES) -> Path:
    """Return the first v4l2loopback device.

    Raises:
        MissingPartError: there is none.
    """
    devices = sorted(listing.glob("video*")) if listing.is_dir() else []
    if not devices:
        raise MissingPartError(
            "there is no virtual camera on this computer",
            where=f"{listing}: no device of v4l2loopback",
            hint=f"sudo apt install v4l2loopback-dkms, then {SETUP}",
            more="docs/live.md",
        )
    return Path("/dev") / devices[0].name


class CameraOutput:
    """Writes the newest frame at a fixed rate, from a thread; see `live.protocols.FrameSink`.

    Before the first frame the picture is black; a frame that is late is replaced by the last one.

    Args:
        target: a v4l2loopback device, or a file for raw video (yuv420p).
        width: of the camera, pixels.
        height: of the camera, pixels.
        fps: of the camera, frames per second.
        now: returns seconds.

    Attributes:
        written: number of frames.

    Raises:
        OutputError: the device cannot be opened.
    """

    def __init__(
        self,
        target: Path,
        width: int = WIDTH,
        height: int = HEIGHT,
        fps: int = FPS,
        *,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        self._target, self._width, self._height, self._fps, self._now = target, width, height, fps, now
        self._picture = np.zeros((height, width, 3), np.uint8)
        self._frame: Frame | None = None
        self._stop = threading.Event()
        self._problem: OutputError | None = None
        self.written = 0
        try:
            form = "v4l2" if str(target).startswith("/dev/") else "rawvideo"
            self._container: Any = av.open(str(target), "w", format=form)
            self._stream = self._container.add_stream("rawvideo", rate=Fraction(fps))
            self._stream.width, self._stream.height, self._stream.pix_fmt = width, height, "yuv420p"
            self._container.start_encoding()
        except (av.error.FFmpegError, OSError, ValueError) as problem:
            raise camera_output_error(target, problem) from problem
        self._thread = threading.Thread(target=self._run, name="animato-virtual-camera", daemon=True)

    def start(self) -> CameraOutput:
        """Begin to write; returns this object."""
        self._thread.start()
        return self

    def put(self, frame: Frame, captured: float) -> None:  # noqa: ARG002
        """Show a frame from now on, H x W x 3 uint8 RGB or RGBA; transparent parts are black.

        Raises:
            OutputError: the device can no longer be written.
        """
        if self._problem is not None:
            raise self._problem
        self._frame = frame

    def close(self) -> None:
        """Close the camera."""
        if self._stop.is_set():
            return
        self._stop.set()
        if self._thread.ident is not None:
            self._thread.join()
        try:
            self._container.close()
        except (av.error.FFmpegError, OSError) as problem:
            raise camera_output_error(self._target, problem) from problem

    def _run(self) -> None:
        start = self._now()
        while not self._stop.is_set():
            try:
                self.write_next()
            except (av.error.FFmpegError, OSError) as problem:
                self._problem = camera_output_error(self._target, problem)
                return
            self._stop.wait(max(0.0, start + self.written / self._fps - self._now()))

    def write_next(self) -> None:
        """Write the newest frame once."""
        frame, self._frame = self._frame, None
        if frame is not None:
            self._picture = fitted(frame, self._width, self._height)
        picture = av.VideoFrame.from_ndarray(self._picture, format="rgb24").reformat(format="yuv420p")
        picture.pts, picture.time_base = self.written, Fraction(1, self._fps)
        self._container.mux(self._stream.encode(picture))
        self.written += 1


def fitted(frame: Frame, width: int, height: int) -> Frame:
    """Return a frame scaled to fit a size, on black.

    Args:
        frame: H x W x 3 uint8 RGB, or H x W x 4 uint8 RGBA.
        width: of the result, pixels.
        height: of the result, pixels.
    """
    if frame.shape[2] == 4:
        alpha = frame[..., 3].astype(np.float32) / 255
        colours = np.ascontiguousarray(frame[..., :3])
        frame = np.asarray(cv2.blendLinear(colours, np.zeros_like(colours), alpha, 1 - alpha), np.uint8)
    scale = min(width / frame.shape[1], height / frame.shape[0])
    size = round(frame.shape[1] * scale), round(frame.shape[0] * scale)
    interpolation = cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
    small = frame if scale == 1 else np.asarray(cv2.resize(frame, size, interpolation=interpolation), np.uint8)
    picture = np.zeros((height, width, 3), np.uint8)
    top, left = (height - size[1]) // 2, (width - size[0]) // 2
    picture[top : top + size[1], left : left + size[0]] = small
    return picture


def camera_output_error(target: Path, problem: Exception) -> OutputError:
    """Return what is wrong with a virtual camera, and what to do."""
    number = getattr(problem, "errno", None)
    reasons = {
        errno.ENOENT: ("is not there", SETUP),
        errno.ENODEV: ("was removed", SETUP),
        errno.EACCES: ("may not be used by this user", "sudo usermod -aG video $USER, then log in again"),
        errno.EBUSY: ("is in use by another program", "another device, or end the program that writes to it"),
        errno.EINVAL: ("takes no frames; it may be a real camera", "a device of v4l2loopback"),
        errno.ENOSPC: ("cannot be written: the disk is full", "free some space"),
    }
    what, hint = reasons.get(number or 0, ("cannot be written", SETUP))
    where = str(problem) if number is None else os.strerror(number)
    return OutputError(f"the virtual camera {target} {what}", where=where, hint=hint, more="docs/live.md")
