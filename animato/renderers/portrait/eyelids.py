"""Closing eyelids: skin unrolls over the eyeball, and the upper lashes follow the edge of the lid.

A photo of open eyes shows a strip of the upper lid a few pixels high, full of lashes. Warped to a closed lid it is
stretched many times, and the network paints over it at a coarse resolution; both are visible on sharp photos. The skin
around an eye, without eye and lashes, is therefore synthesised once per photo and follows the flow as the lid closes,
and the photo's own lashes are flipped at the lid's edge. On soft photos the painted lid is equally good.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from animato.geometry.aperture_mask import Window, smooth_outline, soft_mask, window_around
from animato.geometry.apertures import apertures
from animato.geometry.landmarks import BROW_LEFT, BROW_RIGHT, EYE_LEFT, EYE_RIGHT
from animato.geometry.patch import LEFT_EYE
from animato.geometry.smoothstep import smoothstep
from animato.head.eye_axes import EyeAxes
from animato.head.eyeballs import CORNERS, MIN_APERTURE
from animato.renderers.warp.warper import Warped, Warper
from animato.types import Frame, Plane, Points

RINGS, BROWS = (EYE_LEFT, EYE_RIGHT), (BROW_LEFT, BROW_RIGHT)
WINDOW_MARGIN, NEAR_MARGIN = 0.6, 0.25
"""Margins of the processed window around an eye, and of that in which sharpness is measured, eye widths."""

LASH_UP, LASH_DOWN, LASH_SIDE = 0.24, 0.12, 0.10
"""Extent of lashes around an open eye, which is replaced by skin, eye widths."""

SCAN_STEP, DARKNESS_RISE = 0.02, 0.08
"""Step of heights above the lid at which darkness is measured, eye widths, and its increase, relative to the skin's
brightness, at which lashes end and a spectacle rim, a fold or a brow begins, which is kept."""

MIN_SKIN_BRIGHTNESS = 0.75
"""Brightness relative to skin below which a pixel is not skin."""

DIFFUSION_SIGMA = 0.4
"""Sigma of the diffusion of skin inwards, eye widths."""

SKIN_BLUR, MASK_BLUR = 0.05, 0.03
"""Blur of the synthesised skin and of its mask, eye widths."""

SKIN_APERTURES, LASH_APERTURES = (0.35, 0.75), (0.1, 0.35)
"""Apertures relative to the photo's at which synthesised skin and flipped lashes are fully used, and not used."""

PAINTED_DISTANCE = (0.03, 0.08)
"""Distance above the lid's edge up to which the painted result is kept, and from which it is not, eye widths."""

LASH_LENGTH, LASH_DARKNESS, LASH_END = 0.8, 0.55, 0.2
"""Length and darkness of flipped lashes relative to the photo's raised ones; their maximum length, eye widths."""

SHARPNESS_RANGE = (0.85, 1.0)
"""Mean Laplacian over mean contrast around the eyes at which a photo begins to count as sharp, and counts fully."""

CONTRAST_SIGMA = 3.0
"""Sigma of the blur against which contrast is measured, pixels of the eye's patch or, if larger, of the photo."""


@dataclass(frozen=True)
class Eyelid:
    """Synthesised lid of one eye of a photo.

    Attributes:
        index: 0 for the left eye in the picture, 1 for the right one.
        aperture: in the photo, height over width.
        axes: of the eye in the photo, pixels of `skin`.
        origin: x and y of the first pixel of `skin` in the photo's crop.
        skin: h x w x 4 float32: colours without eye and lashes, and mask of synthesised skin, in [0, 1].
        lashes: h x w x 3 float32, darkening of the photo by lashes.
        sharpness: of the photo, in (0, 1].
    """

    index: int
    aperture: float
    axes: EyeAxes
    origin: tuple[int, int]
    skin: NDArray[np.float32]
    lashes: NDArray[np.float32]
    sharpness: float


def build_eyelids(photo: Warper) -> tuple[Eyelid, ...]:
    """Synthesise the lids of a photo: none if it is not sharp, nor for closed or partly hidden eyes.

    Args:
        photo: the animated photo.
    """
    crop, points, openings = photo.crop, photo.points, apertures(photo.local)
    visible = [index for index in (0, 1) if openings[index] >= MIN_APERTURE and photo.visible[list(RINGS[index])].all()]
    outlines = [points[list(ring), :2].astype(np.float64) for ring in RINGS]
    windows = [_window(outlines[index], NEAR_MARGIN, crop) for index in visible]
    sharpness = 0.0
    if windows and not any(window.empty for window in windows):
        patch_pixel = max(1.0, photo.pose.scale * LEFT_EYE.span / LEFT_EYE.side)
        sharpness = smoothstep(
            float(np.mean([_sharpness(window.of(crop), patch_pixel) for window in windows])), *SHARPNESS_RANGE
        )
    if sharpness == 0:
        return ()
    eyes = [
        _EyeRegion.of(crop, outlines[index], points[list(BROWS[index]), :2].astype(np.float64)) for index in visible
    ]
    height = min(eye.lash_height for eye in eyes)  # the same height for both lids
    return tuple(
        Eyelid(index, float(openings[index]), eye.axes, eye.origin, *eye.without_lashes(height), sharpness)
        for index, eye in zip(visible, eyes, strict=True)
    )


