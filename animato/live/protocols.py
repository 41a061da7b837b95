"""Where motion enters and leaves the live loop, and where frames leave it (docs/live.md).

A `MotionSource` is a tracked camera, or motion received from elsewhere. A `MotionSink` gets the motion that is
rendered: sent to another computer, or to a game. A `FrameSink` gets finished frames, with label and watermark.
"""

from __future__ import annotations

from typing import NamedTuple, Protocol

from animato.motion.motion_frame import MotionFrame, Neutral
from animato.types import Frame


class LiveMotion(NamedTuple):
    """One motion frame with what it is relative to.

    Attributes:
        motion: its `time` is that of the source's clock, in seconds, increasing; `tracked=False`: the face is lost.
        neutral: measures it is relative to; the same object until the source is calibrated again.
        captured: local `time.monotonic()` at which the camera's frame, or the packet, arrived.
    """

    motion: MotionFrame
    neutral: Neutral
    captured: float


class MotionSource(Protocol):
    """Where motion comes from; it runs in its own thread or process. Only the newest frame waits to be taken."""

    def take(self, timeout: float) -> LiveMotion | None:
        """Return the newest motion that was not taken yet.

        Args:
            timeout: longest wait in seconds.

        Returns:
            None if nothing arrives in time. The head then rests, breathes and blinks until motion arrives again.

        Raises:
            AnimatoError: the source cannot be used and does not recover.
        """
        ...

    def calibrate(self) -> None:
        """Use the next frame with a face as the neutral one."""
        ...

    @property
    def status(self) -> str | None:
        """A sentence while nothing arrives, such as why the camera cannot be opened; None while it works."""
        ...

    @property
    def dropped(self) -> int:
        """Frames that were replaced by newer ones before they were taken."""
        ...

    def close(self) -> None:
        """Stop; called once, from the thread of the loop."""
        ...


class MotionSink(Protocol):
    """Where motion goes besides the renderer, such as another computer or a game."""

    def put(self, motion: LiveMotion) -> None:
        """Take one motion frame, smoothed and with the controls applied. It must return at once."""
        ...

    def close(self) -> None:
        """Stop; called once, from the thread of the loop."""
        ...


class FrameSink(Protocol):
    """Where finished frames go: a window, a virtual camera, a file."""

    def put(self, frame: Frame, captured: float) -> None:
        """Take a frame. It must return at once, and may not change the frame.

        Args:
            frame: H x W x 3 uint8 RGB, or H x W x 4 uint8 RGBA; labelled and watermarked.
            captured: see `LiveMotion`.
        """
        ...

    def close(self) -> None:
        """Finish; called once, from the thread of the loop."""
        ...
