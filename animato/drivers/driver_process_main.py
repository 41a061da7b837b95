"""Child side of `drivers.driver_process`: opens a driver, tracks it, and sends its motion to the parent."""

from __future__ import annotations

import json
import os
import queue
import sys
import tempfile
import traceback
from pathlib import Path
from typing import IO, Any

from animato.drivers.driver_process import SCALARS, motion_arrays, neutral_values, send
from animato.drivers.video import VideoDriver
from animato.errors import AnimatoError
from animato.runtime.memory_errors import is_out_of_memory, out_of_memory
from animato.runtime.stage_clock import StageClock
from animato.settings.animate import AnimateSettings


def main(lines: queue.Queue[bytes]) -> None:
    """Run the child process: open the driver, then track it once per line from the parent (`parent_pipe`)."""
    stream = os.fdopen(os.dup(1), "wb")
    redirect_stdout()
    job = json.loads(lines.get())
    tempfile.tempdir = job["scratch"]
    try:
        _track(stream, job, lines)
    except AnimatoError as problem:
        send_error(stream, problem)
    except BrokenPipeError:  # the parent has exited: discard the buffered output
        os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())
    except Exception as problem:
        if is_out_of_memory(problem):
            send_error(stream, out_of_memory(f"to track {job['path']}", problem))
            return
        last = traceback.extract_tb(problem.__traceback__)[-1]
        send(
            stream,
            "error",
            {
                "name": "AnimatoError",
                "what": f"this is a bug: {type(problem).__name__}: {problem}",
                "where": f"{Path(last.filename).name}, line {last.lineno}, in the process that tracks {job['path']}",
                "hint": "report it; `threads=1` tracks without a separate process",
            },
        )


def send_error(stream: IO[bytes], problem: AnimatoError) -> None:
    """Send an error, which the parent raises."""
    fields = {name: getattr(problem, name) for name in ("what", "where", "hint", "more")}
    send(stream, "error", {"name": type(problem).__name__, **fields})


def _track(stream: IO[bytes], job: dict[str, Any], lines: queue.Queue[bytes]) -> None:
    import cv2

    from animato.runtime.engine import Engine
    from animato.tracking.face_finder import FaceFinder

    cv2.setNumThreads(1)
    settings = AnimateSettings(**job["settings"], threads=2)  # for the decoder; networks run on one
    driver = VideoDriver(Path(job["path"]), settings, FaceFinder(Engine(1)))
    _send_opened(stream, driver)
    while True:
        lines.get()
        _send_frames(stream, driver)


def redirect_stdout() -> None:
    """Redirect file descriptor 1 to standard error (or the null device), so library output cannot corrupt messages."""
    try:
        os.dup2(2, 1)
    except OSError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)


def _send_opened(stream: IO[bytes], driver: VideoDriver) -> None:
    neutral = driver.neutral
    values = {
        "fps": str(driver.fps),
        "duration": driver.duration,
        "has_audio": driver.has_audio,
        "neutral_time": driver.report.neutral_time,
        **neutral_values(neutral),
    }
    send(stream, "opened", values, {"rotation": neutral.rotation, "apertures": neutral.apertures})


def _send_frames(stream: IO[bytes], driver: VideoDriver) -> None:
    clock, sent = StageClock(), 0
    for frame in driver.frames(clock):
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


def _send_samples(stream: IO[bytes], driver: VideoDriver, sent: int) -> int:
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
