"""A face whose landmarks follow seven points placed by hand: corrections, and faces that no detector finds.

The points are interpolated by a thin-plate spline (Bookstein 1989, "Principal warps"): it meets each of them, and bends
the rest of the mesh as little as possible. The mesh is that of the detected face where there is one, else a mean face.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from animato.errors import UsageError
from animato.geometry.landmarks import BLENDSHAPES
from animato.geometry.pose import fit_pose
from animato.head.parts import read_parts
from animato.head.photo import HeadPhoto
from animato.head.quality import check_photo_face
from animato.media.hash import sha256_file
from animato.media.image import load_picture
from animato.motion.controls import basis
from animato.tracking.face_finder import FaceFinder
from animato.types import Face, Points

PLACED = (468, 473, 4, 61, 291, 152, 10)
"""Mesh points that are placed: irises, tip of the nose, corners of the mouth, chin, top of the forehead; those of a
pair first on the side that is left in an upright picture."""

SAME_FACE = 0.5
"""Mean distance of a detected face's points from the placed ones, in distances of the eyes, up to which it is meant."""


def placed_photo(path: Path, placed: Sequence[Sequence[float]], finder: FaceFinder) -> HeadPhoto:
    """Read a photo whose face is placed by hand.

    Args:
        path: of the photo.
        placed: 7 x 2, see `PLACED`, pixels of the photo.
        finder: detector and landmarker.

    Raises:
        UsageError: the points form no face.
        PictureError: the file is not an image, is damaged or too large.
        FaceError: the face is too small, or cut off.
    """
    picture = load_picture(path)
    wanted = checked_points(placed, picture.image.shape[1], picture.image.shape[0])
    face = placed_face(wanted, _detected(wanted, finder.find(picture.image)))
    pose = fit_pose(face.points)
    warnings = [*picture.warnings, *check_photo_face(picture.image, face, pose.degrees()[0], path.name)]
    parts = read_parts(picture.image, pose, finder.engine)
    size = path.stat().st_size
    return HeadPhoto(
        picture.image, face, path.name, picture.media_type, sha256_file(path), size, path, tuple(warnings), parts
    )


def checked_points(placed: Sequence[Sequence[float]], width: int, height: int) -> NDArray[np.float64]:
    """Return placed points as an array, 7 x 2 float64, pixels.

    Args:
        placed: 7 x 2, pixels of the photo.
        width: of the photo, pixels.
        height: of the photo, pixels.

    Raises:
        UsageError: another number of points, points outside the photo, or in an order that no face has.
    """
    points = np.asarray(placed, np.float64)
    if points.shape != (len(PLACED), 2) or not np.isfinite(points).all():
        raise UsageError(f"a face needs {len(PLACED)} points", where="eyes, nose, mouth corners, chin, forehead")
    if (points < -0.5).any() or (points > [width - 0.5, height - 0.5]).any():
        raise UsageError("a point lies outside the photo", where=f"{width} x {height} pixels", hint="move it inside")
    if not _form_a_face(points):
        raise UsageError(
            "the points do not form a face",
            where="from the forehead to the chin: eyes, nose, mouth; left and right as in the picture",
            hint="place each point where it belongs",
        )
    return points


def _form_a_face(points: NDArray[np.float64]) -> bool:
    """Return whether points (7 x 2) follow each other from forehead to chin, and those of a pair from left to right."""
    first_eye, second_eye, nose, first_corner, second_corner, chin, forehead = points
    down = chin - forehead
    across = np.array([down[1], -down[0]])
    column = [forehead, (first_eye + second_eye) / 2, nose, (first_corner + second_corner) / 2, chin]
    steps = np.diff([float(point @ down) for point in column])
    pairs = [float((second_eye - first_eye) @ across), float((second_corner - first_corner) @ across)]
    return bool((steps > 0).all()) and min(pairs) > 0


def placed_face(placed: NDArray[np.float64], detected: Face | None) -> Face:
    """Return a face whose landmarks meet placed points.

    Args:
        placed: 7 x 2 float64, see `PLACED`, pixels.
        detected: the face as it was found, or None.
    """
    mesh = detected.points.astype(np.float64) if detected is not None else _mean_face(placed)
    source = mesh[list(PLACED), :2]
    points = mesh.copy()
    points[:, :2] += thin_plate(source, placed - source, mesh[:, :2])
    if detected is None:
        return Face(points.astype(np.float32), np.zeros(len(BLENDSHAPES), np.float32), 1.0)
    return Face(points.astype(np.float32), detected.blendshapes, detected.score)


def _mean_face(placed: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return a mean face, 478 x 3 float64, pixels, turned in the picture and scaled to placed points (7 x 2)."""
    mesh = basis().neutral
    source = mesh[list(PLACED), :2]
    # The similarity as a complex factor: least squares on centred points.
    ours, theirs = (points @ [1, 1j] for points in (source - source.mean(axis=0), placed - placed.mean(axis=0)))
    factor = np.vdot(ours, theirs) / np.vdot(ours, ours).real
    flat = (mesh[:, :2] - source.mean(axis=0)) @ [1, 1j] * factor
    centre = placed.mean(axis=0)
    return np.stack([flat.real + centre[0], flat.imag + centre[1], mesh[:, 2] * abs(factor)], axis=1)


def _detected(placed: NDArray[np.float64], faces: Sequence[Face]) -> Face | None:
    """Return the face that placed points (7 x 2) are meant for, or None."""

    def distance(face: Face) -> float:
        return float(np.linalg.norm(face.points[list(PLACED), :2] - placed, axis=1).mean()) / _eye_distance(placed)

    nearest = min(faces, key=distance, default=None)
    return nearest if nearest is not None and distance(nearest) < SAME_FACE else None


def _eye_distance(placed: NDArray[np.float64]) -> float:
    return float(np.linalg.norm(placed[0] - placed[1]))


def thin_plate(source: NDArray[np.float64], change: NDArray[np.float64], points: Points | NDArray[Any]) -> Any:
    """Return the displacement of points by the thin-plate spline through given displacements.

    Args:
        source: N x 2 float64, pixels; not all on one line.
        change: N x 2 float64, displacement of each, pixels.
        points: M x 2, pixels.

    Returns:
        M x 2 float64, pixels.

    Raises:
        UsageError: the source points coincide or lie on one line.
    """
    count, unit = len(source), max(float(np.ptp(source)), 1e-6)
    origin = source.mean(axis=0)

    def kernel(at: NDArray[Any]) -> NDArray[np.float64]:
        squared = (((at[:, None] - source[None]) / unit) ** 2).sum(axis=2)
        return np.asarray(squared * np.log(np.maximum(squared, 1e-12)))

    def plane(at: NDArray[Any]) -> NDArray[np.float64]:
        return np.concatenate([np.ones((len(at), 1)), (at - origin) / unit], axis=1)

    system = np.zeros((count + 3, count + 3))
    system[:count, :count], system[:count, count:] = kernel(source), plane(source)
    system[count:, :count] = system[:count, count:].T
    try:
        solved = np.linalg.solve(system, np.concatenate([change, np.zeros((3, 2))]))
    except np.linalg.LinAlgError as problem:
        raise UsageError("the points lie on one line", hint="place each where it belongs") from problem
    return kernel(np.asarray(points)) @ solved[:count] + plane(np.asarray(points)) @ solved[count:]
