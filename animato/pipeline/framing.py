"""Choose the animated square of a photo, its resolution and its placement in the output."""

from __future__ import annotations

from dataclasses import dataclass, replace

import cv2
import numpy as np

from animato.geometry.affine import chain, move_points
from animato.geometry.crop import MARGIN, head_square
from animato.head.cut_edges import cut_edges
from animato.head.photo import HeadPhoto
from animato.head.view import HeadView
from animato.motion.supported_turn import SupportedTurn
from animato.pipeline.compositor import Placement
from animato.settings.animate import AnimateSettings
from animato.types import Affine, Frame

DEFAULT_CROP = 512
MAX_SQUARE = 1024
SOURCE_SIDE = 512
"""Side of the squares cut from the additional source photos, pixels."""
MIN_SIDE = 512
"""Minimum shorter side of the output, pixels; the watermark is not robust below it."""


@dataclass(frozen=True, eq=False)
class Framing:
    """The animated square of a head and its placement in the output.

    Attributes:
        view: the square that is animated.
        base: H x W x 3 uint8 RGB, the whole photo at output size; None if the square is the whole output.
        placement: of the square in the output.
        warnings: sentences about resizing.
        turn: supported by the photos with the chosen renderer; None for any.
    """

    view: HeadView
    base: Frame | None
    placement: Placement
    warnings: tuple[str, ...]
    turn: SupportedTurn | None = None


def frame_head(photo: HeadPhoto, settings: AnimateSettings, margin: float = MARGIN) -> Framing:
    """Cut the square to animate out of a photo.

    Args:
        photo: the photo that is animated.
        settings: frame, size and max_side.
        margin: side of the square in face sizes (`geometry.crop.head_square`); the paper renderer has its own.
    """
    frame = _frame_in_photo if settings.frame == "photo" else _frame_as_crop
    return frame(photo, settings, margin)


def _frame_as_crop(photo: HeadPhoto, settings: AnimateSettings, margin: float) -> Framing:
    side = settings.size or DEFAULT_CROP
    view = photo.square(side, margin)
    view = replace(view, blendshapes=photo.face.blendshapes, cut=cut_edges(view.image, view.points))
    output_side = max(side, MIN_SIDE)
    warning = f"the {side} px crop is enlarged to {output_side} px, so that the watermark survives compression"
    return Framing(view, None, Placement(0, 0, output_side), (warning,) if output_side > side else ())


def source_view(photo: HeadPhoto) -> HeadView:
    """Return the square around the head of an additional source photo."""
    return photo.square(SOURCE_SIDE)


def _frame_in_photo(photo: HeadPhoto, settings: AnimateSettings, margin: float) -> Framing:
    warnings: list[str] = []
    base, base_from_photo = _fit_photo(photo, settings.max_side, warnings)
    points = move_points(base_from_photo, photo.face.points)
    height, width = base.shape[:2]
    left, top, side = head_square(points, margin)
    # Integer coordinates, so that a square at native resolution is cropped and pasted without resampling.
    place = Placement(round(left), round(top), max(64, round(side)))
    size = min(place.side, settings.size or MAX_SQUARE)
    image = _cut_square(base, place)
    image = image if size == place.side else _resized(image, size, size, cv2.INTER_AREA)
    translation = np.array([[1.0, 0, -place.left], [0, 1.0, -place.top]])
    scale = size / place.side
    scaling = np.array([[scale, 0, 0.5 * scale - 0.5], [0, scale, 0.5 * scale - 0.5]])
    corners = np.array([[-0.5, -0.5], [width - 0.5, height - 0.5]], np.float32)
    (x0, y0), (x1, y1) = move_points(scaling, move_points(translation, corners)).tolist()
    view = HeadView(
        image,
        move_points(scaling, move_points(translation, points)),
        extent=(max(x0, -0.5), max(y0, -0.5), min(x1, size - 0.5), min(y1, size - 0.5)),
        blendshapes=photo.face.blendshapes,
        cut=cut_edges(base, points),
        parts=None if photo.parts is None else photo.parts.moved(chain(scaling, translation, base_from_photo)),
    )
    return Framing(view, base, place, tuple(warnings))


def _fit_photo(photo: HeadPhoto, max_side: int, warnings: list[str]) -> tuple[Frame, Affine]:
    """Return the photo at output size, and the map from its pixels to the result's.

    Sides are even, from `MIN_SIDE` to `max_side` where possible.
    """
    image = photo.image
    height, width = image.shape[:2]
    scale = min(1.0, max_side / max(height, width))
    if min(height, width) * scale < MIN_SIDE:
        scale = min(MIN_SIDE / min(height, width), max_side / max(height, width))
    base_from_photo = np.array([[1.0, 0.0, 0.0], [0.0, 1.0, 0.0]])
    if scale != 1.0:
        size = max(2, round(width * scale)), max(2, round(height * scale))
        interpolation = cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC
        image = _resized(image, *size, interpolation)
        sx, sy = size[0] / width, size[1] / height
        base_from_photo = np.array([[sx, 0, 0.5 * sx - 0.5], [0, sy, 0.5 * sy - 0.5]])
        change = "downscaled" if scale < 1 else "enlarged"
        reason = "because of `max_side`" if scale < 1 else "so that the watermark survives compression"
        warnings.append(f"{photo.name} ({width} x {height}) is {change} to {size[0]} x {size[1]}, {reason}")
    # Video requires even sides; drop one row or column.
    even = image[: image.shape[0] // 2 * 2, : image.shape[1] // 2 * 2]
    if min(even.shape[:2]) < MIN_SIDE:
        warnings.append(
            f"the shorter side of the video has only {min(even.shape[:2])} px, so its watermark may not survive "
            "compression; use a larger `max_side`, or `frame=crop`"
        )
    return np.ascontiguousarray(even), base_from_photo


def _resized(image: Frame, width: int, height: int, interpolation: int) -> Frame:
    return np.asarray(cv2.resize(image, (width, height), interpolation=interpolation), np.uint8)


def _cut_square(base: Frame, place: Placement) -> Frame:
    """Cut a square out of an image; pixels outside repeat the border."""
    height, width = base.shape[:2]
    left, top, side = place
    x0, y0, x1, y1 = max(0, left), max(0, top), min(width, left + side), min(height, top + side)
    inside = base[y0:y1, x0:x1]
    padded = cv2.copyMakeBorder(inside, y0 - top, top + side - y1, x0 - left, left + side - x1, cv2.BORDER_REPLICATE)
    return np.asarray(padded, np.uint8)
