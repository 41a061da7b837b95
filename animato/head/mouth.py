"""Mouth interior of a photo: visible texture fixed to the skull, completed by surfaces (`head.mouth_surfaces`)."""

from __future__ import annotations

from dataclasses import dataclass, replace

import cv2
import numpy as np
from numpy.typing import NDArray

from animato.geometry.aperture_mask import Window, plane_map, smooth_outline, soft_mask, window_around
from animato.geometry.apertures import face_apertures
from animato.geometry.landmarks import LIPS_INNER, LIPS_OUTER, MOUTH_CORNERS
from animato.geometry.pose import HeadPose, local_from_points
from animato.head.gamut import FaceGamut
from animato.head.mouth_rendering import render_surfaces
from animato.head.mouth_surfaces import MouthSurfaces, build_surfaces
from animato.types import Frame, Plane, Points

CORNERS = (0, 10)
SURFACE_CONFIDENCE = 0.5
"""Confidence of the surfaces, where the photo does not show the inside of the mouth: with 1 the network keeps them as
they are, with 0 it paints over them."""
MIN_APERTURE = 0.035
"""Aperture of the mouth (`geometry.apertures`) from which a photo shows its interior."""


@dataclass(frozen=True)
class MouthInterior:
    """What is behind the lips.

    Attributes:
        texture: h x w x 3 uint8, a patch of the source crop.
        confidence: h x w float32 in [0, 1], 1 where the interior is visible in the photo.
        origin: (x, y) of the patch's first pixel in the source crop.
        surfaces: teeth, tongue and cavity, for what the photo does not show.
        pose: of the photo.
        centre: 3 float64, middle of the mouth in the head's own frame, canonical centimetres.
        draws_teeth: whether teeth are shown; in a drawing a mouth is a cavity.
    """

    texture: Frame
    confidence: Plane
    origin: tuple[int, int]
    surfaces: MouthSurfaces
    pose: HeadPose
    centre: NDArray[np.float64]
    draws_teeth: bool = True


def build_mouth(
    crop: Frame, points: Points, pose: HeadPose, gamut: FaceGamut, blendshapes: NDArray[np.float32] | None = None
) -> MouthInterior:
    """Extract the mouth interior from a photo.

    Args:
        crop: S x S x 3 uint8 RGB.
        points: 478 x 3, pixels of the crop.
        pose: pose of the photo.
        gamut: colour range of its face, to which the surfaces are clipped.
        blendshapes: 52 float32 in [0, 1], the photo's expression scores, or None.
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
    patch = window.of(crop)
    confidence = cv2.GaussianBlur(visible.astype(np.float32), (0, 0), max(0.8, erosion * 0.8))
    corners = local_from_points(points[list(MOUTH_CORNERS)], pose)
    lip_middle = local_from_points(points[[13]], pose)[0]
    # Teeth are behind the lips, at a fixed height below the upper lip: in a smile the corners are above the seam.
    centre = np.array([corners[:, 0].mean(), lip_middle[1], lip_middle[2] + 0.8])
    return MouthInterior(
        np.ascontiguousarray(patch),
        np.asarray(confidence, np.float32),
        (window.left, window.top),
        build_surfaces(crop, points, pose, gamut, blendshapes),
        pose,
        centre,
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
    return replace(mouth, texture=texture, surfaces=mouth.surfaces.relit(gain))


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
    window, layer, mask = render_surfaces(mouth.surfaces, target, target_pose, size, not mouth.draws_teeth)
    if not mask.size:
        return window, layer, mask, mask
    x, y = window.grid()
    a = plane_map(mouth.centre, mouth.pose, target_pose)
    map_x = (a[0, 0] * x + a[0, 1] * y + a[0, 2] - mouth.origin[0]).astype(np.float32)
    map_y = (a[1, 0] * x + a[1, 1] * y + a[1, 2] - mouth.origin[1]).astype(np.float32)
    texture = cv2.remap(mouth.texture, map_x, map_y, cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE)
    visible = np.asarray(cv2.remap(mouth.confidence, map_x, map_y, cv2.INTER_LINEAR), np.float32)
    layer += visible[..., None] * (texture.astype(np.float32) - layer)
    return window, layer, mask, visible
