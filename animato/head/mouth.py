"""Mouth interior of a photo: visible texture fixed to the skull, completed by a drawn cavity, tongue and teeth.

The drawn parts are generic, because the photo does not show this person's own; their confidence is zero.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import cv2
import numpy as np
from numpy.typing import NDArray

from animato.geometry.aperture_mask import Window, plane_map, smooth_outline, soft_mask, window_around
from animato.geometry.apertures import face_apertures
from animato.geometry.landmarks import EYE_LEFT, EYE_RIGHT, LIPS_INNER, LIPS_OUTER, MOUTH_CORNERS
from animato.geometry.pose import HeadPose, local_from_points
from animato.geometry.smoothstep import smoothstep
from animato.head.gamut import FaceGamut
from animato.types import Affine, Frame, Plane, Points

CORNERS = (0, 10)
MIN_APERTURE = 0.035
"""Aperture of the mouth (`geometry.apertures`) from which a photo shows its interior."""


@dataclass(frozen=True)
class MouthInterior:
    """Texture and generic colours of the mouth interior.

    Attributes:
        texture: h x w x 3 uint8, a patch of the source crop.
        confidence: h x w float32 in [0, 1], 1 where the interior is visible in the photo.
        origin: (x, y) of the patch's first pixel in the source crop.
        cavity: 3 float32, colour of the cavity, range 0..255.
        tongue: 3 float32, colour of the tongue, range 0..255.
        teeth: 3 float32, colour of lit enamel in this photo's light, range 0..255.
        pose: of the photo.
        centre: 3 float64, middle of the mouth in the head's own frame, canonical centimetres.
        head_from_patch: 2 x 3 float64, from pixels of the source crop to centimetres right of and below the centre.
        draws_teeth: whether generic teeth are drawn; in a drawing a mouth is a cavity.
    """

    texture: Frame
    confidence: Plane
    origin: tuple[int, int]
    cavity: NDArray[np.float32]
    tongue: NDArray[np.float32]
    teeth: NDArray[np.float32]
    pose: HeadPose
    centre: NDArray[np.float64]
    head_from_patch: Affine
    draws_teeth: bool = True


def build_mouth(crop: Frame, points: Points, pose: HeadPose, gamut: FaceGamut) -> MouthInterior:
    """Extract the mouth interior from a photo.

    Args:
        crop: S x S x 3 uint8 RGB.
        points: 478 x 3, pixels of the crop.
        pose: pose of the photo.
        gamut: colour range of its face, to which drawn parts are clipped.
    """
    inner = points[list(LIPS_INNER), :2].astype(np.float64)
    outer = points[list(LIPS_OUTER), :2].astype(np.float64)
    width = float(np.linalg.norm(points[MOUTH_CORNERS[0], :2] - points[MOUTH_CORNERS[1], :2]))
    window = window_around(outer, 0.1 * width, crop.shape[1], crop.shape[0])
    aperture = soft_mask(smooth_outline(inner, CORNERS), window, 0.0)
    erosion = max(1, round(width / 60))
    visible = cv2.erode((aperture > 0.9).astype(np.uint8), np.ones((2 * erosion + 1, 2 * erosion + 1), np.uint8))
    if face_apertures(points, pose)[2] < MIN_APERTURE:
        visible = np.zeros_like(visible)
    lips = (soft_mask(smooth_outline(outer, CORNERS), window, 0.0) > 0.5) & (aperture < 0.1)
    patch = window.of(crop)
    colour = np.median(patch[lips], axis=0) if lips.any() else np.array([150.0, 90, 85])
    cavity = np.array([0.24, 0.11, 0.11]) * colour.mean() + 0.05 * colour
    confidence = cv2.GaussianBlur(visible.astype(np.float32), (0, 0), max(0.8, erosion * 0.8))
    corners = local_from_points(points[list(MOUTH_CORNERS)], pose)
    lip_middle = local_from_points(points[[13]], pose)[0]
    # Teeth are behind the lips, at a fixed height below the upper lip: in a smile the corners are above the seam.
    centre = np.array([corners[:, 0].mean(), lip_middle[1], lip_middle[2] + 0.8])
    return MouthInterior(
        np.ascontiguousarray(patch),
        np.asarray(confidence, np.float32),
        (window.left, window.top),
        gamut.clip(cavity),
        gamut.clip(0.66 * colour * np.array([1.0, 0.74, 0.76])),
        gamut.clip(_enamel(crop, points)),
        pose,
        centre,
        _head_from_patch(centre, pose),
    )


def visible_area(mouth: MouthInterior) -> float:
    """Return the visible area of the mouth interior in a photo, square canonical centimetres."""
    return float(mouth.confidence.sum()) / mouth.pose.scale**2


def relit(mouth: MouthInterior, gain: NDArray[np.floating]) -> MouthInterior:
    """Return a mouth interior under the light of another photo.

    Args:
        mouth: from `build_mouth`.
        gain: 3, factor on red, green and blue.
    """
    texture = np.clip(mouth.texture * gain + 0.5, 0, 255).astype(np.uint8)
    cavity, tongue, teeth = ((colour * gain).astype(np.float32) for colour in (mouth.cavity, mouth.tongue, mouth.teeth))
    return replace(mouth, texture=texture, cavity=cavity, tongue=tongue, teeth=teeth)


def _enamel(crop: Frame, points: Points) -> NDArray[np.float32]:
    """Estimate the colour of teeth under the photo's light from the sclera, slightly warmer."""
    sclera_colours = []
    for ring in (EYE_LEFT, EYE_RIGHT):
        outline = points[list(ring), :2].astype(np.float64)
        window = window_around(outline, 1.0, crop.shape[1], crop.shape[0])
        sclera = soft_mask(smooth_outline(outline, (0, 8)), window, 0.0) > 0.9
        pixels = window.of(crop)[sclera].astype(np.float64)
        if len(pixels) >= 20:
            brightness = pixels.mean(axis=1)
            sclera_colours.append(np.median(pixels[brightness >= np.percentile(brightness, 70)], axis=0))
    cheeks = np.clip(np.rint(points[[50, 280, 205, 425], :2]), 0, crop.shape[0] - 1).astype(int)
    skin = np.median(cv2.blur(crop, (5, 5))[cheeks[:, 1], cheeks[:, 0]].astype(np.float64), axis=0)
    sclera_colour = np.mean(sclera_colours, axis=0) if sclera_colours else skin.mean() * np.array([1.1, 1.05, 1.0])
    # The lids shade the sclera, so bound the result: teeth are rarely darker than skin or twice as bright.
    brightness = float(np.clip(sclera_colour.mean() * 1.1, 0.9 * skin.mean(), 1.45 * skin.mean() + 20))
    return np.asarray(
        np.clip(sclera_colour / max(sclera_colour.mean(), 1.0) * brightness * (1.02, 0.99, 0.94), 0, 235), np.float32
    )


