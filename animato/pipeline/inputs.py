"""Validate driver, path and settings arguments of the library."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, TypeGuard

import numpy as np

from animato.drivers.base import Driver
from animato.errors import UsageError
from animato.head.photo_files import describe_value, path_of
from animato.motion.bundled import find_driver
from animato.settings.animate import AnimateSettings
from animato.settings.base import from_mapping


def driver_path(driver: Any) -> Path:
    """Return the path that a driver argument means; see `find_driver`.

    Raises:
        UsageError: it is neither a path nor a name.
        InputError: a name of no bundled movement.
    """
    path = path_of(driver)
    if path is not None and str(driver):
        return find_driver(os.fspath(driver))
    hint = "the path of a video or .motion file, or the name of a bundled movement such as talk"
    if path is not None:
        raise UsageError("the name of the driver is empty", hint=hint)
    if isinstance(driver, (Sequence, np.ndarray)) and not isinstance(driver, (bytes, bytearray)):
        hint = "write the frames into a video file first, and give its path"
    elif is_driver(driver):
        hint = "animato.render takes an opened driver; animato.animate takes the path of its file"
    raise UsageError(f"a driver cannot be {describe_value(driver)}", hint=hint)


def is_driver(value: Any) -> TypeGuard[Driver]:
    """Return whether a value is an opened driver."""
    return all(hasattr(value, name) for name in ("path", "fps", "neutral", "report", "frames"))


def file_path(value: Any, name: str) -> Path:
    """Return a path that a caller gave.

    Args:
        value: a path, or text.
        name: of the argument, for messages.

    Raises:
        UsageError: it is neither, empty, or the "-" that stands for standard output elsewhere.
    """
    path = path_of(value)
    if path is None:
        raise UsageError(f"the {name} cannot be {describe_value(value)}", hint="a path: pathlib.Path or text")
    if value in ("", "-"):
        raise UsageError(f"the {name} cannot be {value!r}", hint="the name of a file or folder")
    return path


def settings_of(settings: Any, options: Mapping[str, Any] | None = None) -> AnimateSettings:
    """Return the settings given, or the defaults for None, with single fields replaced.

    Args:
        settings: given by a caller.
        options: fields of `AnimateSettings` by name.

    Raises:
        UsageError: something else, or an unknown name.
    """
    if settings is None:
        return from_mapping(AnimateSettings, options or {})
    if isinstance(settings, AnimateSettings):
        return from_mapping(AnimateSettings, {**vars(settings), **(options or {})}) if options else settings
    hint = "AnimateSettings(**settings)" if isinstance(settings, dict) else "AnimateSettings(mouth=0.7), for example"
    raise UsageError(f"settings cannot be {describe_value(settings)}", hint=hint)
