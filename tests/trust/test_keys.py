"""Promises of the signing key: private, anonymous, renewed in time, and replaceable by one's own."""

from __future__ import annotations

import datetime as dt
import getpass
import os
import socket
import stat
import sys
from pathlib import Path

import platformdirs
import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, ExtensionOID

from animato.errors import OutputError, UsageError
from animato.settings.provenance import SigningSettings
from animato.trust.certificates import key_pem, make_authority, make_leaf, pem
from animato.trust.key_folder import data_home
from animato.trust.keys import describe, local_authority, local_key, signing_key

posix_only = pytest.mark.skipif(os.name != "posix", reason="file modes are a POSIX notion")


def leaf_of(chain: bytes) -> x509.Certificate:
    return x509.load_pem_x509_certificates(chain)[0]


@posix_only
def test_every_file_of_the_key_is_for_its_owner_only(home: Path) -> None:
    local_key()
    files = list((home / "keys").iterdir())
    assert {file.name for file in files} == {"leaf.pem", "authority.pem", ".lock"}
    assert all(stat.S_IMODE(file.stat().st_mode) == 0o600 for file in files)
    assert stat.S_IMODE((home / "keys").stat().st_mode) == 0o700


@posix_only
def test_a_key_file_opened_to_others_is_closed_again(home: Path) -> None:
    local_key()
    (home / "keys" / "leaf.pem").chmod(0o644)
    local_key()
    assert stat.S_IMODE((home / "keys" / "leaf.pem").stat().st_mode) == 0o600


def test_the_key_is_made_once_and_then_kept() -> None:
    assert local_key().chain == local_key().chain
    assert local_key().key == local_key().key


