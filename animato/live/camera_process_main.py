"""Child side of `live.camera_process`: reads and tracks the camera, and sends motion to the parent."""

from __future__ import annotations

import json
import os
import queue
import tempfile
import threading
from typing import IO

from animato.drivers.driver_process import SCALARS, motion_arrays, neutral_values, send
from animato.drivers.driver_process_main import redirect_stdout, send_error
from animato.errors import AnimatoError
from animato.live.camera_source import CameraSource
from animato.live.run import open_camera_here
from animato.motion.motion_frame import Neutral
from animato.runtime.engine import Engine
from animato.settings.base import from_mapping
from animato.settings.live import LiveSettings
from animato.types import Frame

STATUS_SECONDS = 0.5
"""Seconds without motion after which the state of the camera is sent."""


def main(lines: queue.Queue[bytes]) -> None:
    """Run the child process: open the camera, then obey a line of JSON at a time from the parent."""
    stream = os.fdopen(os.dup(1), "wb")
    redirect_stdout()
    job = json.loads(lines.get())
    tempfile.tempdir = job["scratch"]
    try:
        import cv2

        cv2.setNumThreads(1)
        _follow(stream, from_mapping(LiveSettings, job["settings"]), lines)
    except AnimatoError as problem:
        send_error(stream, problem)
    except BrokenPipeError:  # the parent has exited: discard the buffered output
        os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())
    except Exception as problem:
        send_error(stream, AnimatoError(f"this is a bug: {type(problem).__name__}: {problem}", where="camera process"))


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
