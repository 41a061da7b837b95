"""HeadPhoto: one photo of a head with the face in it, and how photos are read."""

from __future__ import annotations

import functools
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from animato.errors import FaceError
from animato.geometry.affine import move_points
from animato.geometry.crop import MARGIN, crop_from_frame, cut, fit_square, head_square
from animato.geometry.pose import HeadPose, fit_pose
from animato.head.cut_edges import cut_edges, edge_warnings
from animato.head.parts import HeadParts, read_parts
from animato.head.plausibility import false_detection, plausibility
from animato.head.quality import check_photo_face, drawn_warning, is_blurred, is_drawn, no_face, turned_warnings
from animato.head.view import HeadView
from animato.media.hash import sha256_file
from animato.media.sealed_image import read_picture
from animato.motion.motion_frame import photo_cost
from animato.tracking.face_finder import FaceFinder, choose_face
from animato.tracking.landmark_stabilizer import LandmarkStabilizer
from animato.trust.consent_record import PhotoHash, pixels_sha256
from animato.types import Face, Frame


@dataclass(frozen=True, eq=False)
class HeadPhoto:
    """One photo of a head.

    Attributes:
        image: H x W x 3 uint8 RGB, upright.
        face: the chosen face, in pixels of the image.
        name: file name, or "photo 1".
        media_type: of the file.
        sha256: of the file, or of the pixels when there was no file.
        bytes: size of what was hashed.
        path: of the file, or None.
        warnings: about the photo.
        parts: of the head, see `head.parts`; None where it was not analysed.
    """

    image: Frame
    face: Face
    name: str
    media_type: str
    sha256: str
    bytes: int
    path: Path | None
    warnings: tuple[str, ...]
    parts: HeadParts | None = None

    @functools.cached_property
    def pose(self) -> HeadPose:
        """Pose of the head, in pixels of the photo."""
        return fit_pose(self.face.points)

    def square(self, side: int, margin: float = MARGIN) -> HeadView:
        """Return the square around the head.

        Args:
            side: of the result, pixels.
            margin: side of the square in face sizes (`geometry.crop.head_square`).
        """
        height, width = self.image.shape[:2]
        square = fit_square(head_square(self.face.points, margin), width, height)
        view_from_photo = crop_from_frame(square, side)
        parts = None if self.parts is None else self.parts.moved(view_from_photo)
        image = cut(self.image, view_from_photo, side)
        return HeadView(image, move_points(view_from_photo, self.face.points), parts=parts)

    @functools.cached_property
    def drawn(self) -> bool:
        """Whether the face is drawn rather than photographed or painted (`head.quality.is_drawn`)."""
        return is_drawn(self.image, self.face)

    @functools.cached_property
    def cut_edges(self) -> tuple[str, ...]:
        """Edges of the photo that cut the head: of "top", "bottom", "left", "right"."""
        return tuple(cut_edges(self.image, self.face.points))

    @functools.cached_property
    def hashes(self) -> PhotoHash:
        """Hashes of file and pixels, to which a consent record is bound."""
        return PhotoHash(self.sha256, pixels_sha256(self.image))


def read_photos(photos: Sequence[Path | Frame], face: str, finder: FaceFinder) -> tuple[HeadPhoto, ...]:
    """Read photos and find the person's face in each; the first of the result is the one to animate.

    Args:
        photos: files, and arrays (H x W x 3 uint8 RGB).
        face: which one, if a photo has several: "largest", "left", "right" or a number from the left.
        finder: detector and landmarker.

    Raises:
        PictureError: a file is not an image, is damaged or too large.
        FaceError: no usable face. Of several photos, those without one are left out with a warning.
    """
    found: list[HeadPhoto] = []
    problems: list[FaceError] = []
    for number, item in enumerate(photos, 1):
        try:
            found.append(_read(item, number, face, finder))
        except FaceError as problem:
            problems.append(problem)
    if not found:
        raise problems[0]
    skipped = tuple(f"{problem.what}; the photo was left out" for problem in problems)
    ranked = sorted(found, key=lambda photo: photo_cost(photo.face))
    first = ranked[0]
    # Landmarks must mark the same points of the skin in all photos; otherwise merged views would blur.
    reference = LandmarkStabilizer(first.image, first.face) if len(ranked) > 1 else None
    others = [replace(photo, face=reference.correct(photo.image, photo.face)) for photo in ranked[1:] if reference]
    turned = turned_warnings(first.pose.degrees()[0], first.name)
    return (replace(first, warnings=(*first.warnings, *turned, *skipped)), *others)


def file_sha256(item: Path | Frame) -> str:
    """Return the SHA-256 of a photo's file, or of the pixels of an array; the `sha256` of its `HeadPhoto`."""
    return hashlib.sha256(item.tobytes()).hexdigest() if isinstance(item, np.ndarray) else sha256_file(item)


def _read(item: Path | Frame, number: int, choice: str, finder: FaceFinder) -> HeadPhoto:
    path: Path | None = None
    if isinstance(item, np.ndarray):
        image, name, media_type = item, f"photo {number}", "image/raw"
        warnings: list[str] = []
        size = item.nbytes
    else:
        path = item
        picture = read_picture(path, finder.engine.parser)
        image, name, media_type = picture.image, path.name, picture.media_type
        warnings = list(picture.warnings)
        size = path.stat().st_size
    sha256 = file_sha256(item)
    faces = finder.find(image)
    if not faces:
        raise no_face(name, image.shape[1], image.shape[0])
    checked = [(face, plausibility(image, face, finder)) for face in faces]
    # The check is unreliable for blurred faces.
    checked = [(face, check) for face, check in checked if not check.rejected or is_blurred(image, face)]
    if not checked:
        raise false_detection(name, image.shape[1], image.shape[0])
    faces = [face for face, _ in checked]
    if any(check.doubtful for _, check in checked):
        warnings.append(
            f"the face in {name} may be a false detection: check that eyes and lips move in the right place; a photo, "
            "painting or drawing of a human face seen from the front works better"
        )
    if len(faces) > 1 and choice == "largest":
        warnings.append(
            f"{name} shows {len(faces)} faces; the largest is used: choose with `face` left, right or a number"
        )
    try:
        chosen = faces[choose_face(faces, image.shape[1], choice)]
    except FaceError as problem:
        raise FaceError(f"{name}: {problem.what}", problem.where, problem.hint, problem.more) from problem
    chosen = finder.refined(image, chosen)
    pose = fit_pose(chosen.points)
    warnings += check_photo_face(image, chosen, pose.degrees()[0], name)
    parts = read_parts(image, pose, finder.engine)
    photo = HeadPhoto(image, chosen, name, media_type, sha256, size, path, (), parts)
    if photo.drawn:
        warnings.append(drawn_warning(name))
    warnings += edge_warnings(photo.cut_edges, name)
    return replace(photo, warnings=tuple(warnings))
