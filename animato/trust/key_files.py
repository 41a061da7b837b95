"""Key files of this installation: a private key in PKCS #8, followed by its certificates, in PEM.

A file that cannot be used is an error, never replaced: it may be the only copy of a key. Certificates are stored in the
clear, so they can be read without the passphrase and outlive a damaged key.
"""

from __future__ import annotations

import contextlib
import errno
import hashlib
import os
import re
import stat
from dataclasses import dataclass
from pathlib import Path

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

from animato.errors import InputError, UsageError
from animato.trust import passphrase
from animato.trust.certificates import pem

MAX_BYTES = 65_536

DAMAGED_HINT = "animato keys rotate makes a new key and keeps this file; or restore it from a backup"

MORE = "docs/keys.md"

WRONG = "the passphrase of the signing key is wrong"

_ENCRYPTED = b"-----BEGIN ENCRYPTED PRIVATE KEY-----"
_CERTIFICATE = re.compile(rb"-----BEGIN CERTIFICATE-----.+?-----END CERTIFICATE-----", re.DOTALL)


@dataclass(frozen=True)
class KeyFile:
    """Content of a key file.

    Attributes:
        path: the file.
        content: its bytes; excluded from the repr.
        certificates: the certificate of its key, then that of the issuer, if any.
    """

    path: Path
    content: bytes
    certificates: tuple[x509.Certificate, ...]

    def __repr__(self) -> str:
        return f"KeyFile({str(self.path)!r})"

    @property
    def encrypted(self) -> bool:
        """Whether the private key is protected by a passphrase."""
        return _ENCRYPTED in self.content

    @property
    def chain(self) -> bytes:
        """The certificates as PEM."""
        return b"".join(pem(certificate) for certificate in self.certificates)

    def unlock(self) -> tuple[ec.EllipticCurvePrivateKey, bytes | None]:
        """Return the private key, and the passphrase it needed.

        Raises:
            InputError: the key is damaged, of another kind, or does not belong to the certificate.
            UsageError: the passphrase is missing or wrong.
        """
        if not self.encrypted:
            return self._decoded(None), None
        given = passphrase.given_passphrase()
        if given is not None:
            return self._decoded(given), given
        for remaining in reversed(range(passphrase.ATTEMPTS)):
            typed = passphrase.ask()
            try:
                return self._decoded(typed), typed
            except UsageError:
                passphrase.forget()
                if not remaining:
                    raise
        raise AssertionError("unreachable")

    def _decoded(self, secret: bytes | None) -> ec.EllipticCurvePrivateKey:
        try:
            key = serialization.load_pem_private_key(self.content, secret)
        except Exception as problem:  # ValueError, TypeError, UnsupportedAlgorithm, or the library's own
            # A wrong passphrase decrypts to valid padding once in 250 times, and then fails like a damaged key.
            if secret is not None and self._awaits_passphrase():
                where = f"or {self.path} is damaged"
                raise UsageError(WRONG, where=where, hint=passphrase.HINT, more=MORE) from problem
            raise damaged(self.path, "its private key cannot be read") from problem
        if not isinstance(key, ec.EllipticCurvePrivateKey) or not isinstance(key.curve, ec.SECP256R1):
            raise damaged(self.path, "its key is not an EC P-256 key")
        if self.certificates[0].public_key() != key.public_key():
            raise damaged(self.path, "its key and its certificate do not belong together")
        return key

    def _awaits_passphrase(self) -> bool:
        """Return whether the encrypted key is intact as far as can be seen without its passphrase."""
        try:
            serialization.load_pem_private_key(self.content, None)
        except TypeError:
            return True
        except Exception:  # see `_decoded`
            return False
        return False


def read_key_file(path: Path) -> KeyFile | None:
    """Read a key file without decrypting its key; None when there is none.

    Access of others to the file is removed, where the file system has modes.

    Raises:
        InputError: it is not a regular file, cannot be read, or its certificates are damaged.
    """
    content = _content(path)
    if content is None:
        return None
    try:
        certificates = tuple(x509.load_pem_x509_certificates(content))
        for certificate, issuer in zip(certificates, (*certificates[1:], certificates[-1]), strict=True):
            certificate.verify_directly_issued_by(issuer)
    except Exception as problem:  # a mutated certificate raises more than ValueError
        raise damaged(path, "empty" if not content.strip() else "its certificates cannot be verified") from problem
    return KeyFile(path, content, certificates)


def authorities_in(path: Path) -> list[x509.Certificate]:
    """Return the certificate authorities of a key file as far as they can be read, without raising."""
    with contextlib.suppress(InputError):
        blocks = _CERTIFICATE.findall(_content(path) or b"")
        return [found for block in blocks if (found := _authority(block)) is not None]
    return []


def fingerprint(certificate: x509.Certificate) -> str:
    """Return the SHA-256 of a certificate (DER) in hexadecimal."""
    return hashlib.sha256(certificate.public_bytes(serialization.Encoding.DER)).hexdigest()


def is_private(path: Path) -> bool:
    """Return whether only the owner has access to a file, as far as the file system has modes."""
    return os.name != "posix" or not path.stat().st_mode & 0o077


def damaged(path: Path, reason: str) -> InputError:
    """Return the error of a key file whose content cannot be used."""
    return InputError(f"the key file {path} is damaged", where=reason, hint=DAMAGED_HINT, more=MORE)


def _authority(block: bytes) -> x509.Certificate | None:
    try:
        certificate = x509.load_pem_x509_certificate(block)
        constraints = certificate.extensions.get_extension_for_class(x509.BasicConstraints).value
        certificate.verify_directly_issued_by(certificate)
    except (ValueError, TypeError, InvalidSignature, x509.ExtensionNotFound):
        return None
    return certificate if constraints.ca else None


def read_regular(path: Path, private: bool = False) -> bytes:
    """Return the bytes of a small regular file; anything else is an error at once, never a wait.

    Args:
        private: remove the access of others to the file, where the file system has modes.

    Raises:
        OSError: there is none, it is not a regular file, has more than `MAX_BYTES`, or cannot be read.
    """
    # Without O_NONBLOCK, opening a FIFO would block before its kind is known.
    descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0))
    try:
        state = os.fstat(descriptor)
        if not stat.S_ISREG(state.st_mode):
            kind = "a folder" if stat.S_ISDIR(state.st_mode) else "not a regular file"
            raise OSError(errno.EINVAL, kind, str(path))
        if state.st_size > MAX_BYTES:
            raise OSError(errno.EFBIG, f"longer than {MAX_BYTES} bytes", str(path))
        if private and os.name == "posix" and state.st_mode & 0o077:
            with contextlib.suppress(OSError):  # a file system without modes
                os.fchmod(descriptor, 0o600)
        return os.read(descriptor, MAX_BYTES)
    finally:
        os.close(descriptor)


def _content(path: Path) -> bytes | None:
    """Return the bytes of a key file; None when there is none."""
    try:
        return read_regular(path, private=True)
    except OSError as problem:
        if isinstance(problem, FileNotFoundError) and not path.is_symlink():
            return None
        raise InputError(
            f"the key file {path} cannot be read", where=problem.strerror, hint=DAMAGED_HINT, more=MORE
        ) from problem
