"""Virtual camera by pyvirtualcam, for systems without v4l2loopback: the camera of OBS on Windows and macOS."""

from __future__ import annotations

import time
from typing import Any

from animato.errors import MissingPartError
from animato.media.camera_output import HEIGHT, WIDTH, fitted
from animato.types import Frame


class OtherCamera:
    """Shows each frame as it comes; see `live.protocols.FrameSink`. The system repeats the last one.

    Args:
        fps: nominal rate, frames per second.

    Raises:
        MissingPartError: pyvirtualcam or a virtual camera is not installed.
    """

    def __init__(self, fps: int) -> None:
        try:
            import pyvirtualcam

            self._camera: Any = pyvirtualcam.Camera(WIDTH, HEIGHT, fps)
        except (ImportError, RuntimeError) as problem:
            raise MissingPartError(
                "there is no virtual camera on this computer",
                where=str(problem),
                hint="install OBS, and pip install pyvirtualcam",
                more="docs/live.md",
            ) from problem
        self._next, self._period = 0.0, 1 / fps

    def put(self, frame: Frame, captured: float) -> None:  # noqa: ARG002
        """Show a frame, H x W x 3 uint8 RGB or RGBA, unless the last one was shown just before."""
        if time.monotonic() >= self._next:
            self._next = time.monotonic() + 0.9 * self._period
            self._camera.send(fitted(frame, WIDTH, HEIGHT))

    def close(self) -> None:
        """Close the camera; it may be called again."""
        self._camera.close()