def _head_from_patch(centre: NDArray[np.float64], pose: HeadPose) -> Affine:
    linear = np.linalg.inv(pose.scale * pose.rotation[:2, :2])
    middle = (pose.scale * pose.rotation @ centre + pose.translation)[:2]
    return np.concatenate([linear, (-linear @ middle)[:, None]], axis=1)


def render_mouth(
    mouth: MouthInterior, target: Points, target_pose: HeadPose, size: int
) -> tuple[Window, NDArray[np.float32], Plane, Plane]:
    """Render the mouth interior visible between the lips of a target face.

    Args:
        mouth: from `build_mouth`.
        target: 478 x 3, pixels of the target crop.
        target_pose: pose of the target.
        size: side of the crop in pixels.

    Returns:
        (window, layer, mask, confidence) as for the eyes; the layer is float32, range 0..255.
    """
    inner = target[list(LIPS_INNER), :2].astype(np.float64)
    window = window_around(inner, 2.0, size, size)
    empty = np.zeros((0, 0), np.float32)
    width = float(np.linalg.norm(inner[0] - inner[10]))
    if window.empty or width < 2:
        return window, np.zeros((0, 0, 3), np.float32), empty, empty
    outline = smooth_outline(inner, CORNERS)
    mask = soft_mask(outline, window, 0.0)
    source_from_target = plane_map(mouth.centre, mouth.pose, target_pose)
    x, y = window.grid()
    a = source_from_target
    map_x = (a[0, 0] * x + a[0, 1] * y + a[0, 2] - mouth.origin[0]).astype(np.float32)
    map_y = (a[1, 0] * x + a[1, 1] * y + a[1, 2] - mouth.origin[1]).astype(np.float32)
    texture = cv2.remap(mouth.texture, map_x, map_y, cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE)
    confidence = np.asarray(cv2.remap(mouth.confidence, map_x, map_y, cv2.INTER_LINEAR), np.float32)
    layer = _cavity(mouth, inner, x, y, width)
    if mouth.draws_teeth:
        _draw_teeth(mouth, layer, map_x + mouth.origin[0], map_y + mouth.origin[1])
    layer += confidence[..., None] * (texture.astype(np.float32) - layer)
    # The lips shade drawn parts behind them, more so in a narrow aperture.
    shade = cv2.GaussianBlur(mask, (0, 0), max(1.0, 0.05 * width))
    layer *= (0.66 + 0.34 * shade)[..., None] * (1 - confidence[..., None]) + confidence[..., None]
    return window, layer, mask, confidence


