"""Record the frames of an `Interactive` to a file through the ordinary output: marked, signed, renamed at the end."""

from __future__ import annotations

import queue
import threading
from fractions import Fraction
from pathlib import Path

from animato.pipeline.interactive import Interactive
from animato.pipeline.output import Output, OutputPlan, Watermarker
from animato.pipeline.signing import signer_for
from animato.runtime.stage_clock import StageClock
from animato.trust.metadata import comment_text
from animato.types import Frame

WAITING_FRAMES = 30
"""Frames of the file that may wait for the encoder, repeated ones included: one second, so that an encoder that is too
slow does not take minutes at the end. Beyond, frames are left out and the next repeated, which waits for nothing."""

LONGEST_GAP = 10.0
"""Seconds up to which a gap between two frames is filled by repeating the last: longer ones mean a suspended computer,
and an hour of one frame is of no use."""


class _MarkedBefore(Watermarker):
    """The watermarker of an `Interactive`, for frames that it has labelled and marked."""

    def __init__(self, watermarker: Watermarker) -> None:
        self.label, self.payload = watermarker.label, watermarker.payload

    @property
    def touched(self) -> None:
        """Everywhere: frames may be left out."""
        return

    def frame(self, frame: Frame) -> Frame:
        """Return the frame."""
        return frame


class Recording:
    """A file that is written while frames are rendered; see `live.protocols.FrameSink`.

    Frames arrive at any time and are written at a constant rate: repeated, or left out if several fall on one.

    Args:
        face: which renders the frames.
        path: .mp4, .webm, .mov, .gif, or a folder for PNG frames.
        fps: of the file.
        overwrite: whether an existing file may be replaced.

    Attributes:
        dropped: frames left out because the encoder was too slow.

    Raises:
        OutputError, UsageError: the file cannot be written there.
    """

    def __init__(self, face: Interactive, path: Path, fps: Fraction = Fraction(25), *, overwrite: bool = False) -> None:
        self._face = face
        settings = face.settings
        alpha = settings.background == "none"
        Output.check(path, overwrite, alpha)
        self._sign = signer_for([face.cast], settings, face.label)
        plan = OutputPlan(
            path=path,
            width=face.width,
            height=face.height,
            fps=fps,
            audio=None,
            crf=settings.crf,
            threads=1,
            duration=None,
            comment=comment_text(settings.composed),
            overwrite=overwrite,
            alpha=alpha,
        )
        self._output = Output(plan, StageClock(), _MarkedBefore(face.watermarker))
        self._output.__enter__()
        self._fps, self._next = fps, 0
        self._start: float | None = None
        self._waiting: queue.SimpleQueue[tuple[Frame, int] | None] = queue.SimpleQueue()
        self._behind, self._lock = 0, threading.Lock()
        self._problem: BaseException | None = None
        self.dropped, self._closed = 0, False
        self._thread = threading.Thread(target=self._write, name="animato-recording", daemon=True)
        self._thread.start()

    def put(self, frame: Frame, captured: float) -> None:
        """Add a frame, H x W x 3 uint8 RGB or RGBA, of a time in seconds.

        Raises:
            OutputError: an earlier one could not be written.
        """
        if self._problem is not None:
            raise self._problem
        if self._start is None:
            self._start = captured
        number = int((captured - self._start) * self._fps)
        if number - self._next > LONGEST_GAP * self._fps:
            self._start += (number - self._next) / float(self._fps)
            number = self._next
        count = number - self._next + 1
        if count < 1:
            return
        with self._lock:
            if self._behind and self._behind + count > WAITING_FRAMES:
                self.dropped += 1
                return
            self._behind += count
        self._waiting.put((frame, count))
        self._next += count

    def close(self) -> None:
        """Finish, sign and rename the file; without a frame there is none.

        Raises:
            OutputError: the file cannot be written.
            RefusedError: a picture was refused, or the file cannot be signed; then there is no file.
        """
        if self._closed:
            return
        self._closed = True
        self._waiting.put(None)
        self._thread.join()
        try:
            if self._problem is not None:
                raise self._problem
            if self._output.frames:
                self._face.finish()
                self._output.finish(self._sign)
        finally:
            self._output.__exit__(None, None, None)

    def _write(self) -> None:
        while (item := self._waiting.get()) is not None:
            if self._problem is not None:
                continue  # until the end, so that nobody waits for room
            try:
                frame, count = item
                for _ in range(count):
                    self._output.write(frame)
                    with self._lock:
                        self._behind -= 1
            except BaseException as problem:
                self._problem = problem
