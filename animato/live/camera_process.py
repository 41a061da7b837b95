"""Motion source that reads and tracks the camera in a process of its own, so that rendering has the GIL for itself.

The protocol is that of `drivers.driver_process`. Both processes read the same clock (`time.monotonic`), so capture
times need no translation.
"""

from __future__ import annotations

import contextlib
import json
import subprocess
import threading
import weakref
from collections.abc import Callable
from dataclasses import asdict
from typing import Any

from animato import errors
from animato.drivers.driver_process import (
    Message,
    can_start_processes,
    child_command,
    kill_child,
    motion_from,
    neutral_from,
    receive,
)
from animato.errors import AnimatoError
from animato.live.newest import Newest
from animato.live.protocols import LiveMotion
from animato.motion.motion_frame import Neutral
from animato.runtime.scratch import ScratchFolder
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
        scratch = ScratchFolder()
        pipe = subprocess.PIPE
        try:
            self._child = subprocess.Popen(child_command(MODULE), stdin=pipe, stdout=pipe, start_new_session=True)
        except BaseException:
            scratch.cleanup()
            raise
        self._finalizer = weakref.finalize(self, kill_child, self._child, scratch)
        values = {name: None if value is None else value for name, value in asdict(settings).items()}
        self._write({"scratch": scratch.name, "settings": values})
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
        self._finalizer()
        self._thread.join(timeout=1.0)

    def _write(self, message: dict[str, Any]) -> None:
        assert self._child.stdin is not None
        with contextlib.suppress(BrokenPipeError, ValueError):
            self._child.stdin.write(json.dumps(message, default=str).encode() + b"\n")
            self._child.stdin.flush()

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
        elif message.kind == "error":
            name = message.values.pop("name")
            self._motion.fail(getattr(errors, name)(**message.values))
        elif message.kind == "end":
            self._motion.close()

    def lost(self) -> None:
        """Take note that the child has ended; called in the reading thread."""
        if not self._motion.closed:
            self._motion.fail(
                AnimatoError(
                    "the process that tracks the camera exited unexpectedly",
                    hint="free some memory, or use `threads=1`, which tracks without a separate process",
                )
            )


def _read(child: subprocess.Popen[bytes], owner: weakref.ref[CameraProcess]) -> None:
    """Pass the child's messages on until it ends, or until nobody wants them."""
    assert child.stdout is not None
    while True:
        try:
            message = receive(child.stdout)
        except (EOFError, ValueError, OSError):
            source = owner()
            if source is not None:
                source.lost()
            return
        source = owner()
        if source is None:
            return
        source.apply(message)
        del source


def start_camera_process(settings: LiveSettings, judge: Callable[[Frame], None]) -> CameraProcess | None:
    """Return a tracked camera in a process of its own; None where it is of no use or cannot be started."""
    if settings.threads == 1 or not can_start_processes():
        return None
    try:
        return CameraProcess(settings, judge)
    except OSError:
        return None
