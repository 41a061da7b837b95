"""What a caller of the library may give as photos, driver, path and settings; all else is refused with a remedy."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, TypeGuard

import numpy as np
from PIL import Image

from animato.errors import UsageError
from animato.media.image import image_array
from animato.motion.bundled import find_driver
from animato.render.driver import Driver
from animato.settings.animate import AnimateSettings
from animato.types import Frame

MOST_PHOTOS = 32

Photo = os.PathLike[str] | str | Frame | Image.Image
"""A file, an array (H x W x 3 uint8 RGB) or a PIL image."""

Photos = Photo | Sequence[Photo]
"""One to thirty-two photos of one person."""

_PHOTO = "the path of a JPEG, PNG or WEBP file, a PIL image, or an array: H x W x 3 uint8 RGB"


def photo_list(photos: Any) -> list[Path | Frame]:
    """Return photos as a list of paths and of arrays of their own (H x W x 3 uint8 RGB).

    Args:
        photos: a path, a PIL image or an array, or several of them.

    Raises:
        UsageError: none or too many, or something that is no photo.
    """
    if isinstance(photos, np.ndarray) and photos.ndim == 4:
        photos = list(photos)
    single = isinstance(photos, (str, bytes, bytearray)) or hasattr(photos, "read")
    several = isinstance(photos, (Sequence, Iterator)) and not single
    found = [_photo(item) for item in photos] if several else [_photo(photos)]
    if not 1 <= len(found) <= MOST_PHOTOS:
        raise UsageError(f"a person is made from 1 to {MOST_PHOTOS} photos, not {len(found)}", hint=_PHOTO)
    return found


def _photo(item: Any) -> Path | Frame:
    if isinstance(item, np.ndarray):
        return _array(item)
    path = _path_of(item)
    if path is not None:
        return path
    image = image_array(item)
    if image is not None:
        return image
    hint = _PHOTO
    if isinstance(item, (bytes, bytearray, memoryview)) or hasattr(item, "read"):
        hint = "PIL.Image.open(io.BytesIO(data)) for the bytes of a picture file, or its path"
    elif hasattr(item, "photos"):
        hint = "the person alone, not in a list"
    raise UsageError(f"a photo cannot be {_kind(item)}", hint=hint)


def _array(item: np.ndarray[Any, Any]) -> Frame:
    """Return a copy of a photo; whoever gave it may draw on it afterwards."""
    if item.ndim == 3 and item.shape[2] == 3 and item.dtype == np.uint8 and item.size:
        return np.array(item, np.uint8, order="C")
    if item.dtype != np.uint8:
        hint = f"(image * {255 if item.dtype.kind == 'f' else 1}).clip(0, 255).astype('uint8')"
    elif item.ndim == 2:
        hint = "numpy.stack([image] * 3, axis=-1) for a grey picture"
    elif item.ndim == 3 and item.shape[2] == 4:
        hint = "image[..., :3] leaves out the transparency"
    elif item.ndim == 3 and item.shape[0] == 3:
        hint = "image.transpose(1, 2, 0) where the channels come first"
    else:
        hint = _PHOTO
    raise UsageError(
        "a photo given as an array must be H x W x 3 uint8 RGB", where=f"{item.dtype} {item.shape}", hint=hint
    )


def driver_path(driver: Any) -> Path:
    """Return the path that a driver argument means; see `find_driver`.

    Raises:
        UsageError: it is neither a path nor a name.
        InputError: a name of no bundled movement.
    """
    path = _path_of(driver)
    if path is not None and str(driver):
        return find_driver(os.fspath(driver))
    hint = "the path of a video or .motion file, or the name of a bundled movement such as talk"
    if path is not None:
        raise UsageError("the name of the driver is empty", hint=hint)
    if isinstance(driver, (Sequence, np.ndarray)) and not isinstance(driver, (bytes, bytearray)):
        hint = "write the frames into a video file first, and give its path"
    elif is_driver(driver):
        hint = "animato.render takes an opened driver; animato.animate takes the path of its file"
    raise UsageError(f"a driver cannot be {_kind(driver)}", hint=hint)


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
    path = _path_of(value)
    if path is None:
        raise UsageError(f"the {name} cannot be {_kind(value)}", hint="a path: pathlib.Path or text")
    if value in ("", "-"):
        raise UsageError(f"the {name} cannot be {value!r}", hint="the name of a file or folder")
    return path


def settings_of(settings: Any) -> AnimateSettings:
    """Return the settings given, or the defaults for None.

    Raises:
        UsageError: something else.
    """
    if settings is None:
        return AnimateSettings()
    if isinstance(settings, AnimateSettings):
        return settings
    hint = "AnimateSettings(**settings)" if isinstance(settings, dict) else "AnimateSettings(mouth=0.7), for example"
    raise UsageError(f"settings cannot be {_kind(settings)}", hint=hint)


def _path_of(value: Any) -> Path | None:
    """Return a path or a text as a path; None for anything else."""
    if isinstance(value, (str, Path)):
        return Path(value)
    if isinstance(value, os.PathLike):
        text = os.fspath(value)
        return Path(text) if isinstance(text, str) else None
    return None


def _kind(value: Any) -> str:
    if value is None:
        return "None"
    if isinstance(value, np.ndarray):
        return f"an array of {value.dtype} {value.shape}"
    if isinstance(value, (list, tuple)):
        return "an empty list" if not value else f"a list of {len(value)}"
    return f"of the type {type(value).__name__}"
