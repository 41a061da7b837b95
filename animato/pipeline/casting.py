"""Validate the heads and drivers passed by a caller, and open them concurrently."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import ExitStack, closing
from pathlib import Path
from typing import Any

from animato.drivers.base import Driver
from animato.drivers.driver_process import start_subprocess_driver
from animato.drivers.offset import OffsetDriver
from animato.drivers.opening import open_driver
from animato.head.head import Head
from animato.head.head_file import SUFFIX as HEAD_SUFFIX
from animato.head.photo import read_photos
from animato.head.photo_files import Photos as PhotoFiles
from animato.head.photo_files import path_of, photo_list
from animato.head.report import HeadReport
from animato.head.report_card import head_report
from animato.media.probe import read_head
from animato.motion.expression_file import controls_of_text
from animato.motion.offset import offset_motion
from animato.pipeline.actor import Cast
from animato.pipeline.consent import consent_for_photos
from animato.pipeline.factory import BackgroundCompilation, make_renderer
from animato.pipeline.inputs import driver_path, is_driver
from animato.pipeline.output import Output, check_replaces_no_input
from animato.runtime.engine import Engine
from animato.settings.animate import AnimateSettings
from animato.settings.consent import Consent
from animato.tracking.face_finder import FaceFinder
from animato.trust.key_folder import check_home
from animato.types import Frame

Photos = Head | PhotoFiles
"""A head, the path of a head file, or one to thirty-two photos: files, PIL images, H x W x 3 uint8 RGB arrays."""

Drivers = Driver | Path | str
"""A video (mp4, mov, webm, mkv, avi, gif), a sound (wav, mp3, m4a, aac, flac, ogg), a motion file, the name of a
bundled motion, or an opened driver."""

CastInput = tuple[Head | Path | list[Path | Frame], Driver | Path]
"""Validated input for one actor: a head, head file or photos, and a driver."""


def cast_input(photos: Any, driver: Any) -> CastInput:
    """Validate the types of photos and driver.

    Raises:
        UsageError: no photos, too many of them, or a value of a wrong type.
        InputError: an unknown name of a bundled motion.
    """
    return head_input(photos), driver if is_driver(driver) else driver_path(driver)


def head_input(photos: Any) -> Head | Path | list[Path | Frame]:
    """Return a head, the path of a head file, or a list of photos.

    Raises:
        UsageError: no photos, too many of them, or a value of a wrong type.
    """
    return photos if isinstance(photos, Head) else head_file_path(photos) or photo_list(photos)


def head_file_path(photos: Any) -> Path | None:
    """Return the path of a head file, given bare or as the only item of a list; None for anything else."""
    single = photos[0] if isinstance(photos, (list, tuple)) and len(photos) == 1 else photos
    path = path_of(single)
    return path if path is not None and path.suffix.lower() == HEAD_SUFFIX else None


def shared_finder(engine: Engine) -> FaceFinder:
    """Return the engine's face finder."""
    return engine.shared("face finder", lambda: FaceFinder(engine))


def load_head(photos: Photos, face: str, engine: Engine, consent: Consent | str | None) -> Head:
    """Return the head given, loaded from a head file, or made from photos.

    Args:
        photos: see `Photos`.
        face: which face to use in each photo.
        engine: runs the networks.
        consent: for photos; heads have their own.

    Raises:
        RefusedError: photos without consent, or a head file whose consent record cannot be used.
        InputError: a photo or head file cannot be used.
    """
    with closing(engine.parser):
        return _load_head(photos, face, engine, consent)


def _load_head(photos: Photos, face: str, engine: Engine, consent: Consent | str | None) -> Head:
    """Return the head as `load_head`; the engine's parser goes on."""
    if isinstance(photos, Head):
        return photos
    head_file = head_file_path(photos)
    if head_file is not None:
        return Head.load(head_file, parser=engine.parser)
    return Head.from_photos(photo_list(photos), face, consent=consent, finder=shared_finder(engine))


