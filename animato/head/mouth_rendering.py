"""Render the inside of the mouth: surfaces of the head under the target's pose, between its lips."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from animato.geometry.aperture_mask import Window, smooth_outline, soft_mask, window_around
from animato.geometry.dental_arch import Rays, jaw_pose
from animato.geometry.landmarks import LIPS_INNER
from animato.geometry.pose import HeadPose, local_from_points
from animato.head.arch_texture import ABOVE, HALF_WIDTH
from animato.head.mouth_surfaces import LOWER_EDGE, OVERJET, MouthSurfaces
from animato.types import Plane, Points

CORNERS = (0, 10)
LIP_SOFTNESS = 0.04
"""Width of the transition at the lips, canonical centimetres."""
OCCLUSION_RADIUS = 0.16
"""Distance over which lips shade what lies behind them, canonical centimetres."""
TEETH_LIGHT, TONGUE_LIGHT = (0.42, 0.77), (0.6, 0.7)
"""Light on teeth and tongue at the lips, and far from them, relative to full light."""
SMILE_LIGHT = 0.35
"""Increase of the light on the teeth as a smile widens the mouth by a centimetre and bares them."""
TONGUE_DEPTH, TONGUE_TOP, TONGUE_WIDTH, TONGUE_SOFTNESS = 1.2, -0.6, 1.9, 0.8
"""Distance of the tongue behind the lower incisors, height of its middle below their edge, half width at which it is
0.5 lower, and width of its soft edge, canonical centimetres."""


def render_surfaces(
    surfaces: MouthSurfaces, target: Points, pose: HeadPose, size: int, cavity_only: bool = False
) -> tuple[Window, NDArray[np.float32], Plane]:
    """Render what is visible between the lips of a target face.

    Args:
        surfaces: of the head.
        target: 478 x 3, pixels of the crop.
        pose: of the target.
        size: side of the crop in pixels.
        cavity_only: whether there are no teeth and no tongue, as in a drawing.

    Returns:
        (window, layer, mask): the layer is h x w x 3 float32 in 0..255, the mask h x w float32 in [0, 1], 0 outside the
        lips. Both are empty if the mouth is closed.
    """
    inner = target[list(LIPS_INNER), :2].astype(np.float64)
    window = window_around(inner, 2.0, size, size)
    nothing = np.zeros((0, 0, 3), np.float32), np.zeros((0, 0), np.float32)
    if window.empty or np.linalg.norm(inner[0] - inner[10]) < 2:
        return window, *nothing
    mask = soft_mask(smooth_outline(inner, CORNERS), window, 0.0)
    if not mask.any():
        return window, *nothing
    openness = cv2.GaussianBlur(mask, (0, 0), OCCLUSION_RADIUS * pose.scale)
    local = local_from_points(target, pose)
    jaw = jaw_pose(pose, surfaces.angle(local))
    layer = np.empty((*mask.shape, 3), np.float32)
    layer[:] = surfaces.cavity
    if cavity_only:
        return window, layer, _eroded(mask, pose.scale)
    lower_origin = surfaces.origin + np.array([0.0, LOWER_EDGE, OVERJET])
    jaw_rays, rays = Rays.of(window, jaw), Rays.of(window, pose)
    light = np.asarray(np.clip(2 * openness - 1, 0, 1), np.float32)
    _lay_tongue(layer, surfaces, jaw_rays, lower_origin, light)
    x, y = jaw_rays.on_arch(lower_origin)
    lit = (TEETH_LIGHT[0] + (TEETH_LIGHT[1] - TEETH_LIGHT[0]) * light) * (
        1 + SMILE_LIGHT * min(surfaces.smile(local), 1)
    )
    _lay(layer, surfaces.lower, surfaces.resolution, x, -y, lit)
    x, y = rays.on_arch(surfaces.origin)
    _lay(layer, surfaces.upper, surfaces.resolution, x, y, lit)
    return window, layer, _eroded(mask, pose.scale)


def _lay(
    layer: NDArray[np.float32], texture: NDArray[np.uint8], resolution: float, x: Plane, y: Plane, light: Plane
) -> None:
    """Lay an arch over a layer, in place; x and y are centimetres from the edge between its central incisors."""
    columns = (x + np.float32(HALF_WIDTH)) * np.float32(resolution) - np.float32(0.5)
    rows = (y + np.float32(ABOVE)) * np.float32(resolution) - np.float32(0.5)
    sampled = cv2.remap(texture, columns, rows, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    alpha = (sampled[..., 3] * np.float32(1 / 255))[..., None]
    layer += alpha * (sampled[..., :3] * light[..., None] - layer)


def _lay_tongue(
    layer: NDArray[np.float32], surfaces: MouthSurfaces, rays: Rays, origin: NDArray[np.float64], light: Plane
) -> None:
    x, y = rays.on_plane(origin + np.array([0.0, TONGUE_TOP, TONGUE_DEPTH]))
    below = y - 0.5 * (x / np.float32(TONGUE_WIDTH)) ** 2
    alpha = np.clip(below / np.float32(TONGUE_SOFTNESS), 0, 1)
    lit = TONGUE_LIGHT[0] + (TONGUE_LIGHT[1] - TONGUE_LIGHT[0]) * light
    layer += alpha[..., None] * (surfaces.tongue * lit[..., None] - layer)


def _eroded(mask: Plane, scale: float) -> Plane:
    """Return a mask that fades to 0 inside the lips' rim."""
    sigma = max(0.6, LIP_SOFTNESS * scale)
    return np.clip(2 * cv2.GaussianBlur(mask, (0, 0), sigma) - 1, 0, 1) * mask
