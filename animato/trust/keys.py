"""The signing key: generated locally at first use, stored in the data home, never shipped or transmitted.

The leaf is valid for a year and is renewed automatically. A certificate of the user's own can be used instead.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import os
import re
import secrets
from dataclasses import dataclass
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

from animato.errors import InputError, OutputError, UsageError
from animato.settings.provenance import SigningSettings
from animato.trust.certificates import LEAF_DAYS, key_pem, make_authority, make_leaf, pem
from animato.trust.key_files import KeyFile, authorities_in, damaged, read_key_file, read_regular
from animato.trust.key_folder import data_home, locked, private_folder, remove_partial_files, write_whole
from animato.trust.passphrase import ask_new, checked, forget, given_passphrase

RENEW_DAYS = 30
"""Remaining validity in days below which a leaf is renewed before signing."""

FOLDER, LEAF_FILE, AUTHORITY_FILE = "keys", "leaf.pem", "authority.pem"
"""Each file holds the key and its certificates, so a crash cannot leave a key with another key's chain."""

RETIRED = re.compile(r"(authority|leaf)-\d{4}-\d{2}-\d{2}-[0-9a-f]{8}\.pem")
"""Names of the files of rotated keys."""


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
        UsageError: only one of certificate and key is given, or they cannot be read or do not belong together; or
            the passphrase of this installation's key is missing or wrong.
        InputError: the key of this installation is damaged or cannot be read.
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

    Simultaneous first uses, in threads or processes, return the same key.

    Args:
        now: time used to check validity, for tests; default is the current time.

    Raises:
        InputError: a key file is damaged or cannot be read; nothing is replaced.
        UsageError: the passphrase of the key is missing or wrong.
        OutputError: the data home cannot be written.
    """
    moment = now or dt.datetime.now(dt.UTC)
    folder = private_folder(FOLDER)
    leaf = None
    with contextlib.suppress(InputError):  # raised below, unless another process was just rotating the key
        leaf = _lasting_leaf(folder, moment)
    if leaf is None:
        with locked(folder):
            leaf = _lasting_leaf(folder, moment)  # another process may have made it meanwhile
            if leaf is None:
                return _renew(folder, moment)
    return SigningKey(leaf.chain, key_pem(leaf.unlock()[0]), True)


def local_authority() -> bytes | None:
    """Return the authority of this installation's key as PEM; None before first use or if it cannot be read."""
    current = authorities_in(data_home() / FOLDER / AUTHORITY_FILE)
    return pem(current[0]) if current else None


def trusted_authorities() -> bytes | None:
    """Return all authorities of this installation as PEM, the current one first, then those of rotated keys.

    They are the trust anchors of its outputs. Files that cannot be read are skipped. None before first use.
    """
    folder = data_home() / FOLDER
    files = [folder / AUTHORITY_FILE, folder / LEAF_FILE, *retired_files(folder)]
    found = {pem(certificate): None for path in files for certificate in authorities_in(path)}
    return b"".join(found) or None


def retired_files(folder: Path) -> list[Path]:
    """Return the files of rotated keys, ordered by date."""
    try:
        return sorted(path for path in folder.iterdir() if RETIRED.fullmatch(path.name))
    except OSError:
        return []


def rotate(*, protect: bool | None = None, now: dt.datetime | None = None) -> list[Path]:
    """Replace the key of this installation by a new one; the old files are kept under names with the date.

    Files that are damaged or cannot be read are kept in the same way.

    Args:
        protect: whether a passphrase protects the new key; by default if one protected the old key, or is given.
        now: time of the new certificates, for tests; default is the current time.

    Returns:
        The new names of the old files; none if there was no key.

    Raises:
        UsageError: the new passphrase is too short, or cannot be asked for.
        OutputError: the data home cannot be written; the old key stays in use.
    """
    moment = now or dt.datetime.now(dt.UTC)
    folder = private_folder(FOLDER)
    wanted = given_passphrase() is not None or _is_protected(folder) if protect is None else protect
    secret = ask_new() if wanted else None
    with locked(folder):
        _remove_partial_files(folder)
        authority_key, key = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
        authority = make_authority(authority_key, moment)
        leaf = make_leaf(key, authority_key, authority, moment)
        content = {
            LEAF_FILE: key_pem(key, secret) + pem(leaf) + pem(authority),
            AUTHORITY_FILE: key_pem(authority_key, secret) + pem(authority),
        }
        for name in content:  # on a full disk, this fails before the old key is touched
            write_whole(folder / f".{name}.new", content[name])
        # The leaf goes first: if the process is killed in between, the next use renews it or makes a new key.
        retired = [_retire(folder / name, moment) for name in content]
        for name in reversed(content):
            (folder / f".{name}.new").replace(folder / name)
    forget()
    return [path for path in retired if path is not None]


