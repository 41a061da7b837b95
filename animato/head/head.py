"""Head: photos of a person and everything computed from them once."""

from __future__ import annotations

import functools
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np

from animato.errors import FaceError, UsageError
from animato.geometry.affine import move_points
from animato.geometry.crop import MARGIN, crop_from_frame, cut, fit_square, head_square
from animato.geometry.pose import HeadPose, fit_pose
from animato.head.animation import FrameStream, Streams
from animato.head.cut_edges import cut_edges, edge_warnings
from animato.head.head_file import PHOTO_FIELDS, read_head_file, write_head_file
from animato.head.parts import HeadParts, read_parts
from animato.head.photo_files import MOST_PHOTOS, Photos, photo_list
from animato.head.plausibility import false_detection, plausibility
from animato.head.quality import check_photo_face, drawn_warning, is_blurred, is_drawn, no_face, turned_warnings
from animato.head.report import HeadReport
from animato.head.report_card import head_report
from animato.head.view import HeadView
from animato.media.disk import check_not_input
from animato.media.hash import sha256_file
from animato.media.image import load_picture
from animato.motion.motion_frame import photo_cost
from animato.motion.supported_turn import SupportedTurn, supported_turn
from animato.settings.animate import AnimateSettings
from animato.settings.consent import ConsentSettings, consent_record
from animato.tracking.face_finder import FaceFinder, choose_face
from animato.tracking.landmark_stabilizer import LandmarkStabilizer
from animato.types import Face, Frame

__all__ = ["MOST_PHOTOS", "Head", "HeadPhoto"]


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


@dataclass(frozen=True, eq=False)
class Head:
    """Appearance of a person: an immutable value, computed once and rendered any number of times.

    Attributes:
        photos: 1 to 32; the first is animated.
        consent: consent record of a saved head, or None; see `settings.consent`.
        animator: used by `animate`; set for heads made by an `Animator`.
        saved_report: report card read from a head file, or None.
    """

    photos: tuple[HeadPhoto, ...]
    consent: Mapping[str, Any] | None = None
    animator: Streams | None = field(default=None, repr=False)
    saved_report: HeadReport | None = field(default=None, repr=False)

    @property
    def photo(self) -> HeadPhoto:
        """The photo that is animated: the most frontal, neutral and largest."""
        return self.photos[0]

    @property
    def warnings(self) -> tuple[str, ...]:
        """Warnings about all photos."""
        return tuple(sentence for photo in self.photos for sentence in photo.warnings)

    @functools.cached_property
    def report(self) -> HeadReport:
        """Report card: what the photos support, and which photos would help.

        Example:
            >>> print(*head.report.sentences(), sep="\\n")  # doctest: +SKIP
        """
        return self.saved_report or head_report(self.photos)

    def supported_turn(self, closed: bool) -> SupportedTurn:
        """Return the directions of the head that the photos support.

        Args:
            closed: whether it is rendered as a closed head (`HeadView.is_closed`).
        """
        return supported_turn([photo.pose.degrees()[:2] for photo in self.photos], closed)

    @classmethod
    def from_photos(cls, photos: Photos, face: str = "largest", *, finder: FaceFinder | None = None) -> Head:
        """Read photos and find the person's face in each.

        Args:
            photos: one file (JPEG, PNG, WEBP), PIL image or array (H x W x 3 uint8 RGB), or up to 32 of them.
            face: which one, if a photo has several: "largest", "left", "right" or a number from the left.
            finder: detector and landmarker to use, or None for new ones.

        Raises:
            UsageError: an argument that is not a photo, no photos, or too many.
            PictureError: a file is not an image, is damaged or too large.
            FaceError: no usable face. Of several photos, those without one are left out with a warning.

        Example:
            >>> import animato
            >>> head = animato.Head.from_photos(["me.jpg", "side.jpg"])  # doctest: +SKIP
        """
        listed = photo_list(photos)
        finder = finder or FaceFinder()
        found: list[HeadPhoto] = []
        problems: list[FaceError] = []
        for number, item in enumerate(listed, 1):
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
        return cls((replace(first, warnings=(*first.warnings, *turned, *skipped)), *others))

    @classmethod
    def load(cls, path: Path | str) -> Head:
        """Load a head written by `save`; it renders identical frames, bit for bit.

        Raises:
            InputError: the file does not exist.
            FileFormatError: the file is damaged, of another kind, or of another version.

        Example:
            >>> head = animato.Head.load("me.animato")  # doctest: +SKIP
        """
        photos, consent, report = read_head_file(Path(path))
        return cls(tuple(HeadPhoto(**photo) for photo in photos), consent, saved_report=report)

    def save(self, path: Path | str, consent: ConsentSettings | None = None, *, overwrite: bool = False) -> None:
        """Write the photos, without file metadata, their landmarks and the report card to one file.

        Args:
            path: ends in .animato.
            consent: basis of consent for videos of this person; required unless the head has a record.
            overwrite: whether an existing file may be replaced.

        Raises:
            RefusedError: no basis of consent, or its statement is not affirmed.
            UsageError: another suffix, the file exists, or it is one of the photos.
            OutputError: the file cannot be written.

        Example:
            >>> consent = animato.ConsentSettings(consent_basis="self", i_have_consent=True)
            >>> head.save("me.animato", consent)  # doctest: +SKIP
        """
        record = self.consent if consent is None and self.consent else consent_record(consent or ConsentSettings())
        check_not_input(Path(path), [photo.path for photo in self.photos])
        photos = [{name: getattr(photo, name) for name in PHOTO_FIELDS} for photo in self.photos]
        write_head_file(Path(path), photos, record, self.report, overwrite=overwrite)

    def animate(self, driver: Path | str, settings: AnimateSettings | None = None, **options: Any) -> FrameStream:
        """Return a stream of this head animated by a driver; see `Animator.stream`.

        Args:
            driver: as of `Animator.stream`.
            settings: see `AnimateSettings`.
            options: fields of `AnimateSettings`, which override `settings`.

        Raises:
            UsageError: the head was not made by an `Animator`.

        Example:
            >>> with animato.Animator() as animator:  # doctest: +SKIP
            ...     with animator.head("me.jpg").animate("clip.mp4", mouth=0.7) as stream:
            ...         for frame in stream:
            ...             show(frame)
        """
        if self.animator is None:
            raise UsageError("this head belongs to no Animator", hint="animator.stream(head, driver)")
        return self.animator.stream(self, driver, settings, **options)


def _read(item: Path | Frame, number: int, choice: str, finder: FaceFinder) -> HeadPhoto:
    path: Path | None = None
    if isinstance(item, np.ndarray):
        image, name, media_type = item, f"photo {number}", "image/raw"
        sha256, warnings = hashlib.sha256(item.tobytes()).hexdigest(), []
        size = item.nbytes
    else:
        path = item
        picture = load_picture(path)
        image, name, media_type = picture.image, path.name, picture.media_type
        sha256, warnings = sha256_file(path), list(picture.warnings)
        size = path.stat().st_size
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
