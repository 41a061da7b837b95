"""Decoded frames of one stream, with a count of what was damaged instead of an exception for each."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import av.error

_LONGEST_SHOWN = 60.0
"""Seconds; a frame that claims to stay longer is not believed."""


class Decoder:
    """Decodes one stream of an opened container from its beginning, or from a key frame.

    Args:
        container: an `av.InputContainer`.
        stream: the video or sound stream to decode.
        max_errors: damaged packets after which decoding stops.

    Attributes:
        errors: damaged packets met so far.
        cut_short: whether reading ended because of damage, not at the end of the file.
        first: the next frame that `frames` will yield; None when there is none.
    """

    def __init__(self, container: Any, stream: Any, max_errors: int) -> None:
        self.errors = 0
        self.cut_short = False
        self._container = container
        self._stream = stream
        self._max_errors = max_errors
        self._rest = self._run()
        self.first: Any = next(self._rest, None)
        self._origin = stamp(self.first) if self.first is not None else None

    def frames(self) -> Iterator[Any]:
        """Yield the frames from `first` on."""
        if self.first is not None:
            first, self.first = self.first, None
            yield first
        yield from self._rest

    def jump(self, seconds: float) -> bool:
        """Move to the key frame before a moment and return True, or stay at the beginning and return False.

        Args:
            seconds: counted from the first frame of the stream.
        """
        if self._origin is None:
            return False
        wanted = self._origin + seconds
        if self._seek(wanted):
            found = stamp(self.first) if self.first is not None else None
            if found is not None and found <= wanted:
                return True
        self._seek(self._origin)
        return False

    def _seek(self, moment: float) -> bool:
        try:
            self._container.seek(int(moment / self._stream.time_base), stream=self._stream)
        except (av.error.FFmpegError, OverflowError):
            return False
        self._rest = self._run()
        self.first = next(self._rest, None)
        return True

    def _run(self) -> Iterator[Any]:
        packets = self._container.demux(self._stream)
        while True:
            try:
                packet = next(packets, None)
            except av.error.FFmpegError:
                self.errors += 1
                self.cut_short = True
                yield from self._decode(None)
                return
            if packet is None:
                return
            yield from self._decode(packet)
            if self.errors > self._max_errors:
                self.cut_short = True
                return

    def _decode(self, packet: Any) -> list[Any]:
        """Return the frames that come out for a packet; None asks for those the decoder still holds."""
        try:
            return list(self._stream.decode(packet))
        except av.error.EOFError:
            return []
        except (av.error.FFmpegError, MemoryError):
            self.errors += 1
            return []


def stamp(frame: Any) -> float | None:
    """Return the time of a frame in seconds as the file states it, or None."""
    if frame.pts is None or frame.time_base is None:
        return None
    return float(frame.pts * frame.time_base)


def shown_for(frame: Any, usual: float) -> float:
    """Return how long a frame is shown, in seconds; `usual` when the file does not say so believably."""
    seconds = float((getattr(frame, "duration", 0) or 0) * (frame.time_base or 0))
    return seconds if 0 < seconds <= _LONGEST_SHOWN else usual
