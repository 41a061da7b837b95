"""Validate the heads and drivers that a caller passes, and open them concurrently."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from animato.drivers.base import Driver
from animato.drivers.driver_process import start_subprocess_driver
from animato.drivers.opening import open_driver
from animato.head.head import Head
from animato.head.head_file import SUFFIX as HEAD_SUFFIX
from animato.head.photo_files import Photos as PhotoFiles
from animato.head.photo_files import path_of, photo_list
from animato.media.probe import read_head
from animato.pipeline.actor import Cast
from animato.pipeline.factory import Preparation
from animato.pipeline.inputs import driver_path, is_driver
from animato.pipeline.output import Output, refuse_inputs
from animato.runtime.engine import Engine
from animato.settings.animate import AnimateSettings
from animato.tracking.face_finder import FaceFinder
from animato.trust.key_folder import check_home
from animato.types import Frame

Photos = Head | PhotoFiles
"""A head, the path of a saved one, or one to thirty-two photos: files, PIL images, H x W x 3 uint8 RGB arrays."""

Drivers = Driver | Path | str
"""A video (mp4, mov, webm, mkv, avi, gif), a motion file, the name of a bundled movement, or an opened driver."""

Asked = tuple[Head | Path | list[Path | Frame], Driver | Path]
"""Photos (a head, a head file or photos) and a driver, checked for their types."""


def asked_for(photos: Any, driver: Any) -> Asked:
    """Return photos and driver with their types checked.

    Raises:
        UsageError: none or too many photos, or something that is none, or no driver.
        InputError: a name of no bundled movement.
    """
    checked = photos if isinstance(photos, Head) else saved_head(photos) or photo_list(photos)
    return checked, driver if is_driver(driver) else driver_path(driver)


def saved_head(photos: Any) -> Path | None:
    """Return the path of a head file, given alone or as the only photo; None for anything else."""
    alone = photos[0] if isinstance(photos, (list, tuple)) and len(photos) == 1 else photos
    path = path_of(alone)
    return path if path is not None and path.suffix.lower() == HEAD_SUFFIX else None


def shared_finder(engine: Engine) -> FaceFinder:
    """Return the engine's face finder."""
    return engine.shared("face finder", lambda: FaceFinder(engine))


def find_head(photos: Photos, face: str, engine: Engine) -> Head:
    """Return a head of photos, or a saved one.

    Raises:
        InputError: a photo or head file cannot be used.
    """
    if isinstance(photos, Head):
        return photos
    saved = saved_head(photos)
    return Head.load(saved) if saved else Head.from_photos(photo_list(photos), face, finder=shared_finder(engine))


def find_cast(asked: Sequence[Asked], settings: AnimateSettings, engine: Engine, stack: ExitStack) -> list[Cast]:
    """Find heads and the drivers' neutral frames, all at once.

    Args:
        asked: from `asked_for`.
        settings: of the rendering.
        engine: runs the networks.
        stack: ends what is started here.
    """
    started = [_started(driver, settings, engine, stack) for _, driver in asked]
    with engine.bounded(), Preparation(settings, max(len(_listed(photos)) for photos, _ in asked), engine):
        heads = [find_head(photos, settings.face, engine) for photos, _ in asked]
        return [Cast(head, opened()) for head, opened in zip(heads, started, strict=True)]


def _started(
    driver: Driver | Path, settings: AnimateSettings, engine: Engine, stack: ExitStack
) -> Callable[[], Driver]:
    """Start tracking a driver in a process of its own, where that gains something; return what opens it."""
    if not isinstance(driver, Path):
        return lambda: driver
    process = start_subprocess_driver(driver, settings)
    if process is None:
        return lambda: open_driver(driver, settings, shared_finder(engine))
    stack.enter_context(process)
    return process.opened


def _listed(photos: Head | Path | list[Path | Frame]) -> Sequence[Any]:
    """Return photos one by one; how many a head file has is not known before it is read."""
    if isinstance(photos, Head):
        return [photo.path for photo in photos.photos]
    return photos if isinstance(photos, list) else [photos]


def refuse_early(asked: Sequence[Asked], target: Path, settings: AnimateSettings, overwrite: bool) -> None:
    """Raise early the errors that would otherwise occur after minutes of rendering.

    Raises:
        UsageError: the output exists already, or is one of the inputs.
        OutputError: it cannot be written.
        InputError: the sound file cannot be read.
    """
    Output.check(target, overwrite)
    read: list[Path | None] = [settings.audio, settings.person, settings.sign_cert, settings.sign_key]
    for photos, driver in asked:
        read += [path for path in _listed(photos) if isinstance(path, Path)]
        read.append(driver if isinstance(driver, Path) else driver.path)
    refuse_inputs(target, read)
    check_home()
    if settings.audio is not None:
        read_head(settings.audio)
