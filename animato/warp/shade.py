"""Light and shade of an expression: what a driver's skin and eyes show beyond what landmarks say.

A smile darkens the fold beside the nose, a raised brow shades the forehead, a lid that sinks darkens the eye. The ratio
of a driver's skin now to the same skin in its neutral frame says so and says nothing of whose skin it is (Liu, Shan,
Zhang 2001, "Expressive expression mapping with ratio images", section 3: the expression ratio image). Here it is read
at the mesh's vertices, each an average over its neighbourhood, so no pore or mole of the driver is in it, and relative
to the whole face, so a lamp that flickers is not either. Behind the lids, where the eyeball turns under the skin, it is
the difference to the driver's own eyeball turned as the landmarks say (`warp.eyes`), in units of its white.
"""

from __future__ import annotations

import functools
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from animato.face.crop import cut, picture_from_frame, similarity
from animato.face.topology import LIPS_INNER, MESH_POINTS, OVAL, canonical_face
from animato.motion.frames import EYE_PLACES
from animato.motion.pose import HeadPose, fit_pose, local_from_points
from animato.types import Affine, Face, Frame, Points
from animato.warp.aperture import departure
from animato.warp.eyes import Eyeball, build_eyeballs, render_eye
from animato.warp.mesh import head_topology
from animato.warp.places import Places
from animato.warp.region import LEFT_EYE, RIGHT_EYE, Region, crop_from_patch, cut_patch, inverse, move, opening
from animato.warp.visibility import mesh_edges

SIDE = 192
"""Side, in pixels, of the picture of the driver's face in which shade is read."""

ROOM = 1.3
"""Side of that picture in units of the longer side of the mesh's box."""

SHARE = 0.25
"""Sigma of a vertex's neighbourhood in units of the mean length of its edges."""

SIGMAS = (0.7, 1.2, 2.0)
"""Sigmas in pixels at which the picture is blurred; each vertex takes the one nearest to its own."""

FLOOR = 10.0
"""Added to brightness, of 255, before two are compared: noise in the dark is no shade."""

MOST = 0.4
"""Largest logarithm of a ratio, and largest difference of an eye in whites, that is believed."""

LIKELY = 0.2
"""Logarithm of a ratio at which it is believed by six tenths."""

COLOUR, EYE_COLOUR = 0.02, 0.01
"""Largest difference of one colour of a shade to the mean of the three, on skin and in eyes: an iris shows more."""

SQUARE = (0.15, 0.4)
"""Cosine of the tilt to the camera below which skin says nothing, and from which it is believed."""

WHITEST = 80.0
"""Percentile of the brightness of an eye's places that counts as its white."""

EYES: tuple[Region, Region] = (LEFT_EYE, RIGHT_EYE)


