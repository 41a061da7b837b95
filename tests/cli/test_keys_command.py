"""`animato keys` shows, rotates and exports what the installation has, as text and JSON, and never a private key."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from cryptography import x509

from animato.cli.main import run
from animato.trust.keys import local_key


@pytest.fixture(autouse=True)
def key_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for variable in ("ANIMATO_KEY_PASSPHRASE", "ANIMATO_KEY_PASSPHRASE_FILE"):
        monkeypatch.delenv(variable, raising=False)
    monkeypatch.setenv("ANIMATO_HOME", str(tmp_path / "home"))
    return tmp_path / "home"


def test_showing_makes_no_key(key_home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["keys", "show"]) == 0 and "no key yet" in capsys.readouterr().out
    assert run(["keys", "show", "--json"]) == 0
    shown = json.loads(capsys.readouterr().out)
    assert shown["authority"] is None and shown["retired"] == []
    assert not key_home.exists()


def test_rotating_tells_the_new_key_and_the_files_kept(key_home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    local_key()
    assert run(["keys", "show", "--json"]) == 0
    old = json.loads(capsys.readouterr().out)
    assert run(["keys", "rotate", "--json"]) == 0
    new = json.loads(capsys.readouterr().out)
    assert new["authority"] != old["authority"] and new["retired"][0]["authority"] == old["authority"]
    assert sorted(new["kept"]) == sorted(path.name for path in (key_home / "keys").glob("*-*.pem"))
    assert run(["keys", "show"]) == 0
    text = capsys.readouterr().out
    assert new["authority"] in text and old["authority"] in text and "PRIVATE" not in text


def test_the_exported_file_has_all_certificates_and_no_key(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    target = tmp_path / "install.pem"
    assert run(["keys", "export-certificate", "-o", str(target)]) == 3
    assert "no readable key" in capsys.readouterr().err and not target.exists()
    local_key()
    run(["keys", "rotate"])
    capsys.readouterr()
    assert run(["keys", "export-certificate", "-o", str(target), "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == {"path": str(target), "certificates": 2}
    assert len(x509.load_pem_x509_certificates(target.read_bytes())) == 2 and b"PRIVATE" not in target.read_bytes()
    assert run(["keys", "export-certificate", "-o", str(target)]) == 3
    assert "exists already" in capsys.readouterr().err
    assert run(["keys", "export-certificate", "-o", str(target), "--overwrite"]) == 0
    assert run(["keys", "export-certificate", "-o", str(tmp_path)]) == 3


@pytest.mark.parametrize("arguments", [["show"], ["show", "--json"]])
def test_a_damaged_key_is_a_sentence(key_home: Path, capsys: pytest.CaptureFixture[str], arguments: list[str]) -> None:
    local_key()
    (key_home / "keys" / "leaf.pem").write_bytes(b"\x00" * 50)
    assert run(["keys", *arguments]) == 3
    said = capsys.readouterr()
    assert "is damaged" in said.err and "animato keys rotate" in said.err and "Traceback" not in said.err
    assert ("--json" in arguments) == bool(said.out)
