"""Consent record of a head: a consent bound to the photos and signed with the key of the installation.

The signature shows that the record was not edited after it was signed. It does not show that the statement is true.
"""

from __future__ import annotations

import base64
import dataclasses
import datetime as dt
import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from numpy.typing import NDArray

from animato.errors import RefusedError, UsageError
from animato.settings.consent import MORE, Consent
from animato.trust.certificates import pem
from animato.trust.keys import local_key, trusted_authorities
from animato.version import __version__

SCHEMA = 2
"""Version of the record. Version 1, of earlier releases, was not signed."""

PURPOSE = b"animato consent record 2\n"
"""Prefix of the signed bytes, so that a signature of something else is never a valid record."""

CONSENT_FIELDS = tuple(field.name for field in dataclasses.fields(Consent))


@dataclass(frozen=True)
class PhotoHash:
    """Identity of one photo.

    Attributes:
        file: SHA-256 of the photo's file.
        pixels: SHA-256 of its decoded pixels (`pixels_sha256`), or None where only the file is known.
    """

    file: str
    pixels: str | None = None


def pixels_sha256(image: NDArray[np.uint8]) -> str:
    """Return the SHA-256 of a picture's shape and pixels.

    Args:
        image: H x W x 3 uint8 RGB.
    """
    digest = hashlib.sha256(repr(image.shape).encode())
    digest.update(np.ascontiguousarray(image).data)
    return digest.hexdigest()


def certificates_of(text: str) -> list[str]:
    """Return the PEM blocks of a text, in order."""
    end = "-----END CERTIFICATE-----"
    return [block.strip() for block in text.split(end) if block.strip()]


@dataclass(frozen=True)
class ConsentRecord:
    """A signed consent.

    Attributes:
        consent: the consent.
        photos: the photos it is bound to, in order.
        made: when it was signed, ISO 8601 UTC.
        version: of animato.
        certificate: PEM, the signing certificate, then its authority.
        signature: ECDSA (P-256, SHA-256), DER in base64.
    """

    consent: Consent
    photos: tuple[PhotoHash, ...]
    made: str
    version: str
    certificate: str = ""
    signature: str = ""

    @property
    def id(self) -> str:
        """First 16 hexadecimal digits of the SHA-256 of the signed content; names the record in the revocations."""
        return hashlib.sha256(self._signed_bytes()).hexdigest()[:16]

    @property
    def own(self) -> bool:
        """Whether this installation signed it."""
        authorities = trusted_authorities() or b""
        # Also those of rotated keys; the record's authority is the last certificate of its chain.
        return bool(self.certificate) and certificates_of(self.certificate)[-1] in certificates_of(authorities.decode())

    def to_json(self) -> dict[str, Any]:
        """Return the record as plain JSON types."""
        return {**self._body(), "certificate": self.certificate, "signature": self.signature}

    @classmethod
    def from_json(cls, value: Any, name: str) -> ConsentRecord:
        """Return the record stored in a file.

        Args:
            value: as of `to_json`.
            name: of the file, for messages.

        Raises:
            RefusedError: there is no record, it is unsigned, as in files of earlier versions, or damaged.
        """
        if not isinstance(value, dict) or value.get("schema") != SCHEMA:
            raise _refused(f"{name} has no signed consent record", "it was written by an earlier version", name)
        try:
            fields: dict[str, Any] = {field: value.get(field) for field in CONSENT_FIELDS}
            consent = Consent(**fields)
            photos = tuple(PhotoHash(photo["file"], photo["pixels"]) for photo in value["photos"])
            texts = {field: value[field] for field in ("made", "version", "certificate", "signature")}
            if not all(isinstance(text, str) for text in texts.values()) or consent.statement != value["statement"]:
                raise ValueError("not text")
            record = cls(consent, photos, **texts)
            if value["statement_sha256"] != consent.statement_sha256:
                raise ValueError("hash of the statement")
        except (KeyError, TypeError, ValueError, AttributeError, UsageError) as problem:
            raise _edited(name, "the record is damaged") from problem
        return record

    def check_signature(self, name: str) -> None:
        """Check that the record is as it was signed.

        Args:
            name: of its file, for messages.

        Raises:
            RefusedError: it was edited, or signed by nobody.
        """
        try:
            certificates = x509.load_pem_x509_certificates(self.certificate.encode())
            leaf, authority = certificates[0], certificates[-1]
            leaf.verify_directly_issued_by(authority)
            key = leaf.public_key()
            if not isinstance(key, ec.EllipticCurvePublicKey):
                raise ValueError("not an EC key")
            key.verify(base64.b64decode(self.signature), self._signed_bytes(), ec.ECDSA(hashes.SHA256()))
        except (InvalidSignature, ValueError, TypeError) as problem:
            raise _edited(name, "its signature does not match") from problem

    def check_photos(self, photos: Sequence[PhotoHash], name: str) -> None:
        """Check that the record belongs to these photos.

        Args:
            photos: of the file; `pixels` is compared where both sides know it.
            name: of the file, for messages.

        Raises:
            RefusedError: other photos, or another number of them.
        """
        same = len(photos) == len(self.photos) and all(
            ours.file == theirs.file and (theirs.pixels is None or ours.pixels == theirs.pixels)
            for ours, theirs in zip(self.photos, photos, strict=True)
        )
        if not same:
            raise _refused(f"the consent record in {name} belongs to other photos", "the photos were replaced", name)

    def _body(self) -> dict[str, Any]:
        consent = {field: getattr(self.consent, field) for field in CONSENT_FIELDS}
        return {
            "schema": SCHEMA,
            **consent,
            "clip": None if self.consent.clip is None else dict(self.consent.clip),
            "statement_sha256": self.consent.statement_sha256,
            "photos": [dataclasses.asdict(photo) for photo in self.photos],
            "made": self.made,
            "version": self.version,
        }

    def _signed_bytes(self) -> bytes:
        return PURPOSE + json.dumps(self._body(), sort_keys=True, separators=(",", ":")).encode()

    def signed(self) -> ConsentRecord:
        """Return the record with the signature of this installation's key.

        Raises:
            OutputError: the key cannot be written.
        """
        key = local_key()
        private = serialization.load_pem_private_key(key.key, None)
        assert isinstance(private, ec.EllipticCurvePrivateKey)
        signature = private.sign(self._signed_bytes(), ec.ECDSA(hashes.SHA256()))
        chain = b"".join(pem(certificate) for certificate in x509.load_pem_x509_certificates(key.chain))
        return dataclasses.replace(self, certificate=chain.decode(), signature=base64.b64encode(signature).decode())


def sign_consent(consent: Consent, photos: Sequence[PhotoHash]) -> ConsentRecord:
    """Return the signed record of a consent for photos.

    Raises:
        OutputError: the key of this installation cannot be written.
    """
    made = dt.datetime.now(dt.UTC).isoformat(timespec="microseconds")
    return ConsentRecord(consent, tuple(photos), made, __version__).signed()


def _edited(name: str, where: str) -> RefusedError:
    return _refused(f"the consent record in {name} was changed after it was signed", where, name)


def _refused(what: str, where: str, name: str) -> RefusedError:
    return RefusedError(what, where, f"animato consent renew {name} `consent=self`, if that is the ground", MORE)
