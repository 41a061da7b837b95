"""Read a video one upright RGB frame at a time, with timestamps; broken files raise a readable error."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import Any

from animato.errors import UsageError, VideoError
from animato.media.container import VIDEO_DEMUXERS, codec_name, open_container
from animato.media.decode import Decoder, shown_for, stamp
from animato.media.rates import frame_rate
from animato.media.streams import check_length, check_size, choose_video, plausible_rate, stated_length
from animato.media.timing import FrameClock, resample
from animato.media.upright import Upright
from animato.settings.media import ReaderSettings
from animato.types import TimedFrame, VideoInfo

__all__ = ["VideoReader", "open_video", "resample"]

_SAME = 1e-6
"""Difference in seconds below which two times are equal."""

_JUMP_FROM = 5.0
"""Start offset in seconds above which seeking to a key frame is faster than decoding from the beginning."""


def open_video(
    path: Path,
    *,
    max_side: int | None = None,
    start: float = 0.0,
    end: float | None = None,
    early: float = 0.0,
    settings: ReaderSettings | None = None,
) -> VideoReader:
    """Open a video (mp4, mov, webm, mkv, avi or gif) for reading; use the result in a `with` block.

    Args:
        max_side: longer side to which larger frames are downscaled while decoding, in pixels.
        start: first second of the clip to read; the frame shown at that moment comes first, at time 0.
        end: second of the clip at which to stop, or None for its end.
        early: seconds by which reading may begin earlier, if there is a key frame; it comes first then, at time 0.

    Raises:
        VideoError: no such file, not a video, no frames, unsupported codec or size, or longer than allowed.
        UsageError: `start` is negative or not before `end`.
    """
    if not start >= 0 or (end is not None and not end > start):
        raise UsageError(f"the stretch from {start:g} s to {end} s is empty", hint="0 <= start < end, in seconds")
    return VideoReader(path, max_side, (start, end, early), settings or ReaderSettings())


class VideoReader:
    """An opened video: iterate over it once to get `TimedFrame`s.

    Attributes:
        info: size (upright, after `max_side`), rate, duration and audio of the part that is read.
        end: end time in seconds of the last frame delivered so far; after the last frame, the clip's duration.
    """

    info: VideoInfo
    end: float

    def __init__(
        self, path: Path, max_side: int | None, part: tuple[float, float | None, float], settings: ReaderSettings
    ) -> None:
        self.path = path
        self.end = 0.0
        self._settings = settings
        self._start, self._stop, self._early = part
        self._warnings: list[str] = []
        self._begun = False
        self._stack = contextlib.ExitStack()
        try:
            self._open(max_side)
        except BaseException:
            self._stack.close()
            raise

    @property
    def warnings(self) -> tuple[str, ...]:
        """Messages about damage or unusual properties of the video; complete once all frames were read."""
        return (*self._warnings, *self._clock.warnings())

    def __enter__(self) -> VideoReader:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, problem: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the file; frames already delivered stay valid."""
        self._stack.close()

    def __iter__(self) -> Iterator[TimedFrame]:
        """Iterate over upright frames, the first at time 0; each array is newly allocated.

        Raises:
            VideoError: nothing could be read from the requested part, or it has more frames than allowed.
            RuntimeError: the reader was iterated before.
        """
        if self._begun:
            raise RuntimeError("a video is read once: open it again to read it again")
        self._begun = True
        return self._read()

    def _open(self, max_side: int | None) -> None:
        container = self._stack.enter_context(open_container(self.path, VIDEO_DEMUXERS, VideoError, "video"))
        stream = choose_video(container, self.path)
        context = stream.codec_context
        check_size(self.path, context.width, context.height, self._settings)
        context.options = {"max_pixels": str(self._settings.max_pixels)}
        stream.thread_type = "AUTO"
        context.thread_count = self._settings.decode_threads
        rate, warning, counted = frame_rate(
            self.path, container, stream, plausible_rate(stream, self._settings), self._settings
        )
        self._warnings += [warning] if warning else []
        self._clock = FrameClock(period=float(1 / rate), fastest=1.0 / self._settings.max_fps)
        self._counted = counted
        if counted:
            self._clock.count()
        self._decoder = Decoder(container, stream, self._settings.max_errors)
        first = self._decoder.first
        if first is None:
            raise VideoError(
                f"{self.path} holds no frame that can be decoded",
                where=f"codec {codec_name(stream)}, {self._decoder.errors} damaged packets",
                hint="it may be cut short: copy or download it again, or export it anew from a video player",
            )
        check_size(self.path, first.width, first.height, self._settings)
        self._upright = Upright(first, max_side, float(stream.sample_aspect_ratio or 1))
        if self._upright.hdr:
            self._warnings.append("the video is HDR; its colours are only approximated")
        sound = len(container.streams.audio) > 0
        self._length, own = stated_length(container, stream)
        if counted:
            self._length, own = (float(stream.frames / rate) if stream.frames else None), True
        self._length_is_own = own or not sound
        self.info = self._describe(rate, stream.frames, sound)

    def _describe(self, rate: Any, frames: int, sound: bool) -> VideoInfo:
        duration = self._length
        if duration is not None and (self._start > 0 or self._stop is not None):
            if self._start >= duration:
                raise VideoError(f"{self.path} is {duration:.2f} s long; nothing is left after {self._start:g} s")
            duration = min(duration, self._stop or duration) - self._start
            frames = 0
        check_length(self.path, duration, self._settings)
        if not frames and duration is not None:
            frames = max(1, round(duration * rate))
        width, height = self._upright.size
        return VideoInfo(
            width=width, height=height, fps=rate, frames=frames or None, duration=duration, has_audio=sound
        )

    def _read(self) -> Iterator[TimedFrame]:
        count = 0
        for decoded, time in self._trimmed():
            if count >= self._settings.max_frames:
                raise VideoError(
                    f"{self.path} has more frames than are read",
                    where=f"{count} frames, {time:.0f} s",
                    hint="cut out the stretch you need",
                )
            check_length(self.path, time, self._settings)
            self.end = time + self._shown(decoded)
            if self._stop is not None:
                self.end = min(self.end, self._stop - self._start)
            count += 1
            yield TimedFrame(self._upright(decoded), time)
        if count == 0:
            raise VideoError(f"{self.path} has no frames after {self._start:g} s", hint="an earlier start")
        self._note_damage()

    def _shown(self, decoded: Any) -> float:
        """Return the display duration of a decoded frame, in seconds."""
        return self._clock.period if self._counted else shown_for(decoded, self._clock.period)

    def _trimmed(self) -> Iterator[tuple[Any, float]]:
        """Yield decoded frames of the requested part; the frame shown at `start` comes first, at time 0."""
        waiting: Any = None
        waiting_ends = 0.0
        for decoded, time in self._timed():
            if time <= _SAME and self._start > 0:
                waiting, waiting_ends = decoded, time + self._shown(decoded)
                continue
            if waiting is not None:
                yield waiting, 0.0
                waiting = None
            if self._stop is not None and time >= self._stop - self._start:
                return
            yield decoded, time
        if waiting is not None and waiting_ends > 0.0:
            yield waiting, 0.0

    def _timed(self) -> Iterator[tuple[Any, float]]:
        """Yield decoded frames with their time relative to `start`, in seconds; negative before it."""
        origin = stamp(self._decoder.first)
        jump_from = _SAME if self._early else _JUMP_FROM
        if self._start >= jump_from and not self._counted and self._decoder.jump(self._start):
            self._clock.begin_at(origin)
            key = (stamp(self._decoder.first) or 0.0) - (origin or 0.0)
            if self._start - self._early <= key < self._start:
                self._start = key
        for decoded in self._decoder.frames():
            if not self._upright.same(decoded):
                self._warnings.append(
                    f"the frame size or format changes after {self._clock.last:.2f} s; reading stopped there"
                )
                return
            time = self._clock.tell(stamp(decoded))
            if time is not None:
                yield decoded, time - self._start

    def _note_damage(self) -> None:
        """Add a warning when packets were damaged or the file ends before its stated duration."""
        reached, decoder = self._start + self.end, self._decoder
        stated = self._length if self._stop is None else min(self._stop, self._length or self._stop)
        missing = (stated or reached) - reached
        slack = max(0.5 if self._length_is_own else 1.0, 3 * self._clock.period)
        if decoder.cut_short or missing > slack:
            of = f" of {stated:.2f} s" if stated else ""
            self._warnings.append(f"the video file is damaged or cut short: {reached:.2f} s{of} could be read")
        elif decoder.errors:
            self._warnings.append(f"the video file is damaged: {decoder.errors} damaged packets were left out")
