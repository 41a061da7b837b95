"""Mouth interior of a photo: visible texture fixed to the skull, completed by a drawn cavity, tongue and teeth.

The drawn parts are generic on purpose: without a picture of this person's teeth nobody knows them, and the validity map
says that they are a guess.
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
OPEN_ENOUGH = 0.035
"""Aperture of the mouth (`geometry.apertures`) from which a photo shows something of its inside."""


@dataclass(frozen=True)
class MouthInside:
    """What lies behind the lips.

    Attributes:
        texture: h x w x 3 uint8, a patch of the source crop.
        known: h x w float32 in [0, 1], where the photo shows the inside.
        origin: (x, y) of the patch's first pixel in the source crop.
        cavity: 3 float32, colour of the dark, range 0..255.
        tongue: 3 float32, colour of the tongue, range 0..255.
        teeth: 3 float32, colour of lit enamel in this photo's light, range 0..255.
        pose: of the photo.
        centre: 3 float64, middle of the mouth in the head's own frame, canonical centimetres.
        head_from_patch: 2 x 3 float64, from pixels of the source crop to centimetres right of and below the centre.
    """

    texture: Frame
    known: Plane
    origin: tuple[int, int]
    cavity: NDArray[np.float32]
    tongue: NDArray[np.float32]
    teeth: NDArray[np.float32]
    pose: HeadPose
    centre: NDArray[np.float64]
    head_from_patch: Affine


def build_mouth(crop: Frame, points: Points, pose: HeadPose, gamut: FaceGamut) -> MouthInside:
    """Make the picture of the mouth's inside from a photo.

    Args:
        crop: S x S x 3 uint8 RGB.
        points: 478 x 3, pixels of the crop.
        pose: pose of the photo.
        gamut: colours of its face; what is drawn is clipped to them.
    """
    inner = points[list(LIPS_INNER), :2].astype(np.float64)
    outer = points[list(LIPS_OUTER), :2].astype(np.float64)
    width = float(np.linalg.norm(points[MOUTH_CORNERS[0], :2] - points[MOUTH_CORNERS[1], :2]))
    window = window_around(outer, 0.1 * width, crop.shape[1], crop.shape[0])
    inside = soft_mask(smooth_outline(inner, CORNERS), window, 0.0)
    shrink = max(1, round(width / 60))
    known = cv2.erode((inside > 0.9).astype(np.uint8), np.ones((2 * shrink + 1, 2 * shrink + 1), np.uint8))
    if face_apertures(points, pose)[2] < OPEN_ENOUGH:
        known = np.zeros_like(known)
    lips = (soft_mask(smooth_outline(outer, CORNERS), window, 0.0) > 0.5) & (inside < 0.1)
    patch = window.of(crop)
    colour = np.median(patch[lips], axis=0) if lips.any() else np.array([150.0, 90, 85])
    dark = np.array([0.24, 0.11, 0.11]) * colour.mean() + 0.05 * colour
    soft = cv2.GaussianBlur(known.astype(np.float32), (0, 0), max(0.8, shrink * 0.8))
    corners = local_from_points(points[list(MOUTH_CORNERS)], pose)
    lip_middle = local_from_points(points[[13]], pose)[0]
    # Teeth stand behind the lips, hung from the upper one: the corners of a smile lie higher than the seam's middle.
    centre = np.array([corners[:, 0].mean(), lip_middle[1], lip_middle[2] + 0.8])
    return MouthInside(
        np.ascontiguousarray(patch),
        np.asarray(soft, np.float32),
        (window.left, window.top),
        gamut.clip(dark),
        gamut.clip(0.66 * colour * np.array([1.0, 0.74, 0.76])),
        gamut.clip(_enamel(crop, points)),
        pose,
        centre,
        _head_from_patch(centre, pose),
    )


def shown_inside(mouth: MouthInside) -> float:
    """Return how much of the mouth's inside a photo shows, in square canonical centimetres."""
    return float(mouth.known.sum()) / mouth.pose.scale**2


def in_other_light(mouth: MouthInside, gain: NDArray[np.floating]) -> MouthInside:
    """Return a mouth's inside as another photo's light would show it.

    Args:
        mouth: from `build_mouth`.
        gain: 3, factor on red, green and blue.
    """
    texture = np.clip(mouth.texture * gain + 0.5, 0, 255).astype(np.uint8)
    cavity, tongue, teeth = ((colour * gain).astype(np.float32) for colour in (mouth.cavity, mouth.tongue, mouth.teeth))
    return replace(mouth, texture=texture, cavity=cavity, tongue=tongue, teeth=teeth)


def _enamel(crop: Frame, points: Points) -> NDArray[np.float32]:
    """Return the colour of teeth in this photo's light, taken from the whites of the eyes, a little warmer."""
    whites = []
    for ring in (EYE_LEFT, EYE_RIGHT):
        outline = points[list(ring), :2].astype(np.float64)
        window = window_around(outline, 1.0, crop.shape[1], crop.shape[0])
        inside = soft_mask(smooth_outline(outline, (0, 8)), window, 0.0) > 0.9
        pixels = window.of(crop)[inside].astype(np.float64)
        if len(pixels) >= 20:
            light = pixels.mean(axis=1)
            whites.append(np.median(pixels[light >= np.percentile(light, 70)], axis=0))
    cheeks = np.clip(np.rint(points[[50, 280, 205, 425], :2]), 0, crop.shape[0] - 1).astype(int)
    skin = np.median(cv2.blur(crop, (5, 5))[cheeks[:, 1], cheeks[:, 0]].astype(np.float64), axis=0)
    white = np.mean(whites, axis=0) if whites else skin.mean() * np.array([1.1, 1.05, 1.0])
    # Eyes are shaded by their lids: teeth are rarely darker than the skin, hardly ever twice as bright.
    light = float(np.clip(white.mean() * 1.1, 0.9 * skin.mean(), 1.45 * skin.mean() + 20))
    return np.asarray(np.clip(white / max(white.mean(), 1.0) * light * (1.02, 0.99, 0.94), 0, 235), np.float32)


