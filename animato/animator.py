"""The animator: renders heads with one shared engine; the library functions and the command line use it."""

from __future__ import annotations

import time
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import Any, Self

from animato.drivers.video import VideoDriver
from animato.errors import InterruptedRunError, UsageError
from animato.head.head import Head
from animato.motion.motion_file import MotionClip, save_motion
from animato.pipeline.casting import Drivers, Photos, asked_for, find_cast, find_head, refuse_early, shared_finder
from animato.pipeline.factory import build_scene
from animato.pipeline.inputs import file_path, settings_of
from animato.pipeline.output import check_target
from animato.pipeline.rendering import Progress, render_file
from animato.pipeline.result import AnimateResult
from animato.pipeline.stream import Stream
from animato.runtime.engine import Device, Engine
from animato.runtime.stage_clock import StageClock
from animato.settings.animate import AnimateSettings


class Animator:
    """Renders any number of heads, sequentially or concurrently, with one shared engine.

    Methods may be called from several threads. Concurrent and sequential renderings produce identical
    bytes.

    Args:
        device: inference device: "cpu".
        threads: CPU threads per rendering.

    Example:
        >>> import animato
        >>> with animato.Animator() as animator:  # doctest: +SKIP
        ...     head = animator.head(["me.jpg", "side.jpg"])
        ...     animator.animate(head, "talk", "me.mp4", mouth=0.7)
    """

    def __init__(self, *, device: Device = "cpu", threads: int = 2) -> None:
        self._engine: Engine | None = Engine(threads, device)

    @property
    def engine(self) -> Engine:
        """Device, threads and compiled networks.

        Raises:
            UsageError: the animator is closed.
        """
        if self._engine is None:
            raise UsageError("this Animator is closed", hint="make another one")
        return self._engine

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_problem: object) -> None:
        self.close()

    def close(self) -> None:
        """Release the networks; renderings in progress still complete."""
        self._engine = None

    def head(self, photos: Photos, face: str = "largest") -> Head:
        """Return a head of photos, or a saved one.

        Args:
            photos: see `Photos`.
            face: which face, where a photo shows several: "largest", "left", "right" or a number from the left.

        Raises:
            InputError: a photo or head file cannot be used.
        """
        return replace(find_head(photos, face, self.engine), animator=self)

    def animate(
        self,
        head: Photos,
        driver: Drivers,
        output: Path | str,
        settings: AnimateSettings | None = None,
        *,
        overwrite: bool = False,
        progress: Progress | None = None,
        clock: StageClock | None = None,
        **options: Any,
    ) -> AnimateResult:
        """Make a video of a head moved by a driver: marked, signed and written atomically.

        Args:
            head: see `Photos`.
            driver: see `Drivers`.
            output: .mp4, .webm, .gif, or a folder for PNG frames.
            settings: see `AnimateSettings`; `threads` is ignored in favour of the animator's.
            overwrite: whether an existing output may be replaced.
            progress: called after each frame.
            clock: accumulates the time spent per stage.
            options: fields of `AnimateSettings`, overriding those of `settings`.

        Raises:
            InputError: photo or driver cannot be used (the message says what to do).
            UsageError: settings that exclude each other, an output that is one of the inputs or exists already, or a
                value of a wrong type.
            OutputError: the output cannot be written.
            RefusedError: it cannot be signed.
            InterruptedRunError: Ctrl-C or another terminating signal; no output file is left behind.
        """
        return self.run(
            [(head, driver)], output, settings, overwrite=overwrite, progress=progress, clock=clock, **options
        )

    def run(
        self,
        cast: Sequence[tuple[Photos, Drivers]],
        output: Path | str,
        settings: AnimateSettings | None = None,
        *,
        overwrite: bool = False,
        progress: Progress | None = None,
        clock: StageClock | None = None,
        **options: Any,
    ) -> AnimateResult:
        """Make one video of several heads, each moved by its own driver; see `animate`.

        Heads from one photo (`face` chooses which) move in it together; those of several photos stand side by side. The
        sound is the first driver's that has one.

        Args:
            cast: heads and drivers.
            output, settings, overwrite, progress, clock, options: as for `animate`.

        Example:
            >>> left, right = (animator.head("us.jpg", face) for face in ("left", "right"))  # doctest: +SKIP
            >>> animator.run([(left, "a.mp4"), (right, "b.mp4")], "us.mp4")  # doctest: +SKIP
        """
        settings, target = self._settings(settings, options), file_path(output, "output")
        inputs = [asked_for(photos, driver) for photos, driver in cast]
        if not inputs:
            raise UsageError("nobody is animated: the list of heads and drivers is empty")
        began = time.perf_counter()
        try:
            refuse_early(inputs, target, settings, overwrite)
            # The stack ends the driver processes, also on errors.
            with ExitStack() as stack, self.engine.bounded():
                return render_file(
                    find_cast(inputs, settings, self.engine, stack),
                    target,
                    settings,
                    self.engine,
                    overwrite=overwrite,
                    progress=progress,
                    clock=clock or StageClock(),
                    began=began,
                )
        except KeyboardInterrupt:
            raise InterruptedRunError(f"stopped; {target.name} was not made, nothing was left behind") from None

    def stream(self, head: Photos, driver: Drivers, settings: AnimateSettings | None = None, **options: Any) -> Stream:
        """Open a stream of the frames of a head moved by a driver, each with the invisible mark.

        Args:
            head: see `Photos`.
            driver: see `Drivers`.
            settings: see `AnimateSettings`; those for files and sound are ignored.
            options: fields of `AnimateSettings`, overriding those of `settings`.

        Raises:
            UsageError: a value of a wrong type.
            InputError: photo or driver cannot be used.

        Example:
            >>> with animator.stream(head, "clip.mp4") as stream:  # doctest: +SKIP
            ...     for frame in stream:
            ...         show(frame)
        """
        settings = self._settings(settings, options)
        with ExitStack() as stack:
            cast = find_cast([asked_for(head, driver)], settings, self.engine, stack)
            with self.engine.bounded():
                scene, framed = build_scene(cast, settings, self.engine)
            return Stream(scene, (*cast[0].head.warnings, *framed), stack.pop_all())

    def _settings(self, settings: AnimateSettings | None, options: dict[str, Any]) -> AnimateSettings:
        return replace(settings_of(settings, options), threads=self.engine.threads)

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
        """Track a video and save its movement as a motion file: no picture of the face, but what open mouths show.

        Args:
            video: the clip to record.
            output: a path ending in .motion.
            settings: start, end, neutral, driver_face and mouth_interior are used.
            name: title kept in the file; the file's stem by default.
            attribution: the creator to credit.
            licence: licence of the recorded movement.
            overwrite: whether an existing file may be replaced.
            progress: called after each frame.
            options: fields of `AnimateSettings`, overriding those of `settings`.

        Raises:
            InputError: the video cannot be read or shows no face.
            UsageError: another suffix, or a file that exists already.
            OutputError: the file cannot be written.
        """
        # Record expression light, so that the file can be played with any strength of it.
        settings = replace(self._settings(settings, options), expression_light=1.0)
        target, source = file_path(output, "output"), file_path(video, "video")
        if target.suffix.lower() != ".motion":
            raise UsageError(
                f"motion files end in .motion, not {target.suffix or 'without a suffix'!r}", where=str(target)
            )
        check_target(target, "motion", overwrite)
        with self.engine.bounded():
            driver = VideoDriver(source, settings, shared_finder(self.engine))
            expected = None if driver.duration is None else max(1, round(driver.duration * driver.fps))
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
