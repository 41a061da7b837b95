"""Decode one stream, counting damaged packets instead of raising."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import av.error

_LONGEST_SHOWN = 60.0
"""Longest plausible display duration of a frame, seconds."""


class Decoder:
    """Decodes one stream of an opened container from its beginning, or from a key frame.

    Args:
        container: an `av.InputContainer`.
        stream: the video or sound stream to decode.
        max_errors: damaged packets after which decoding stops.

    Attributes:
        errors: damaged packets so far.
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
        """Seek to the key frame before a time and return True, or rewind and return False if that fails.

        Args:
            seconds: time from the first frame of the stream.
        """
        if self._origin is None:
            return False
        target = self._origin + seconds
        if self._seek(target):
            reached = stamp(self.first) if self.first is not None else None
            if reached is not None and reached <= target:
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
        """Decode a packet into frames; None flushes the decoder."""
        try:
            return list(self._stream.decode(packet))
        except av.error.EOFError:
            return []
        except (av.error.FFmpegError, MemoryError):
            self.errors += 1
            return []


def stamp(frame: Any) -> float | None:
    """Return the presentation timestamp of a frame in seconds, or None."""
    if frame.pts is None or frame.time_base is None:
        return None
    return float(frame.pts * frame.time_base)


def shown_for(frame: Any, usual: float) -> float:
    """Return the display duration of a frame in seconds, or `usual` when the file has no plausible value."""
    seconds = float((getattr(frame, "duration", 0) or 0) * (frame.time_base or 0))
    return seconds if 0 < seconds <= _LONGEST_SHOWN else usual
