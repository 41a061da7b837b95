"""Outlines and soft masks of the apertures (eyes, mouth), and the plane behind them.

What is behind an aperture does not move with the skin around it: an eyeball, or teeth fixed to the skull. Each is a
textured plane that follows the head rigidly and is visible through the aperture only.
"""

from __future__ import annotations

import functools
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from animato.geometry.pose import HeadPose
from animato.geometry.smoothstep import smoothstep
from animato.types import Affine, Frame, Plane

SUBPIXEL_BITS = 4
COPY_BELOW = 0.02
RENDER_FROM = 0.08
"""Displacement of an aperture's outline relative to its width: up to the first the photo is copied, from the second on
the layer is rendered."""


@dataclass(frozen=True)
class Window:
    """A rectangle of an image, clipped to it.

    Attributes:
        left: first column.
        top: first row.
        right: column after the last.
        bottom: row after the last.
    """

    left: int
    top: int
    right: int
    bottom: int

    @property
    def empty(self) -> bool:
        """Whether the rectangle lies outside the image."""
        return self.right <= self.left or self.bottom <= self.top

    def grid(self) -> tuple[Plane, Plane]:
        """Return x and y of every pixel, each h x w float32."""
        x = np.arange(self.left, self.right, dtype=np.float32)
        y = np.arange(self.top, self.bottom, dtype=np.float32)
        columns, rows = np.meshgrid(x, y)
        return columns, rows

    def of(self, image: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """Return the rectangle of an image (H x W x 3), as a view."""
        return image[self.top : self.bottom, self.left : self.right]


def window_around(outline: NDArray[np.floating], margin: float, width: int, height: int) -> Window:
    """Return the bounding box of an outline, with a margin in pixels, clipped to the image."""
    low, high = outline.min(axis=0) - margin, outline.max(axis=0) + margin
    left, top = max(0, int(np.floor(low[0]))), max(0, int(np.floor(low[1])))
    return Window(left, top, min(width, int(np.ceil(high[0])) + 1), min(height, int(np.ceil(high[1])) + 1))


def smooth_outline(ring: NDArray[np.floating], corners: tuple[int, int], steps: int = 4) -> NDArray[np.float64]:
    """Return a closed Catmull-Rom spline through the points of a ring, sharp at its two corners.

    Args:
        ring: N x 2, pixels, in order.
        corners: indices of the two corners.
        steps: points per segment.
    """
    return np.asarray(_spline(len(ring), corners, steps) @ ring, np.float64)


@functools.cache
def _spline(count: int, corners: tuple[int, int], steps: int) -> NDArray[np.float64]:
    """Return the interpolation matrix of the spline, (steps N) x N."""
    points = np.eye(count)
    before, after = np.roll(points, 1, axis=0), np.roll(points, -1, axis=0)
    tangent = (after - before) / 2
    tangent[list(corners)] = 0.0  # a zero tangent makes a sharp corner
    t = (np.arange(steps) / steps)[None, :, None]
    p0, p1, m0, m1 = points[:, None], after[:, None], tangent[:, None], np.roll(tangent, -1, axis=0)[:, None]
    h00, h10 = 2 * t**3 - 3 * t**2 + 1, t**3 - 2 * t**2 + t
    h01, h11 = -2 * t**3 + 3 * t**2, t**3 - t**2
    return np.asarray((h00 * p0 + h10 * m0 + h01 * p1 + h11 * m1).reshape(-1, count), np.float64)


def soft_mask(outline: NDArray[np.float64], window: Window, blur: float) -> Plane:
    """Return the filled outline over a window, float32 in [0, 1], blurred with a sigma of `blur` pixels."""
    height, width = window.bottom - window.top, window.right - window.left
    mask = np.zeros((height, width), np.uint8)
    shifted = np.rint((outline - (window.left, window.top)) * (1 << SUBPIXEL_BITS)).astype(np.int32)
    cv2.fillPoly(mask, [shifted], 255, cv2.LINE_AA, SUBPIXEL_BITS)
    # fillPoly draws the outline too, so a closed aperture would leave a line: fade out columns one pixel high.
    column_height = (mask > 127).sum(axis=0).astype(np.float32)
    mask = (mask * np.clip((column_height - 1.0) * 0.5, 0, 1)).astype(np.uint8)
    if blur > 0.2:
        cv2.GaussianBlur(mask, (0, 0), blur, dst=mask)
    # The same for apertures less than a pixel high on average.
    contour = outline.astype(np.float32)
    opacity = min(1.0, cv2.contourArea(contour) / max(cv2.arcLength(contour, True) / 2, 1e-6))  # mean height in pixels
    return np.asarray(mask.astype(np.float32) * np.float32(opacity / 255), np.float32)


def plane_map(centre: NDArray[np.float64], source_pose: HeadPose, target_pose: HeadPose) -> Affine:
    """Return the map source_from_target of a plane through a point of the head, parallel to the canonical face plane.

    Args:
        centre: 3 float64, a point in the head's own frame, canonical centimetres.
        source_pose: pose in the photo.
        target_pose: pose of the target.
    """
    corners = centre + np.array([[0.0, 0, 0], [1, 0, 0], [0, 1, 0]])
    source = (source_pose.scale * corners @ source_pose.rotation.T + source_pose.translation)[:, :2]
    target = (target_pose.scale * corners @ target_pose.rotation.T + target_pose.translation)[:, :2]
    return np.asarray(cv2.getAffineTransform(target.astype(np.float32), source.astype(np.float32)), np.float64)


def activation(source: NDArray[np.float64], target: NDArray[np.float64]) -> float:
    """Return the opacity in [0, 1] of the rendered layer, from the displacement of the aperture since the photo.

    Near its pose in the photo, an eye or a mouth is copied, because the photo has details such as shadows of lashes.

    Args:
        source: N x 3, outline in the photo, in the head's own frame.
        target: N x 3, outline in the target.
    """
    width = float(np.ptp(source[:, 0]))
    displacement = float(np.linalg.norm((target - source)[:, :2], axis=1).max()) / max(width, 1e-6)
    return smoothstep(displacement, COPY_BELOW, RENDER_FROM)


def blend(image: Frame, window: Window, layer: NDArray[np.floating], mask: Plane) -> None:
    """Blend a layer over a window of an image, in place.

    Args:
        image: H x W x 3 uint8, changed.
        layer: h x w x 3, range 0..255.
        mask: h x w float32 in [0, 1].
    """
    region = window.of(image)
    alpha = mask[..., None]
    region[:] = np.clip(region * (1 - alpha) + layer * alpha + 0.5, 0, 255).astype(np.uint8)


def clear(image: Frame, corner: tuple[int, int], window: Window, mask: Plane) -> None:
    """Darken a part of an image to black where an aperture is, in place.

    Args:
        image: h x w x 3 uint8, changed.
        corner: left and top pixel of the part in the image that the window refers to.
        mask: of the window, float32 in [0, 1]: 1 is black.
    """
    left, top = window.left - corner[0], window.top - corner[1]
    first_row, first_column = max(0, -top), max(0, -left)
    region = image[top + first_row : max(0, window.bottom - corner[1]), left + first_column : window.right - corner[0]]
    if region.size:
        kept = 1 - mask[first_row : first_row + region.shape[0], first_column : first_column + region.shape[1]]
        region[:] = np.rint(region * kept[..., None])


def composite_confidence(validity: Plane, left: float, top: float, mask: Plane, confidence: Plane, step: float) -> None:
    """Composite an opening's confidence into a validity map, in place.

    Args:
        validity: H x W float32, on a coarser grid.
        left, top: first pixel of the opening on that grid.
        mask: h x w float32, opacity of the opening.
        confidence: h x w float32 in [0, 1].
        step: pixels of the opening for each cell of the grid.
    """
    height, width = max(1, round(mask.shape[0] / step)), max(1, round(mask.shape[1] / step))
    row, column = round(top), round(left)
    view = validity[row : row + height, column : column + width]
    if not view.size:
        return
    small = cv2.resize(mask, (width, height), interpolation=cv2.INTER_AREA)[: view.shape[0], : view.shape[1]]
    inside = cv2.resize(confidence, (width, height), interpolation=cv2.INTER_AREA)[: view.shape[0], : view.shape[1]]
    view += small * (inside - view)
