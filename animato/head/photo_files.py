"""Validate the `photos` argument of the library."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from animato.errors import UsageError
from animato.media.image import image_array
from animato.types import Frame

MOST_PHOTOS = 32

Photo = os.PathLike[str] | str | Frame | Image.Image
"""A file, an array (H x W x 3 uint8 RGB) or a PIL image."""

Photos = Photo | Sequence[Photo]
"""1 to 32 photos of one person."""

_PHOTO = "the path of a JPEG, PNG or WEBP file, a PIL image, or an array: H x W x 3 uint8 RGB"


def photo_list(photos: Any) -> list[Path | Frame]:
    """Return photos as a list of paths and copied arrays (H x W x 3 uint8 RGB).

    Args:
        photos: a path, a PIL image or an array, or several of them.

    Raises:
        UsageError: no photos, too many, or an argument that is not a photo.
    """
    if isinstance(photos, np.ndarray) and photos.ndim == 4:
        photos = list(photos)
    single = isinstance(photos, (str, bytes, bytearray)) or hasattr(photos, "read")
    several = isinstance(photos, (Sequence, Iterator)) and not single
    found = [_photo(item) for item in photos] if several else [_photo(photos)]
    if not 1 <= len(found) <= MOST_PHOTOS:
        raise UsageError(f"a person needs 1 to {MOST_PHOTOS} photos, not {len(found)}", hint=_PHOTO)
    return found


def _photo(item: Any) -> Path | Frame:
    if isinstance(item, np.ndarray):
        return _array(item)
    path = path_of(item)
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
    raise UsageError(f"a photo cannot be {describe_value(item)}", hint=hint)


def _array(item: np.ndarray[Any, Any]) -> Frame:
    """Return a copy of a photo, so that the caller may modify the original."""
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


def path_of(value: Any) -> Path | None:
    """Return a path or a string as a path; None for anything else."""
    if isinstance(value, (str, Path)):
        return Path(value)
    if isinstance(value, os.PathLike):
        text = os.fspath(value)
        return Path(text) if isinstance(text, str) else None
    return None


def describe_value(value: Any) -> str:
    """Describe a value for an error message."""
    if value is None:
        return "None"
    if isinstance(value, np.ndarray):
        return f"an array of {value.dtype} {value.shape}"
    if isinstance(value, (list, tuple)):
        return "an empty list" if not value else f"a list of {len(value)}"
    return f"of the type {type(value).__name__}"
