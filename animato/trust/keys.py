"""The key that signs: made on this computer at first use, kept in the data home, never shipped and never sent anywhere.

It signs for a year and is renewed by itself. Someone with a real certificate can sign with that instead.
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
"""A leaf with less time left than this is renewed before it signs."""

LEAF_FILE, AUTHORITY_FILE = "leaf.pem", "authority.pem"
"""Each holds its key and its certificates together, so that no crash can leave a key beside a stranger's chain."""


@dataclass(frozen=True)
class SigningKey:
    """What a signature needs.

    Attributes:
        chain: PEM, the leaf first, then its authority.
        key: PEM, PKCS #8, the leaf's private key; never printed.
        own: True when it was made on this computer.
        tsa: address of a time-stamp authority, or None for no network at all.
    """

    chain: bytes
    key: bytes
    own: bool
    tsa: str | None = None

    def __repr__(self) -> str:
        return f"SigningKey(own={self.own})"


def signing_key(settings: SigningSettings | None = None) -> SigningKey:
    """Return the key to sign with: the caller's own certificate when the settings name one, otherwise this install's.

    Raises:
        UsageError: only one of certificate and key is given, or they cannot be read or do not belong together.
        OutputError: this install's key cannot be written.
    """
    chosen = settings or SigningSettings()
    if chosen.sign_cert is None and chosen.sign_key is None:
        local = local_key()
        return SigningKey(local.chain, local.key, True, chosen.tsa)
    if chosen.sign_cert is None or chosen.sign_key is None:
        raise UsageError("`sign_cert` and `sign_key` go together", hint="give both, or neither")
    return _own_certificate(chosen.sign_cert, chosen.sign_key, chosen.tsa)


def local_key(now: dt.datetime | None = None) -> SigningKey:
    """Return this install's key, making or renewing it when needed.

    Args:
        now: the time to judge by, for tests; the clock's otherwise.

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
    """Return the PEM of this install's authority, the anchor its own files are trusted by; None before first use."""
    found = _read_bundle(data_home() / "keys" / AUTHORITY_FILE)
    return None if found is None else pem(found[1][0])


def _load_leaf(path: Path, moment: dt.datetime) -> SigningKey | None:
    """Return the stored leaf when it is whole and has time left."""
    found = _read_bundle(path)
    if found is None or len(found[1]) < 2:
        return None
    key, certificates = found
    leaf = certificates[0]
    if leaf.not_valid_after_utc - moment < dt.timedelta(days=RENEW_DAYS) or leaf.not_valid_before_utc > moment:
        return None
    return SigningKey(b"".join(pem(certificate) for certificate in certificates), key_pem(key), True)


def _read_bundle(path: Path) -> tuple[ec.EllipticCurvePrivateKey, list[x509.Certificate]] | None:
    """Return the private key and the certificates of a file; None when it is missing, damaged or does not match."""
    try:
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
    """Return this install's authority, made when missing, damaged or about to end before a new leaf would."""
    found = _read_bundle(path)
    if found is not None and found[1][0].not_valid_after_utc > moment + dt.timedelta(days=LEAF_DAYS):
        return found[0], found[1][0]
    key = ec.generate_private_key(ec.SECP256R1())
    certificate = make_authority(key, moment)
    write_whole(path, key_pem(key) + pem(certificate), unless_there=not path.exists())
    winner = _read_bundle(path)  # another process may have been first: its authority is then ours too
    return (key, certificate) if winner is None else (winner[0], winner[1][0])


def _own_certificate(certificate: Path, key: Path, tsa: str | None) -> SigningKey:
    """Return the caller's own certificate and key after checking that they belong together."""
    try:
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
    """Return one line about the key that signs on this computer, without making one."""
    folder = data_home() / "keys"
    found = _read_bundle(folder / LEAF_FILE)
    if found is None:
        return f"no key yet; one is made in {folder} at the first output"
    return f"this installation's own key in {folder}, valid until {found[1][0].not_valid_after_utc:%Y-%m-%d}"
