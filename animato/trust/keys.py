"""The signing key: generated locally at first use, stored in the data home, never shipped or transmitted.

The leaf is valid for a year and is renewed automatically. A certificate of the user's own can be used instead.
"""

from __future__ import annotations

import datetime as dt
import os
from dataclasses import dataclass
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

from animato.errors import UsageError
from animato.settings.provenance import SigningSettings
from animato.trust.certificates import LEAF_DAYS, key_pem, make_authority, make_leaf, pem
from animato.trust.key_folder import data_home, private_folder, write_whole

RENEW_DAYS = 30
"""Remaining validity in days below which a leaf is renewed before signing."""

LEAF_FILE, AUTHORITY_FILE = "leaf.pem", "authority.pem"
"""Each file holds the key and its certificates, so a crash cannot leave a key with another key's chain."""


@dataclass(frozen=True)
class SigningKey:
    """A signing key and its certificate chain.

    Attributes:
        chain: PEM, the leaf first, then its authority.
        key: PEM, PKCS #8, the leaf's private key; excluded from the repr.
        own: whether it was generated on this computer.
        tsa: URL of a time-stamp authority, or None for no network access.
    """

    chain: bytes
    key: bytes
    own: bool
    tsa: str | None = None

    def __repr__(self) -> str:
        return f"SigningKey(own={self.own})"


def signing_key(settings: SigningSettings | None = None) -> SigningKey:
    """Return the signing key: the certificate given in the settings, else the key of this installation.

    Raises:
        UsageError: only one of certificate and key is given, or they cannot be read or do not belong together.
        OutputError: the key of this installation cannot be written.
    """
    chosen = settings or SigningSettings()
    if chosen.sign_cert is None and chosen.sign_key is None:
        local = local_key()
        return SigningKey(local.chain, local.key, True, chosen.tsa)
    if chosen.sign_cert is None or chosen.sign_key is None:
        raise UsageError("`sign_cert` and `sign_key` go together", hint="give both, or neither")
    return _own_certificate(chosen.sign_cert, chosen.sign_key, chosen.tsa)


def local_key(now: dt.datetime | None = None) -> SigningKey:
    """Return the key of this installation, generating or renewing it when needed.

    Args:
        now: time used to check validity, for tests; default is the current time.

    Raises:
        OutputError: the data home cannot be written.
    """
    moment = now or dt.datetime.now(dt.UTC)
    folder = private_folder("keys")
    ready = _load_leaf(folder / LEAF_FILE, moment)
    if ready is not None:
        return ready
    authority_key, authority = _authority(folder / AUTHORITY_FILE, moment)
    key = ec.generate_private_key(ec.SECP256R1())
    chain = pem(make_leaf(key, authority_key, authority, moment)) + pem(authority)
    write_whole(folder / LEAF_FILE, key_pem(key) + chain)
    return SigningKey(chain, key_pem(key), True)


def local_authority() -> bytes | None:
    """Return this installation's authority as PEM, the trust anchor of its outputs; None before first use."""
    bundle = _read_bundle(data_home() / "keys" / AUTHORITY_FILE)
    return None if bundle is None else pem(bundle[1][0])


def _load_leaf(path: Path, moment: dt.datetime) -> SigningKey | None:
    """Return the stored leaf if it is intact and not about to expire."""
    bundle = _read_bundle(path)
    if bundle is None or len(bundle[1]) < 2:
        return None
    key, certificates = bundle
    leaf = certificates[0]
    if leaf.not_valid_after_utc - moment < dt.timedelta(days=RENEW_DAYS) or leaf.not_valid_before_utc > moment:
        return None
    return SigningKey(b"".join(pem(certificate) for certificate in certificates), key_pem(key), True)


def _read_bundle(path: Path) -> tuple[ec.EllipticCurvePrivateKey, list[x509.Certificate]] | None:
    """Return the private key and the certificates of a file; None when it is missing, damaged or does not match."""
    try:
        if not path.is_file():  # also a FIFO, whose opening would wait
            return None
        if os.name == "posix" and path.stat().st_mode & 0o077:
            path.chmod(0o600)
        content = path.read_bytes()
        key = serialization.load_pem_private_key(content, None)
        certificates = x509.load_pem_x509_certificates(content)
    except (OSError, ValueError):
        return None
    if not isinstance(key, ec.EllipticCurvePrivateKey) or certificates[0].public_key() != key.public_key():
        return None
    return key, certificates


def _authority(path: Path, moment: dt.datetime) -> tuple[ec.EllipticCurvePrivateKey, x509.Certificate]:
    """Return this installation's authority, generating it when missing, damaged or expiring before a new leaf."""
    bundle = _read_bundle(path)
    if bundle is not None and bundle[1][0].not_valid_after_utc > moment + dt.timedelta(days=LEAF_DAYS):
        return bundle[0], bundle[1][0]
    key = ec.generate_private_key(ec.SECP256R1())
    certificate = make_authority(key, moment)
    write_whole(path, key_pem(key) + pem(certificate), keep_existing=not path.exists())
    winner = _read_bundle(path)  # another process may have written its authority first; use that one
    return (key, certificate) if winner is None else (winner[0], winner[1][0])


def _own_certificate(certificate: Path, key: Path, tsa: str | None) -> SigningKey:
    """Load the user's own certificate and key and check that they match."""
    try:
        for path in (certificate, key):
            if path.exists() and not path.is_file():  # opening a FIFO waits for a writer, maybe for ever
                raise UsageError(f"{path} is not a regular file", hint="the path of a PEM file")
        chain, secret = certificate.read_bytes(), key.read_bytes()
        first = x509.load_pem_x509_certificates(chain)[0]
        private = serialization.load_pem_private_key(secret, None)
    except OSError as error:
        raise UsageError(f"cannot read {error.filename}", where=error.strerror) from error
    except (ValueError, TypeError) as error:
        hint = "a PEM certificate chain and an unencrypted PEM key"
        raise UsageError("the signing certificate or its key cannot be used", where=str(error), hint=hint) from error
    if not isinstance(private, ec.EllipticCurvePrivateKey) or not isinstance(private.curve, ec.SECP256R1):
        raise UsageError(f"{key} is not an EC P-256 key", hint="signing uses ES256")
    if first.public_key() != private.public_key():
        raise UsageError(f"{key} does not belong to the first certificate in {certificate}")
    return SigningKey(chain, key_pem(private), False, tsa)


def describe() -> str:
    """Return a one-line description of the signing key, without generating one."""
    folder = data_home() / "keys"
    bundle = _read_bundle(folder / LEAF_FILE)
    if bundle is None:
        return f"no key yet; one is made in {folder} at the first output"
    return f"this installation's own key in {folder}, valid until {bundle[1][0].not_valid_after_utc:%Y-%m-%d}"
