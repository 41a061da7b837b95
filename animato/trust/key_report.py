"""Public facts about this installation's key, for `animato keys`; reading them needs no passphrase."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from animato.errors import InputError
from animato.trust.key_files import authorities_in, fingerprint, is_private, read_key_file
from animato.trust.key_folder import data_home
from animato.trust.keys import AUTHORITY_FILE, FOLDER, LEAF_FILE, retired_files, trusted_authorities


@dataclass(frozen=True)
class RetiredKey:
    """A rotated key, whose outputs are still recognised.

    Attributes:
        file: name of the file in the key folder.
        authority: SHA-256 of the authority's certificate, or None if it cannot be read.
    """

    file: str
    authority: str | None


@dataclass(frozen=True)
class KeyReport:
    """The key of this installation.

    Attributes:
        folder: the key folder.
        authority: SHA-256 of the certificate of the authority, the trust anchor; None before first use.
        leaf: SHA-256 of the certificate that signs; None before first use.
        valid_until: end of the certificate that signs; it is renewed before. None before first use.
        protected: whether a passphrase protects the private keys.
        private: whether only the owner has access to the files.
        retired: keys that were rotated, ordered by date.
    """

    folder: Path
    authority: str | None = None
    leaf: str | None = None
    valid_until: dt.datetime | None = None
    protected: bool = False
    private: bool = True
    retired: tuple[RetiredKey, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """Return the report as plain JSON types."""
        return {
            "folder": str(self.folder),
            "authority": self.authority,
            "leaf": self.leaf,
            "valid_until": None if self.valid_until is None else self.valid_until.isoformat(),
            "protected": self.protected,
            "private": self.private,
            "retired": [vars(key) for key in self.retired],
        }

    def sentences(self) -> list[str]:
        """Return the report as lines of text."""
        if self.authority is None and self.leaf is None:
            rows = [f"no key yet; one is made in {self.folder} at the first output"]
        else:
            rows = [f"folder       {self.folder}", f"authority    {self.authority or 'missing'}"]
            rows.append(f"certificate  {self.leaf or 'none; one is made at the next output'}")
            if self.valid_until is not None:
                rows.append(f"valid until  {self.valid_until:%Y-%m-%d}, renewed before")
            rows.append(f"passphrase   {'yes' if self.protected else 'no'}")
            if not self.private:
                rows.append("access       others can read the key files: this file system has no modes")
        return rows + [f"rotated      {key.file}  {key.authority or 'cannot be read'}" for key in self.retired]


def read_report() -> KeyReport:
    """Return the report on this installation's key, without generating one.

    Raises:
        InputError: a current key file is damaged or cannot be read.
    """
    folder = data_home() / FOLDER
    files = [read_key_file(folder / name) for name in (AUTHORITY_FILE, LEAF_FILE)]
    authority, leaf = files
    present = [file for file in files if file is not None]
    return KeyReport(
        folder,
        None if authority is None else fingerprint(authority.certificates[0]),
        None if leaf is None else fingerprint(leaf.certificates[0]),
        None if leaf is None else leaf.certificates[0].not_valid_after_utc,
        any(file.encrypted for file in present),
        all(is_private(file.path) for file in present),
        tuple(_retired(path) for path in retired_files(folder) if path.name.startswith("authority")),
    )


def public_certificates() -> bytes:
    """Return the certificates of this installation's authorities as PEM, the current one first.

    Raises:
        InputError: there is no key yet.
    """
    found = trusted_authorities()
    if found is None:
        raise InputError(
            f"there is no readable key in {data_home() / FOLDER}",
            hint="animato keys rotate makes one, and so does the first output",
        )
    return found


def _retired(path: Path) -> RetiredKey:
    authorities = authorities_in(path)
    return RetiredKey(path.name, fingerprint(authorities[0]) if authorities else None)