def close_eyelid(warped: Warped, lid: Eyelid, points: Points, local: NDArray[np.float64]) -> None:
    """Composite a closing lid, in place; an open one is unchanged.

    Args:
        warped: the warped and painted photo; its image is changed.
        lid: from `build_eyelids`.
        points: 478 x 3, the target face, pixels of the crop.
        local: 478 x 3, its canonical landmarks.
    """
    ratio = float(apertures(local)[lid.index]) / lid.aperture
    skin_weight, lash_weight = (
        lid.sharpness * (1 - smoothstep(ratio, *ends)) for ends in (SKIN_APERTURES, LASH_APERTURES)
    )
    if skin_weight <= 0:
        return
    size = warped.image.shape[0]
    outline = points[list(RINGS[lid.index]), :2].astype(np.float64)
    axes = EyeAxes.of(outline)
    window = _window(outline, WINDOW_MARGIN, warped.image)
    if window.empty:
        return
    x, y = window.grid()
    u, v = axes.at(x, y)
    below = v - axes.edge(u)
    near, far = PAINTED_DISTANCE
    skin = _warp_skin(lid, warped.flow, size, x, y)
    alpha = skin[..., 3] * np.clip((-below - near) / (far - near), 0, 1) * np.float32(skin_weight)
    view = window.of(warped.image)
    result = view + alpha[..., None] * (skin[..., :3] - view)
    if lash_weight > 0:
        result -= _flipped_lashes(lid, u, below) * np.float32(lash_weight * LASH_DARKNESS)
    view[:] = np.clip(result + np.float32(0.5), 0, 255).astype(np.uint8)


def _warp_skin(lid: Eyelid, flow: NDArray[np.float32], size: int, x: Plane, y: Plane) -> NDArray[np.float32]:
    """Warp the synthesised skin to pixels of the target, h x w x 4 float32, via the flow's grid, as skin is smooth."""
    step = size / flow.shape[1]
    columns, rows = (x[0] + 0.5) / step - 0.5, (y[:, 0] + 0.5) / step - 0.5
    left, top = max(0, int(columns[0])), max(0, int(rows[0]))
    region = flow[:, top : int(rows[-1]) + 2, left : int(columns[-1]) + 2]
    coarse = cv2.remap(lid.skin, region[0] - lid.origin[0], region[1] - lid.origin[1], cv2.INTER_LINEAR)
    shape = (len(rows), len(columns))
    map_x, map_y = (np.broadcast_to(line, shape) for line in (columns - left, (rows - top)[:, None]))
    maps = np.ascontiguousarray(map_x, np.float32), np.ascontiguousarray(map_y, np.float32)
    return np.asarray(cv2.remap(coarse, *maps, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE), np.float32)


def _flipped_lashes(lid: Eyelid, u: Plane, below: Plane) -> NDArray[np.float32]:
    """Return the darkening of pixels below a lid's edge by flipped lashes, h x w x 3 float32."""
    above = np.asarray(lid.axes.edge(u) - np.maximum(below, 0) / LASH_LENGTH, np.float32)
    x, y = lid.axes.pixels(u, above)
    lashes = cv2.remap(lid.lashes, x, y, cv2.INTER_LINEAR)
    ends = np.clip((u + 0.08) / 0.1, 0, 1) * np.clip((1.08 - u) / 0.1, 0, 1)
    mask = ends * np.clip((below + 0.03) / 0.03, 0, 1) * np.clip((LASH_END - below) / 0.08, 0, 1)
    return np.asarray(lashes * mask[..., None], np.float32)


def _window(outline: NDArray[np.float64], margin: float, picture: Frame) -> Window:
    """Return the rectangle around an eye (16 x 2) with a margin in eye widths."""
    width = float(np.hypot(*(outline[CORNERS[1]] - outline[0])))
    return window_around(outline, margin * width, picture.shape[1], picture.shape[0])


def _sharpness(image: Frame, patch_pixel: float) -> float:
    """Return the sharpness of an image at its own resolution: mean Laplacian over mean contrast."""
    grey = cv2.cvtColor(image, cv2.COLOR_RGB2GRAY).astype(np.float32)
    contrast = float(np.abs(grey - cv2.GaussianBlur(grey, (0, 0), CONTRAST_SIGMA * patch_pixel)).mean())
    return float(np.abs(cv2.Laplacian(grey, -1)).mean()) / max(contrast, 1e-3)


