"""What of the photo is animated, at which resolution, and how the animated square becomes an output frame."""

from __future__ import annotations

import cv2
import numpy as np

from animato.geometry.affine import move_points
from animato.geometry.crop import MARGIN, crop_from_frame, cut, fit_square, head_square
from animato.geometry.mesh import Extent, whole_extent
from animato.geometry.paste import paste, soft_square
from animato.geometry.pose import fit_pose
from animato.head.cut_edges import cut_edges
from animato.head.head import PersonPhoto
from animato.motion.edge_clearance import EdgeRoom, edge_room
from animato.settings.animate import AnimateSettings
from animato.types import Frame, Points

DEFAULT_CROP = 512
LARGEST_SQUARE = 1024
SHORTEST_SIDE = 512
"""Outputs are at least this many pixels on their shorter side: the mark would not survive in less."""


class Framing:
    """Cuts the square to animate out of a photo and puts the animated one back.

    Args:
        photo: the person's photo.
        settings: frame, size and max_side.
        margin: side of the square in units of the face (`geometry.crop.head_square`); a renderer that draws the whole
            square has one of its own.

    Attributes:
        square: S x S x 3 uint8 RGB, what is animated.
        points: 478 x 3 float32, the photo's landmarks in pixels of the square.
        blendshapes: 52 float32 in [0, 1], the photo's expression scores.
        extent: left, top, right and bottom edge of what the photo shows of the square, pixels.
        edges: of the photo (or of the crop) that cut the head, and how far it may move away from them.
        width: of the output, pixels.
        height: of the output, pixels.
        warnings: sentences about what was resized.
        pasted: whether the square goes back into a whole photo.
    """

    square: Frame
    points: Points
    extent: Extent
    edges: EdgeRoom

    def __init__(self, photo: PersonPhoto, settings: AnimateSettings, margin: float = MARGIN) -> None:
        self._margin = margin
        self.warnings: list[str] = []
        self.blendshapes = photo.face.blendshapes
        self.pasted = settings.frame == "photo"
        if self.pasted:
            self._frame_photo(photo, settings)
        else:
            self._frame_crop(photo, settings)

    def _frame_crop(self, photo: PersonPhoto, settings: AnimateSettings) -> None:
        side = settings.size or DEFAULT_CROP
        height, width = photo.image.shape[:2]
        square = fit_square(head_square(photo.face.points, self._margin), width, height)
        crop_from_photo = crop_from_frame(square, side)
        self.square = cut(photo.image, crop_from_photo, side)
        self.points = move_points(crop_from_photo, photo.face.points)
        self.extent = whole_extent(side)
        self.edges = edge_room(self.points, fit_pose(self.points), self.extent, cut_edges(self.square, self.points))
        self._scale_up = max(1.0, SHORTEST_SIDE / side)
        self.width = self.height = round(side * self._scale_up)
        if self._scale_up > 1:
            self.warnings.append(f"the {side} px crop is enlarged to {self.width} px, so that its mark survives")

    def _frame_photo(self, photo: PersonPhoto, settings: AnimateSettings) -> None:
        base, points = _fit_photo(photo, settings.max_side, self.warnings)
        height, width = base.shape[:2]
        self._base, self.width, self.height = base, width, height
        left, top, side = head_square(points, self._margin)
        # Whole pixels, so that a square at the photo's own resolution is cut and pasted without resampling.
        native = max(64, round(side))
        self._left, self._top = round(left), round(top)
        self._native = native
        work = min(native, settings.size or LARGEST_SQUARE)
        self._work = work
        padded = _window(base, self._left, self._top, native)
        self.square = padded if work == native else _resized(padded, work, work, cv2.INTER_AREA)
        shift = np.array([[1.0, 0, -self._left], [0, 1.0, -self._top]])
        scale = work / native
        zoom = np.array([[scale, 0, 0.5 * scale - 0.5], [0, scale, 0.5 * scale - 0.5]])
        self.points = move_points(zoom, move_points(shift, points))
        sides = np.array([[-0.5, -0.5], [width - 0.5, height - 0.5]], np.float32)
        (x0, y0), (x1, y1) = move_points(zoom, move_points(shift, sides)).tolist()
        self.extent = max(x0, -0.5), max(y0, -0.5), min(x1, work - 0.5), min(y1, work - 0.5)
        self.edges = edge_room(self.points, fit_pose(self.points), self.extent, cut_edges(base, points))
        self._mask = soft_square(native)

    def compose(self, animated: Frame) -> Frame:
        """Return the output frame for an animated square.

        Args:
            animated: S x S x 3 uint8 RGB, like `square`.
        """
        if self.pasted:
            native = animated
            if self._work != self._native:
                native = _resized(animated, self._native, self._native, cv2.INTER_CUBIC)
            return paste(self._base, native, self._left, self._top, self._mask)
        if self._scale_up > 1:
            return _resized(animated, self.width, self.height, cv2.INTER_CUBIC)
        return animated


def _fit_photo(photo: PersonPhoto, max_side: int, warnings: list[str]) -> tuple[Frame, Points]:
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
        reason = "smaller (--max-side)" if scale < 1 else "larger, so that its mark survives"
        warnings.append(f"{photo.name} is {width} x {height}; the video is made {reason}: {size[0]} x {size[1]}")
    # Video needs even sides; one row or column of pixels is given up.
    even = image[: image.shape[0] // 2 * 2, : image.shape[1] // 2 * 2]
    if min(even.shape[:2]) < SHORTEST_SIDE:
        warnings.append(
            f"the video is only {min(even.shape[:2])} px on its shorter side; its mark may not survive: "
            "a larger --max-side, or --frame crop"
        )
    return np.ascontiguousarray(even), points


def _resized(image: Frame, width: int, height: int, method: int) -> Frame:
    return np.asarray(cv2.resize(image, (width, height), interpolation=method), np.uint8)


def _window(base: Frame, left: int, top: int, side: int) -> Frame:
    """Return a square window of a picture; outside it the border pixels are repeated."""
    height, width = base.shape[:2]
    x0, y0, x1, y1 = max(0, left), max(0, top), min(width, left + side), min(height, top + side)
    inside = base[y0:y1, x0:x1]
    padded = cv2.copyMakeBorder(inside, y0 - top, top + side - y1, x0 - left, left + side - x1, cv2.BORDER_REPLICATE)
    return np.asarray(padded, np.uint8)
