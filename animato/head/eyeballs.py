"""Eyeball textures extracted from the photo, moved with the gaze behind the lids."""

from __future__ import annotations

from dataclasses import dataclass, replace

import cv2
import numpy as np
from numpy.typing import NDArray

from animato.geometry.aperture_mask import Window, plane_map, smooth_outline, soft_mask, window_around
from animato.geometry.apertures import face_apertures
from animato.geometry.landmarks import EYE_LEFT, EYE_RIGHT, IRIS_LEFT, IRIS_RIGHT
from animato.geometry.pose import HeadPose, local_from_points
from animato.head.gamut import FaceGamut
from animato.head.iris import MARGIN, Circle, iris_opacity, iris_texture, locate_iris
from animato.head.plate import push_pull
from animato.types import Frame, Plane, Points

CORNERS = (0, 8)
MIN_APERTURE = 0.09
"""Aperture of the lids (`geometry.apertures`) below which a photo shows no eyeball."""
MIN_VISIBLE = 12
"""Pixels of an eyeball, or of its white, below which it is drawn."""


@dataclass(frozen=True)
class Eyeball:
    """Texture of one eyeball: the white, and the iris before it, which moves with the gaze.

    Attributes:
        white: h x w x 3 uint8, a patch of the source crop with iris and lids inpainted.
        iris: h x w x 3 uint8, the same patch with the iris completed behind the lids.
        confidence: 1 if the photo shows the eyeball, 0 if it is drawn.
        origin: (x, y) of the patch's first pixel in the source crop.
        centre: (x, y) of the iris in the source crop, pixels.
        landmark: (x, y) of the landmark of its centre, pixels; the gaze moves the iris as far as this.
        radius: of the iris, pixels.
        middle: 3 float64, middle of the corners in the head's own frame, canonical centimetres.
        ring: indices of the sixteen lid landmarks.
        iris_index: index of the iris centre.
        moves: whether the iris follows the gaze; not in a drawing whose iris cannot be located.
    """

    white: Frame
    iris: Frame
    confidence: float
    origin: tuple[int, int]
    centre: NDArray[np.float64]
    landmark: NDArray[np.float64]
    radius: float
    middle: NDArray[np.float64]
    ring: tuple[int, ...]
    iris_index: int
    moves: bool = True


def build_eyeballs(
    crop: Frame, points: Points, pose: HeadPose, gamut: FaceGamut, *, drawing: bool = False
) -> tuple[Eyeball, Eyeball]:
    """Extract both eyeball textures from a photo.

    Args:
        crop: S x S x 3 uint8 RGB.
        points: 478 x 3, pixels of the crop.
        pose: pose of the photo.
        gamut: colour range of its face, to which a drawn eye is clipped.
        drawing: whether the photo is a drawing, whose irises may be of any shape: both eyes look ahead unless both
            irises are where the landmarks have them.
    """
    left, right, _ = face_apertures(points, pose) >= MIN_APERTURE
    eyes = [
        _build(crop, points, pose, gamut, EYE_LEFT, IRIS_LEFT, bool(left), drawing),
        _build(crop, points, pose, gamut, EYE_RIGHT, IRIS_RIGHT, bool(right), drawing),
    ]
    moves = not drawing or all(found for _, found in eyes)
    first, second = (replace(eye, moves=moves) for eye, _ in eyes)
    return first, second


def _build(
    crop: Frame,
    points: Points,
    pose: HeadPose,
    gamut: FaceGamut,
    ring: tuple[int, ...],
    iris_ids: tuple[int, ...],
    is_open: bool,
    drawing: bool,
) -> tuple[Eyeball, bool]:
    """Return the texture of one eye, and whether the outline of its iris was found."""
    outline = points[list(ring), :2].astype(np.float64)
    width = float(np.linalg.norm(outline[0] - outline[8]))
    landmark = points[iris_ids[0], :2].astype(np.float64)
    radius = max(float(np.linalg.norm(points[list(iris_ids[1:]), :2] - landmark, axis=1).mean()), 0.5)
    window = window_around(outline, 0.45 * width, crop.shape[1], crop.shape[0])
    origin = window.left, window.top
    patch = window.of(crop)
    aperture = soft_mask(smooth_outline(outline, CORNERS), window, 0.0)
    erosion = max(1, round(width / 30))
    kernel = np.ones((2 * erosion + 1, 2 * erosion + 1), np.uint8)
    visible = np.asarray(cv2.erode((aperture > 0.9).astype(np.uint8), kernel), np.uint8)
    circle = Circle(landmark - origin, radius, False)
    if not is_open or visible.sum() < MIN_VISIBLE:
        white, iris = _drawn_eye(patch, circle, gamut)
        confidence = 0.0
    else:
        confidence = 1.0
        circle = locate_iris(patch, aperture, circle)
        if drawing and not circle.found:
            white = iris = patch.copy()
        else:
            white, iris = _layers(patch, visible, circle, gamut)
    middle = local_from_points(points[[ring[0], ring[8]]], pose).mean(axis=0)
    centre = circle.centre + origin
    eye = Eyeball(white, iris, confidence, origin, centre, landmark, circle.radius, middle, ring, iris_ids[0])
    return eye, circle.found


