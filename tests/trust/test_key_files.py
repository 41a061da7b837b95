"""Promises of the key's files: made once by whoever comes first, never lost, replaced only on request."""

from __future__ import annotations

import datetime as dt
import os
import stat
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from animato.errors import AnimatoError, InputError, OutputError, UsageError
from animato.trust import key_folder
from animato.trust.certificates import key_pem, make_authority, pem
from animato.trust.claim import Claim
from animato.trust.credentials import sign_output
from animato.trust.keys import describe, local_authority, local_key, rotate, trusted_authorities
from animato.trust.passphrase import FILE_VARIABLE, VARIABLE, forget
from animato.trust.reading import read_credentials

posix_only = pytest.mark.skipif(os.name != "posix", reason="file modes and FIFOs are POSIX notions")
PASSPHRASE = "correct horse battery"
NAMES = ("leaf.pem", "authority.pem")


@pytest.fixture(autouse=True)
def no_passphrase(monkeypatch: pytest.MonkeyPatch) -> None:
    for variable in (VARIABLE, FILE_VARIABLE):
        monkeypatch.delenv(variable, raising=False)
    forget()


FIRST_USE = """
import sys
from animato.trust.keys import local_key
print("ready", flush=True)
sys.stdin.readline()
key = local_key()
sys.stdout.write((key.chain + key.key).decode())
"""


def test_first_uses_at_once_in_several_processes_give_one_key(home: Path) -> None:
    command = [sys.executable, "-c", FIRST_USE]
    workers = [subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) for _ in range(4)]
    for worker in workers:
        assert worker.stdout is not None and worker.stdout.readline() == "ready\n"
    for worker in workers:
        assert worker.stdin is not None
        worker.stdin.write("go\n")
        worker.stdin.flush()
    keys = {worker.communicate(timeout=60)[0] for worker in workers}
    assert keys == {(local_key().chain + local_key().key).decode()}
    assert {path.name for path in (home / "keys").iterdir()} == {*NAMES, ".lock"}


