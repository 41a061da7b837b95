"""Revocations: consents that were withdrawn on this computer, one file each in the data folder (`revoked/<id>.json`).

A revocation holds the id of the record, the hashes of the photos' pixels and the time; no names. It covers every head
that contains one of these photos and whose consent was signed before.
"""

from __future__ import annotations

import datetime as dt
import json
from dataclasses import dataclass
from typing import Any

from animato.errors import RefusedError
from animato.settings.consent import MORE, Consent
from animato.trust.consent_record import ConsentRecord
from animato.trust.key_folder import data_home, private_folder, write_whole

FOLDER = "revoked"
MAX_BYTES = 100_000


@dataclass(frozen=True)
class Revocation:
    """A withdrawn consent.

    Attributes:
        record: id of the record.
        photos: SHA-256 of the pixels of its photos.
        date: time, ISO 8601 UTC.
    """

    record: str
    photos: tuple[str, ...]
    date: str

    def covers(self, record: ConsentRecord) -> bool:
        """Return whether it withdraws a record."""
        if record.id == self.record:
            return True
        shared = {photo.pixels for photo in record.photos} & set(self.photos)
        return bool(shared) and record.made <= self.date


def revoke(record: ConsentRecord) -> Revocation:
    """Withdraw a consent on this computer.

    Raises:
        OutputError: the data folder cannot be written.
    """
    now = dt.datetime.now(dt.UTC).isoformat(timespec="microseconds")
    revocation = Revocation(record.id, tuple(photo.pixels for photo in record.photos if photo.pixels), now)
    content = {"schema": 1, "record": record.id, "photos": list(revocation.photos), "date": now}
    write_whole(private_folder(FOLDER) / f"{record.id}.json", json.dumps(content, indent=1).encode())
    return revocation


def revocation_of(record: ConsentRecord) -> Revocation | None:
    """Return the revocation that covers a record, or None.

    Raises:
        RefusedError: the list of revocations cannot be read.
    """
    folder = data_home() / FOLDER
    if not folder.is_dir():
        return None
    for path in sorted(folder.glob("*.json")):
        try:
            if path.stat().st_size > MAX_BYTES:
                raise ValueError("too large")
            value: Any = json.loads(path.read_text(encoding="utf-8"))
            found = Revocation(str(value["record"]), tuple(map(str, value["photos"])), str(value["date"]))
        except (OSError, ValueError, KeyError, TypeError) as problem:
            # Refused rather than skipped: a damaged entry may be the one that withdraws this consent.
            raise RefusedError(
                "the list of revoked consents is damaged, so no saved head is animated",
                where=str(path),
                hint="restore the file, or delete it if nothing was revoked by it",
                more=MORE,
            ) from problem
        if found.covers(record):
            return found
    return None


def check_not_revoked(record: ConsentRecord, name: str) -> None:
    """Check that a consent was not withdrawn on this computer.

    Args:
        name: of the file that holds the record, for messages.

    Raises:
        RefusedError: it was revoked, or the list cannot be read.
    """
    found = revocation_of(record)
    if found is not None:
        raise RefusedError(
            f"the consent in {name} was revoked, so it is not animated",
            where=f"revoked on {found.date[:10]}",
            hint=f"delete {name}; if the person agrees again, animato consent renew {name} `consent=other`",
            more=MORE,
        )


def check_not_expired(consent: Consent, name: str) -> None:
    """Check that the last day of a consent has not passed.

    Args:
        name: of what it belongs to, for messages.

    Raises:
        RefusedError: it expired.
    """
    if consent.expired:
        raise RefusedError(
            f"the consent for {name} has expired, so it is not animated",
            where=f"last day {consent.expires}",
            hint=f"ask the person again, then animato consent renew {name} `consent=other`",
            more=MORE,
        )
