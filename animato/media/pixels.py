"""Convert images of any PIL mode to upright 8-bit sRGB."""

from __future__ import annotations

import io
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageCms

from animato.types import Frame

BACKDROP = 192
"""Grey level composited behind transparent pixels."""

_MAX_PROFILE_BYTES = 4 << 20
_ORIENTATION_TAG = 0x0112
_ORIENTATIONS: dict[int, tuple[Image.Transpose, str]] = {
    2: (Image.Transpose.FLIP_LEFT_RIGHT, "mirrored"),
    3: (Image.Transpose.ROTATE_180, "rotated by 180 degrees"),
    4: (Image.Transpose.FLIP_TOP_BOTTOM, "flipped top to bottom"),
    5: (Image.Transpose.TRANSPOSE, "rotated and mirrored"),
    6: (Image.Transpose.ROTATE_270, "rotated clockwise"),
    7: (Image.Transpose.TRANSVERSE, "rotated and mirrored"),
    8: (Image.Transpose.ROTATE_90, "rotated counter-clockwise"),
}


def with_opacity(image: Frame, alpha: NDArray[np.uint8]) -> Frame:
    """Return a picture with opacity, H x W x 4 uint8 RGBA, not multiplied.

    Args:
        image: H x W x 3 uint8 RGB.
        alpha: H x W uint8.
    """
    result = np.asarray(cv2.cvtColor(image, cv2.COLOR_RGB2RGBA), np.uint8)
    result[..., 3] = alpha
    return result


def flatten(picture: Image.Image, warnings: list[str]) -> Image.Image:
    """Convert a loaded image of any mode to 8-bit sRGB without transparency.

    Args:
        picture: mode 1, L, LA, P, RGB, RGBA, CMYK, I or I;16.
        warnings: messages are appended here.

    Raises:
        ValueError: unsupported mode.
    """
    profile = picture.info.get("icc_profile")
    if picture.mode in ("I", "F") or picture.mode.startswith("I;16"):
        picture = _from_deep_grey(picture, warnings)
    if picture.mode == "1":
        picture = picture.convert("L")
    if "transparency" in picture.info and picture.mode in ("P", "L", "RGB"):
        picture = picture.convert("RGBA")
    if picture.mode == "P":
        picture = picture.convert("RGB")
    alpha = picture.getchannel("A") if picture.mode in ("LA", "RGBA") else None
    colour = picture.convert({"LA": "L", "RGBA": "RGB"}[picture.mode]) if alpha is not None else picture
    if colour.mode == "CMYK":
        warnings.append("the picture is CMYK; it was converted to RGB")
    rgb = _to_srgb(colour, profile, warnings)
    if alpha is None or alpha.getextrema() == (255, 255):
        return rgb
    warnings.append("the picture has transparent parts; they were composited over light grey")
    backdrop = Image.new("RGB", rgb.size, (BACKDROP, BACKDROP, BACKDROP))
    return Image.composite(rgb, backdrop, alpha)


def turn_upright(source: Image.Image, pixels: Image.Image, warnings: list[str]) -> Image.Image:
    """Apply the EXIF orientation of `source` to `pixels` (EXIF 2.32, tag 0x0112, values 1 to 8)."""
    try:
        value = source.getexif().get(_ORIENTATION_TAG, 1)
    except Exception:  # a broken EXIF block must not prevent reading the image
        warnings.append("the EXIF data of the picture is damaged; if the picture is sideways, rotate and save it")
        return pixels
    if value not in _ORIENTATIONS:
        return pixels
    method, change = _ORIENTATIONS[value]
    warnings.append(f"the picture was {change} (EXIF orientation)")
    return pixels.transpose(method)


def _from_deep_grey(picture: Image.Image, warnings: list[str]) -> Image.Image:
    """Reduce 16-bit grey to 8 bits; 65535 maps to 255."""
    levels = np.clip(np.asarray(picture, dtype=np.float32), 0, 65535)
    warnings.append("the picture has 16 bits of grey; it was reduced to 8")
    return Image.fromarray(np.rint(levels / 257.0).astype(np.uint8))


def _to_srgb(picture: Image.Image, profile: Any, warnings: list[str]) -> Image.Image:
    """Convert with the embedded colour profile unless it is sRGB, else with PIL's default conversion."""
    if not isinstance(profile, bytes) or not profile or b"sRGB" in profile[:4096]:
        return picture.convert("RGB")
    try:
        if len(profile) > _MAX_PROFILE_BYTES:
            raise ImageCms.PyCMSError("the profile is too large")
        converted = ImageCms.profileToProfile(
            picture, ImageCms.ImageCmsProfile(io.BytesIO(profile)), ImageCms.createProfile("sRGB"), outputMode="RGB"
        )
    except (ImageCms.PyCMSError, OSError, ValueError, TypeError):
        warnings.append("the colour profile in the picture cannot be used; colours may be slightly off")
        return picture.convert("RGB")
    if converted is None:
        return picture.convert("RGB")
    if picture.mode != "CMYK":
        warnings.append("the picture's own colour profile was converted to sRGB")
    return converted