def test_first_uses_at_once_in_several_threads_give_one_key() -> None:
    barrier, keys = threading.Barrier(8), []

    def use() -> None:
        barrier.wait()
        keys.append(local_key().key)

    threads = [threading.Thread(target=use) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(keys) == 8 and set(keys) == {local_key().key}


def test_rotations_at_once_lose_no_authority() -> None:
    local_key()
    threads = [threading.Thread(target=rotate) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (trusted_authorities() or b"").count(b"BEGIN CERTIFICATE") == 5


@posix_only
def test_a_folder_opened_to_others_is_closed_again(home: Path) -> None:
    local_key()
    (home / "keys").chmod(0o755)
    local_key()
    assert stat.S_IMODE((home / "keys").stat().st_mode) == 0o700


def cut(content: bytes) -> bytes:
    return content[: len(content) // 2]


def flip(content: bytes) -> bytes:
    return content[:300] + bytes([content[300] ^ 1]) + content[301:]


def other_kind(_: bytes) -> bytes:
    private = rsa.generate_private_key(65537, 2048)
    plain = serialization.NoEncryption()
    own = ec.generate_private_key(ec.SECP256R1())
    return private.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, plain) + pem(
        make_authority(own, dt.datetime.now(dt.UTC))
    )


def foreign(_: bytes) -> bytes:
    key = ec.generate_private_key(ec.SECP256R1())
    return key_pem(key) + pem(make_authority(key, dt.datetime.now(dt.UTC)))


DAMAGES: dict[str, Callable[[bytes], bytes]] = {
    "empty": lambda _: b"",
    "text": lambda _: b"not a key",
    "cut": cut,
    "flipped": flip,
    "long": lambda content: content + b"\n" * 100_000,
    "another kind of key": other_kind,
    "foreign": foreign,
}


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_key_file_is_a_sentence_and_is_kept(home: Path, name: str, damage: str) -> None:
    before = local_key()
    path = home / "keys" / name
    path.write_bytes(DAMAGES[damage](path.read_bytes()))
    damaged = path.read_bytes()
    with pytest.raises(InputError, match=name) as caught:
        local_key()
        (home / "keys" / "leaf.pem").unlink()  # an authority is used for the next leaf
        local_key()
    assert "animato keys rotate" in str(caught.value)
    assert path.read_bytes() == damaged
    kept = rotate()
    assert damaged in [file.read_bytes() for file in kept]
    assert local_key().key != before.key


@posix_only
@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("kind", ["folder", "pipe", "dangling link"])
def test_what_is_no_file_in_place_of_a_key_is_a_sentence_and_is_kept(home: Path, name: str, kind: str) -> None:
    local_key()
    path = home / "keys" / name
    path.unlink()
    {"folder": path.mkdir, "pipe": lambda: os.mkfifo(path), "dangling link": lambda: path.symlink_to("x")}[kind]()
    with pytest.raises(InputError, match="cannot be read"):
        local_key()
    assert any(file.is_dir() or file.is_fifo() or file.is_symlink() for file in rotate())
    assert local_key().own


def test_an_unreadable_key_file_is_a_sentence(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    local_key()
    before = (home / "keys" / "leaf.pem").read_bytes()
    real = os.open

    def refuse(path: Any, *rest: Any) -> int:
        if str(path).endswith("leaf.pem"):
            raise PermissionError(13, "Permission denied", str(path))
        return real(path, *rest)

    with monkeypatch.context() as disk:
        disk.setattr(os, "open", refuse)
        for use in (local_key, describe):
            with pytest.raises(InputError, match=r"leaf\.pem cannot be read"):
                use()
    assert (home / "keys" / "leaf.pem").read_bytes() == before


def test_outputs_of_rotated_and_of_damaged_keys_are_still_ours(
    write_output: Callable[[str], Path], claim: Claim, home: Path, tmp_path: Path
) -> None:
    unsigned = write_output(".png")
    sign_output(unsigned, tmp_path / "first.png", claim)
    first = rotate()
    sign_output(unsigned, tmp_path / "second.png", claim)
    (home / "keys" / "authority.pem").write_bytes(b"damaged")  # its certificate is also in the leaf's file
    rotate()
    sign_output(unsigned, tmp_path / "third.png", claim)
    states = [read_credentials(tmp_path / f"{name}.png", "image/png").state for name in ("first", "second", "third")]
    assert states == ["trusted"] * 3
    for path in first:
        path.unlink()
    assert read_credentials(tmp_path / "first.png", "image/png").state == "valid", "no longer recognised"


def test_the_first_certificate_is_that_of_the_current_key() -> None:
    assert trusted_authorities() is None
    local_key()
    rotate()
    assert (trusted_authorities() or b"").startswith(local_authority() or b"none")


def test_a_rotation_that_cannot_be_written_keeps_the_key(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = local_key()

    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as disk:
        disk.setattr(key_folder.os, "fsync", full)
        with pytest.raises(OutputError, match="cannot write"):
            rotate()
    assert local_key().key == before.key
    assert {path.name for path in (home / "keys").iterdir()} == {*NAMES, ".lock"}


def test_what_a_killed_process_left_is_removed_by_the_next_renewal(home: Path) -> None:
    local_key()
    (home / "keys" / ".leaf.pem.0123456789ab").write_bytes(b"partial")
    rotate()
    assert not list((home / "keys").glob(".*.pem*"))


def test_an_expiring_authority_is_kept_beside_its_successor() -> None:
    now = dt.datetime.now(dt.UTC)
    local_key(now)
    old = local_authority() or b"none"
    local_key(now + dt.timedelta(days=3500))
    assert local_authority() != old and old in (trusted_authorities() or b"")


def test_a_passphrase_protects_the_key_and_its_renewals(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(VARIABLE, PASSPHRASE)
    now = dt.datetime.now(dt.UTC)
    key = local_key(now)
    assert b"BEGIN PRIVATE KEY" in key.key, "the C2PA library needs it in the clear, in memory only"
    renewed = local_key(now + dt.timedelta(days=340))
    assert renewed.key != key.key
    for name in NAMES:
        content = (home / "keys" / name).read_bytes()
        assert b"ENCRYPTED PRIVATE KEY" in content and b"BEGIN PRIVATE KEY" not in content
        assert serialization.load_pem_private_key(content, PASSPHRASE.encode())
    monkeypatch.setenv(VARIABLE, "another passphrase")
    with pytest.raises(UsageError, match="passphrase of the signing key is wrong"):
        local_key(now)
    monkeypatch.delenv(VARIABLE)
    monkeypatch.setattr("sys.stdin", None)
    with pytest.raises(UsageError, match="protected by a passphrase"):
        local_key(now)
    assert "protected by a passphrase" in describe()
    assert x509.load_pem_x509_certificate(local_authority() or b""), "certificates need no passphrase"


def test_a_wrong_passphrase_is_never_called_damage(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(VARIABLE, PASSPHRASE)
    local_key()
    content = (home / "keys" / "leaf.pem").read_bytes()
    monkeypatch.setenv(VARIABLE, passes_the_padding(content))
    with pytest.raises(UsageError, match="passphrase of the signing key is wrong"):
        local_key()


def passes_the_padding(content: bytes) -> str:
    """Return a wrong passphrase that decrypts to valid padding by chance."""
    for number in range(100_000):
        try:
            serialization.load_pem_private_key(content, str(number).encode())
        except ValueError as problem:
            if "password" not in str(problem):
                return str(number)
    raise AssertionError("one in 250 does")


def test_a_damaged_protected_key_is_called_damaged(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(VARIABLE, PASSPHRASE)
    local_key()
    path = home / "keys" / "leaf.pem"
    content = path.read_bytes()
    path.write_bytes(content[:40] + content[80:])
    with pytest.raises(InputError, match="is damaged"):
        local_key()


class Terminal:
    def isatty(self) -> bool:
        return True


def test_a_passphrase_is_asked_for_once_in_a_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    typed = iter([PASSPHRASE, PASSPHRASE, "wrong", PASSPHRASE])
    monkeypatch.setattr("sys.stdin", Terminal())
    monkeypatch.setattr("getpass.getpass", lambda _: next(typed))
    rotate(protect=True)
    assert local_key().key == local_key().key
    assert next(typed, None) is None


def test_a_passphrase_is_read_from_the_first_line_of_a_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "secret").write_text(f"{PASSPHRASE}\nsecond line\n")
    monkeypatch.setenv(FILE_VARIABLE, str(tmp_path / "secret"))
    key = local_key()
    monkeypatch.delenv(FILE_VARIABLE)
    monkeypatch.setenv(VARIABLE, PASSPHRASE)
    assert local_key().key == key.key


@pytest.mark.parametrize("content", [b"", b"\n", b"\xff\xfe\n", b"short\n", None])
def test_a_passphrase_that_cannot_be_used_makes_no_key(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, content: bytes | None
) -> None:
    if content is not None:
        (tmp_path / "secret").write_bytes(content)
    monkeypatch.setenv(FILE_VARIABLE, str(tmp_path / "secret"))
    with pytest.raises(UsageError, match=r"(?i)passphrase"):
        local_key()
    assert not list((home / "keys").glob("*.pem"))


def test_rotating_keeps_the_protection_unless_told_otherwise(monkeypatch: pytest.MonkeyPatch, home: Path) -> None:
    monkeypatch.setenv(VARIABLE, PASSPHRASE)
    rotate()
    monkeypatch.delenv(VARIABLE)
    monkeypatch.setattr("sys.stdin", None)
    with pytest.raises(AnimatoError):
        rotate()
    rotate(protect=False)
    assert b"ENCRYPTED" not in (home / "keys" / "authority.pem").read_bytes()
    assert local_key().own