def head_report_of(photos: Photos, face: str, engine: Engine) -> HeadReport:
    """Return the report card of a head, a head file or photos, without making a head of photos.

    Raises:
        InputError: a photo or head file cannot be used.
    """
    if isinstance(photos, Head) or head_file_path(photos):
        return load_head(photos, face, engine, None).report
    with closing(engine.parser):
        return head_report(read_photos(photo_list(photos), face, shared_finder(engine)))


def open_cast(
    inputs: Sequence[CastInput],
    settings: AnimateSettings,
    engine: Engine,
    stack: ExitStack,
    consent: Consent | str | None,
) -> list[Cast]:
    """Make the heads and their renderers, and open the drivers, concurrently.

    Args:
        inputs: from `cast_input`.
        settings: of the render.
        engine: runs the networks.
        stack: takes over the driver processes, and ends them when it closes.
        consent: for the photos among the inputs, or None.

    Raises:
        RefusedError: photos without consent, or a head that may not be animated.
        InputError: a head cannot be rendered.
    """
    given = consent_for_photos([photos for photos, _ in inputs], consent, settings.person)
    for photos, _ in inputs:
        if isinstance(photos, Head):
            photos.check_consent()
    offset = offset_motion(controls_of_text(settings.offset)) if settings.offset else None
    # The parser starts while the networks are loaded, and ends when everything is read, also after an error.
    with closing(engine.parser) as parser:
        unread = [photos for photos, _ in inputs if not isinstance(photos, Head)]
        if any(isinstance(item, Path) for photos in unread for item in as_list(photos)):
            parser.start()
        openers = [_start_driver(driver, settings, engine, stack) for _, driver in inputs]
        photo_count = max(len(as_list(photos)) for photos, _ in inputs)
        with engine.bounded(), BackgroundCompilation(settings, photo_count, engine):
            heads = [_load_head(photos, settings.face, engine, given) for photos, _ in inputs]
            made = [make_renderer(head, settings, engine) for head in heads]
            drivers = [opener() for opener in openers]
    if offset is not None:
        drivers = [OffsetDriver(driver, offset) for driver in drivers]
    return [Cast(*member) for member in zip(heads, drivers, made, strict=True)]


def _start_driver(
    driver: Driver | Path, settings: AnimateSettings, engine: Engine, stack: ExitStack
) -> Callable[[], Driver]:
    """Start tracking a driver in a subprocess where possible; return a function that waits for it or opens it."""
    if not isinstance(driver, Path):
        return lambda: driver
    process = start_subprocess_driver(driver, settings)
    if process is None:
        return lambda: open_driver(driver, settings, shared_finder(engine))
    stack.enter_context(process)
    return process.opened


def as_list(photos: Head | Path | list[Path | Frame]) -> Sequence[Any]:
    """Return photos as a sequence; a head file counts as one, as it has not been read yet."""
    if isinstance(photos, Head):
        return [photo.path for photo in photos.photos]
    return photos if isinstance(photos, list) else [photos]


def check_early(inputs: Sequence[CastInput], target: Path, settings: AnimateSettings, overwrite: bool) -> None:
    """Raise errors before rendering starts that would otherwise surface only at the end.

    Raises:
        UsageError: the output exists already, or is one of the inputs.
        OutputError: the output cannot be written.
        InputError: the audio or background file cannot be read.
    """
    Output.check(target, overwrite, alpha=settings.background == "none")
    files: list[Path | None] = [settings.audio, settings.person, settings.sign_cert, settings.sign_key]
    files.append(settings.background_file)
    for photos, driver in inputs:
        files += [path for path in as_list(photos) if isinstance(path, Path)]
        files.append(driver if isinstance(driver, Path) else driver.path)
    check_replaces_no_input(target, files)
    check_home()
    for file in (settings.audio, settings.background_file):
        if file is not None:
            read_head(file)
