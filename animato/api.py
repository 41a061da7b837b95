"""The library: one function per job. The command line and every other front end call these and nothing below them.

The path of the main job, from a command to the pixels:

    cli/animate.py: animate          parse, show progress
    api.animate                      this file: open person and driver, write the output
    render/pipeline.py: frames_of    driver -> movement -> target -> renderer -> composite
    warp/warper.py: Warper.render    flow, depth test, openings
    render/output.py: Output         mark, encode, sign, rename: the only door out
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np

from animato.errors import InterruptedRunError, UsageError
from animato.face.finder import FaceFinder
from animato.media.probe import read_head
from animato.motion.bundled import find_driver
from animato.motion.template import MotionClip, save_motion
from animato.provenance.report import VerifyReport
from animato.render.apart import track_apart
from animato.render.clock import StageClock
from animato.render.driver import Driver, open_driver
from animato.render.framing import Framing
from animato.render.output import Output, Seal, check_target, refuse_inputs, sealed
from animato.render.person import Person
from animato.render.pipeline import Job, build_job, frames_of
from animato.render.plan import plan_output
from animato.render.renderers import Preparation, make_renderer
from animato.render.signing import signer_for
from animato.render.video_driver import VideoDriver
from animato.settings.animate import AnimateSettings
from animato.types import Frame

Photos = Person | Path | str | Frame | Sequence[Path | str | Frame]
"""A person, or one to thirty-two photos of one: files, or H x W x 3 uint8 RGB arrays."""

Progress = Callable[[int, int | None], None]
"""Called with (frames done, frames expected or None)."""

__all__ = ["AnimateResult", "Person", "Progress", "animate", "open_library_driver", "record_motion", "render", "verify"]


@dataclass(frozen=True)
class AnimateResult:
    """What `animate` made.

    Attributes:
        path: the finished file or folder.
        frames: number of frames.
        fps: frames a second.
        width: pixels.
        height: pixels.
        mark_id: id of the invisible mark, as the checker prints it.
        jitter: mean absolute second difference of the target landmarks, px at 256; None under three frames.
        driver_jitter: the same of the driver; None for a motion file.
        driver_memory_mb: peak of the process that tracked the driver; None where that was this one.
        neutral_time: seconds of the driver's neutral frame; None for a motion file.
        findings: sentences about photos, driver and output.
        milliseconds: stage to milliseconds per frame.
        first_frame_seconds: from the call to the first finished frame.
        frames_a_second: of the frames after the first, encoding included; stages overlap, so not by `milliseconds`.
    """

    path: Path
    frames: int
    fps: Fraction
    width: int
    height: int
    mark_id: str
    jitter: float | None
    driver_jitter: float | None
    driver_memory_mb: float | None
    neutral_time: float | None
    findings: tuple[str, ...]
    milliseconds: dict[str, float]
    first_frame_seconds: float
    frames_a_second: float

    def to_json(self) -> dict[str, Any]:
        """Return the result as plain JSON types."""
        values = {name: getattr(self, name) for name in self.__dataclass_fields__}
        return {**values, "path": str(self.path), "fps": float(self.fps), "findings": list(self.findings)}


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
        photos: a `Person`, or one to thirty-two photos of one (files, or H x W x 3 uint8 RGB arrays).
        driver: a video (mp4, mov, webm, mkv, avi, gif), a motion file, or the name of a bundled movement.
        output: .mp4, .webm, .gif, or a folder for PNG frames.
        settings: everything else; see `AnimateSettings`.
        overwrite: whether an existing output may be replaced.
        progress: called after every frame.
        clock: filled with the time spent per stage, when given.

    Raises:
        InputError: photo or driver cannot be used (the message says what to do).
        UsageError: settings that exclude each other, or an output that is one of the inputs.
        OutputError: the output cannot be written.
        RefusedError: it cannot be signed.
        InterruptedRunError: Ctrl-C; nothing was left behind.

    Example:
        >>> import animato
        >>> result = animato.animate("me.jpg", "nod", "me.mp4")  # doctest: +SKIP
    """
    settings, clock, target = settings or AnimateSettings(), clock or StageClock(), Path(output)
    try:
        return _animate(photos, find_driver(str(driver)), target, settings, overwrite, progress, clock)
    except KeyboardInterrupt:
        raise InterruptedRunError(f"stopped; {target.name} was not made, nothing was left behind") from None


