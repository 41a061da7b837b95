"""Read a picture in a sealed process: the file is parsed by the child, this process receives pixels."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from animato.errors import PictureError
from animato.media.image import Picture, load_picture
from animato.runtime.parser import Parser, Result
from animato.settings.media import PictureSettings


def read_picture(path: Path, parser: Parser, settings: PictureSettings | None = None) -> Picture:
    """Read a JPEG, PNG or WEBP image by means of a parser; see `load_picture`.

    Raises:
        PictureError: as `load_picture`, or the child sent no image.
        InputError: the child was ended by a limit, or crashed.
    """
    limits = settings or PictureSettings()
    if parser.in_process:
        return load_picture(path, limits)
    values = {"path": os.fspath(path), "settings": vars(limits)}
    values, arrays = parser.parse(load_picture_task, path.name, values, round(3 * limits.max_megapixels * 1e6))
    image, warnings, media_type = arrays.get("image"), values.get("warnings"), values.get("media_type")
    proper = image is not None and image.ndim == 3 and image.shape[2] == 3 and image.dtype == "uint8" and image.size
    if not proper or not isinstance(warnings, list) or not isinstance(media_type, str):
        raise PictureError(f"{path} was not read properly", hint="save it anew from a photo program")
    assert image is not None
    return Picture(image, tuple(str(warning) for warning in warnings), media_type)


def load_picture_task(values: dict[str, Any]) -> Result:
    """Task: read a picture."""
    picture = load_picture(Path(values["path"]), PictureSettings(**values["settings"]))
    return {"warnings": picture.warnings, "media_type": picture.media_type}, {"image": picture.image}
