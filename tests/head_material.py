"""Crops with landmarks for tests of geometry, head, appearance and renderers: real ones, a drawn one, slow twins."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from animato.geometry.affine import move_points
from animato.geometry.crop import crop_from_frame, cut, fit_square, head_square
from animato.geometry.landmarks import canonical_face
from animato.geometry.mesh import signed_area
from animato.geometry.pose import HeadPose, local_from_points, points_from_local, rotation_exp
from animato.head.view import HeadView
from animato.motion.aperture_profile import aperture_vectors, scale_apertures, set_aperture_vectors
from animato.renderers.warp.warper import Warper
from animato.types import Face, Frame, Points

MAGENTA = (255, 0, 255)
SIZE = 320


@dataclass(frozen=True)
class Head:
    """A photo with its landmarks.

    Attributes:
        crop: S x S x 3 uint8 RGB.
        points: 478 x 3 float32, pixels of the crop.
        warper: made from both.
    """

    crop: Frame
    points: Points
    warper: Warper

    @property
    def local(self) -> np.ndarray:
        """478 x 3, the face in its own frame."""
        return local_from_points(self.points, self.warper.pose)

    def posed(
        self, yaw: float = 0, pitch: float = 0, roll: float = 0, shift: tuple[float, float] = (0, 0), zoom: float = 1
    ) -> tuple[Points, HeadPose]:
        """Landmarks and pose of this face turned by degrees and moved by centimetres."""
        axes = (np.radians([0, -yaw, 0]), np.radians([pitch, 0, 0]), np.radians([0, 0, roll]))
        first, second, third = (rotation_exp(axis) for axis in axes)
        old = self.warper.pose
        moved = old.translation + np.array([*shift, 0.0]) * old.scale
        pose = HeadPose(first @ second @ third @ old.rotation, moved, old.scale * zoom)
        return points_from_local(self.local, pose), pose

    def with_face(self, local: np.ndarray) -> Points:
        """Landmarks of another expression at the photo's own pose."""
        return points_from_local(local, self.warper.pose)


def head(crop: Frame, points: Points) -> Head:
    return Head(crop, points, Warper(HeadView(crop, points)))


def at_size(portrait: Frame, face: Face, size: int) -> Head:
    """The head of a picture, cut out at a size."""
    square = fit_square(head_square(face.points), portrait.shape[1], portrait.shape[0])
    affine = crop_from_frame(square, size)
    return head(cut(portrait, affine, size), move_points(affine, face.points))


def opened(local: np.ndarray, gap: float) -> np.ndarray:
    """The face with its lips apart by so many centimetres in the middle."""
    gaps = aperture_vectors(local)
    gaps[2] = np.zeros_like(gaps[2])
    gaps[2][:, 1] = np.sin(np.linspace(0, np.pi, len(gaps[2]) + 2)[1:-1]) * gap
    return set_aperture_vectors(local, gaps)


def closed_lips(local: np.ndarray) -> np.ndarray:
    return scale_apertures(local, (1.0, 1.0, 0.0))


def grid_of(side: int, size: int) -> np.ndarray:
    """The flow that changes nothing: 2 x side x side, pixels of a crop of the given size."""
    step = size / side
    line = (np.arange(side) + 0.5) * step - 0.5
    return np.stack(np.meshgrid(line, line))


def inside(points: Points, ring: tuple[int, ...], size: int, margin: int) -> np.ndarray:
    """size x size bool: the inside of a ring of landmarks, shrunk (or, below nought, grown) by pixels."""
    mask = np.zeros((size, size), np.uint8)
    cv2.fillPoly(mask, [np.rint(points[list(ring), :2]).astype(np.int32)], 1)
    kernel = np.ones((2 * abs(margin) + 1,) * 2, np.uint8)
    return np.asarray(cv2.erode(mask, kernel) if margin >= 0 else cv2.dilate(mask, kernel)) > 0


