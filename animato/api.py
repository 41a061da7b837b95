"""The library: one function per job. The command line and every other front end call these and nothing below them.

The path of the main job, from a command to the pixels:

    cli/animate.py: animate          parse, show progress
    api.animate                      this file: open person and driver, write the output
    pipeline/flow.py: frames_of    driver -> movement -> target -> renderer -> composite
    renderers/warp/warper.py: Warper.render    flow, depth test, openings
    pipeline/output.py: Output         mark, encode, sign, rename: the only door out
"""

from __future__ import annotations

import time
from collections.abc import Callable, Generator
from contextlib import ExitStack, closing
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

from animato.drivers.base import Driver
from animato.drivers.driver_process import start_subprocess_driver
from animato.drivers.opening import open_driver
from animato.drivers.video import VideoDriver
from animato.errors import InterruptedRunError, UsageError
from animato.head.head import Person
from animato.head.photo_files import Photos as PhotoFiles
from animato.head.photo_files import photo_list
from animato.media.probe import read_head
from animato.motion.motion_file import MotionClip, save_motion
from animato.pipeline.factory import Preparation, make_renderer
from animato.pipeline.flow import Job, build_job, frames_of
from animato.pipeline.framing import Framing
from animato.pipeline.inputs import driver_path, file_path, is_driver, settings_of
from animato.pipeline.output import Output, Watermarker, check_target, refuse_inputs, watermarked
from animato.pipeline.output_plan import plan_output, rate_findings
from animato.pipeline.result import AnimateResult
from animato.pipeline.signing import signer_for
from animato.runtime.engine import Engine
from animato.runtime.stage_clock import StageClock
from animato.settings.animate import AnimateSettings
from animato.tracking.face_finder import FaceFinder
from animato.trust.key_folder import check_home
from animato.trust.report import VerifyReport
from animato.types import Frame

Photos = Person | PhotoFiles
"""A person, or one to thirty-two photos of one: files, PIL images, or H x W x 3 uint8 RGB arrays."""

Progress = Callable[[int, int | None], None]
"""Called with (frames done, frames expected or None)."""

__all__ = ["AnimateResult", "Person", "Progress", "animate", "open_library_driver", "record_motion", "render", "verify"]


def animate(
    photos: Photos,
    driver: Path | str,
    output: Path | str,
    settings: AnimateSettings | None = None,
    *,
    overwrite: bool = True,
    progress: Progress | None = None,
    clock: StageClock | None = None,
) -> AnimateResult:
    """Make a video of a person moved by a driver: marked, signed, whole or not at all.

    Args:
        photos: a `Person`, or one to thirty-two photos of one (files, PIL images, or H x W x 3 uint8 RGB arrays).
        driver: a video (mp4, mov, webm, mkv, avi, gif), a motion file, or the name of a bundled movement.
        output: .mp4, .webm, .gif, or a folder for PNG frames.
        settings: everything else; see `AnimateSettings`.
        overwrite: whether an existing output may be replaced.
        progress: called after every frame.
        clock: filled with the time spent per stage, when given.

    Raises:
        InputError: photo or driver cannot be used (the message says what to do).
        UsageError: settings that exclude each other, an output that is one of the inputs, or a value of a wrong type.
        OutputError: the output cannot be written.
        RefusedError: it cannot be signed.
        InterruptedRunError: Ctrl-C, or another signal that stops the program; nothing was left behind.

    Example:
        >>> import animato
        >>> result = animato.animate("me.jpg", "nod", "me.mp4")  # doctest: +SKIP
    """
    settings, clock, target = settings_of(settings), clock or StageClock(), file_path(output, "output")
    job = _Asked(photos if isinstance(photos, Person) else photo_list(photos), driver_path(driver), target, settings)
    try:
        # Whatever happens, the process that tracks the driver ends here.
        with ExitStack() as stack:
            return _animate(job, overwrite, progress, clock, stack)
    except KeyboardInterrupt:
        raise InterruptedRunError(f"stopped; {target.name} was not made, nothing was left behind") from None


