"""Eyeball textures extracted from the photo, moved with the gaze behind the lids."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from animato.geometry.aperture_mask import Window, plane_map, smooth_outline, soft_mask, window_around
from animato.geometry.apertures import face_apertures
from animato.geometry.landmarks import EYE_LEFT, EYE_RIGHT, IRIS_LEFT, IRIS_RIGHT
from animato.geometry.pose import HeadPose, local_from_points
from animato.head.gamut import FaceGamut
from animato.types import Frame, Plane, Points

CORNERS = (0, 8)
MIN_APERTURE = 0.09
"""Aperture of the lids (`geometry.apertures`) below which a photo shows no eyeball."""


@dataclass(frozen=True)
class Eyeball:
    """Texture of one eyeball.

    Attributes:
        texture: h x w x 3 uint8, a patch of the source crop with the lids inpainted.
        confidence: h x w float32 in [0, 1], 1 where the eyeball is visible in the photo.
        origin: (x, y) of the patch's first pixel in the source crop.
        iris: (x, y) of the iris in the source crop, pixels.
        radius: of the iris, pixels.
        width: between the corners, pixels.
        centre: 3 float64, middle of the corners in the head's own frame, canonical centimetres.
        ring: indices of the sixteen lid landmarks.
        iris_index: index of the iris centre.
    """

    texture: Frame
    confidence: Plane
    origin: tuple[int, int]
    iris: NDArray[np.float64]
    radius: float
    width: float
    centre: NDArray[np.float64]
    ring: tuple[int, ...]
    iris_index: int


def build_eyeballs(crop: Frame, points: Points, pose: HeadPose, gamut: FaceGamut) -> tuple[Eyeball, Eyeball]:
    """Extract both eyeball textures from a photo.

    Args:
        crop: S x S x 3 uint8 RGB.
        points: 478 x 3, pixels of the crop.
        pose: pose of the photo.
        gamut: colour range of its face, to which a drawn eye is clipped.
    """
    left, right, _ = face_apertures(points, pose) >= MIN_APERTURE
    return (
        _build(crop, points, pose, gamut, EYE_LEFT, IRIS_LEFT, bool(left)),
        _build(crop, points, pose, gamut, EYE_RIGHT, IRIS_RIGHT, bool(right)),
    )


def _build(
    crop: Frame,
    points: Points,
    pose: HeadPose,
    gamut: FaceGamut,
    ring: tuple[int, ...],
    iris_ids: tuple[int, ...],
    is_open: bool,
) -> Eyeball:
    outline = points[list(ring), :2].astype(np.float64)
    width = float(np.linalg.norm(outline[0] - outline[8]))
    iris = points[iris_ids[0], :2].astype(np.float64)
    radius = float(np.linalg.norm(points[list(iris_ids[1:]), :2] - iris, axis=1).mean())
    window = window_around(outline, 0.45 * width, crop.shape[1], crop.shape[0])
    texture = window.of(crop).copy()
    aperture = soft_mask(smooth_outline(outline, CORNERS), window, 0.0)
    erosion = max(1, round(width / 30))
    kernel = np.ones((2 * erosion + 1, 2 * erosion + 1), np.uint8)
    visible = np.asarray(cv2.erode((aperture > 0.9).astype(np.uint8), kernel), np.uint8)
    if not is_open or visible.sum() < 12:
        texture = gamut.clipped(_drawn_eye(texture, window, iris, radius))
        visible = np.zeros_like(visible)
    else:
        texture = _inpaint(texture, visible, iris - (window.left, window.top), radius)
    corners = local_from_points(points[[ring[0], ring[8]]], pose)
    confidence = np.asarray(cv2.GaussianBlur(visible.astype(np.float32), (0, 0), 0.8), np.float32)
    return Eyeball(
        texture, confidence, (window.left, window.top), iris, radius, width, corners.mean(axis=0), ring, iris_ids[0]
    )


def _inpaint(texture: Frame, visible: NDArray[np.uint8], iris: NDArray[np.float64], radius: float) -> Frame:
    """Inpaint what the lids occlude: the iris by vertical reflection, the rest from the nearest visible pixel."""
    height, width = visible.shape
    y, x = np.mgrid[0:height, 0:width]
    mirrored_y = np.rint(2 * iris[1] - y).astype(int)
    reachable = (mirrored_y >= 0) & (mirrored_y < height)
    mirrored_y = mirrored_y.clip(0, height - 1)
    in_iris = np.hypot(x - iris[0], y - iris[1]) <= radius * 1.05
    mirrored = (visible == 0) & in_iris & reachable & (visible[mirrored_y, x] > 0)
    filled = texture.copy()
    filled[mirrored] = texture[mirrored_y, x][mirrored]
    # Nearest visible pixel; OpenCV inpainting leaves specks between lashes.
    missing = ((visible == 0) & ~mirrored).astype(np.uint8)
    _, nearest = cv2.distanceTransformWithLabels(missing, cv2.DIST_L2, 5, labelType=cv2.DIST_LABEL_PIXEL)
    colours = np.zeros((int(nearest.max()) + 1, 3), np.uint8)
    colours[nearest[missing == 0]] = filled[missing == 0]
    blurred = cv2.GaussianBlur(colours[nearest], (0, 0), max(1.0, radius / 6))
    return np.where(missing[..., None] > 0, blurred, filled).astype(np.uint8)


def _drawn_eye(patch: Frame, window: Window, iris: NDArray[np.float64], radius: float) -> Frame:
    """Draw a generic eye for a photo with closed lids, with the brightness of the skin around it."""
    brightness = float(np.percentile(patch.mean(axis=2), 70)) / 200.0
    x, y = window.grid()
    distance = np.hypot(x - iris[0], y - iris[1])[..., None] / max(radius, 1.0)
    white, brown, black = (
        np.array(colour, np.float32) * min(brightness, 1.15) for colour in ((205, 196, 190), (74, 52, 40), (16, 13, 12))
    )
    ring = np.clip((1.0 - distance) * 5, 0, 1)
    pupil = np.clip((0.42 - distance) * 8, 0, 1)
    drawn = white * (1 - ring) + brown * ring
    return np.asarray(np.clip(drawn * (1 - pupil) + black * pupil, 0, 255), np.uint8)


def render_eye(
    eye: Eyeball, target: Points, source_pose: HeadPose, target_pose: HeadPose, size: int
) -> tuple[Window, NDArray[np.uint8], Plane, Plane]:
    """Render the eyeball visible between the lids of a target face.

    Args:
        eye: from `build_eyeballs`.
        target: 478 x 3, pixels of the target crop.
        source_pose: pose of the photo.
        target_pose: pose of the target.
        size: side of the crop in pixels.

    Returns:
        (window, layer, mask, confidence): the rectangle, its colours (h x w x 3 uint8), the mask of the aperture, and
        the confidence of the texture (each h x w float32 in [0, 1]).
    """
    outline = target[list(eye.ring), :2].astype(np.float64)
    window = window_around(outline, 2.0, size, size)
    empty = np.zeros((0, 0), np.float32)
    if window.empty:
        return window, np.zeros((0, 0, 3), np.uint8), empty, empty
    source_from_target = plane_map(eye.centre, source_pose, target_pose)
    # The corners also move with the expression: translate the plane so that it stays centred between them.
    middle = (outline[0] + outline[8]) / 2
    centre = source_pose.scale * source_pose.rotation @ eye.centre + source_pose.translation
    linear = source_from_target[:, :2]
    offset = centre[:2] - linear @ middle
    x, y = window.grid()
    source_x = (linear[0, 0] * x + linear[0, 1] * y + offset[0]).astype(np.float32)
    source_y = (linear[1, 0] * x + linear[1, 1] * y + offset[1]).astype(np.float32)
    iris = linear @ target[eye.iris_index, :2].astype(np.float64) + offset
    gaze = iris - eye.iris
    # The iris moves rigidly; the sclera at the corners is static, so the displacement fades out from iris to corners.
    reach = 0.55 * eye.width
    distance = np.hypot(source_x - iris[0], source_y - iris[1])
    falloff = np.clip((distance - eye.radius * 1.05) / max(reach - eye.radius * 1.05, 1e-3), 0, 1)
    weight = 0.5 + 0.5 * np.cos(np.pi * falloff)
    map_x = (source_x - gaze[0] * weight - eye.origin[0]).astype(np.float32)
    map_y = (source_y - gaze[1] * weight - eye.origin[1]).astype(np.float32)
    layer = cv2.remap(eye.texture, map_x, map_y, cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE)
    confidence = cv2.remap(eye.confidence, map_x, map_y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_CONSTANT)
    mask = soft_mask(smooth_outline(outline, CORNERS), window, 0.6 * size / 512)
    return window, np.asarray(layer, np.uint8), mask, np.asarray(confidence, np.float32)