def test_two_installations_have_nothing_in_common(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    one = local_key()
    monkeypatch.setenv("ANIMATO_HOME", str(tmp_path / "other"))
    other = local_key()
    assert one.key != other.key
    assert leaf_of(one.chain).serial_number != leaf_of(other.chain).serial_number


def test_the_certificates_follow_the_profile_and_name_nobody() -> None:
    leaf, authority = x509.load_pem_x509_certificates(local_key().chain)
    names = {leaf.subject.rfc4514_string(), authority.subject.rfc4514_string(), leaf.issuer.rfc4514_string()}
    assert names == {"O=unverified,CN=animato local install", "O=unverified,CN=animato local install authority"}
    leaf.verify_directly_issued_by(authority)
    assert isinstance(leaf.public_key(), ec.EllipticCurvePublicKey)
    usage = leaf.extensions.get_extension_for_class(x509.KeyUsage).value
    assert usage.digital_signature and not usage.key_cert_sign
    extended = leaf.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    assert list(extended) == [ExtendedKeyUsageOID.EMAIL_PROTECTION]
    assert leaf.extensions.get_extension_for_class(x509.AuthorityKeyIdentifier).value.key_identifier
    assert leaf.not_valid_after_utc - leaf.not_valid_before_utc == dt.timedelta(days=365)
    for certificate in x509.load_pem_x509_certificates(local_key().chain):
        kinds = {extension.oid for extension in certificate.extensions}
        assert ExtensionOID.SUBJECT_ALTERNATIVE_NAME not in kinds, "names have no other place to hide in"
    for personal in (getpass.getuser(), socket.gethostname()):
        assert personal not in "".join(names)


def test_a_leaf_near_its_end_is_renewed_under_the_same_authority() -> None:
    now = dt.datetime.now(dt.UTC)
    first, anchor = local_key(now), local_authority()
    assert local_key(now + dt.timedelta(days=300)).chain == first.chain
    later = local_key(now + dt.timedelta(days=340))
    assert later.chain != first.chain and local_authority() == anchor
    assert leaf_of(later.chain).not_valid_after_utc > now + dt.timedelta(days=700)


def test_a_data_home_that_cannot_be_made_is_a_sentence(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    monkeypatch.setenv("ANIMATO_HOME", str(tmp_path / "file" / "home"))
    with pytest.raises(OutputError, match="cannot make the folder"):
        local_key()


def test_the_data_home_follows_the_platform(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("ANIMATO_HOME", str(tmp_path / "chosen"))
    assert data_home() == tmp_path / "chosen"
    monkeypatch.delenv("ANIMATO_HOME")
    monkeypatch.delenv("XDG_DATA_HOME", raising=False)
    assert data_home() == platformdirs.user_data_path("animato", appauthor=False)


@pytest.mark.parametrize(
    ("platform", "variable", "below"),
    [
        ("linux", "XDG_DATA_HOME", "animato"),
        ("darwin", "HOME", "Library/Application Support/animato"),
        ("win32", "LOCALAPPDATA", "animato"),
    ],
)
def test_keys_of_earlier_versions_stay_where_they_are(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, platform: str, variable: str, below: str
) -> None:
    monkeypatch.delenv("ANIMATO_HOME", raising=False)
    monkeypatch.setattr(sys, "platform", platform)
    monkeypatch.setenv(variable, str(tmp_path))
    earlier = tmp_path / below
    earlier.mkdir(parents=True)
    assert data_home() == earlier


def test_the_private_key_is_never_printed() -> None:
    assert "PRIVATE" not in repr(local_key()) and "PRIVATE" not in describe()


def test_describing_the_key_makes_none(home: Path) -> None:
    assert "no key yet" in describe() and not home.exists()
    local_key()
    assert "valid until" in describe()


def own_pair(folder: Path) -> tuple[Path, Path]:
    now = dt.datetime.now(dt.UTC)
    root, key = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
    authority = make_authority(root, now)
    (folder / "own.pem").write_bytes(pem(make_leaf(key, root, authority, now)) + pem(authority))
    (folder / "own.key").write_bytes(key_pem(key))
    return folder / "own.pem", folder / "own.key"


def test_an_own_certificate_signs_instead(tmp_path: Path, home: Path) -> None:
    certificate, key = own_pair(tmp_path)
    chosen = signing_key(SigningSettings(sign_cert=certificate, sign_key=key))
    assert not chosen.own and chosen.chain == certificate.read_bytes()
    assert not home.exists()


@posix_only
def test_an_own_key_that_is_a_pipe_or_a_folder_is_refused_at_once(tmp_path: Path) -> None:
    certificate, _ = own_pair(tmp_path)
    os.mkfifo(tmp_path / "pipe.key")
    for key in (tmp_path / "pipe.key", tmp_path):
        with pytest.raises(UsageError, match="cannot read"):
            signing_key(SigningSettings(sign_cert=certificate, sign_key=key))


def test_own_certificates_that_cannot_work_are_refused(tmp_path: Path) -> None:
    certificate, key = own_pair(tmp_path)
    (tmp_path / "other").mkdir()
    _, foreign = own_pair(tmp_path / "other")
    for settings in (
        SigningSettings(sign_cert=certificate),
        SigningSettings(sign_key=key),
        SigningSettings(sign_cert=certificate, sign_key=foreign),
        SigningSettings(sign_cert=certificate, sign_key=tmp_path / "absent.key"),
        SigningSettings(sign_cert=key, sign_key=key),
    ):
        with pytest.raises(UsageError):
            signing_key(settings)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs FIFOs")
@pytest.mark.parametrize("which", ["sign_cert", "sign_key"])
def test_a_fifo_as_certificate_or_key_is_refused_instead_of_waited_for(tmp_path: Path, which: str) -> None:
    certificate, key = own_pair(tmp_path)
    os.mkfifo(tmp_path / "fifo")
    paths = {"sign_cert": certificate, "sign_key": key, which: tmp_path / "fifo"}
    with pytest.raises(UsageError, match="not a regular file"):
        signing_key(SigningSettings(**paths))
