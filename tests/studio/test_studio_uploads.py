"""Uploads: streamed under random ids, capped, probed by their bytes; names of clients are only shown."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from urllib.parse import unquote

import pytest
from starlette.testclient import TestClient

from animato.errors import UsageError
from animato.motion.bundled import bundled
from animato.pipeline.demo import DEMO_PHOTO
from animato.settings.studio import StudioSettings
from animato.studio.folder import PARTIAL, DataFolder, display_name
from animato.studio.studio import Studio

NAMES = {
    "../../etc/passwd": "passwd",
    "..\\..\\boot.ini": "boot.ini",
    "/": "file",
    "": "file",
    "a\nb\x00c\u202e.png": "a b c .png",
    "x" * 500: "x" * 200,
    "<script>alert(1)</script>.png": "script>.png",
    "..": "..",
}


@pytest.mark.parametrize(("given", "shown"), NAMES.items())
def test_a_name_is_one_line_without_folders_and_never_a_path(
    client: TestClient, studio: Studio, given: str, shown: str
) -> None:
    answer = client.post("/api/v1/files", params={"name": given}, content=b"some bytes")
    assert answer.status_code == 201, answer.text
    assert answer.json()["name"] == shown
    (stored,) = studio.folder.files.iterdir()
    assert stored.name == f"{answer.json()['id']}.bin"


@pytest.mark.parametrize(
    ("content", "name", "kind", "media_type"),
    [
        (DEMO_PHOTO, "photo.exe", "picture", "image/png"),
        (bundled()["nod"], "nod.motion", "motion", "application/octet-stream"),
        (b"<html><script>alert(1)</script>", "photo.png", "other", "application/octet-stream"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "a.svg", "other", "application/octet-stream"),
        (b"RIFF\0\0\0\0WAVEfmt ", "a.wav", "sound", "audio/wav"),
        (b"GIF89a" + bytes(60), "a.gif", "video", "image/gif"),
    ],
)
def test_the_kind_of_a_file_is_read_from_its_bytes(
    client: TestClient, content: Path | bytes, name: str, kind: str, media_type: str
) -> None:
    data = content if isinstance(content, bytes) else content.read_bytes()
    file = client.post("/api/v1/files", params={"name": name}, content=data).json()
    assert (file["kind"], file["media_type"], file["bytes"]) == (kind, media_type, len(data))
    answer = client.get(f"/api/v1/files/{file['id']}/content")
    assert answer.content == data and answer.headers["content-type"] == media_type
    assert answer.headers["content-security-policy"] == "default-src 'none'; sandbox"
    assert answer.headers["content-disposition"].startswith("attachment" if kind in ("other", "motion") else "inline")


def test_ranges_are_served_as_players_ask_for_them(client: TestClient) -> None:
    file = client.post("/api/v1/files", content=b"0123456789").json()
    answer = client.get(f"/api/v1/files/{file['id']}/content", headers={"Range": "bytes=2-4"})
    assert answer.status_code == 206 and answer.content == b"234"


def test_a_file_that_states_to_be_too_large_is_refused_before_it_is_read(client: TestClient, studio: Studio) -> None:
    def never() -> Iterator[bytes]:
        raise AssertionError("the body was read")
        yield b""

    answer = client.post("/api/v1/files", content=never(), headers={"Content-Length": "2000000000"})
    problem = answer.json()["error"]
    assert answer.status_code == 413 and problem["field"] == "body"
    assert problem["what"] == "the file is too large; files up to 1 MB are taken" and problem["hint"]
    assert not list(studio.folder.files.iterdir())


def test_a_file_that_turns_out_too_large_is_refused_while_it_arrives(client: TestClient, studio: Studio) -> None:
    answer = client.post("/api/v1/files", content=(bytes(300_000) for _ in range(4)))
    assert answer.status_code == 413
    assert not list(studio.folder.files.iterdir()) and studio.store.count("files") == 0


def test_an_empty_file_is_refused(client: TestClient, studio: Studio) -> None:
    answer = client.post("/api/v1/files", content=b"")
    assert answer.status_code == 422 and answer.json()["error"]["what"] == "the file is empty"
    assert not list(studio.folder.files.iterdir())


def test_half_uploads_of_a_killed_server_are_removed_at_the_start(tmp_path: Path) -> None:
    folder = DataFolder(tmp_path)
    half, whole = folder.files / f"0123456789abcdef{PARTIAL}", folder.files / "0123456789abcdef.png"
    half.write_bytes(b"half")
    whole.write_bytes(b"whole")
    (folder.results / "0123456789abcdef").mkdir()
    (folder.results / "0123456789abcdef" / "video.mp4").write_bytes(b"half")
    folder.close()
    with Studio(StudioSettings(data=tmp_path)):
        assert not half.exists() and whole.exists()
        assert not list((tmp_path / "results").iterdir())


def test_a_data_folder_belongs_to_one_studio_at_a_time(tmp_path: Path) -> None:
    folder = DataFolder(tmp_path)
    with pytest.raises(UsageError, match="another studio"):
        DataFolder(tmp_path)
    folder.close()
    DataFolder(tmp_path).close()


def test_a_deleted_file_is_gone_and_its_id_unknown(client: TestClient, studio: Studio) -> None:
    number = client.post("/api/v1/files", content=b"x").json()["id"]
    assert client.delete(f"/api/v1/files/{number}").status_code == 204
    assert not list(studio.folder.files.iterdir())
    for answer in (client.get(f"/api/v1/files/{number}"), client.delete(f"/api/v1/files/{number}")):
        assert answer.status_code == 404 and answer.json()["error"]["what"] == "there is no file with this id"


def test_a_display_name_has_no_invisible_letters() -> None:
    assert display_name("a\u200b\u2066b", "x") == "a b"


def test_the_token_is_kept_for_its_owner_only_so_that_an_open_page_goes_on(tmp_path: Path) -> None:
    folder = DataFolder(tmp_path)
    token = folder.token()
    assert len(token) >= 32 and folder.token() == token
    assert (tmp_path / "token").stat().st_mode & 0o077 == 0 and tmp_path.stat().st_mode & 0o022 == 0
    folder.close()
    reopened = DataFolder(tmp_path)
    assert reopened.token() == token
    (tmp_path / "token").unlink()
    assert reopened.token() != token
    reopened.close()


def test_a_refusal_is_an_ordinary_answer_for_a_page_that_prefers_it(client: TestClient) -> None:
    plain = client.post("/api/v1/files", content=b"")
    preferred = client.post("/api/v1/files", content=b"", headers={"Prefer": "refusal=body"})
    assert plain.status_code == 422 and preferred.status_code == 200
    assert preferred.headers["preference-applied"] == "refusal=body" and preferred.headers["x-status"] == "422"
    assert preferred.json() == plain.json()
    good = client.post("/api/v1/files", content=b"x", headers={"Prefer": "refusal=body"})
    assert good.status_code == 201 and "x-status" not in good.headers


def test_a_gif_has_its_credentials_beside_it(client: TestClient, studio: Studio) -> None:
    for number, suffixes in (("1" * 16, ("gif", "c2pa")), ("2" * 16, ("mp4",))):
        folder = studio.folder.results / number
        folder.mkdir()
        for suffix in suffixes:
            (folder / f"video.{suffix}").write_bytes(suffix.encode())
        studio.store.add("results", number, {"name": "Ada, nod", "format": suffixes[0]})
    answer = client.get(f"/api/v1/results/{'1' * 16}/credentials")
    assert answer.content == b"c2pa" and "Ada, nod.c2pa" in unquote(answer.headers["content-disposition"])
    assert client.get(f"/api/v1/results/{'2' * 16}/credentials").status_code == 404
