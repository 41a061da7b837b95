"""Closing eyelids: skin unrolls over the eyeball, and the upper lashes follow the edge of the lid.

A photo of open eyes shows a strip of the upper lid a few pixels high, full of lashes. Copied to a closed lid it is
stretched many times over, and the network paints over it at its own, coarse resolution. In a sharp photo both are seen.
So the skin around an eye, without eye and lashes, is made once per photo, follows the same flow when the lid closes,
and the photo's own lashes are turned over at the lid's edge. In a photo that is not sharp the painted lid is as good.
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
ROOM, NEAR = 0.6, 0.25
"""Room around an eye that is looked at, and near it, widths of the eye."""

UP, DOWN, ASIDE = 0.24, 0.12, 0.10
"""How far the lashes reach around an open eye, in widths of the eye; what lies there is replaced by skin."""

STEP, RISE = 0.02, 0.08
"""Lashes thin out above a lid. Heights at which darkness is looked at, widths of the eye, and by how much of the skin's
brightness it rises again where the rim of glasses, a fold or a brow begins: that stays."""

NOT_SKIN = 0.75
"""Brightness over the skin's below which something lies on it."""

BROW_ROOM = 0.04
"""Room around a brow that is not skin, widths of the eye."""

SCALES = (0.05, 0.1, 0.2, 0.4)
"""Blurs by which skin is spread inwards, widths of the eye."""

SMOOTH, SOFT = 0.05, 0.03
"""Blurs of the skin that was made and of its rim, widths of the eye."""

CLOSING, FALLING = (0.35, 0.75), (0.1, 0.35)
"""Opening of the lids over the photo's: to the first bare skin and hanging lashes count fully, from the second not."""

PAINTED = (0.03, 0.08)
"""Distance above the lid's edge, widths of the eye, up to which what was painted stays, and from which bare skin is."""

HANG, DARK, LONGEST = 0.8, 0.55, 0.2
"""Length and darkness of hanging lashes, over those of the photo's raised ones; where they end, widths of the eye."""

CRISP = (0.85, 1.0)
"""Mean Laplacian over mean contrast around the eyes at which a photo begins to be sharp, and at which it is."""

CONTRAST = 3.0
"""Blur against which that contrast is measured, pixels of the eye's patch or, where they are larger, the photo's."""


@dataclass(frozen=True)
class Lid:
    """One eye's lid in a photo.

    Attributes:
        index: 0 for the left eye in the picture, 1 for the right one.
        open: aperture in the photo, height over width.
        axes: of the eye in the photo, pixels of `skin`.
        origin: x and y of the first pixel of `skin` in the photo's crop.
        skin: h x w x 4 float32: colours without eye and lashes, and how much of it was made, in [0, 1].
        lashes: h x w x 3 float32, by how much the photo is darker above the lid's edge.
        crisp: how sharp the photo is, in (0, 1].
    """

    index: int
    open: float
    axes: EyeAxes
    origin: tuple[int, int]
    skin: NDArray[np.float32]
    lashes: NDArray[np.float32]
    crisp: float


def build_lids(photo: Warper) -> tuple[Lid, ...]:
    """Make what closed lids will show: none for a photo that is not sharp, nor for an eye that it shows closed or from
    behind the nose.

    Args:
        photo: that is animated.
    """
    crop, points, found = photo.crop, photo.points, apertures(photo.local)
    seen = [index for index in (0, 1) if found[index] >= MIN_APERTURE and photo.visible[list(RINGS[index])].all()]
    outlines = [points[list(ring), :2].astype(np.float64) for ring in RINGS]
    near = [_window(outlines[index], NEAR, crop) for index in seen]
    crisp = 0.0
    if near and not any(window.empty for window in near):
        patch_pixel = max(1.0, photo.pose.scale * LEFT_EYE.span / LEFT_EYE.side)
        crisp = smoothstep(float(np.mean([_crispness(window.of(crop), patch_pixel) for window in near])), *CRISP)
    if crisp == 0:
        return ()
    eyes = [_SeenEye.of(crop, outlines[index], points[list(BROWS[index]), :2].astype(np.float64)) for index in seen]
    up = min(eye.reach for eye in eyes)  # both lids close alike
    return tuple(
        Lid(index, float(found[index]), eye.axes, eye.origin, *eye.without_lashes(up), crisp)
        for index, eye in zip(seen, eyes, strict=True)
    )


