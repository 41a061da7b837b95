"""Choose the animated square of a photo, its resolution and its place in the output."""

from __future__ import annotations

from dataclasses import dataclass, replace

import cv2
import numpy as np

from animato.geometry.affine import move_points
from animato.geometry.crop import MARGIN, crop_from_frame, cut, fit_square, head_square
from animato.head.cut_edges import cut_edges
from animato.head.head import HeadPhoto
from animato.head.view import HeadView
from animato.pipeline.compositor import Placement
from animato.settings.animate import AnimateSettings
from animato.types import Frame, Points

DEFAULT_CROP = 512
LARGEST_SQUARE = 1024
SOURCE_SIDE = 512
"""Side of the squares of photos beside the animated one, pixels."""
SHORTEST_SIDE = 512
"""Minimum shorter side of the output in pixels, below which the watermark is not robust."""


@dataclass(frozen=True, eq=False)
class Framing:
    """A head in the output.

    Attributes:
        view: the square that is animated.
        base: H x W x 3 uint8 RGB, the whole photo at the output's size, or None where the square is the output.
        placement: where the square lies in the output.
        warnings: sentences about what was resized.
    """

    view: HeadView
    base: Frame | None
    placement: Placement
    warnings: tuple[str, ...]


def frame_head(photo: HeadPhoto, settings: AnimateSettings, margin: float = MARGIN) -> Framing:
    """Cut the square to animate out of a photo.

    Args:
        photo: the photo that is animated.
        settings: frame, size and max_side.
        margin: side of the square in units of the face (`geometry.crop.head_square`); a renderer that draws the whole
            square has one of its own.
    """
    make = _in_photo if settings.frame == "photo" else _as_crop
    return make(photo, settings, margin)


def _as_crop(photo: HeadPhoto, settings: AnimateSettings, margin: float) -> Framing:
    side = settings.size or DEFAULT_CROP
    view = _square_of(photo, side, margin)
    view = replace(view, blendshapes=photo.face.blendshapes, cut=cut_edges(view.image, view.points))
    shown = round(side * max(1.0, SHORTEST_SIDE / side))
    warnings = (f"the {side} px crop is enlarged to {shown} px, so that its mark survives",) if shown > side else ()
    return Framing(view, None, Placement(0, 0, shown), warnings)


def source_view(photo: HeadPhoto) -> HeadView:
    """Return the square around the head of a photo that shows what the animated one does not."""
    return _square_of(photo, SOURCE_SIDE, MARGIN)


def _square_of(photo: HeadPhoto, side: int, margin: float) -> HeadView:
    height, width = photo.image.shape[:2]
    square = fit_square(head_square(photo.face.points, margin), width, height)
    crop_from_photo = crop_from_frame(square, side)
    return HeadView(cut(photo.image, crop_from_photo, side), move_points(crop_from_photo, photo.face.points))


def _in_photo(photo: HeadPhoto, settings: AnimateSettings, margin: float) -> Framing:
    warnings: list[str] = []
    base, points = _fit_photo(photo, settings.max_side, warnings)
    height, width = base.shape[:2]
    left, top, side = head_square(points, margin)
    # Integer pixels, so that a square at native resolution is cropped and pasted without resampling.
    place = Placement(round(left), round(top), max(64, round(side)))
    size = min(place.side, settings.size or LARGEST_SQUARE)
    image = _window(base, place)
    image = image if size == place.side else _resized(image, size, size, cv2.INTER_AREA)
    shift = np.array([[1.0, 0, -place.left], [0, 1.0, -place.top]])
    scale = size / place.side
    zoom = np.array([[scale, 0, 0.5 * scale - 0.5], [0, scale, 0.5 * scale - 0.5]])
    corners = np.array([[-0.5, -0.5], [width - 0.5, height - 0.5]], np.float32)
    (x0, y0), (x1, y1) = move_points(zoom, move_points(shift, corners)).tolist()
    view = HeadView(
        image,
        move_points(zoom, move_points(shift, points)),
        extent=(max(x0, -0.5), max(y0, -0.5), min(x1, size - 0.5), min(y1, size - 0.5)),
        blendshapes=photo.face.blendshapes,
        cut=cut_edges(base, points),
    )
    return Framing(view, base, place, tuple(warnings))


def _fit_photo(photo: HeadPhoto, max_side: int, warnings: list[str]) -> tuple[Frame, Points]:
    """Return the photo and its landmarks at the size of the output: even sides, neither too small nor too large."""
    image = photo.image
    height, width = image.shape[:2]
    scale = min(1.0, max_side / max(height, width))
    if min(height, width) * scale < SHORTEST_SIDE:
        scale = min(SHORTEST_SIDE / min(height, width), max_side / max(height, width))
    if scale == 1.0:
        points = photo.face.points
    else:
        size = max(2, round(width * scale)), max(2, round(height * scale))
        method = cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC
        image = _resized(image, *size, method)
        sx, sy = size[0] / width, size[1] / height
        points = move_points(np.array([[sx, 0, 0.5 * sx - 0.5], [0, sy, 0.5 * sy - 0.5]]), photo.face.points)
        reason = "smaller (`max_side`)" if scale < 1 else "larger, so that its mark survives"
        warnings.append(f"{photo.name} is {width} x {height}; the video is made {reason}: {size[0]} x {size[1]}")
    # Video requires even sides; drop one row or column.
    even = image[: image.shape[0] // 2 * 2, : image.shape[1] // 2 * 2]
    if min(even.shape[:2]) < SHORTEST_SIDE:
        warnings.append(
            f"the video is only {min(even.shape[:2])} px on its shorter side; its mark may not survive: "
            "a larger `max_side`, or `frame=crop`"
        )
    return np.ascontiguousarray(even), points


def _resized(image: Frame, width: int, height: int, method: int) -> Frame:
    return np.asarray(cv2.resize(image, (width, height), interpolation=method), np.uint8)


def _window(base: Frame, place: Placement) -> Frame:
    """Return a square window of a picture; outside it the border pixels are repeated."""
    height, width = base.shape[:2]
    left, top, side = place
    x0, y0, x1, y1 = max(0, left), max(0, top), min(width, left + side), min(height, top + side)
    inside = base[y0:y1, x0:x1]
    padded = cv2.copyMakeBorder(inside, y0 - top, top + side - y1, x0 - left, left + side - x1, cv2.BORDER_REPLICATE)
    return np.asarray(padded, np.uint8)
