"""Consent of a render: required for photos before any work begins, and checked for head and person files."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

from animato.errors import UsageError
from animato.head.head import Head
from animato.head.photo import file_sha256
from animato.settings.consent import MORE, Consent, required_consent
from animato.trust.consent_record import ConsentRecord, PhotoHash
from animato.trust.revocations import check_not_expired, check_not_revoked
from animato.types import Frame
from animato.weights.person import read_person_record


def consent_for_photos(
    inputs: Iterable[Head | Path | Sequence[Path | Frame]], consent: Consent | str | None, person: Path | None
) -> Consent | None:
    """Return the consent for the photos among the inputs; None if all of them are heads, which have their own.

    Photos from which the person file was adapted need no further consent than the one in that file.

    Args:
        inputs: heads, head files, and lists of photos.
        consent: given for the photos, or None.
        person: person file, or None.

    Raises:
        RefusedError: no consent is given, or that of the person file cannot be used.
        UsageError: a consent although every input is a head.
        InputError: a photo or the person file cannot be read.
    """
    photos = [item for group in inputs if not isinstance(group, (Head, Path)) for item in group]
    if not photos:
        if consent is not None:
            raise UsageError(
                "`consent` is for photos, and a saved head has its own", hint="animato consent renew FILE", more=MORE
            )
        return None
    if consent is None and person is not None:
        record = person_consent(person)
        if {file_sha256(item) for item in photos} <= {photo.file for photo in record.photos}:
            return record.consent
    return required_consent(consent)


def person_consent(path: Path) -> ConsentRecord:
    """Return the consent record of a person file.

    Raises:
        InputError, FileFormatError: the file cannot be read.
        RefusedError: it has no signed record, the record was edited, has expired or was revoked.
    """
    person = read_person_record(path)
    record = ConsentRecord.from_json(person.consent, path.name)
    record.check_signature(path.name)
    record.check_photos([PhotoHash(sha256) for sha256 in person.photos], path.name)
    check_not_expired(record.consent, path.name)
    check_not_revoked(record, path.name)
    return record


def published_consents(heads: Iterable[Head], person: Path | None) -> tuple[dict[str, str], ...]:
    """Return what is published of the consents of a render, without names or duplicates.

    Args:
        heads: that are rendered.
        person: person file, or None.
    """
    consents = [head.consent for head in heads]
    if person is not None:
        consents.append(person_consent(person).consent)
    published: list[dict[str, str]] = []
    for consent in consents:
        if consent.public() not in published:
            published.append(consent.public())
    return tuple(published)
