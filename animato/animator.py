"""Animator: renders heads with one shared engine. The library functions and the command line are built on it."""

from __future__ import annotations

import time
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import Any, Self

from animato.drivers.opening import open_recording
from animato.errors import InterruptedRunError, UsageError
from animato.head.head import Head
from animato.head.report import HeadReport
from animato.media.disk import check_not_input
from animato.motion.motion_file import MotionClip, save_motion
from animato.pipeline.casting import (
    Drivers,
    Photos,
    cast_input,
    check_early,
    head_report_of,
    load_head,
    open_cast,
    shared_finder,
)
from animato.pipeline.inputs import file_path, settings_of
from animato.pipeline.output import check_target
from animato.pipeline.rendering import Progress, render_file
from animato.pipeline.result import AnimateResult
from animato.pipeline.stream import Stream, open_stream
from animato.runtime.devices import Backend, Device
from animato.runtime.engine import Engine
from animato.runtime.stage_clock import StageClock
from animato.settings.animate import AnimateSettings
from animato.settings.consent import Consent
from animato.settings.media import MotionFileSettings


class Animator:
    """Renders any number of heads, one after another or concurrently, with one shared engine.

    Methods may be called from several threads. Concurrent and sequential renders produce identical bytes.

    Args:
        device, backend: where the renderer's networks run; see `Engine`.
        threads: CPU threads per render.

    Example:
        >>> with animato.Animator() as animator:  # doctest: +SKIP
        ...     head = animator.head(["me.jpg", "side.jpg"], consent="self")
        ...     animator.animate(head, "talk", "me.mp4", mouth=0.7)
    """

    def __init__(self, *, device: Device = "cpu", backend: Backend = "auto", threads: int = 2) -> None:
        self._engine: Engine | None = Engine(threads, device, backend)

    @property
    def engine(self) -> Engine:
        """Device, threads and compiled networks.

        Raises:
            UsageError: the animator is closed.
        """
        if self._engine is None:
            raise UsageError("this Animator is closed", hint="create a new one")
        return self._engine

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_problem: object) -> None:
        self.close()

    def close(self) -> None:
        """Release the networks. Renders in progress still complete."""
        self._engine = None

    def head(self, photos: Photos, face: str = "largest", *, consent: Consent | str | None = None) -> Head:
        """Make a head from photos, or load one from a head file.

        Args:
            photos: see `Photos`.
            face: which face to use if a photo shows several: "largest", "left", "right" or a number from the left.
            consent: on which ground the face may be animated: a `Consent`, or "self", "other" or "not-a-person".
                Required for photos; a head file has its own.

        Raises:
            RefusedError: photos without consent, or a head file whose consent record cannot be used.
            InputError: a photo or head file cannot be used.
        """
        return replace(load_head(photos, face, self.engine, consent), animator=self)

    def report(self, photos: Photos, face: str = "largest") -> HeadReport:
        """Return the report card of a head, a head file or photos; photos need no consent, as no head is made.

        Args:
            photos: see `Photos`.
            face: which face to use if a photo shows several.

        Raises:
            InputError: a photo or head file cannot be used.
            RefusedError: a head file whose consent record cannot be used.
        """
        return head_report_of(photos, face, self.engine)

    def animate(
        self,
        head: Photos,
        driver: Drivers,
        output: Path | str,
        settings: AnimateSettings | None = None,
        *,
        consent: Consent | str | None = None,
        overwrite: bool = False,
        progress: Progress | None = None,
        clock: StageClock | None = None,
        **options: Any,
    ) -> AnimateResult:
        """Render a video of a head moved by a driver; it is watermarked, signed and written atomically.

        Args:
            head: see `Photos`.
            driver: see `Drivers`.
            output: .mp4, .webm, .mov, .gif, or a folder for PNG frames.
            settings: see `AnimateSettings`; `threads` is ignored in favour of the animator's.
            consent: ground for animating photos, see `head`.
            overwrite: whether an existing output may be replaced.
            progress: called after each frame.
            clock: accumulates the time spent per stage.
            options: fields of `AnimateSettings`, overriding those of `settings`.

        Raises:
            InputError: a photo or the driver cannot be used.
            UsageError: settings exclude each other, the output is an input or exists, or a value has a wrong type.
            OutputError: the output cannot be written.
            RefusedError: no valid consent, a picture looks like nudity, or the output cannot be signed.
            InterruptedRunError: Ctrl-C or another terminating signal; no output file is left behind.
        """
        return self.run(
            [(head, driver)],
            output,
            settings,
            consent=consent,
            overwrite=overwrite,
            progress=progress,
            clock=clock,
            **options,
        )

    def run(
        self,
        cast: Sequence[tuple[Photos, Drivers]],
        output: Path | str,
        settings: AnimateSettings | None = None,
        *,
        consent: Consent | str | None = None,
        overwrite: bool = False,
        progress: Progress | None = None,
        clock: StageClock | None = None,
        **options: Any,
    ) -> AnimateResult:
        """Render one video of several heads, each moved by its own driver; see `animate`.

        Heads from the same photo (selected by `face`) are animated in it together; heads from different photos are
        placed side by side. The audio is that of the first driver with an audio track.

        Args:
            cast: heads and drivers.
            output, settings, consent, overwrite, progress, clock, options: as for `animate`.

        Example:
            >>> left = animator.head("us.jpg", "left", consent="other")  # doctest: +SKIP
            >>> right = animator.head("us.jpg", "right", consent="self")  # doctest: +SKIP
            >>> animator.run([(left, "a.mp4"), (right, "b.mp4")], "us.mp4")  # doctest: +SKIP
        """
        settings, target = self._settings(settings, options), file_path(output, "output")
        inputs = [cast_input(photos, driver) for photos, driver in cast]
        if not inputs:
            raise UsageError("the list of heads and drivers is empty")
        started = time.perf_counter()
        try:
            check_early(inputs, target, settings, overwrite)
            # The stack ends the driver processes, also after an error.
            with ExitStack() as stack, self.engine.bounded():
                return render_file(
                    open_cast(inputs, settings, self.engine, stack, consent),
                    target,
                    settings,
                    self.engine,
                    overwrite=overwrite,
                    progress=progress,
                    clock=clock or StageClock(),
                    started=started,
                )
        except KeyboardInterrupt:
            raise InterruptedRunError(f"stopped; {target.name} was not written") from None

    def stream(
        self,
        head: Photos,
        driver: Drivers,
        settings: AnimateSettings | None = None,
        *,
        consent: Consent | str | None = None,
        **options: Any,
    ) -> Stream:
        """Open a stream of watermarked frames of a head moved by a driver.

        Args:
            head: see `Photos`.
            driver: see `Drivers`.
            settings: see `AnimateSettings`; those for files and audio are ignored.
            consent: ground for animating photos, see `head`.
            options: fields of `AnimateSettings`, overriding those of `settings`.

        Raises:
            RefusedError: no valid consent, or a picture looks like nudity; the latter by the first frame at the latest.
            UsageError: a value of a wrong type.
            InputError: a photo or the driver cannot be used.

        Example:
            >>> with animator.stream(head, "clip.mp4") as stream:  # doctest: +SKIP
            ...     for frame in stream:
            ...         show(frame)
        """
        settings = self._settings(settings, options)
        with ExitStack() as stack:
            cast = open_cast([cast_input(head, driver)], settings, self.engine, stack, consent)
            return open_stream(cast, settings, self.engine, stack)

    def _settings(self, settings: AnimateSettings | None, options: dict[str, Any]) -> AnimateSettings:
        settings = replace(settings_of(settings, options), threads=self.engine.threads)
        return replace(settings, frame="crop") if settings.art else settings

    def record(
        self,
        video: Path | str,
        output: Path | str,
        settings: AnimateSettings | None = None,
        *,
        name: str = "",
        attribution: str = "",
        licence: str = "",
        overwrite: bool = False,
        progress: Progress | None = None,
        **options: Any,
    ) -> MotionClip:
        """Save the motion of a video, which is tracked, or of a sound as a motion file.

        The file contains no image of the face, except a 16 x 28 grid of open mouths with `mouth_interior`.

        Args:
            video: the clip to track, or a sound of a voice.
            output: a path ending in .motion.
            settings: start, end, neutral, driver_face and mouth_interior are used.
            name: title stored in the file; the file's stem by default.
            attribution: creator to credit, stored in the file.
            licence: licence of the motion, stored in the file.
            overwrite: whether an existing file may be replaced.
            progress: called after each frame.
            options: fields of `AnimateSettings`, overriding those of `settings`.

        Raises:
            InputError: the video cannot be read or shows no face.
            UsageError: the output has another suffix, or exists already.
            OutputError: the file cannot be written.
        """
        # Always record expression light, so that its strength can be chosen at playback.
        settings = replace(self._settings(settings, options), expression_light=1.0)
        target, source = file_path(output, "output"), file_path(video, "video")
        if target.suffix.lower() != ".motion":
            raise UsageError("the name of a motion file must end in .motion", where=str(target))
        check_target(target, "motion", overwrite)
        check_not_input(target, [source])
        with self.engine.bounded():
            driver = open_recording(source, settings, shared_finder(self.engine))
            expected = None if driver.duration is None else max(1, round(driver.duration * driver.fps))
            _check_motion_length(expected)
            frames = []
            for frame in driver.frames(StageClock()):
                frames.append(frame)
                if progress is not None:
                    progress(len(frames), expected)
        duration = driver.duration or (frames[-1].time + float(1 / driver.fps))
        title = name or target.stem
        clip = MotionClip(title, attribution, licence, driver.fps, driver.neutral, tuple(frames), duration)
        save_motion(target, clip)
        return clip


def _check_motion_length(frames: int | None) -> None:
    """Refuse to track a video whose motion file would be too long to be read."""
    longest = MotionFileSettings().max_motion_frames
    if frames is not None and frames > longest:
        raise UsageError(
            f"the video has {frames:,} frames; a motion file holds up to {longest:,}",
            hint="record it in pieces, with `start` and `end`",
        )
