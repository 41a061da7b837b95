"""Live with the camera of a browser: JPEG frames come in over a socket, finished frames go back over it."""

from __future__ import annotations

import io
import json
import struct
import threading
import time
import warnings
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from animato.errors import PictureError
from animato.head.head import Head
from animato.live.camera_source import CameraSource
from animato.live.follow import FaceFollower, live_finder
from animato.live.newest import Newest
from animato.live.page_sink import encoded
from animato.live.run import LiveRun, open_live
from animato.pipeline.recording import Recording
from animato.runtime.engine import Engine
from animato.settings.live import LiveSettings
from animato.types import Frame, TimedFrame

MAX_BYTES, MAX_PIXELS = 2_000_000, 1920 * 1080
"""Limits of a camera frame. A browser sends about 60 kB for 640 x 480."""

Send = Callable[[bytes], None]
"""Sends a message to the browser; raises an exception if it is gone."""


def decode_camera_frame(data: bytes) -> Frame:
    """Decode a JPEG of a camera.

    Returns:
        H x W x 3 uint8 RGB.

    Raises:
        PictureError: not a JPEG, too large, or damaged.
    """
    if len(data) > MAX_BYTES:
        raise PictureError("the camera's frame is too large", where=f"{len(data):,} of {MAX_BYTES:,} bytes")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            with Image.open(io.BytesIO(data), formats=("JPEG",)) as picture:
                if picture.width * picture.height > MAX_PIXELS or min(picture.size) < 16:
                    raise PictureError("the camera's frame has a size that is not used", where=str(picture.size))
                return np.array(picture.convert("RGB"), np.uint8)
    except PictureError:
        raise
    except Exception as problem:  # Pillow's decoders raise almost anything on damaged files
        raise PictureError("the camera's frame is no JPEG, or damaged", where=str(problem)[:80]) from problem


def message(header: dict[str, Any], picture: bytes) -> bytes:
    """Return a binary message: length of the header (uint32, little-endian), header as JSON, picture."""
    text = json.dumps(header).encode()
    return struct.pack("<I", len(text)) + text + picture


class BrowserSession:
    """A live run whose camera and screen are a browser.

    The browser sends its next frame when an answer has arrived whose `seq` is that of the last, or after a moment; only
    the newest waits. Answers come at the rate of rendering, also while there is no face or no frame. Their header:
    `seq`, number of the newest camera frame when it was rendered, from 1; `ms`, from the arrival of the frame that is
    shown to the answer; `width`, `height`; `fps`, `dropped`, `level` and `status` of the run (`live.report`).

    Args:
        head: with consent.
        settings: of the run; camera, page and virtual camera are not used.
        engine: runs the renderer's networks.
        send: called in the thread of `run`.
        now: returns seconds.

    Raises:
        RefusedError: no valid consent.
        InputError: the head cannot be rendered.
    """

    def __init__(
        self,
        head: Head,
        settings: LiveSettings,
        engine: Engine,
        send: Send,
        *,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        self._send, self._now = send, now
        self._arrived: Newest[TimedFrame] = Newest()
        self.received = 0
        self._recording: Recording | None = None
        self._lock = threading.Lock()
        settings = replace(settings, page=False, virtual_camera=None)
        with ExitStack() as stack:
            follower = FaceFollower(settings.animate_settings(), live_finder(engine))
            follower.warm_up()
            source = CameraSource(self._frames, follower.motion, follower.calibrate, self._judge, once=True, now=now)
            stack.callback(source.close)
            self._run: LiveRun = open_live(head, settings, engine, stack, source=source, frame_sinks=[_Answers(self)])
            self._resources = stack.pop_all()

    @property
    def opened(self) -> dict[str, Any]:
        """The first message to the browser: size, number of the mark, and warnings."""
        face = self._run.face
        size = {"width": face.width, "height": face.height}
        return {**size, "mark_id": face.mark_id, "warnings": list(face.warnings)}

    def put(self, data: bytes) -> None:
        """Take a camera frame; may be called from any thread.

        Args:
            data: a JPEG.

        Raises:
            PictureError: see `decode_camera_frame`.
        """
        frame = TimedFrame(decode_camera_frame(data), self._now())
        self.received += 1
        self._arrived.put(frame)

    def command(self, given: Any) -> str | None:
        """Apply a command of the page; see `live.remote.Remote.message`."""
        return self._run.remote.message(given)

    def record(self, path: Path, *, overwrite: bool = False) -> None:
        """Record from the next frame on, marked and signed, until `finish_recording`.

        Raises:
            OutputError, UsageError: the file cannot be written.
        """
        with self._lock:
            self._recording = Recording(self._run.face, path, overwrite=overwrite)

    def finish_recording(self) -> None:
        """Finish the recording, if there is one.

        Raises:
            OutputError, RefusedError: the file cannot be written or signed.
        """
        with self._lock:
            recording, self._recording = self._recording, None
        if recording is not None:
            recording.close()

    def run(self) -> None:
        """Answer until `close` is called or sending fails; for a thread of its own."""
        try:
            self._run.loop.run(self._run.stop)
        finally:
            self.finish_recording()
            self._resources.close()

    def close(self) -> None:
        """End `run`; may be called from any thread."""
        self._run.stop.set()
        self._arrived.close()

    def _frames(self) -> Iterator[TimedFrame]:
        while (frame := self._arrived.take()) is not None:
            yield frame

    def _judge(self, thumbnail: Frame) -> None:
        self._run.face.judge("the camera", thumbnail)

    def answer(self, frame: Frame, captured: float) -> None:
        """Send a finished frame, and record it."""
        statistics = self._run.loop.statistics()
        header = {
            "seq": self.received,
            "ms": round(1000 * (self._now() - captured), 1),
            "width": frame.shape[1],
            "height": frame.shape[0],
            "fps": round(statistics.fps, 1),
            "dropped": statistics.dropped + self._arrived.dropped,
            "level": statistics.level,
            "status": statistics.status,
        }
        with self._lock:
            if self._recording is not None:
                self._recording.put(frame, captured)
        self._send(message(header, encoded(frame)))


class _Answers:
    """Frame sink of a session."""

    def __init__(self, session: BrowserSession) -> None:
        self._session = session

    def put(self, frame: Frame, captured: float) -> None:
        self._session.answer(frame, captured)

    def close(self) -> None:
        """Nothing is open."""
