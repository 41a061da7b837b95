"""Child side of `drivers.driver_process`: opens a driver, tracks it, and sends its motion to the parent."""

from __future__ import annotations

import json
import queue
import sys
import tempfile
from pathlib import Path
from typing import IO, Any

from animato.drivers.base import Driver
from animato.drivers.driver_process import LIMITS, SCALARS, motion_arrays, neutral_values
from animato.drivers.opening import open_recording
from animato.runtime.child_main import errors_sent, open_output
from animato.runtime.messages import send
from animato.runtime.seal import allow_processor_time
from animato.runtime.stage_clock import StageClock
from animato.settings.animate import AnimateSettings


def main(lines: queue.Queue[bytes], scratch: str | None, _parts: tuple[str, ...]) -> None:
    """Run the child process: open the driver of the job, the one line from the parent, and track it."""
    stream = open_output()
    tempfile.tempdir = scratch
    job = json.loads(lines.get())
    with errors_sent(stream, "track", job["path"]):
        _track(stream, job)


def _track(stream: IO[bytes], job: dict[str, Any]) -> None:
    import cv2

    from animato.runtime.engine import Engine
    from animato.tracking.face_finder import FaceFinder

    cv2.setNumThreads(1)
    settings = AnimateSettings(**job["settings"], threads=2)  # for the decoder; networks run on one
    driver = open_recording(Path(job["path"]), settings, FaceFinder(Engine(1)))
    _send_opened(stream, driver)
    _send_frames(stream, driver)


def _send_opened(stream: IO[bytes], driver: Driver) -> None:
    neutral = driver.neutral
    values = {
        "fps": str(driver.fps),
        "duration": driver.duration,
        "has_audio": driver.has_audio,
        "neutral_time": driver.report.neutral_time,
        **neutral_values(neutral),
    }
    send(stream, "opened", values, {"rotation": neutral.rotation, "apertures": neutral.apertures})


def _send_frames(stream: IO[bytes], driver: Driver) -> None:
    clock, sent = StageClock(), 0
    for frame in driver.frames(clock):
        allow_processor_time(LIMITS.cpu_seconds)
        sent = _send_samples(stream, driver, sent)
        send(stream, "frame", {name: getattr(frame, name) for name in SCALARS}, motion_arrays(frame))
    _send_samples(stream, driver, sent)
    values = {
        "duration": driver.duration,
        "jitter": driver.report.jitter,
        "warnings": driver.report.warnings,
        "memory_mb": peak_memory_mb(),
        "seconds": clock.seconds,
    }
    send(stream, "end", values)


def _send_samples(stream: IO[bytes], driver: Driver, sent: int) -> int:
    """Send the thumbnails that were not sent yet; return how many were sent in all."""
    for sample in driver.report.samples[sent:]:
        send(stream, "sample", {}, {"thumbnail": sample})
        sent += 1
    return sent


def peak_memory_mb() -> float | None:
    """Return the peak memory of this process in megabytes; None where unavailable."""
    try:
        import resource
    except ImportError:  # Windows
        return None
    unit = 1.0 if sys.platform == "darwin" else 1024.0  # macOS counts bytes, Linux kilobytes
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit / 1e6