def _animate(
    photos: Photos,
    driver: Path,
    target: Path,
    settings: AnimateSettings,
    overwrite: bool,
    progress: Progress | None,
    clock: StageClock,
) -> AnimateResult:
    began = time.perf_counter()
    # Refuse early.
    Output.check(target, overwrite)
    refuse_inputs(
        target, [*_files(photos), driver, settings.audio, settings.person, settings.sign_cert, settings.sign_key]
    )
    if settings.audio is not None:
        read_head(settings.audio)
    # Find the person and the driver's neutral frame.
    apart = track_apart(driver, settings)
    with Preparation(settings, len(photos.photos if isinstance(photos, Person) else _listed(photos))):
        finder = FaceFinder(settings.threads)
        person = _person(photos, settings, finder)
        moving = open_driver(driver, settings, finder) if apart is None else apart.opened()
    # Build.
    job, framing = _job(person, moving, settings)
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
    findings = (*person.findings, *framing.findings, *moving.report.findings, *job.retargeter.findings(), *out.findings)
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
        findings=findings,
        milliseconds=clock.milliseconds(out.frames),
        first_frame_seconds=first,
        frames_a_second=(out.frames - 1) / max(last - first, 1e-9),
    )


def render(person: Person, driver: Driver | Path | str, settings: AnimateSettings | None = None) -> Iterator[Frame]:
    """Yield the frames of a person moved by a driver, one at a time, each with the invisible mark.

    Args:
        person: from `Person.from_photos`.
        driver: a video or motion file, the name of a bundled movement, or an opened driver.
        settings: see `AnimateSettings`; those about files and sound are not used.

    Yields:
        H x W x 3 uint8 RGB.

    Example:
        >>> import animato
        >>> person = animato.Person.from_photos(["me.jpg"])  # doctest: +SKIP
        >>> for frame in animato.render(person, "nod"):  # doctest: +SKIP
        ...     show(frame)
    """
    settings = settings or AnimateSettings()
    if isinstance(driver, (str, Path)):
        driver = open_library_driver(driver, settings)
    clock = StageClock()
    job, _ = _job(person, driver, settings)
    yield from sealed(frames_of(job, clock), clock, Seal())


def open_library_driver(driver: Path | str, settings: AnimateSettings | None = None) -> Driver:
    """Open a video or a motion file as driver, to render several people with it or to read its report afterwards."""
    settings = settings or AnimateSettings()
    return open_driver(find_driver(str(driver)), settings, FaceFinder(settings.threads))


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
        settings: start, end, neutral, driver_face and inside are used.
        name: title kept in the file; the file's stem by default.
        attribution: who is owed credit.
        licence: of the movement.
        progress: called after every frame.

    Raises:
        InputError: the video cannot be read or shows no face.
        OutputError: the file cannot be written.
    """
    settings = replace(settings or AnimateSettings(), shade=1.0)  # kept for those who play the file with --shade
    target = Path(output)
    if target.suffix.lower() != ".motion":
        raise UsageError(f"motion files end in .motion, not {target.suffix or 'without a suffix'!r}", where=str(target))
    check_target(target, "motion", overwrite=True)
    driver = VideoDriver(Path(video), settings, FaceFinder(settings.threads))
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


def _listed(photos: Path | str | Frame | Sequence[Path | str | Frame]) -> list[Path | str | Frame]:
    return [photos] if isinstance(photos, (str, Path, np.ndarray)) else list(photos)


def _files(photos: Photos) -> list[Path]:
    if isinstance(photos, Person):
        return [photo.path for photo in photos.photos if photo.path is not None]
    return [Path(item) for item in _listed(photos) if isinstance(item, (str, Path))]


def _person(photos: Photos, settings: AnimateSettings, finder: FaceFinder) -> Person:
    if isinstance(photos, Person):
        return photos
    return Person.from_photos(_listed(photos), settings.face, finder=finder)


def _job(person: Person, driver: Driver, settings: AnimateSettings) -> tuple[Job, Framing]:
    framing, renderer = make_renderer(person, settings)
    return build_job(framing, renderer, driver, settings), framing


def verify(path: Path | str) -> VerifyReport:
    """Read the invisible mark, the credentials and other declared signals of a file or a folder of PNG frames.

    Raises:
        InputError: it cannot be read.

    Example:
        >>> import animato
        >>> print(*animato.verify("me.mp4").sentences(), sep="\\n")  # doctest: +SKIP
    """
    from animato.provenance.verify import verify_file

    return verify_file(Path(path))