def _cavity(mouth: MouthInterior, inner: NDArray[np.float64], x: Plane, y: Plane, width: float) -> NDArray[np.float32]:
    """Draw the cavity and tongue in the axes of the mouth, so that they move with the jaw."""
    across = (inner[10] - inner[0]) / width
    down = np.array([-across[1], across[0]])
    lower = inner[11:20]
    floor = float(((lower - inner[0]) @ down).max())
    roof = float(((inner[1:10] - inner[0]) @ down).min())
    middle = (inner[0] + inner[10]) / 2
    u = ((x - middle[0]) * across[0] + (y - middle[1]) * across[1]) / (0.5 * width)
    v = ((x - inner[0, 0]) * down[0] + (y - inner[0, 1]) * down[1] - roof) / max(floor - roof, 1.0)
    aperture = (floor - roof) / width
    tongue = smoothstep(v, 0.35, 0.9) * np.exp(-((u / 0.6) ** 2)) * np.clip((aperture - 0.08) / 0.2, 0, 0.85)
    return np.asarray(mouth.cavity + tongue[..., None] * (mouth.tongue - mouth.cavity), np.float32)


TEETH_EDGES = (0.0, 0.82, 1.42, 2.02, 2.5)
"""Centimetres from the midline to the gaps between upper teeth (incisors, canine, premolar)."""
TEETH_HEIGHT = 0.3
TEETH_HALF_WIDTH = 2.3
"""Extent of the drawn teeth below the seam of the lips, and to either side, centimetres."""


def _draw_teeth(mouth: MouthInterior, layer: NDArray[np.float32], source_x: Plane, source_y: Plane) -> None:
    """Draw generic upper teeth into the cavity, in place; fixed to the skull, so moving lips uncover them."""
    a = mouth.head_from_patch
    right = (a[0, 0] * source_x + a[0, 1] * source_y + a[0, 2]).astype(np.float32)
    below = (a[1, 0] * source_x + a[1, 1] * source_y + a[1, 2]).astype(np.float32)
    side = np.abs(right)
    mask = np.clip((TEETH_HEIGHT - below) / 0.07, 0, 1) * np.clip((TEETH_HALF_WIDTH - side) / 0.5, 0, 1)
    gaps = np.min([np.abs(side - edge) for edge in TEETH_EDGES], axis=0)
    shading = (1.0 - 0.5 * (side / TEETH_HALF_WIDTH) ** 1.5) * (0.86 + 0.14 * np.clip(gaps / 0.07, 0, 1))
    enamel = mouth.teeth * shading[..., None]
    layer += (0.82 * mask)[..., None] * (enamel - layer)