def _head_from_patch(centre: NDArray[np.float64], pose: HeadPose) -> Affine:
    linear = np.linalg.inv(pose.scale * pose.rotation[:2, :2])
    middle = (pose.scale * pose.rotation @ centre + pose.translation)[:2]
    return np.concatenate([linear, (-linear @ middle)[:, None]], axis=1)


def render_mouth(
    mouth: MouthInside, target: Points, target_pose: HeadPose, size: int
) -> tuple[Window, NDArray[np.float32], Plane, Plane]:
    """Return the mouth's inside as seen between the lips of a target face.

    Args:
        mouth: from `build_mouth`.
        target: 478 x 3, pixels of the target crop.
        target_pose: pose of the target.
        size: side of the crop in pixels.

    Returns:
        (window, layer, mask, known) as for the eyes; the layer is float32, range 0..255.
    """
    inner = target[list(LIPS_INNER), :2].astype(np.float64)
    window = window_around(inner, 2.0, size, size)
    empty = np.zeros((0, 0), np.float32)
    width = float(np.linalg.norm(inner[0] - inner[10]))
    if window.empty or width < 2:
        return window, np.zeros((0, 0, 3), np.float32), empty, empty
    outline = smooth_outline(inner, CORNERS)
    mask = soft_mask(outline, window, 0.7 * size / 512)
    source_from_target = plane_map(mouth.centre, mouth.pose, target_pose)
    x, y = window.grid()
    a = source_from_target
    map_x = (a[0, 0] * x + a[0, 1] * y + a[0, 2] - mouth.origin[0]).astype(np.float32)
    map_y = (a[1, 0] * x + a[1, 1] * y + a[1, 2] - mouth.origin[1]).astype(np.float32)
    seen = cv2.remap(mouth.texture, map_x, map_y, cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE)
    known = np.asarray(cv2.remap(mouth.known, map_x, map_y, cv2.INTER_LINEAR), np.float32)
    layer = _cavity(mouth, inner, x, y, width)
    _draw_teeth(mouth, layer, map_x + mouth.origin[0], map_y + mouth.origin[1])
    layer += known[..., None] * (seen.astype(np.float32) - layer)
    # Lips shade what is behind them, more so where the opening is narrow.
    shade = cv2.GaussianBlur(mask, (0, 0), max(1.0, 0.05 * width))
    layer *= (0.66 + 0.34 * shade)[..., None] * (1 - known[..., None]) + known[..., None]
    return window, layer, mask, known


def _cavity(mouth: MouthInside, inner: NDArray[np.float64], x: Plane, y: Plane, width: float) -> NDArray[np.float32]:
    """Draw the dark with a hint of tongue, in the mouth's own axes so that it moves with the jaw."""
    across = (inner[10] - inner[0]) / width
    down = np.array([-across[1], across[0]])
    lower = inner[11:20]
    floor = float(((lower - inner[0]) @ down).max())
    roof = float(((inner[1:10] - inner[0]) @ down).min())
    middle = (inner[0] + inner[10]) / 2
    u = ((x - middle[0]) * across[0] + (y - middle[1]) * across[1]) / (0.5 * width)
    v = ((x - inner[0, 0]) * down[0] + (y - inner[0, 1]) * down[1] - roof) / max(floor - roof, 1.0)
    opening = (floor - roof) / width
    tongue = smoothstep(v, 0.35, 0.9) * np.exp(-((u / 0.6) ** 2)) * np.clip((opening - 0.08) / 0.2, 0, 0.85)
    return np.asarray(mouth.cavity + tongue[..., None] * (mouth.tongue - mouth.cavity), np.float32)


TEETH_EDGES = (0.0, 0.82, 1.42, 2.02, 2.5)
"""Centimetres from the middle to the gaps between upper teeth, as seen from the front (incisors, canine, premolar)."""
TEETH_LOW = 0.3
TEETH_HALF = 2.3
"""Centimetres the drawn teeth reach below the lips' seam, and to either side."""


def _draw_teeth(mouth: MouthInside, layer: NDArray[np.float32], source_x: Plane, source_y: Plane) -> None:
    """Draw generic upper teeth into the cavity, in place; they sit on the skull, so the lips uncover them."""
    a = mouth.head_from_patch
    right = (a[0, 0] * source_x + a[0, 1] * source_y + a[0, 2]).astype(np.float32)
    below = (a[1, 0] * source_x + a[1, 1] * source_y + a[1, 2]).astype(np.float32)
    side = np.abs(right)
    low_edge = TEETH_LOW - 0.07 * (side / TEETH_HALF) ** 2
    shown = np.clip((low_edge - below) / 0.07, 0, 1) * np.clip((TEETH_HALF - side) / 0.5, 0, 1)
    gaps = np.min([np.abs(side - edge) for edge in TEETH_EDGES], axis=0)
    light = (1.0 - 0.5 * (side / TEETH_HALF) ** 1.5) * (0.86 + 0.14 * np.clip(gaps / 0.07, 0, 1))
    enamel = mouth.teeth * light[..., None]
    layer += (0.82 * shown)[..., None] * (enamel - layer)
