"""Live with the camera of a browser: JPEG frames come in over a socket, finished frames go back over it."""

from __future__ import annotations

import io
import json
import struct
import threading
import time
import warnings
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from animato.errors import PictureError
from animato.head.head import Head
from animato.live.camera_source import CameraSource, Follow
from animato.live.follow import FaceFollower, live_finder
from animato.live.newest import Newest
from animato.live.page_sink import encoded
from animato.live.protocols import LiveMotion
from animato.live.run import LiveRun, open_live
from animato.pipeline.recording import Recording
from animato.runtime.engine import Engine
from animato.settings.live import LiveSettings
from animato.types import Frame, TimedFrame

MAX_BYTES, MAX_PIXELS = 2_000_000, 1920 * 1080
"""Limits of a camera frame. A browser sends about 60 kB for 640 x 480."""

UNSEEN_ANSWERS = 3
"""Answers that may be on their way: as many frames as the loop has in progress (tracking, warping, painting). Behind a
browser that shows none, such as a suspended one, more would only queue in the socket."""

REMEMBERED = 16
"""Camera frames whose numbers are remembered: more than the stages of a run can hold."""

Send = Callable[[bytes | str], None]
"""Sends a binary or text message to the browser; raises an exception if it is gone."""


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


Assemble = Callable[["BrowserSession", ExitStack], LiveRun]
"""Returns the run of a session; its source reads `frames`, and the session is one of its sinks."""


class BrowserSession:
    """A live run whose camera and screen are a browser; see `live.protocols.FrameSink`.

    The browser sends its next camera frame when the last was tracked, as the text message `{"tracked": NUMBER}` says,
    counted from 1; so only one is on its way, and motion as new as possible waits for the renderer. Answers come at the
    rate of rendering, also while there is no face or no frame. Their header: `answer`, their number, which the browser
    returns when it has shown it (`show`); `seq`, number of the newest camera frame that is answered; `ms`, from the
    arrival of the frame that is shown to the answer; `width`, `height`; `fps`, `dropped`, `level` and `status` of the
    run (`live.report`).

    Args:
        assemble: returns the run.
        send: to the browser; called in the threads of the run.
        now: returns seconds.

    Attributes:
        received: number of camera frames.
        rendered: number of finished frames, sent or not.
    """

    def __init__(self, assemble: Assemble, send: Send, *, now: Callable[[], float] = time.monotonic) -> None:
        self._send, self._now = send, now
        self._arrived: Newest[TimedFrame] = Newest()
        self._times: deque[tuple[float, int]] = deque(maxlen=REMEMBERED)
        self.received, self.rendered = 0, 0
        self._sent, self._shown = 0, 0
        self._last, self._unsent = 0, 0
        self._recording: Recording | None = None
        self._lock, self._counting = threading.Lock(), threading.Lock()
        with ExitStack() as stack:
            self._run = assemble(self, stack)
            self._resources = stack.pop_all()

    @property
    def opened(self) -> dict[str, Any]:
        """The first message to the browser: size, number of the mark, and warnings."""
        face = self._run.face
        size = {"width": face.width, "height": face.height}
        return {**size, "mark_id": face.mark_id, "warnings": list(face.warnings)}

    def receive(self, data: bytes) -> None:
        """Take a camera frame; may be called from any thread.

        Args:
            data: a JPEG.

        Raises:
            PictureError: see `decode_camera_frame`.
        """
        frame = TimedFrame(decode_camera_frame(data), self._now())
        with self._counting:
            self.received += 1
            self._times.append((frame.time, self.received))
        self._arrived.put(frame)

    def show(self, answer: int) -> None:
        """Note that the browser has shown an answer, so that more are sent."""
        self._shown = max(self._shown, min(answer, self._sent))

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
            try:
                self.finish_recording()
            finally:
                self._resources.close()

    def end(self) -> None:
        """End `run`; may be called from any thread."""
        self._run.stop.set()
        self._arrived.close()

    def frames(self) -> Iterator[TimedFrame]:
        """Yield the newest camera frames as they arrive, until `end`."""
        while (frame := self._arrived.take()) is not None:
            yield frame

    def followed(self, follow: Follow) -> Follow:
        """Return a function like `follow` that tells the browser about every frame that was tracked."""

        def told(image: Frame, captured: float) -> LiveMotion | None:
            motion = follow(image, captured)
            self._send(json.dumps({"tracked": self._number(captured)}))
            return motion

        return told

    def judge(self, thumbnail: Frame) -> None:
        """Pass a picture of the camera to the nudity gate."""
        self._run.face.judge("the camera", thumbnail)

    def put(self, frame: Frame, captured: float) -> None:
        """Record a finished frame, and send it unless the browser is behind."""
        self.rendered += 1
        with self._lock:
            if self._recording is not None:
                self._recording.put(frame, captured)
        number = self._number(captured)
        if self._sent - self._shown >= UNSEEN_ANSWERS:
            self._unsent += number > self._last
            self._last = number
            return
        self._last = number
        self._sent += 1
        statistics = self._run.loop.statistics()
        header = {
            "answer": self._sent,
            "seq": number,
            "ms": round(1000 * (self._now() - captured), 1),
            "width": frame.shape[1],
            "height": frame.shape[0],
            "fps": round(statistics.fps, 1),
            "dropped": statistics.dropped + self._arrived.dropped + self._unsent,
            "level": statistics.level,
            "status": statistics.status,
        }
        self._send(message(header, encoded(frame)))

    def close(self) -> None:
        """Nothing more is sent."""

    def _number(self, captured: float) -> int:
        """Return the number of the newest camera frame up to a time."""
        with self._counting:
            return max((number for time, number in self._times if time <= captured), default=0)


def open_browser_session(head: Head, settings: LiveSettings, engine: Engine, send: Send) -> BrowserSession:
    """Return a session that moves a head.

    Args:
        head: with consent.
        settings: of the run; camera, page and virtual camera are not used.
        engine: runs the renderer's networks.
        send: see `BrowserSession`.

    Raises:
        RefusedError: no valid consent.
        InputError: the head cannot be rendered.
    """
    settings = replace(settings, page=False, virtual_camera=None)

    def assemble(session: BrowserSession, stack: ExitStack) -> LiveRun:
        follower = FaceFollower(settings.animate_settings(), live_finder(engine))
        follower.warm_up()
        follow = session.followed(follower.motion)
        source = CameraSource(session.frames, follow, follower.calibrate, session.judge, once=True)
        stack.callback(source.close)
        return open_live(head, settings, engine, stack, source=source, frame_sinks=[session])

    return BrowserSession(assemble, send)