class ShadeReader:
    """Reads the shade of a driver's frames, relative to its neutral frame.

    Args:
        frame: H x W x 3 uint8 RGB, the neutral frame.
        face: its landmarks.
    """

    def __init__(self, frame: Frame, face: Face) -> None:
        placed = picture_from_frame(face.points, ROOM, SIDE)
        self._points = _moved(face.points, placed)
        self._pose = fit_pose(self._points)
        picture = cut(frame, placed, SIDE)
        self._sizes = _neighbourhoods(self._points)
        self._skin = self._read_skin(picture, self._points)
        self._square = _squareness(self._points) * _within(face.points, frame)
        self._eyes = [
            _DriverEye(region, ball, picture, self._points, self._pose)
            for region, ball in zip(EYES, build_eyeballs(picture, self._points, self._pose), strict=True)
        ]

    def read(self, frame: Frame, face: Face) -> NDArray[np.float32]:
        """Return the shade of a frame: 568 x 3 float32 in [-1, 1], in units of `MOST`; RGB.

        First the logarithm of the ratio of the skin's colour at each of the 468 vertices, then the difference behind
        each eye's lids at its places, row by row, in the patch of `warp.region` (the right eye's is mirrored).

        Args:
            frame: H x W x 3 uint8 RGB.
            face: its landmarks.
        """
        placed = similarity(face.points[:, :2].astype(np.float64), self._points[:, :2].astype(np.float64))
        points = _moved(face.points, placed)
        picture = cut(frame, placed, SIDE)
        ratio = np.log((self._read_skin(picture, points) + FLOOR) / (self._skin + FLOOR))
        low, high = SQUARE
        sure = np.clip(
            (np.minimum(_squareness(points) * _within(face.points, frame), self._square) - low) / (high - low), 0, 1
        )
        ratio -= np.median(ratio, axis=0)
        ratio *= sure[:, None]
        ratio = _little_colour(ratio, COLOUR)
        # The larger a change, the likelier it is no shade: a moustache, a rim of glasses, a strand of hair.
        ratio *= np.exp(-0.5 * (ratio.mean(axis=1, keepdims=True) / LIKELY) ** 2)
        # Where the face ends, shade does; what lies behind the lips has its own light (`warp.inside`).
        ratio[[*OVAL, *LIPS_INNER]] = 0
        pose = fit_pose(points)
        eyes = [eye.read(picture, points, pose) for eye in self._eyes]
        return np.clip(np.concatenate([ratio, *eyes]) / MOST, -1, 1).astype(np.float32)

    def _read_skin(self, picture: Frame, points: Points) -> NDArray[np.float32]:
        """Return the colour at each vertex, 468 x 3 float32, RGB of 255."""
        x, y = np.ascontiguousarray(points[:MESH_POINTS, :2].T)
        read = np.empty((MESH_POINTS, 3), np.float32)
        for number, sigma in enumerate(SIGMAS):
            mine = self._sizes == number
            blurred = np.asarray(cv2.GaussianBlur(picture, (0, 0), sigma), np.uint8)
            # Whole numbers are too coarse for ratios in the dark; interpolation in float32 gives fractions.
            read[mine] = _at(blurred, x[mine], y[mine])
        return read


class _DriverEye:
    """One of the driver's eyes: what its neutral frame shows of it."""

    def __init__(self, region: Region, ball: Eyeball, picture: Frame, points: Points, pose: HeadPose) -> None:
        self._region, self._ball, self._pose = region, ball, pose
        self._ring = [*ball.ring, ball.iris_index]
        self._local = local_from_points(points, pose)[self._ring]
        self._rest = EyeWindow.of(region, points, pose, SIDE).read(picture)
        self._white = None if self._rest is None else white_of(self._rest)

    def read(self, picture: Frame, points: Points, pose: HeadPose) -> NDArray[np.float32]:
        """Return by how much the eye is brighter than it should be, in whites: places x 3 float32, 0 where shut."""
        nothing = np.zeros((EYE_PLACES[0] * EYE_PLACES[1], 3), np.float32)
        if self._rest is None or self._white is None:
            return nothing
        place = EyeWindow.of(self._region, points, pose, SIDE)
        shown = place.read(picture)
        if shown is None:
            return nothing
        moved = departure(self._local, local_from_points(points, pose)[self._ring])
        expected = self._rest
        if moved > 0:
            window, layer, mask, _ = render_eye(self._ball, points, self._pose, pose, SIDE)
            if mask.size:
                there = picture.copy()
                window.of(there)[:] = layer
                turned = place.read(there)
                expected = expected if turned is None else expected + np.float32(moved) * (turned - expected)
        return _little_colour((shown - expected) / self._white, EYE_COLOUR).reshape(-1, 3)


@dataclass(frozen=True)
class EyeWindow:
    """Where an eye's patch lies in a picture, and the places behind its lids.

    Attributes:
        placed: from pixels of the patch to those of the picture.
        side: of the patch, pixels.
        places: behind the lids; None where they are shut.
    """

    placed: Affine
    side: int
    places: Places | None

    @classmethod
    def of(cls, region: Region, points: Points, pose: HeadPose, size: int) -> EyeWindow:
        """Find an eye.

        Args:
            region: `LEFT_EYE` or `RIGHT_EYE`.
            points: 478 x 3, the face, pixels of the picture.
            pose: of the face.
            size: longer side of the picture, pixels.
        """
        placed = crop_from_patch(region, points, pose, size)
        lids = opening(region, move(inverse(placed), points), region.side)
        return cls(placed, region.side, Places.behind(np.rint(lids * 255).astype(np.uint8), EYE_PLACES))

    def read(self, picture: Frame) -> NDArray[np.float32] | None:
        """Return the colours of the picture at its places (rows x columns x 3 float32, RGB of 255), or None if shut."""
        if self.places is None:
            return None
        return self.places.read(cut_patch(picture, self.placed, self.side).astype(np.float32))