class _Asked(NamedTuple):
    """What `animate` was asked for, checked for its types only."""

    photos: Person | list[Path | Frame]
    driver: Path
    target: Path
    settings: AnimateSettings


def _animate(
    asked: _Asked, overwrite: bool, progress: Progress | None, clock: StageClock, stack: ExitStack
) -> AnimateResult:
    began = time.perf_counter()
    target, settings = asked.target, asked.settings
    _refuse_early(asked, overwrite)
    engine = Engine(settings.threads)
    stack.enter_context(engine.bounded())
    person, moving = _found(asked, engine, stack)
    # Build.
    job, framing = _job(person, moving, settings, engine)
    sign = signer_for(person, moving, settings, framing.pasted)
    plan = plan_output(target, job, settings, overwrite)
    expected = None if moving.duration is None else max(1, round(moving.duration * job.fps))
    first = last = 0.0
    # Render, mark, write, sign.
    with Output(plan, clock) as out, closing(frames_of(job, clock)) as frames:
        for frame in frames:
            out.write(frame)
            last = time.perf_counter() - began
            if out.frames == 1:
                first = last
            if progress is not None:
                progress(out.frames, expected)
        out.finish(sign)
    # Report.
    warnings = (
        *(*person.warnings, *framing.warnings, *moving.report.warnings, *job.retargeter.warnings()),
        *(*rate_findings(moving, job.fps, settings), *out.warnings),
    )
    return AnimateResult(
        path=target,
        frames=out.frames,
        fps=job.fps,
        width=framing.width,
        height=framing.height,
        mark_id=out.seal.payload.id_text,
        jitter=job.jitter.value,
        driver_jitter=moving.report.jitter,
        driver_memory_mb=moving.report.memory_mb,
        neutral_time=moving.report.neutral_time,
        warnings=warnings,
        milliseconds=clock.milliseconds(out.frames),
        first_frame_seconds=first,
        frames_a_second=(out.frames - 1) / max(last - first, 1e-9),
    )


def _refuse_early(asked: _Asked, overwrite: bool) -> None:
    """Refuse what would only be met after minutes of rendering."""
    settings = asked.settings
    Output.check(asked.target, overwrite)
    photos = [photo.path for photo in asked.photos.photos] if isinstance(asked.photos, Person) else asked.photos
    read = [path for path in photos if isinstance(path, Path)]
    own = (settings.audio, settings.person, settings.sign_cert, settings.sign_key)
    refuse_inputs(asked.target, [*read, asked.driver, *own])
    check_home()
    if settings.audio is not None:
        read_head(settings.audio)


def _found(asked: _Asked, engine: Engine, stack: ExitStack) -> tuple[Person, Driver]:
    """Find the person and the driver's neutral frame; the stack ends the process that tracks the driver."""
    photos, settings = asked.photos, asked.settings
    apart = start_subprocess_driver(asked.driver, settings)
    if apart is not None:
        stack.callback(apart.close)
    with Preparation(settings, len(photos.photos if isinstance(photos, Person) else photos), engine):
        finder = FaceFinder(engine)
        person = photos if isinstance(photos, Person) else Person.from_photos(photos, settings.face, finder=finder)
        return person, open_driver(asked.driver, settings, finder) if apart is None else apart.opened()