def close_lid(warped: Warped, lid: Lid, points: Points, local: NDArray[np.float64]) -> None:
    """Show a closing lid, in place; one that does not close is left as it is.

    Args:
        warped: the photo, warped and painted; its picture is changed.
        lid: from `build_lids`.
        points: 478 x 3, the target face, pixels of the crop.
        local: 478 x 3, the same in the head's own frame.
    """
    left = float(apertures(local)[lid.index]) / lid.open
    closed, fallen = (lid.crisp * (1 - smoothstep(left, *ends)) for ends in (CLOSING, FALLING))
    if closed <= 0:
        return
    size = warped.image.shape[0]
    outline = points[list(RINGS[lid.index]), :2].astype(np.float64)
    axes = EyeAxes.of(outline)
    window = _window(outline, ROOM, warped.image)
    if window.empty:
        return
    x, y = window.grid()
    u, v = axes.at(x, y)
    below = v - axes.edge(u)
    near, far = PAINTED
    skin = _follow(lid, warped.flow, size, x, y)
    share = skin[..., 3] * np.clip((-below - near) / (far - near), 0, 1) * np.float32(closed)
    view = window.of(warped.image)
    made = view + share[..., None] * (skin[..., :3] - view)
    if fallen > 0:
        made -= _hanging(lid, u, below) * np.float32(fallen * DARK)
    view[:] = np.clip(made + np.float32(0.5), 0, 255).astype(np.uint8)


def _follow(lid: Lid, flow: NDArray[np.float32], size: int, x: Plane, y: Plane) -> NDArray[np.float32]:
    """Return the bare skin (h x w x 4 float32) at pixels of the target; it is smooth, so the flow's grid is enough."""
    step = size / flow.shape[1]
    columns, rows = (x[0] + 0.5) / step - 0.5, (y[:, 0] + 0.5) / step - 0.5
    left, top = max(0, int(columns[0])), max(0, int(rows[0]))
    part = flow[:, top : int(rows[-1]) + 2, left : int(columns[-1]) + 2]
    coarse = cv2.remap(lid.skin, part[0] - lid.origin[0], part[1] - lid.origin[1], cv2.INTER_LINEAR)
    shape = (len(rows), len(columns))
    map_x, map_y = (np.broadcast_to(line, shape) for line in (columns - left, (rows - top)[:, None]))
    maps = np.ascontiguousarray(map_x, np.float32), np.ascontiguousarray(map_y, np.float32)
    return np.asarray(cv2.remap(coarse, *maps, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE), np.float32)


def _hanging(lid: Lid, u: Plane, below: Plane) -> NDArray[np.float32]:
    """Return by how much hanging lashes darken places below a lid's edge, h x w x 3 float32."""
    above = np.asarray(lid.axes.edge(u) - np.maximum(below, 0) / HANG, np.float32)
    x, y = lid.axes.pixels(u, above)
    lashes = cv2.remap(lid.lashes, x, y, cv2.INTER_LINEAR)
    ends = np.clip((u + 0.08) / 0.1, 0, 1) * np.clip((1.08 - u) / 0.1, 0, 1)
    seen = ends * np.clip((below + 0.03) / 0.03, 0, 1) * np.clip((LONGEST - below) / 0.08, 0, 1)
    return np.asarray(lashes * seen[..., None], np.float32)


def _window(outline: NDArray[np.float64], room: float, picture: Frame) -> Window:
    """Return the rectangle around an eye (16 x 2) with some room, widths of the eye."""
    width = float(np.hypot(*(outline[CORNERS[1]] - outline[0])))
    return window_around(outline, room * width, picture.shape[1], picture.shape[0])


def _crispness(part: Frame, patch_pixel: float) -> float:
    """Return how sharp a picture is at its own resolution: mean Laplacian over mean contrast."""
    grey = cv2.cvtColor(part, cv2.COLOR_RGB2GRAY).astype(np.float32)
    contrast = float(np.abs(grey - cv2.GaussianBlur(grey, (0, 0), CONTRAST * patch_pixel)).mean())
    return float(np.abs(cv2.Laplacian(grey, -1)).mean()) / max(contrast, 1e-3)