def white_of(colours: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return the white of an eye (3 float32, RGB of 255, at least 20) from the colours of its places."""
    return np.maximum(np.percentile(colours.reshape(-1, 3), WHITEST, axis=0), 20.0).astype(np.float32)


def _little_colour(values: NDArray[np.float32], most: float) -> NDArray[np.float32]:
    """Return values (... x 3) with what differs between the three colours held within the most there may be.

    Shade has hardly a colour of its own: much of it is something of the driver's that another face has not.
    """
    grey = values.mean(axis=-1, keepdims=True)
    return np.asarray(grey + np.clip(values - grey, -most, most), np.float32)


def _at(picture: Frame, x: NDArray[np.float32], y: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return a picture's colours at positions (N each), N x 3 float32, interpolated linearly."""
    limit = np.float32(picture.shape[0] - 1.001)
    x, y = np.clip(x, 0, limit), np.clip(y, 0, limit)
    column, row = x.astype(np.int64), y.astype(np.int64)
    across, down = (x - column)[:, None], (y - row)[:, None]
    upper = picture[row, column] * (1 - across) + picture[row, column + 1] * across
    lower = picture[row + 1, column] * (1 - across) + picture[row + 1, column + 1] * across
    return np.asarray(upper * (1 - down) + lower * down, np.float32)


def _moved(points: Points, placed: Affine) -> Points:
    """Return landmarks (478 x 3) moved by a similarity; depth is scaled alike."""
    moved = points.astype(np.float64)
    moved[:, :2] = moved[:, :2] @ placed[:, :2].T + placed[:, 2]
    moved[:, 2] *= float(np.sqrt(abs(np.linalg.det(placed[:, :2]))))
    return moved.astype(np.float32)


def _neighbourhoods(points: Points) -> NDArray[np.int64]:
    """Return, for each of the 468 vertices, the number of the sigma that suits the length of its edges."""
    edges = mesh_edges()
    length = np.linalg.norm(points[edges[:, 0], :2] - points[edges[:, 1], :2], axis=1)
    ends = edges.T.reshape(-1)
    mean = np.bincount(ends, np.tile(length, 2), MESH_POINTS) / np.bincount(ends, minlength=MESH_POINTS).clip(1)
    apart = np.abs(np.log(np.maximum(SHARE * mean, 1e-3))[:, None] - np.log(SIGMAS))
    return np.asarray(apart.argmin(axis=1), np.int64)


@functools.cache
def _corners() -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Return the corners of all triangles of the face in one row, and how many triangles each vertex has."""
    corners = canonical_face().triangles.T.reshape(-1).astype(np.int64)
    return corners, np.bincount(corners, minlength=MESH_POINTS).clip(1).astype(np.float64)


def _within(points: Points, frame: Frame) -> NDArray[np.bool_]:
    """Return which of the 468 vertices lie inside the frame: beyond it only its border could be read."""
    height, width = frame.shape[:2]
    xy = points[:MESH_POINTS, :2]
    return np.asarray(((xy >= 0) & (xy <= (width - 1, height - 1))).all(axis=1), np.bool_)


def _squareness(points: Points) -> NDArray[np.float32]:
    """Return how squarely the skin at each vertex faces the camera: cosine of its tilt, mean of its triangles."""
    corners, count = _corners()
    a, b, c = (points[corner].astype(np.float64) for corner in corners.reshape(3, -1))
    normal = np.cross(b - a, c - a)
    cosine = normal[:, 2] / np.maximum(np.linalg.norm(normal, axis=1), 1e-9) * head_topology().outward
    return np.asarray(np.bincount(corners, np.tile(cosine, 3), MESH_POINTS) / count, np.float32)