def render(person: Photos, driver: Driver | Path | str, settings: AnimateSettings | None = None) -> Generator[Frame]:
    """Yield the frames of a person moved by a driver, one at a time, each with the invisible mark.

    Args:
        person: from `Person.from_photos`, or photos as it takes them.
        driver: a video or motion file, the name of a bundled movement, or an opened driver.
        settings: see `AnimateSettings`; those about files and sound are not used.

    Yields:
        H x W x 3 uint8 RGB; each frame is an array of its own, which may be kept and drawn on.

    Raises:
        UsageError: a value of a wrong type; at once, not with the first frame.
        InputError: photo or driver cannot be used.

    Example:
        >>> import animato
        >>> person = animato.Person.from_photos(["me.jpg"])  # doctest: +SKIP
        >>> for frame in animato.render(person, "nod"):  # doctest: +SKIP
        ...     show(frame)
    """
    photos = person if isinstance(person, Person) else photo_list(person)
    opened = driver if is_driver(driver) else driver_path(driver)
    return _rendered(photos, opened, settings_of(settings))


def _rendered(
    photos: Person | list[Path | Frame], driver: Driver | Path, settings: AnimateSettings
) -> Generator[Frame]:
    engine = Engine(settings.threads)
    finder = FaceFinder(engine)
    person = photos if isinstance(photos, Person) else Person.from_photos(photos, settings.face, finder=finder)
    clock = StageClock()
    job, _ = _job(
        person, open_driver(driver, settings, finder) if isinstance(driver, Path) else driver, settings, engine
    )
    with closing(frames_of(job, clock)) as frames:
        # What did not change is marked from the frame before: the caller gets copies.
        for frame in watermarked(frames, clock, Watermarker()):
            yield frame.copy()


def open_library_driver(driver: Path | str, settings: AnimateSettings | None = None) -> Driver:
    """Open a video or a motion file as driver, to render several people with it or to read its report afterwards."""
    settings = settings_of(settings)
    return open_driver(driver_path(driver), settings, FaceFinder(Engine(settings.threads)))


def record_motion(
    video: Path | str,
    output: Path | str,
    settings: AnimateSettings | None = None,
    *,
    name: str = "",
    attribution: str = "",
    licence: str = "",
    progress: Progress | None = None,
) -> MotionClip:
    """Track a video and save its movement as a motion file: no picture of the face, but what open mouths show.

    Args:
        video: the clip to record.
        output: a path ending in .motion.
        settings: start, end, neutral, driver_face and mouth_interior are used.
        name: title kept in the file; the file's stem by default.
        attribution: who is owed credit.
        licence: of the movement.
        progress: called after every frame.

    Raises:
        InputError: the video cannot be read or shows no face.
        OutputError: the file cannot be written.
    """
    settings = replace(settings_of(settings), expression_light=1.0)  # kept for --expression-light
    target, source = file_path(output, "output"), file_path(video, "video")
    if target.suffix.lower() != ".motion":
        raise UsageError(f"motion files end in .motion, not {target.suffix or 'without a suffix'!r}", where=str(target))
    check_target(target, "motion", overwrite=True)
    driver = VideoDriver(source, settings, FaceFinder(Engine(settings.threads)))
    expected = None if driver.duration is None else max(1, round(driver.duration * driver.fps))
    frames = []
    for moment in driver.frames(StageClock()):
        frames.append(moment)
        if progress is not None:
            progress(len(frames), expected)
    duration = driver.duration or (frames[-1].time + float(1 / driver.fps))
    title = name or target.stem
    clip = MotionClip(title, attribution, licence, driver.fps, driver.neutral, tuple(frames), duration)
    save_motion(target, clip)
    return clip


def _job(person: Person, driver: Driver, settings: AnimateSettings, engine: Engine) -> tuple[Job, Framing]:
    framing, renderer = make_renderer(person, settings, engine)
    return build_job(framing, renderer, driver, settings), framing


def verify(path: Path | str) -> VerifyReport:
    """Read the invisible mark, the credentials and other declared signals of a file or a folder of PNG frames.

    Raises:
        InputError: it cannot be read.

    Example:
        >>> import animato
        >>> print(*animato.verify("me.mp4").sentences(), sep="\\n")  # doctest: +SKIP
    """
    from animato.trust.verify import verify_file

    return verify_file(file_path(path, "file"))
