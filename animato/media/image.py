"""Read and write still images as upright 8-bit RGB arrays."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image

from animato.errors import OutputError, PictureError, UsageError
from animato.media.disk import whole_file
from animato.media.pixels import flatten, turn_upright
from animato.media.probe import kind_of, read_head
from animato.media.structure import check_structure
from animato.settings.media import PictureSettings
from animato.types import Frame

_FORMATS = {"image/jpeg": "JPEG", "image/png": "PNG", "image/webp": "WEBP"}
_SAVED = {".png": "PNG", ".jpg": "JPEG", ".jpeg": "JPEG"}
_TO_JPEG = "open it in a photo program and save it as JPEG or PNG"
_REMEDIES = {
    "image/heic": (
        "is a HEIC picture, as phones make them; animato reads JPEG, PNG and WEBP",
        "export it as JPEG (Photos > Export on a Mac, or set the phone's camera to 'Most compatible')",
    ),
    "image/avif": ("is an AVIF picture; animato reads JPEG, PNG and WEBP", _TO_JPEG),
    "image/gif": ("is a GIF; animato reads JPEG, PNG and WEBP pictures", "save one frame of it as PNG"),
    "image/bmp": ("is a BMP picture; animato reads JPEG, PNG and WEBP", _TO_JPEG),
    "image/tiff": ("is a TIFF or camera raw picture; animato reads JPEG, PNG and WEBP", _TO_JPEG),
    "image/vnd.adobe.photoshop": ("is a Photoshop file; animato reads JPEG, PNG and WEBP", "export it as PNG"),
    "application/pdf": ("is a PDF, not a picture", "export the page as PNG"),
}


@dataclass(frozen=True)
class Picture:
    """A decoded image.

    Attributes:
        image: H x W x 3 uint8 RGB (sRGB), upright.
        warnings: one message per conversion applied (rotation, flattening, colour); empty when there is none.
        media_type: media type of the source, such as "image/jpeg".
    """

    image: Frame
    warnings: tuple[str, ...]
    media_type: str


def load_picture(path: Path, settings: PictureSettings | None = None) -> Picture:
    """Read a JPEG, PNG or WEBP image as upright 8-bit RGB, without its metadata.

    Applies the EXIF orientation, composites transparency over light grey, and converts grey, palette, 16-bit and CMYK
    images and embedded colour profiles to sRGB. The first frame of an animation is used.

    Raises:
        PictureError: no such file, not one of the three formats, too large, damaged or cut short.
    """
    settings = settings or PictureSettings()
    kind = kind_of(read_head(path, PictureError))
    _refuse_other_kinds(path, kind)
    megabytes = path.stat().st_size / 1e6
    if megabytes > settings.max_megabytes:
        raise PictureError(
            f"{path} is a file of {megabytes:.0f} MB; pictures up to {settings.max_megabytes:.0f} MB are read",
            hint="save a smaller copy of it",
        )
    check_structure(path, PictureError, picture=settings)
    with warnings.catch_warnings():
        warnings.simplefilter("error", Image.DecompressionBombWarning)
        warnings.simplefilter("ignore", UserWarning)
        try:
            with Image.open(path, formats=(_FORMATS[kind],)) as picture:
                _refuse_large(path, picture, settings)
                return _decode(picture, kind)
        except PictureError:
            raise
        except (Image.DecompressionBombError, Image.DecompressionBombWarning) as problem:
            raise _too_large(path, str(problem), settings) from problem
        except MemoryError as problem:
            raise _too_large(path, "not enough memory", settings) from problem
        except Exception as problem:  # Pillow's decoders raise almost anything on damaged files
            raise PictureError(
                f"{path} is damaged or cut short",
                where=f"{kind}, {megabytes * 1000:.0f} kB: {problem}",
                hint="copy or download the file again, or save it anew from a photo program",
            ) from problem


def image_array(value: object) -> Frame | None:
    """Convert a PIL image as `load_picture` converts a file, to H x W x 3 uint8 RGB; return None for other types.

    Raises:
        PictureError: it is too large, or its file is damaged.
    """
    if not isinstance(value, Image.Image):
        return None
    settings = PictureSettings()
    name = Path(str(getattr(value, "filename", "") or "the PIL image"))
    _refuse_large(name, value, settings)
    try:
        return _decode(value, "image/raw").image
    except Exception as problem:
        raise PictureError(f"{name} is damaged or cut short", where=str(problem), hint="save it anew") from problem


def save_picture(path: Path, image: Frame) -> None:
    """Write an image as PNG or JPEG, chosen by suffix. The write is atomic.

    Args:
        path: ends in .png, .jpg or .jpeg.
        image: H x W x 3 uint8 RGB.

    Raises:
        UsageError: another suffix.
        OutputError: no permission, no room, no such folder.
    """
    form = _SAVED.get(path.suffix.lower())
    if form is None:
        raise UsageError(f"pictures are written as .png or .jpg, not {path.suffix or 'without a suffix'!r}")
    options = {"quality": 95, "subsampling": 0} if form == "JPEG" else {"compress_level": 6}
    try:
        with whole_file(path) as temporary, temporary.open("wb") as file:
            Image.fromarray(np.ascontiguousarray(image)).save(file, form, **options)
    except (ValueError, TypeError) as problem:
        raise OutputError(f"{path.name} cannot be written as a picture", where=str(problem)) from problem


def _refuse_other_kinds(path: Path, kind: str) -> None:
    if kind in _FORMATS:
        return
    if kind.startswith(("video/", "audio/")):
        raise PictureError(
            f"{path} is a {kind.split('/')[0]} file, not a picture", where=kind, hint="give a video as `driver`"
        )
    message, hint = _REMEDIES.get(kind, ("is not a picture that animato reads", "a JPEG, PNG or WEBP file"))
    raise PictureError(f"{path} {message}", where=f"the first bytes of the file: {kind}", hint=hint)


def _refuse_large(path: Path, picture: Image.Image, settings: PictureSettings) -> None:
    width, height = picture.size
    if width * height > settings.max_megapixels * 1e6:
        raise _too_large(path, f"{width} x {height}", settings)


def _too_large(path: Path, detail: str, settings: PictureSettings) -> PictureError:
    return PictureError(
        f"{path} is too large; pictures up to {settings.max_megapixels:.0f} million pixels are read",
        where=detail,
        hint="save a smaller copy; a face needs no more than about 1000 pixels",
    )


def _decode(picture: Image.Image, kind: str) -> Picture:
    warnings: list[str] = []
    frames = int(getattr(picture, "n_frames", 1))
    if kind != "image/jpeg" and frames > 1:
        warnings.append(f"the picture is an animation of {frames} frames; the first one is used")
        picture.seek(0)
    picture.load()
    flat = turn_upright(picture, flatten(picture, warnings), warnings)
    image = np.array(flat, dtype=np.uint8)
    return Picture(image=image, warnings=tuple(warnings), media_type=kind)
