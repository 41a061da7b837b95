"""A person: their photos, with the face found in each. A value that is made once and rendered many times."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from animato.errors import FaceError
from animato.geometry.pose import fit_pose
from animato.head.cut_edges import cut_edges, edge_findings
from animato.head.photo_files import MOST_PHOTOS, Photos, photo_list
from animato.head.plausibility import no_real_face, plausibility
from animato.head.quality import check_photo_face, drawn_finding, is_blurred, is_drawn, no_face
from animato.media.hash import sha256_file
from animato.media.image import load_picture
from animato.motion.motion_frame import photo_cost
from animato.tracking.face_finder import FaceFinder, choose_face
from animato.tracking.landmark_stabilizer import LandmarkStabilizer
from animato.types import Face, Frame

__all__ = ["MOST_PHOTOS", "Person", "PersonPhoto"]


@dataclass(frozen=True)
class PersonPhoto:
    """One photo of a person.

    Attributes:
        image: H x W x 3 uint8 RGB, upright.
        face: the chosen face, in pixels of the image.
        name: file name, or "photo 1".
        media_type: what the file was.
        sha256: of the file, or of the pixels when there was no file.
        bytes: size of what was hashed.
        path: of the file, or None.
        warnings: sentences about the photo.
    """

    image: Frame
    face: Face
    name: str
    media_type: str
    sha256: str
    bytes: int
    path: Path | None
    warnings: tuple[str, ...]


@dataclass(frozen=True)
class Person:
    """A person to animate.

    Attributes:
        photos: one to thirty-two, the one to animate first.
    """

    photos: tuple[PersonPhoto, ...]

    @property
    def photo(self) -> PersonPhoto:
        """The photo that is animated: the most frontal, neutral and largest."""
        return self.photos[0]

    @property
    def warnings(self) -> tuple[str, ...]:
        """Sentences about all photos."""
        return tuple(sentence for photo in self.photos for sentence in photo.warnings)

    @classmethod
    def from_photos(cls, photos: Photos, face: str = "largest", *, finder: FaceFinder | None = None) -> Person:
        """Read photos and find the person's face in each.

        Args:
            photos: one file (JPEG, PNG, WEBP), PIL image or array (H x W x 3 uint8 RGB), or up to thirty-two of them.
            face: which face, where a photo shows several: "largest", "left", "right" or a number from the left.
            finder: existing networks to use, or None.

        Raises:
            UsageError: something that is no photo, none, or too many.
            PictureError: a file is not a picture, is damaged or too large.
            FaceError: no usable face; of several photos, those without one are left out with a finding.

        Example:
            >>> import animato
            >>> person = animato.Person.from_photos(["me.jpg", "side.jpg"])  # doctest: +SKIP
        """
        listed = photo_list(photos)
        finder = finder or FaceFinder()
        found: list[PersonPhoto] = []
        problems: list[FaceError] = []
        for number, item in enumerate(listed, 1):
            try:
                found.append(_read(item, number, face, finder))
            except FaceError as problem:
                problems.append(problem)
        if not found:
            raise problems[0]
        left_out = tuple(f"{problem.what}; the photo was left out" for problem in problems)
        ranked = sorted(found, key=lambda photo: photo_cost(photo.face))
        first = ranked[0]
        # One landmark must name one place of the skin in all photos, or what several of them show would blur.
        skin = LandmarkStabilizer(first.image, first.face) if len(ranked) > 1 else None
        others = [replace(photo, face=skin.correct(photo.image, photo.face)) for photo in ranked[1:] if skin]
        return cls((replace(first, warnings=(*first.warnings, *left_out)), *others))


def _read(item: Path | Frame, number: int, choice: str, finder: FaceFinder) -> PersonPhoto:
    path: Path | None = None
    if isinstance(item, np.ndarray):
        image, name, kind = item, f"photo {number}", "image/raw"
        digest, warnings = hashlib.sha256(item.tobytes()).hexdigest(), []
        size = item.nbytes
    else:
        path = item
        picture = load_picture(path)
        image, name, kind = picture.image, path.name, picture.media_type
        digest, warnings = sha256_file(path), list(picture.warnings)
        size = path.stat().st_size
    faces = finder.find(image)
    if not faces:
        raise no_face(name, image.shape[1], image.shape[0])
    doubts = [(face, plausibility(image, face, finder)) for face in faces]
    # Of what is out of focus nothing is certain.
    doubts = [(face, doubt) for face, doubt in doubts if not doubt.refused or is_blurred(image, face)]
    if not doubts:
        raise no_real_face(name, image.shape[1], image.shape[0])
    faces = [face for face, _ in doubts]
    if any(doubt.doubted for _, doubt in doubts):
        warnings.append(
            f"the face in {name} is hardly one: check that eyes and lips move where the picture has them; a photo, "
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
    if is_drawn(image, chosen):
        warnings.append(drawn_finding(name))
    warnings += edge_findings(cut_edges(image, chosen.points), name)
    return PersonPhoto(image, chosen, name, kind, digest, size, path, tuple(warnings))