def drawn_head(local: np.ndarray, yaw: float, dyed: np.ndarray | None = None, size: int = SIZE) -> tuple[Frame, Points]:
    """Draw a head turned by degrees as a camera would see it, magenta where no face is.

    Skin is drawn triangle by triangle, far to near, in a colour that depends on where on the face it is; the
    triangles of `dyed` (898 bool) are magenta too.
    """
    rotation = rotation_exp(np.radians([0, -yaw, 0]))
    pose = HeadPose(rotation, np.array([size / 2, size / 2, 0.0]), size / 38)
    points = points_from_local(local, pose)
    face = canonical_face()
    picture = np.full((size, size, 3), MAGENTA, np.uint8)
    depth = points[face.triangles, 2].mean(axis=1)
    outward = np.sign(np.median(signed_area(face.vertices[:, :2], face.triangles)))
    facing = signed_area(points[:468, :2], face.triangles) * outward > 0
    for number in np.argsort(-depth):
        if facing[number]:
            corners = np.rint(points[face.triangles[number], :2] * 16).astype(np.int32)
            colour = MAGENTA if dyed is not None and dyed[number] else skin(number).tolist()
            cv2.fillConvexPoly(picture, corners, colour, cv2.LINE_8, 4)
    return picture, points


def middles() -> np.ndarray:
    """Middle of each of the 898 triangles on the average face, centimetres."""
    return np.asarray(canonical_face().vertices[canonical_face().triangles].mean(axis=1))


def nose() -> np.ndarray:
    """898 bool: triangles of the protruding part of the nose."""
    x, y, z = middles().T
    return np.asarray((np.abs(x) < 1.9) & (y > -2.5) & (y < 2.2) & (z < -4.6))


def skin(number: int) -> np.ndarray:
    """Colour of a triangle: between brown and pale, never near magenta."""
    x, y, _ = middles()[number]
    return np.array([170 + 6 * x, 130 + 5 * y, 90 + 3 * x])


def magenta_share(picture: Frame, where: np.ndarray) -> float:
    """Share of the pixels of a region that have taken colour from the magenta surroundings."""
    pixels = picture[where].astype(int)
    stained = (pixels[:, 2] > pixels[:, 1] + 40) & (pixels[:, 0] > 180)
    return float(stained.mean())


def slow_raster(
    vertices: np.ndarray, triangles: np.ndarray, size: int, outward: float
) -> tuple[np.ndarray, np.ndarray]:
    """Number of the nearest triangle that faces the camera at every pixel, by barycentric coordinates and depth.

    Returns:
        (drawn, edge): size x size int, -1 for none; and how far each pixel is from the nearest edge, in pixels.
    """
    drawn, nearest = np.full((size, size), -1), np.full((size, size), np.inf)
    edge = np.full((size, size), np.inf)
    y, x = np.mgrid[:size, :size].astype(float)
    for number, (a, b, c) in enumerate(vertices[triangles]):
        area = (b[0] - a[0]) * (c[1] - a[1]) - (b[1] - a[1]) * (c[0] - a[0])
        if area * outward <= 0:
            continue
        u = ((x - a[0]) * (c[1] - a[1]) - (y - a[1]) * (c[0] - a[0])) / area
        v = ((b[0] - a[0]) * (y - a[1]) - (b[1] - a[1]) * (x - a[0])) / area
        within = (u >= 0) & (v >= 0) & (u + v <= 1)
        z = a[2] + u * (b[2] - a[2]) + v * (c[2] - a[2])
        closer = within & (z < nearest)
        drawn[closer], nearest[closer] = number, z[closer]
        for p, q in ((a, b), (b, c), (c, a)):
            t = np.clip(
                ((x - p[0]) * (q[0] - p[0]) + (y - p[1]) * (q[1] - p[1])) / max(np.sum((q - p)[:2] ** 2), 1e-9), 0, 1
            )
            edge = np.minimum(edge, np.hypot(x - p[0] - t * (q[0] - p[0]), y - p[1] - t * (q[1] - p[1])))
    return drawn, edge


def apart(a: Frame, b: Frame) -> np.ndarray:
    return np.abs(a.astype(int) - b.astype(int)).max(axis=2)