@dataclass(frozen=True)
class _EyeRegion:
    """Segmentation of an eye and its lashes in a photo; all in pixels of a window of the crop.

    Attributes:
        image: h x w x 3 float32, the window, RGB of 255.
        eye: h x w float32 in [0, 1], the opening.
        brow: h x w uint8, 1 on the brow.
        axes: of the eye.
        origin: x and y of the window's first pixel in the crop.
        lash_height: height of the lashes, eye widths.
        bare: h x w bool, uncovered skin.
    """

    image: NDArray[np.float32]
    eye: Plane
    brow: NDArray[np.uint8]
    axes: EyeAxes
    origin: tuple[int, int]
    lash_height: float
    bare: NDArray[np.bool_]

    @classmethod
    def of(cls, crop: Frame, outline: NDArray[np.float64], brow: NDArray[np.float64]) -> _EyeRegion:
        """Segment an eye (16 x 2) and its brow (N x 2), pixels of the crop."""
        window = _window(outline, WINDOW_MARGIN, crop)
        axes = EyeAxes.of(outline - (window.left, window.top))
        image = window.of(crop)
        brow_mask: NDArray[np.uint8] = np.zeros(image.shape[:2], np.uint8)
        cv2.fillPoly(brow_mask, [np.rint(brow - (window.left, window.top)).astype(np.int32)], 1)
        grey = cv2.cvtColor(image, cv2.COLOR_RGB2GRAY).astype(np.float32)
        lash_height, brightness = _lash_height(grey, axes)
        eye = soft_mask(smooth_outline(outline, CORNERS), window, 0.0)
        bare = (brow_mask == 0) & (grey > MIN_SKIN_BRIGHTNESS * brightness)
        return cls(image.astype(np.float32), eye, brow_mask, axes, (window.left, window.top), lash_height, bare)

    def without_lashes(self, height: float) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Return `skin` and `lashes` of an `Eyelid` for a height of the lashes, eye widths."""
        width = self.axes.width
        covered = np.where(self.brow > 0, 0, _with_lashes(self.eye, width, height))
        skin = _diffuse(self.image, (self.bare & (covered < 0.03)).astype(np.float32), width)
        mask = cv2.GaussianBlur(covered, (0, 0), max(MASK_BLUR * width, 0.5))
        blended = self.image + mask[..., None] * (skin - self.image)
        lid_only = 1 - cv2.GaussianBlur(self.eye, (0, 0), max(0.008 * width, 0.4))
        return np.dstack([blended, mask]).astype(np.float32), np.maximum(skin - self.image, 0) * lid_only[..., None]


def _lash_height(grey: Plane, axes: EyeAxes) -> tuple[float, float]:
    """Return the height of the lashes, eye widths, and the brightness of the skin above the lid, of 255."""
    u, v = axes.at(*np.meshgrid(*(np.arange(side, dtype=np.float32) for side in grey.shape[::-1])))
    above = axes.edge(u) - v
    middle = (u > 0.15) & (u < 0.85)
    skin = grey[middle & (above > 2 * SCAN_STEP) & (above < LASH_UP)]
    brightness = float(np.percentile(skin, 80)) if skin.size else 0.0
    heights = np.arange(2 * SCAN_STEP, LASH_UP + 2 * SCAN_STEP, SCAN_STEP)
    rows = [grey[middle & (np.abs(above - height) < SCAN_STEP / 2)] for height in heights]
    dark = np.array([float(np.maximum(1 - row / max(brightness, 1.0), 0).mean()) if row.size else 0.0 for row in rows])
    for number in range(1, len(dark) - 1):
        if dark[number:].max() > dark[number] + DARKNESS_RISE and dark[number] <= dark[number:].min() + 1e-6:
            return float(heights[number]), brightness
    return LASH_UP, brightness


def _with_lashes(eye: Plane, width: float, height: float) -> Plane:
    """Return the opening dilated by the extent of the lashes, h x w float32 in [0, 1]."""
    across = max(1, round(LASH_SIDE * width))
    grown = []
    for extent, upwards in ((height, True), (LASH_DOWN, False)):
        down = max(1, round(extent * width))
        kernel: NDArray[np.uint8] = np.zeros((2 * down + 1, 2 * across + 1), np.uint8)
        cv2.ellipse(kernel, (across, down), (across, down), 0, 0, 360, 1, -1)
        # Dilation takes the maximum under the kernel: to grow upwards, the kernel must cover the lower half.
        kernel[(slice(None, down) if upwards else slice(down + 1, None))] = 0
        grown.append(cv2.dilate(eye, kernel))
    return np.asarray(np.maximum(*grown), np.float32)


def _diffuse(image: NDArray[np.float32], mask: Plane, width: float) -> NDArray[np.float32]:
    """Extend the colours inside a mask (h x w float32, 0 or 1) over all other pixels."""
    blur = max(DIFFUSION_SIGMA * width, 0.8)
    weight = cv2.GaussianBlur(mask, (0, 0), blur)[..., None]
    colours = cv2.GaussianBlur(image * mask[..., None], (0, 0), blur) / np.maximum(weight, 1e-6)
    return np.asarray(cv2.GaussianBlur(colours, (0, 0), max(SKIN_BLUR * width, 0.5)), np.float32)
