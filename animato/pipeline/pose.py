"""A still of a head with an expression: one frame through the same exit as every video."""

from __future__ import annotations

import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path
from typing import Any

from animato.drivers.base import DriverReport
from animato.drivers.motion_file import MotionDriver
from animato.errors import OutputError, UsageError
from animato.head.head import Head
from animato.head.quality import no_face
from animato.media.disk import check_not_input, output_error
from animato.media.image import load_picture
from animato.media.png_writer import PATTERN
from animato.motion.controls import motion_of, neutral_measures
from animato.motion.expression_of_face import controls_of_face
from animato.motion.motion_file import SUFFIX, MotionClip, save_motion
from animato.pipeline.actor import Cast
from animato.pipeline.casting import Photos, as_list, head_input, load_head, shared_finder
from animato.pipeline.consent import consent_for_photos
from animato.pipeline.rendering import render_file
from animato.pipeline.result import AnimateResult
from animato.runtime.engine import Engine
from animato.runtime.partial_files import partial_path, sweep_partials
from animato.runtime.stage_clock import StageClock
from animato.settings.animate import AnimateSettings
from animato.settings.consent import Consent
from animato.settings.controls import NEUTRALISE, check_controls
from animato.tracking.face_finder import FaceFinder, choose_face
from animato.trust.nudity import thumbnail
from animato.types import Frame

FPS = Fraction(25)
"""Nominal rate of the single frame."""


@dataclass(frozen=True)
class Likeness:
    """The expression in a picture.

    Attributes:
        controls: name to value.
        thumbnail: of the picture, for the nudity gate.
    """

    controls: Mapping[str, float]
    thumbnail: Frame


def expression_of_picture(path: Path, face: str, finder: FaceFinder) -> Likeness:
    """Return the expression of a face in a picture.

    Args:
        path: of the picture.
        face: which one if there are several, see `AnimateSettings.driver_face`.
        finder: of faces.

    Raises:
        InputError: not a picture, or no face in it.
    """
    image = load_picture(path).image
    found = finder.find(image)
    if not found:
        raise no_face(path.name, image.shape[1], image.shape[0])
    chosen = found[choose_face(found, image.shape[1], face)]
    return Likeness(controls_of_face(finder.refined(image, chosen)), thumbnail(image))


def pose_file(
    photos: Photos,
    controls: Mapping[str, Any],
    target: Path,
    settings: AnimateSettings,
    engine: Engine,
    *,
    like: Path | None = None,
    consent: Consent | str | None = None,
    overwrite: bool = False,
) -> AnimateResult:
    """Make a head and render it with an expression; see `animato.api.pose` for the arguments.

    Raises:
        InputError: a photo or picture cannot be used.
        RefusedError: photos without consent.
        UsageError, OutputError: see `render_pose`.
    """
    values = check_controls(controls)
    check_still(target, overwrite)
    head = head_input(photos)
    check_not_input(target, [*(path for path in as_list(head) if isinstance(path, Path)), like])
    given = consent_for_photos([head], consent, settings.person)
    samples: tuple[Frame, ...] = ()
    with engine.bounded():
        if like is not None:
            likeness = expression_of_picture(like, settings.driver_face, shared_finder(engine))
            values, samples = {**likeness.controls, **values}, (likeness.thumbnail,)
        loaded = load_head(head, settings.face, engine, given)
        return render_pose(loaded, values, target, settings, engine, overwrite=overwrite, like=like, samples=samples)


def render_pose(
    head: Head,
    controls: Mapping[str, Any],
    target: Path,
    settings: AnimateSettings,
    engine: Engine,
    *,
    overwrite: bool = False,
    like: Path | None = None,
    samples: tuple[Frame, ...] = (),
) -> AnimateResult:
    """Render a head with an expression to a PNG, labelled, watermarked and signed.

    Args:
        head: with consent.
        controls: name to value, see `motion.controls`; `neutralise` replaces that of the settings.
        target: a file ending in .png.
        settings: of the render.
        engine: runs the networks.
        overwrite: whether an existing file may be replaced.
        like: the picture that the expression comes from, for the credentials.
        samples: its thumbnail, for the nudity gate.

    Raises:
        UsageError: a control that is not allowed, or a file that exists or is no .png.
        OutputError: the file cannot be written.
        RefusedError: see `render_file`.
    """
    started = time.perf_counter()
    values = check_controls(controls)
    check_still(target, overwrite)
    if NEUTRALISE in values:
        settings = replace(settings, neutralise=values[NEUTRALISE])
    clip = MotionClip(target.stem, "", "", FPS, neutral_measures(), (motion_of(values),), float(1 / FPS))
    sweep_partials(target.parent)
    folder = partial_path(target, ".still")
    try:
        folder.mkdir()
        driver = MotionDriver(like or _saved(clip, folder), clip, AnimateSettings())
        driver.report = DriverReport(samples=list(samples))
        result = render_file(
            [Cast(head, driver)],
            folder / PATTERN,
            replace(settings, fps=None, sound=False, audio=None, smooth=0.0),
            engine,
            overwrite=False,
            progress=None,
            clock=StageClock(),
            started=started,
        )
        (folder / (PATTERN % 1)).replace(target)
    except OSError as problem:
        raise output_error(target, problem) from problem
    finally:
        _remove(folder)
    return replace(result, path=target)


def _saved(clip: MotionClip, folder: Path) -> Path:
    """Write the expression to a file, which the credentials name as an input, and return its path."""
    path = folder / f"expression{SUFFIX}"
    save_motion(path, clip)
    return path


def check_still(target: Path, overwrite: bool) -> None:
    """Check that a picture can be written.

    Raises:
        UsageError: another suffix than .png, or the file exists and may not be replaced.
        OutputError: the folder does not exist, or the path is one.
    """
    if target.suffix.lower() != ".png":
        raise UsageError("a still is written as .png", where=str(target), hint=f"{target.stem or 'still'}.png")
    if not target.parent.is_dir():
        raise OutputError(f"the folder {target.parent} does not exist", where=str(target), hint="create it first")
    if target.is_dir():
        raise OutputError(f"{target} is a folder", hint="the name of a file ending in .png")
    if target.exists() and not overwrite:
        raise UsageError(f"{target} exists already", hint="`overwrite=True`, or another name")


def _remove(folder: Path) -> None:
    with suppress(OSError):
        for path in folder.iterdir():
            path.unlink()
    with suppress(OSError):
        folder.rmdir()