@dataclass(frozen=True)
class _SeenEye:
    """An eye in a photo, as it is taken away from the skin around it; all in pixels of a window of the crop.

    Attributes:
        part: h x w x 3 float32, the window, RGB of 255.
        eye: h x w float32 in [0, 1], the opening.
        hair: h x w uint8, 1 where a brow is.
        axes: of the eye.
        origin: x and y of the window's first pixel in the crop.
        reach: how far up lashes alone reach, widths of the eye.
        bare: h x w bool, where nothing lies on the skin.
    """

    part: NDArray[np.float32]
    eye: Plane
    hair: NDArray[np.uint8]
    axes: EyeAxes
    origin: tuple[int, int]
    reach: float
    bare: NDArray[np.bool_]

    @classmethod
    def of(cls, crop: Frame, outline: NDArray[np.float64], brow: NDArray[np.float64]) -> _SeenEye:
        """Look at an eye (16 x 2) and its brow (N x 2, pixels of the crop)."""
        window = _window(outline, ROOM, crop)
        axes = EyeAxes.of(outline - (window.left, window.top))
        part = window.of(crop)
        hair: NDArray[np.uint8] = np.zeros(part.shape[:2], np.uint8)
        cv2.fillPoly(hair, [np.rint(brow - (window.left, window.top)).astype(np.int32)], 1)
        room = 2 * round(BROW_ROOM * axes.width) + 1
        hair = np.asarray(cv2.dilate(hair, np.ones((room, room), np.uint8)), np.uint8)
        grey = cv2.cvtColor(part, cv2.COLOR_RGB2GRAY).astype(np.float32)
        reach, light = _reach(grey, axes)
        eye = soft_mask(smooth_outline(outline, CORNERS), window, 0.0)
        bare = (hair == 0) & (grey > NOT_SKIN * light)
        return cls(part.astype(np.float32), eye, hair, axes, (window.left, window.top), reach, bare)

    def without_lashes(self, up: float) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Return `skin` and `lashes` of a `Lid`; lashes reach so far up, widths of the eye."""
        width = self.axes.width
        taken = np.where(self.hair > 0, 0, _grown(self.eye, width, up))
        skin = _spread(self.part, (self.bare & (taken < 0.03)).astype(np.float32), width)
        made = cv2.GaussianBlur(taken, (0, 0), max(SOFT * width, 0.5))
        shown = self.part + made[..., None] * (skin - self.part)
        lid_only = 1 - cv2.GaussianBlur(self.eye, (0, 0), max(0.008 * width, 0.4))
        return np.dstack([shown, made]).astype(np.float32), np.maximum(skin - self.part, 0) * lid_only[..., None]


def _reach(grey: Plane, axes: EyeAxes) -> tuple[float, float]:
    """Return how far up lashes alone reach, widths of the eye, and how bright the skin above the lid is, of 255."""
    u, v = axes.at(*np.meshgrid(*(np.arange(side, dtype=np.float32) for side in grey.shape[::-1])))
    above = axes.edge(u) - v
    middle = (u > 0.15) & (u < 0.85)
    skin = grey[middle & (above > 2 * STEP) & (above < UP)]
    light = float(np.percentile(skin, 80)) if skin.size else 0.0
    heights = np.arange(2 * STEP, UP + 2 * STEP, STEP)
    rows = [grey[middle & (np.abs(above - height) < STEP / 2)] for height in heights]
    dark = np.array([float(np.maximum(1 - row / max(light, 1.0), 0).mean()) if row.size else 0.0 for row in rows])
    for number in range(1, len(dark) - 1):
        if dark[number:].max() > dark[number] + RISE and dark[number] <= dark[number:].min() + 1e-6:
            return float(heights[number]), light
    return UP, light


def _grown(eye: Plane, width: float, up: float) -> Plane:
    """Return the opening with all that lashes cover around it, up to a height, h x w float32 in [0, 1]."""
    across = max(1, round(ASIDE * width))
    grown = []
    for reach, upwards in ((up, True), (DOWN, False)):
        down = max(1, round(reach * width))
        kernel: NDArray[np.uint8] = np.zeros((2 * down + 1, 2 * across + 1), np.uint8)
        cv2.ellipse(kernel, (across, down), (across, down), 0, 0, 360, 1, -1)
        # A pixel takes the largest value under the kernel: to grow upwards it has to look down.
        kernel[(slice(None, down) if upwards else slice(down + 1, None))] = 0
        grown.append(cv2.dilate(eye, kernel))
    return np.asarray(np.maximum(*grown), np.float32)


def _spread(part: NDArray[np.float32], known: Plane, width: float) -> NDArray[np.float32]:
    """Return the colours of known places (h x w float32, 0 or 1) spread over all others, from fine to coarse."""
    colours, confidence = np.zeros_like(part), np.zeros((*known.shape, 1), np.float32)
    for scale in SCALES:
        blur = max(scale * width, 0.8)
        there = cv2.GaussianBlur(known, (0, 0), blur)[..., None]
        mean = cv2.GaussianBlur(part * known[..., None], (0, 0), blur) / np.maximum(there, 1e-6)
        share = np.clip(4 * there, 0, 1) * (1 - confidence)
        colours += share * mean
        confidence += share
    return np.asarray(
        cv2.GaussianBlur(colours / np.maximum(confidence, 1e-6), (0, 0), max(SMOOTH * width, 0.5)), np.float32
    )
