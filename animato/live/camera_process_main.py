"""Child side of `live.camera_process`: reads and tracks the camera, and sends motion to the parent."""

from __future__ import annotations

import json
import queue
import tempfile
import threading
from typing import IO

from animato.drivers.driver_process import SCALARS, motion_arrays, neutral_values
from animato.live.camera_source import CameraSource
from animato.live.run import open_camera_here
from animato.motion.motion_frame import Neutral
from animato.runtime.child_main import errors_sent, open_output
from animato.runtime.engine import Engine
from animato.runtime.messages import send
from animato.settings.base import from_mapping
from animato.settings.live import LiveSettings
from animato.types import Frame

STATUS_SECONDS = 0.5
"""Seconds without motion after which the state of the camera is sent."""


def main(lines: queue.Queue[bytes], scratch: str | None, _parts: tuple[str, ...]) -> None:
    """Run the child process: open the camera, then obey a line of JSON at a time from the parent."""
    stream = open_output()
    tempfile.tempdir = scratch
    settings = from_mapping(LiveSettings, json.loads(lines.get())["settings"])
    with errors_sent(stream, "track", "the camera"):
        import cv2

        cv2.setNumThreads(1)
        _follow(stream, settings, lines)


def _follow(stream: IO[bytes], settings: LiveSettings, lines: queue.Queue[bytes]) -> None:
    """Send motion until the source ends."""
    samples: queue.SimpleQueue[Frame] = queue.SimpleQueue()
    source = open_camera_here(settings, Engine(1), samples.put)
    threading.Thread(target=_obey, args=(source, lines), name="commands", daemon=True).start()
    neutral: Neutral | None = None
    while not source.finished:
        motion = source.take(STATUS_SECONDS)
        while not samples.empty():
            send(stream, "sample", {}, {"thumbnail": samples.get()})
        if motion is None:
            send(stream, "status", {"status": source.status})
            continue
        if motion.neutral is not neutral:
            neutral = motion.neutral
            arrays = {"rotation": neutral.rotation, "apertures": neutral.apertures}
            send(stream, "neutral", neutral_values(neutral), arrays)
        values = {name: getattr(motion.motion, name) for name in SCALARS}
        values |= {"captured": motion.captured, "dropped": source.dropped}
        send(stream, "frame", values, motion_arrays(motion.motion))
    send(stream, "end", {})


def _obey(source: CameraSource, lines: queue.Queue[bytes]) -> None:
    while True:
        if json.loads(lines.get()).get("do") == "calibrate":
            source.calibrate()