def _is_protected(folder: Path) -> bool:
    try:
        current = read_key_file(folder / AUTHORITY_FILE)
    except InputError:
        return False
    return current is not None and current.encrypted


def _retire(path: Path, moment: dt.datetime) -> Path | None:
    """Rename a file, or whatever is in its place, to a name with the date; return it, or None if there is nothing."""
    if not os.path.lexists(path):
        return None
    retired = path.with_name(f"{path.stem}-{moment:%Y-%m-%d}-{secrets.token_hex(4)}.pem")
    try:
        path.rename(retired)
    except OSError as problem:
        raise OutputError(f"cannot rename {path}", where=problem.strerror, hint="check permissions") from problem
    return retired


def _remove_partial_files(folder: Path) -> None:
    for name in (LEAF_FILE, AUTHORITY_FILE):
        remove_partial_files(folder / name)


def _lasting_leaf(folder: Path, moment: dt.datetime) -> KeyFile | None:
    """Return the stored leaf; None if there is none or it is about to expire."""
    leaf, authority = read_key_file(folder / LEAF_FILE), read_key_file(folder / AUTHORITY_FILE)
    if leaf is None:
        return None
    if len(leaf.certificates) < 2 or (authority is not None and leaf.certificates[1] != authority.certificates[0]):
        raise damaged(leaf.path, f"its certificate was not issued by {AUTHORITY_FILE}")
    certificate = leaf.certificates[0]
    lasts = certificate.not_valid_after_utc - moment >= dt.timedelta(days=RENEW_DAYS)
    return leaf if lasts and certificate.not_valid_before_utc <= moment else None


def _renew(folder: Path, moment: dt.datetime) -> SigningKey:
    """Write a new leaf, and a new authority where it is missing or expires before the leaf; the folder is locked."""
    _remove_partial_files(folder)
    file = read_key_file(folder / AUTHORITY_FILE)
    if file is None:
        given = given_passphrase()
        secret = None if given is None else checked(given)
    else:
        authority_key, secret = file.unlock()
        authority = file.certificates[0]
    if file is None or authority.not_valid_after_utc <= moment + dt.timedelta(days=LEAF_DAYS):
        _retire(folder / AUTHORITY_FILE, moment)
        authority_key = ec.generate_private_key(ec.SECP256R1())
        authority = make_authority(authority_key, moment)
        write_whole(folder / AUTHORITY_FILE, key_pem(authority_key, secret) + pem(authority))
    key = ec.generate_private_key(ec.SECP256R1())
    chain = pem(make_leaf(key, authority_key, authority, moment)) + pem(authority)
    write_whole(folder / LEAF_FILE, key_pem(key, secret) + chain)
    return SigningKey(chain, key_pem(key), True)


def _own_certificate(certificate: Path, key: Path, tsa: str | None) -> SigningKey:
    """Load the user's own certificate and key and check that they match."""
    try:
        chain, secret = read_regular(certificate), read_regular(key)
        public = x509.load_pem_x509_certificates(chain)[0].public_key()
        private = serialization.load_pem_private_key(secret, None)
    except OSError as error:
        raise UsageError(f"cannot read {error.filename}", where=error.strerror) from error
    except Exception as error:  # ValueError, TypeError, UnsupportedAlgorithm, or the library's own
        hint = "a PEM certificate chain and an unencrypted PEM key"
        raise UsageError("the signing certificate or its key cannot be used", where=str(error), hint=hint) from error
    if not isinstance(private, ec.EllipticCurvePrivateKey) or not isinstance(private.curve, ec.SECP256R1):
        raise UsageError(f"{key} is not an EC P-256 key", hint="signing uses ES256")
    if public != private.public_key():
        raise UsageError(f"{key} does not belong to the first certificate in {certificate}")
    return SigningKey(chain, key_pem(private), False, tsa)


def describe() -> str:
    """Return a one-line description of the signing key, without generating one or asking for its passphrase.

    Raises:
        InputError: the key file is damaged or cannot be read.
    """
    folder = data_home() / FOLDER
    leaf = read_key_file(folder / LEAF_FILE)
    if leaf is None:
        return f"no key yet; one is made in {folder} at the first output"
    protected = "protected by a passphrase, " if leaf.encrypted else ""
    until = leaf.certificates[0].not_valid_after_utc
    return f"this installation's own key in {folder}, {protected}valid until {until:%Y-%m-%d}"
