"""Promises about privacy: nothing personal leaves, nobody is called, and notes stay on this computer."""

from __future__ import annotations

import getpass
import json
import socket
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest
from trust_material import FORMATS, manifest_of

from animato.errors import RefusedError
from animato.settings.provenance import SigningSettings
from animato.trust.claim import Claim, Ingredient, manifest_definition, public_settings
from animato.trust.credentials import sidecar_of, sign_output
from animato.trust.keys import local_key
from animato.trust.reading import read_credentials
from animato.trust.sdk import c2pa, offline_context
from animato.trust.store import recall, remember

Write = Callable[[str], Path]


@pytest.mark.parametrize("suffix", FORMATS)
def test_no_user_host_path_or_file_name_leaves_with_an_output(
    suffix: str, write_output: Write, claim: Claim, tmp_path: Path
) -> None:
    signed = tmp_path / f"signed{suffix}"
    sign_output(write_output(suffix), signed, claim)
    content = signed.read_bytes() + (sidecar_of(signed).read_bytes() if suffix == ".webm" else b"")
    told = json.dumps(manifest_of(signed, FORMATS[suffix]))
    personal = [str(tmp_path), tmp_path.name, str(Path.home()), "secret.wav", "wave.motion", "bad.jpg", "me.png"]
    if len(getpass.getuser()) > 3:
        personal.append(getpass.getuser())
    if len(socket.gethostname()) > 3:
        personal.append(socket.gethostname())
    for text in personal:
        assert text not in told and text.encode() not in content, text


def test_a_consent_record_is_carried_without_names(write_output: Write, claim: Claim, tmp_path: Path) -> None:
    consent = {"ground": "self", "statement_sha256": "ab" * 32, "date": "2026-08-02", "document": "/home/x/scan.pdf"}
    agreed = Claim(claim.source_type, claim.payload, consents=(consent,))
    sign_output(write_output(".png"), tmp_path / "signed.png", agreed)
    data = {item["label"]: item["data"] for item in manifest_of(tmp_path / "signed.png", "image/png")["assertions"]}
    published = {key: consent[key] for key in ("ground", "statement_sha256", "date")}
    assert data["org.animato.consent"] == {"heads": [published]}


@pytest.mark.parametrize(
    "value, kept",
    [
        (3, True),
        (0.5, True),
        (True, True),
        ("largest", True),
        ("0.5 to 1.5", True),
        ([1, 2], True),
        ("ab" * 32, True),
        (None, False),
        (float("nan"), False),
        ("/home/x", False),
        ("C:\\x", False),
        ("C:x", False),
        ("holiday.mp4", False),
        ("me@example.org", False),
        ("x" * 81, False),
        (Path("x"), False),
        ({"a": 1}, False),
        ([1, "/home"], False),
    ],
)
def test_only_harmless_settings_are_published(value: object, kept: bool) -> None:
    assert public_settings({"name": value}) == ({"name": value} if kept else {})


@pytest.mark.parametrize("role, digest", [("actor", "ab" * 32), ("photo", "AB" * 32), ("photo", "ab")])
def test_ingredients_that_make_no_sense_are_refused(role: str, digest: str) -> None:
    with pytest.raises(ValueError):
        Ingredient(role, digest, 1, "image/png")


def test_the_data_folder_holds_the_key_and_the_records_only(
    home: Path, claim: Claim, write_output: Write, tmp_path: Path
) -> None:
    sign_output(write_output(".png"), tmp_path / "signed.png", claim)
    stored = {path.relative_to(home).as_posix() for path in home.rglob("*") if path.is_file()}
    number = claim.payload.id_text
    assert stored == {
        "keys/.lock",
        "keys/authority.pem",
        "keys/leaf.pem",
        f"marks/{number}.c2pa",
        f"marks/{number}.json",
    }


def test_signing_leaves_notes_that_lead_from_the_id_to_the_output(
    write_output: Write, claim: Claim, tmp_path: Path, home: Path
) -> None:
    sign_output(write_output(".mp4"), tmp_path / "signed.mp4", claim)
    note = recall(claim.payload.id_text)
    assert note is not None and note["mark"]["id"] == claim.payload.id_text
    assert [item["role"] for item in note["inputs"]] == ["photo", "photo", "driver"]
    assert str(tmp_path) not in json.dumps(note)
    manifest = (home / "marks" / f"{claim.payload.id_text}.c2pa").read_bytes()
    with (tmp_path / "signed.mp4").open("rb") as file:
        reader = c2pa().Reader("video/mp4", file, manifest, offline_context())
        assert reader.get_validation_state() == "Valid"


@pytest.mark.parametrize("content", [b"", b"[1]", b"{", b"\xff\xfe", b"9" * 2_000_000])
def test_damaged_notes_are_no_notes(content: bytes, home: Path, claim: Claim, write_output: Write) -> None:
    remember(claim, "image/png", write_output(".png"), b"manifest")
    (home / "marks" / f"{claim.payload.id_text}.json").write_bytes(content)
    assert recall(claim.payload.id_text) is None


@pytest.mark.parametrize("name", ["../keys/leaf", "1234", "1234ABCD", "zzzzzzzz", ""])
def test_only_ids_are_looked_up(name: str) -> None:
    assert recall(name) is None


def test_a_file_that_names_a_remote_manifest_makes_nobody_call_it(
    write_output: Write, claim: Claim, tmp_path: Path
) -> None:
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        server.listen()
        server.setblocking(False)
        address = f"http://127.0.0.1:{server.getsockname()[1]}/manifest.c2pa"
        key = local_key()
        builder = c2pa().Builder(manifest_definition(claim, "image/png", []), offline_context())
        builder.set_no_embed()
        builder.set_remote_url(address)
        signer = c2pa().Signer.from_info(c2pa().C2paSignerInfo(b"es256", key.chain, key.key, None))
        with write_output(".png").open("rb") as source, (tmp_path / "remote.png").open("w+b") as sink:
            builder.sign(signer, "image/png", source, sink)
        assert address.encode() in (tmp_path / "remote.png").read_bytes()
        read = read_credentials(tmp_path / "remote.png", "image/png")
        assert read.elsewhere and read.state == "none"
        with pytest.raises(BlockingIOError):
            server.accept()


def test_a_time_stamp_authority_is_called_only_when_asked_for_and_its_failure_signs_nothing(
    write_output: Write, claim: Claim, tmp_path: Path
) -> None:
    called: list[str] = []

    class Authority(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            called.append(self.path)
            self.send_response(500)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    output = write_output(".png")
    with HTTPServer(("127.0.0.1", 0), Authority) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            sign_output(output, tmp_path / "plain.png", claim)
            assert called == []
            asked = SigningSettings(tsa=f"http://127.0.0.1:{server.server_port}/stamp")
            with pytest.raises(RefusedError):
                sign_output(output, tmp_path / "stamped.png", claim, asked)
        finally:
            server.shutdown()
            thread.join()
    assert called == ["/stamp"] and not (tmp_path / "stamped.png").exists()