def _layers(patch: Frame, visible: NDArray[np.uint8], circle: Circle, gamut: FaceGamut) -> tuple[Frame, Frame]:
    """Return the white with the iris and the lids inpainted, and the completed iris (h x w x 3 uint8 each)."""
    height, width = visible.shape
    y, x = np.mgrid[0:height, 0:width].astype(np.float32)
    distance = np.hypot(x - circle.centre[0], y - circle.centre[1]) / circle.radius
    bare = ((visible > 0) & (distance > MARGIN)).astype(np.float32)
    white = _drawn_eye(patch, circle, gamut)[0] if bare.sum() < MIN_VISIBLE else _inpainted(patch, bare)
    return white, np.clip(iris_texture(patch, visible, circle) + 0.5, 0, 255).astype(np.uint8)


def _inpainted(patch: Frame, known: Plane) -> Frame:
    """Return a patch (h x w x 3) whose pixels outside a mask (h x w float32, 0 or 1) are filled from those inside."""
    filled = push_pull(patch.astype(np.float32), known * cv2.GaussianBlur(known, (0, 0), 1.0))
    return np.asarray(np.clip(filled + 0.5, 0, 255), np.uint8)


def _drawn_eye(patch: Frame, circle: Circle, gamut: FaceGamut) -> tuple[Frame, Frame]:
    """Draw the white and the iris of a generic eye, with the brightness of the skin around it."""
    brightness = min(float(np.percentile(patch.mean(axis=2), 70)) / 200.0, 1.15)
    height, width = patch.shape[:2]
    y, x = np.mgrid[0:height, 0:width].astype(np.float32)
    distance = np.hypot(x - circle.centre[0], y - circle.centre[1])[..., None] / circle.radius
    white, brown, black = (
        np.array(colour, np.float32) * brightness for colour in ((205, 196, 190), (74, 52, 40), (16, 13, 12))
    )
    ring = np.clip((1.0 - distance) * 5, 0, 1)
    pupil = np.clip((0.42 - distance) * 8, 0, 1)
    drawn = white * (1 - ring) + brown * ring
    drawn = drawn * (1 - pupil) + black * pupil
    layers = (np.clip(layer, 0, 255).astype(np.uint8) for layer in (np.broadcast_to(white, drawn.shape), drawn))
    plain, iris = (gamut.clipped(layer) for layer in layers)
    return plain, iris


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
    source_from_target = plane_map(eye.middle, source_pose, target_pose)
    # The corners also move with the expression: translate the plane so that it stays centred between them.
    middle = (outline[0] + outline[8]) / 2
    centre = source_pose.scale * source_pose.rotation @ eye.middle + source_pose.translation
    linear = source_from_target[:, :2]
    offset = centre[:2] - linear @ middle
    x, y = window.grid()
    map_x = (linear[0, 0] * x + linear[0, 1] * y + offset[0] - eye.origin[0]).astype(np.float32)
    map_y = (linear[1, 0] * x + linear[1, 1] * y + offset[1] - eye.origin[1]).astype(np.float32)
    gaze = (linear @ target[eye.iris_index, :2].astype(np.float64) + offset - eye.landmark).astype(np.float32)
    # The white does not move: it has no marks that would show it, and its shading belongs to the lids.
    white = cv2.remap(eye.white, map_x, map_y, cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE)
    if eye.moves:
        map_x, map_y = map_x - gaze[0], map_y - gaze[1]
    iris = cv2.remap(eye.iris, map_x, map_y, cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE)
    x0, y0 = eye.centre - eye.origin
    opacity = iris_opacity(np.hypot(map_x - np.float32(x0), map_y - np.float32(y0)), eye.radius)
    layer = white + opacity[..., None] * (iris.astype(np.float32) - white)
    mask = soft_mask(smooth_outline(outline, CORNERS), window, 0.6 * size / 512)
    # What the lids hid is completed so well that the networks need not paint it.
    confidence = np.full_like(mask, eye.confidence)
    return window, np.asarray(np.clip(layer + 0.5, 0, 255), np.uint8), mask, confidence
