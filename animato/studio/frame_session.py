"""One editor: renders the newest expression asked for; those that came meanwhile are left out.

Frames come from `pipeline.interactive`, so they carry label and watermark, and pass the nudity gate.
"""

from __future__ import annotations

import json
import logging
import statistics
import struct
import threading
import time
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

import cv2

from animato.errors import AnimatoError
from animato.live.newest import Newest
from animato.live.policy import FRAME_BUDGET
from animato.motion.controls import motion_of
from animato.motion.motion_frame import MotionFrame
from animato.pipeline.interactive import Interactive, PendingFrame
from animato.settings.controls import NEUTRALISE
from animato.studio.face_points import seven_points
from animato.studio.problems import ApiError, api_error, error_json
from animato.studio.request_schemas import FrameRequest
from animato.types import Frame

JPEG_QUALITY = 90

REST_SECONDS = 0.15
"""Seconds without a request after which the last frame is rendered in full: longer than between two of a drag (pointers
report 60 to 125 times a second, a busy page fewer)."""

Send = Callable[[bytes | str], None]
"""Sends a message and waits until it is on its way; raises an exception if the client is gone."""

_LOG = logging.getLogger(__name__)


class FrameLoad:
    """Whether frames of full size take longer than the rate of an editor allows."""

    def __init__(self) -> None:
        self._seconds: deque[float] = deque(maxlen=5)  # a median of five is not moved by two that were disturbed

    def add(self, seconds: float) -> None:
        """Note the time between two frames in a row, as the slower of their halves allows."""
        self._seconds.append(seconds)

    @property
    def is_high(self) -> bool:
        """Whether they are too slow; False until enough are known."""
        return len(self._seconds) == self._seconds.maxlen and statistics.median(self._seconds) > FRAME_BUDGET


class FrameSession:
    """Renders for one client in a thread of its own.

    Args:
        opener: returns the interactive rendering; called in the thread.
        send: to the client; called in the thread.
        ended: called in the thread when nothing more will be sent.
        add_level: adds a cheaper level of quality; called in another thread, if frames are slow.
    """

    def __init__(
        self,
        opener: Callable[[], Interactive],
        send: Send,
        ended: Callable[[], None],
        add_level: Callable[[Interactive], None] = lambda _interactive: None,
    ) -> None:
        self._opener, self._send, self._ended, self._add_level = opener, send, ended, add_level
        self._newest: Newest[FrameRequest] = Newest()
        self._thread = threading.Thread(target=self._work, name="frames", daemon=True)
        self._load = FrameLoad()

    def start(self) -> None:
        """Start the threads."""
        self._thread.start()

    def put(self, wanted: FrameRequest) -> None:
        """Ask for an expression; it replaces one that still waits."""
        self._newest.put(wanted)

    def close(self) -> None:
        """End the threads after the frames in progress."""
        self._newest.close()
        self._thread.join()

    def _work(self) -> None:
        try:
            with self._opener() as interactive:
                self._send(json.dumps({"opened": opened(interactive)}))
                self._serve(interactive)
        except Exception as problem:
            self._report_end(problem)
        finally:
            self._ended()

    def _serve(self, interactive: Interactive) -> None:
        """Warp one frame while the previous one is painted, encoded and sent in another thread.

        While requests come faster than frames are rendered, they are rendered smaller, and the last one in full.
        """
        reduced: FrameRequest | None = None
        with ThreadPoolExecutor(1, "paint") as painter, ThreadPoolExecutor(1, "level") as builder:
            painting: Future[None] | None = None
            building: Future[None] | None = None
            while True:
                wanted = self._newest.take(None if reduced is None else REST_SECONDS)
                interactive.level = int(wanted is not None and self._load.is_high and interactive.levels > 1)
                wanted = wanted or reduced
                if wanted is None or self._newest.closed:
                    break
                reduced = wanted if interactive.level else None
                started = time.perf_counter()
                motion = self._motion(interactive, wanted)
                if motion is None:
                    continue
                pending = interactive.begin(motion)
                begun = time.perf_counter() - started
                if painting is not None:
                    painting.result()
                points = [] if interactive.target is None else seven_points(interactive.target.points)
                painting = painter.submit(self._finish, pending, points, wanted.seq, started, begun, interactive.level)
                if building is None and self._load.is_high:
                    building = builder.submit(self._build_level, interactive)
            if painting is not None:
                painting.result()

    def _build_level(self, interactive: Interactive) -> None:
        try:
            self._add_level(interactive)
        except AnimatoError as problem:  # it was closed, or memory is short; frames stay slow
            _LOG.debug("no cheaper level: %s", problem)

    def _motion(self, interactive: Interactive, wanted: FrameRequest) -> MotionFrame | None:
        """Return the motion frame of a request; None if it cannot be used, which is answered with a sentence."""
        options: dict[str, Any] = dict(wanted.settings or {})
        if NEUTRALISE in wanted.controls:
            options["neutralise"] = wanted.controls[NEUTRALISE]
        try:
            if any(getattr(interactive.settings, name, None) != value for name, value in options.items()):
                interactive.adjust(**options)
            return motion_of(wanted.controls)
        except AnimatoError as problem:
            self._report(api_error(problem, "controls"), wanted.seq)
            return None

    def _finish(
        self, pending: PendingFrame, points: list[list[float]], seq: int, started: float, begun: float, level: int
    ) -> None:
        painted = time.perf_counter()
        frame = pending()
        picture = encoded(frame)
        now = time.perf_counter()
        if level == 0:
            self._load.add(max(begun, now - painted))
        header: dict[str, Any] = {"seq": seq, "ms": round(1000 * (now - started), 2), "level": level}
        header |= {"width": frame.shape[1], "height": frame.shape[0], "points": points}
        self._send(message(header, picture))

    def _report_end(self, problem: Exception) -> None:
        """Say why nothing more comes, unless the client is gone."""
        if isinstance(problem, ConnectionError):
            _LOG.debug("an editor is gone")
        elif isinstance(problem, AnimatoError):
            self._report(api_error(problem), None)
        else:
            _LOG.error("editor", exc_info=problem)
            self._report(ApiError(500, "internal", f"this is a bug: {type(problem).__name__}: {problem}"), None)

    def _report(self, problem: ApiError, seq: int | None) -> None:
        try:
            self._send(json.dumps({**error_json(problem), "seq": seq}))
        except ConnectionError:
            _LOG.debug("an editor is gone")


def opened(interactive: Interactive) -> dict[str, Any]:
    """Return the first message to the client: size, number of the mark, and warnings."""
    size = {"width": interactive.width, "height": interactive.height}
    return {**size, "mark_id": interactive.mark_id, "warnings": list(interactive.warnings)}


def encoded(frame: Frame) -> bytes:
    """Return a frame as a JPEG.

    Args:
        frame: H x W x 3 uint8 RGB.
    """
    swapped = cv2.cvtColor(frame, cv2.COLOR_RGB2BGR)
    _, data = cv2.imencode(".jpg", swapped, [cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITY])
    return data.tobytes()


def message(header: dict[str, Any], picture: bytes) -> bytes:
    """Return a binary message: length of the header (uint32, little-endian), header as JSON, picture."""
    text = json.dumps(header).encode()
    return struct.pack("<I", len(text)) + text + picture
