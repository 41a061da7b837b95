"""Read, renew and revoke the consent record of a head or person file, without rendering anything."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from numpy.typing import NDArray

from animato.errors import FileFormatError, RefusedError
from animato.head.head_file import KIND as HEAD_KIND
from animato.head.head_file import SCHEMA as HEAD_SCHEMA
from animato.head.head_file import read_head_file
from animato.runtime.parser import Parser
from animato.settings.consent import Consent
from animato.trust.consent_record import ConsentRecord, PhotoHash, pixels_sha256, sign_consent
from animato.trust.revocations import Revocation, check_not_expired, check_not_revoked, revoke
from animato.weights.io import read_arrays, read_header, write_arrays
from animato.weights.person import MODELS, read_person_record
from animato.weights.person import SCHEMA as PERSON_SCHEMA


@dataclass(frozen=True)
class StoredConsent:
    """The consent in a file.

    Attributes:
        path: the head or person file.
        photos: hashes of the photos in the file.
        stored: the record as stored.
    """

    path: Path
    photos: tuple[PhotoHash, ...]
    stored: Any

    def record(self) -> ConsentRecord:
        """Return the record after checking its signature and photos.

        Raises:
            RefusedError: there is no signed record, it was edited, or it belongs to other photos.
        """
        record = ConsentRecord.from_json(self.stored, self.path.name)
        record.check_signature(self.path.name)
        record.check_photos(self.photos, self.path.name)
        return record

    def problem(self) -> RefusedError | None:
        """Return why the file is not animated now, or None."""
        try:
            record = self.record()
            check_not_expired(record.consent, self.path.name)
            check_not_revoked(record, self.path.name)
        except RefusedError as problem:
            return problem
        return None


def read_consent(path: Path) -> StoredConsent:
    """Read the consent of a head or person file, which may be expired, revoked or edited.

    Raises:
        InputError: the file does not exist.
        FileFormatError: it is damaged, or neither a head nor a person file.
    """
    return StoredConsent(path, _photos(path, _kind(path)), read_header(path).get("consent"))


def renew_consent(path: Path, consent: Consent) -> ConsentRecord:
    """Replace the consent record of a head or person file by a newly signed one.

    Raises:
        InputError, FileFormatError: as `read_consent`.
        OutputError: the file or the key cannot be written.
    """
    kind = _kind(path)
    record = sign_consent(consent, _photos(path, kind))
    file = read_arrays(path, kind, HEAD_SCHEMA if kind == HEAD_KIND else PERSON_SCHEMA)
    arrays: Mapping[str, NDArray[Any]] = file.arrays
    write_arrays(path, arrays, {**file.header, "consent": record.to_json()})
    return record


def revoke_consent(path: Path) -> Revocation:
    """Revoke the consent of a head or person file on this computer; the file is not changed.

    Raises:
        InputError, FileFormatError: as `read_consent`.
        RefusedError: there is no valid record to revoke; such a file is not animated anyway.
        OutputError: the data folder cannot be written.
    """
    return revoke(read_consent(path).record())


def _kind(path: Path) -> str:
    kind = read_header(path).get("kind")
    if kind != HEAD_KIND and kind not in MODELS:
        raise FileFormatError(f"{path.name} is neither a head nor a person file", where=f"kind in its header: {kind!r}")
    return str(kind)


def _photos(path: Path, kind: str) -> tuple[PhotoHash, ...]:
    if kind == HEAD_KIND:
        photos, _, _ = read_head_file(path, Parser())
        return tuple(PhotoHash(photo["sha256"], pixels_sha256(photo["image"])) for photo in photos)
    return tuple(PhotoHash(sha256) for sha256 in read_person_record(path).photos)
