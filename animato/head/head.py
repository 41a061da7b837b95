"""Head: photos of a person, everything computed from them once, and the consent to animate them."""

from __future__ import annotations

import functools
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from animato.errors import UsageError
from animato.head.animation import FrameStream, Streams
from animato.head.head_file import PHOTO_FIELDS, read_head_file, write_head_file
from animato.head.photo import HeadPhoto, read_photos
from animato.head.photo_files import MOST_PHOTOS, Photos, photo_list
from animato.head.report import HeadReport
from animato.head.report_card import head_report
from animato.media.disk import check_not_input
from animato.motion.supported_turn import SupportedTurn, supported_turn
from animato.runtime.parser import Parser
from animato.settings.animate import AnimateSettings
from animato.settings.consent import Consent, required_consent
from animato.tracking.face_finder import FaceFinder
from animato.trust.consent_record import ConsentRecord, sign_consent
from animato.trust.revocations import check_not_expired, check_not_revoked

__all__ = ["MOST_PHOTOS", "Head", "HeadPhoto"]


@dataclass(frozen=True, eq=False)
class Head:
    """Appearance of a person: an immutable value, computed once and rendered any number of times.

    Attributes:
        photos: 1 to 32; the first is animated.
        consent: ground on which the head may be animated.
        record: signed consent record of a saved head, or None.
        file: name of the head file, or None.
        animator: used by `animate`; set for heads made by an `Animator`.
        saved_report: report card read from a head file, or None.
    """

    photos: tuple[HeadPhoto, ...]
    consent: Consent
    record: ConsentRecord | None = field(default=None, repr=False)
    file: str | None = None
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
    def from_photos(
        cls,
        photos: Photos,
        face: str = "largest",
        *,
        consent: Consent | str | None = None,
        finder: FaceFinder | None = None,
    ) -> Head:
        """Read photos and find the person's face in each.

        Args:
            photos: one file (JPEG, PNG, WEBP), PIL image or array (H x W x 3 uint8 RGB), or up to 32 of them.
            face: which one, if a photo has several: "largest", "left", "right" or a number from the left.
            consent: on which ground the face may be animated: a `Consent`, or "self", "other" or "not-a-person".
            finder: detector and landmarker to use, or None for new ones.

        Raises:
            RefusedError: no consent is given.
            UsageError: an argument that is not a photo, no photos, or too many.
            PictureError: a file is not an image, is damaged or too large.
            FaceError: no usable face. Of several photos, those without one are left out with a warning.

        Example:
            >>> import animato
            >>> head = animato.Head.from_photos(["me.jpg", "side.jpg"], consent="self")  # doctest: +SKIP
        """
        consent = required_consent(consent)
        return cls(read_photos(photo_list(photos), face, finder or FaceFinder()), consent)

    @classmethod
    def load(cls, path: Path | str, *, parser: Parser | None = None) -> Head:
        """Load a head written by `save`; it renders identical frames, bit for bit.

        An expired or revoked head can be loaded, but not animated.

        Args:
            path: of the file.
            parser: parses the file in its process; None for a new process.

        Raises:
            InputError: the file does not exist.
            FileFormatError: the file is damaged, of another kind, or of another version.
            RefusedError: it has no signed consent record, or the record or the photos were changed.

        Example:
            >>> head = animato.Head.load("me.animato")  # doctest: +SKIP
        """
        path = Path(path)
        fields, stored, report = read_head_file(path, parser or Parser())
        photos = tuple(HeadPhoto(**photo) for photo in fields)
        record = ConsentRecord.from_json(stored, path.name)
        record.check_signature(path.name)
        record.check_photos([photo.hashes for photo in photos], path.name)
        return cls(photos, record.consent, record, path.name, saved_report=report)

    def check_consent(self) -> None:
        """Check that the consent permits animation now.

        Raises:
            RefusedError: it has expired, or was revoked on this computer.
        """
        name = self.file or self.photo.name
        check_not_expired(self.consent, name)
        if self.record is not None:
            check_not_revoked(self.record, name)

    def save(self, path: Path | str, *, consent: Consent | str | None = None, overwrite: bool = False) -> None:
        """Write the photos, without file metadata, their landmarks, the report card and the consent to one file.

        The consent record is bound to the photos and signed with the key of this installation.

        Args:
            path: ends in .animato.
            consent: another consent than that of the head.
            overwrite: whether an existing file may be replaced.

        Raises:
            UsageError: another suffix, the file exists, or it is one of the photos.
            OutputError: the file or the key cannot be written.

        Example:
            >>> head.save("me.animato")  # doctest: +SKIP
        """
        check_not_input(Path(path), [photo.path for photo in self.photos])
        record = self.record
        if record is None or consent is not None:
            given = self.consent if consent is None else required_consent(consent)
            record = sign_consent(given, [photo.hashes for photo in self.photos])
        photos = [{name: getattr(photo, name) for name in PHOTO_FIELDS} for photo in self.photos]
        write_head_file(Path(path), photos, record.to_json(), self.report, overwrite=overwrite)

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
