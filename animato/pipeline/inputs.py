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
    """Return the path of a driver argument, which may be the name of a bundled motion; see `find_driver`.

    Raises:
        UsageError: the argument is neither a path nor a name.
        InputError: no bundled motion has this name.
    """
    path = path_of(driver)
    if path is not None and str(driver):
        return find_driver(os.fspath(driver))
    hint = "the path of a video, sound or .motion file, or the name of a bundled motion such as talk"
    if path is not None:
        raise UsageError("the name of the driver is empty", hint=hint)
    if isinstance(driver, (Sequence, np.ndarray)) and not isinstance(driver, (bytes, bytearray)):
        hint = "write the frames to a video file and pass its path"
    elif is_driver(driver):
        hint = "animato.render takes an opened driver; animato.animate takes the path of its file"
    raise UsageError(f"a driver cannot be {describe_value(driver)}", hint=hint)


def is_driver(value: Any) -> TypeGuard[Driver]:
    """Return whether a value is an opened driver."""
    return all(hasattr(value, name) for name in ("path", "fps", "neutral", "report", "frames"))


def file_path(value: Any, name: str) -> Path:
    """Return a path argument as a `Path`.

    Args:
        value: a path, as `pathlib.Path` or str.
        name: of the argument, for messages.

    Raises:
        UsageError: the value has another type, is empty, or is "-" (standard output is not supported).
    """
    path = path_of(value)
    if path is None:
        raise UsageError(f"the {name} cannot be {describe_value(value)}", hint="a path: pathlib.Path or str")
    if value in ("", "-"):
        raise UsageError(f"the {name} cannot be {value!r}", hint="the name of a file or folder")
    return path


def settings_of(settings: Any, options: Mapping[str, Any] | None = None) -> AnimateSettings:
    """Return the settings (the defaults for None) with individual fields replaced.

    Args:
        settings: `AnimateSettings` or None.
        options: fields of `AnimateSettings` by name.

    Raises:
        UsageError: settings of another type, or an unknown field.
    """
    if settings is None:
        return from_mapping(AnimateSettings, options or {})
    if isinstance(settings, AnimateSettings):
        return from_mapping(AnimateSettings, {**vars(settings), **(options or {})}) if options else settings
    hint = "AnimateSettings(**settings)" if isinstance(settings, dict) else "AnimateSettings(mouth=0.7), for example"
    raise UsageError(f"settings cannot be {describe_value(settings)}", hint=hint)
