"""Motion source that reads and tracks the camera in a process of its own, so that rendering has the GIL for itself.

The protocol is that of `drivers.driver_process`. Both processes read the same clock (`time.monotonic`), so capture
times need no translation.
"""

from __future__ import annotations

import json
import threading
import weakref
from collections.abc import Callable
from dataclasses import asdict
from typing import Any

from animato.drivers.driver_process import FRAME_BYTES, motion_from, neutral_from
from animato.errors import AnimatoError
from animato.live.newest import Newest
from animato.live.protocols import LiveMotion
from animato.motion.motion_frame import Neutral
from animato.runtime.child_process import ChildProcess, can_start
from animato.runtime.messages import Message
from animato.settings.live import LiveSettings
from animato.types import Frame

MODULE = "animato.live.camera_process_main"


class CameraProcess:
    """A camera tracked in a process of its own; see `live.protocols.MotionSource`.

    Args:
        settings: camera, tracking and smoothing.
        judge: gets a thumbnail once a second, for the nudity gate.
    """

    def __init__(self, settings: LiveSettings, judge: Callable[[Frame], None] = lambda _frame: None) -> None:
        self._judge = judge
        self._motion: Newest[LiveMotion] = Newest()
        self._neutral: Neutral | None = None
        self._dropped_before = 0
        self.status: str | None = None
        self._child = ChildProcess(MODULE, None, with_scratch=True)
        self._write({"settings": asdict(settings)})
        self._thread = threading.Thread(
            target=_read, args=(self._child, weakref.ref(self)), name="animato-camera-process", daemon=True
        )
        self._thread.start()

    @property
    def dropped(self) -> int:
        """Camera frames that were not tracked, and motion that was not rendered, as newer ones had arrived."""
        return self._dropped_before + self._motion.dropped

    @property
    def finished(self) -> bool:
        """Whether everything of a file was taken."""
        return self._motion.finished

    def take(self, timeout: float) -> LiveMotion | None:
        """Return the newest motion; see `MotionSource.take`."""
        return self._motion.take(timeout)

    def calibrate(self) -> None:
        """Choose the neutral frame anew."""
        self._write({"do": "calibrate"})

    def close(self) -> None:
        """End the process."""
        self._motion.close()
        self._child.close()
        self._thread.join(timeout=1.0)

    def _write(self, message: dict[str, Any]) -> None:
        self._child.write_line(json.dumps(message, default=str).encode() + b"\n")

    def apply(self, message: Message) -> None:
        """Apply a message of the child; called in the reading thread."""
        if message.kind == "neutral":
            self._neutral = neutral_from(message)
        elif message.kind == "frame" and self._neutral is not None:
            self._dropped_before, self.status = message.values["dropped"], None
            self._motion.put(LiveMotion(motion_from(message), self._neutral, message.values["captured"]))
        elif message.kind == "sample":
            self._judge(message.arrays["thumbnail"])
        elif message.kind == "status":
            self.status = message.values["status"]
        elif message.kind == "end":
            self._motion.close()

    def fail(self, problem: AnimatoError) -> None:
        """Take note of how the child has ended; called in the reading thread."""
        if not self._motion.closed:
            self._motion.fail(problem)


def _read(child: ChildProcess, owner: weakref.ref[CameraProcess]) -> None:
    """Pass the child's messages on until it ends, or until nobody wants them."""
    while True:
        try:
            kinds = "neutral", "frame", "sample", "status", "end"
            message = child.next(*kinds, purpose="tracks the camera", max_bytes=FRAME_BYTES)
        except (AnimatoError, ValueError, OSError) as problem:
            source = owner()
            if source is not None and isinstance(problem, AnimatoError):
                source.fail(problem)
            return
        source = owner()
        if source is None:
            return
        source.apply(message)
        if message.kind == "end":
            return
        del source


def start_camera_process(settings: LiveSettings, judge: Callable[[Frame], None]) -> CameraProcess | None:
    """Return a tracked camera in a process of its own; None where it is of no use or cannot be started."""
    if settings.threads == 1 or not can_start():
        return None
    try:
        return CameraProcess(settings, judge)
    except OSError:
        return None
