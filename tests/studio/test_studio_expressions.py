"""Expressions, motions and the description of the API, on a studio in this process."""

from __future__ import annotations

import pytest
from starlette.testclient import TestClient

from animato.appearance.channels import CHANNELS
from animato.errors import InputError
from animato.motion.motion_file import load_motion
from animato.settings.controls import CONTROLS
from animato.studio.studio import MAX_READERS, Studio


def test_controls_are_listed_in_order_with_their_limits(client: TestClient) -> None:
    listed = client.get("/api/v1/controls").json()
    assert [item["name"] for item in listed] == [control.name for control in CONTROLS]
    smile = next(item for item in listed if item["name"] == "smile")
    assert (smile["min"], smile["max"], smile["default"]) == (-0.5, 1.0, 0.0) and smile["help"]


def test_an_expression_is_saved_changed_and_deleted(client: TestClient) -> None:
    made = client.post("/api/v1/expressions", json={"name": "Joy", "controls": {"smile": 0.8, "brows": 0.3}}).json()
    address = f"/api/v1/expressions/{made['id']}"
    assert client.get(address).json() == made and client.get("/api/v1/expressions").json() == [made]
    assert client.patch(address, json={"name": "More joy"}).json()["controls"] == {"smile": 0.8, "brows": 0.3}
    assert client.patch(address, json={"controls": {"pout": 1}}).json()["controls"] == {"pout": 1.0}
    assert client.delete(address).status_code == 204 and client.get(address).status_code == 404


@pytest.mark.parametrize(
    ("controls", "field", "what"),
    [
        ({"smile": 2}, "controls.smile", "`controls.smile` must be at most 1.0, not 2"),
        ({"smil": 1}, "controls.smil", "there is no field `controls.smil`"),
        ({"smile": "1"}, "controls.smile", "`controls.smile` cannot be used: input should be a valid number"),
    ],
)
def test_a_control_that_cannot_be_used_is_named(
    client: TestClient, controls: dict[str, object], field: str, what: str
) -> None:
    answer = client.post("/api/v1/expressions", json={"name": "x", "controls": controls})
    problem = answer.json()["error"]
    assert answer.status_code == 422 and problem["field"] == field and problem["what"] == what


def test_key_frames_become_a_driver_whose_file_moves(client: TestClient, studio: Studio) -> None:
    keyframes = [{"time": 0.4, "controls": {"smile": 1.0}, "ease": "hold"}, {"time": 0.0}]
    answer = client.post("/api/v1/motions", json={"name": "Smile", "fps": 10, "keyframes": keyframes})
    assert answer.status_code == 201, answer.text
    driver = answer.json()
    assert driver["kind"] == "motion" and driver["duration"] == pytest.approx(0.5) and driver["name"] == "Smile"
    clip = load_motion(studio.sources.driver(driver["id"]).path, CHANNELS)
    assert len(clip.frames) == 5 and abs(clip.frames[-1].expression).max() > abs(clip.frames[0].expression).max()
    content = client.get(f"/api/v1/drivers/{driver['id']}/content")
    assert content.headers["content-disposition"] == 'attachment; filename="Smile.motion"'
    assert client.delete(f"/api/v1/drivers/{driver['id']}").status_code == 204
    assert not list(studio.folder.drivers.iterdir())


def test_bundled_motions_are_drivers_that_stay(client: TestClient) -> None:
    talk = client.get("/api/v1/drivers/talk").json()
    assert talk["kind"] == "bundled" and talk["duration"] > 0 and talk["filmstrip"] == []
    assert client.delete("/api/v1/drivers/talk").status_code == 409


def test_methods_that_an_address_lacks_are_refused_with_those_it_has(client: TestClient) -> None:
    for method, path, allowed in (
        ("PUT", "/api/v1/files", "GET, POST"),
        ("GET", "/api/v1/faces", "POST"),
        ("PATCH", "/api/v1/heads/import", "POST"),
    ):
        answer = client.request(method, path)
        assert answer.status_code == 405 and answer.headers["allow"] == allowed, path


def test_a_body_that_is_no_json_is_a_sentence(client: TestClient) -> None:
    for body in (b"{", b"\xff\xfe"):
        answer = client.post("/api/v1/faces", content=body, headers={"Content-Type": "application/json"})
        assert answer.status_code in (400, 422) and answer.json()["error"]["code"] == "request"


def test_too_many_requests_for_files_are_refused_so_that_the_rest_is_answered(
    client: TestClient, studio: Studio, monkeypatch: pytest.MonkeyPatch
) -> None:
    photo = client.post("/api/v1/files", content=b"x").json()["id"]
    for _ in range(MAX_READERS):
        assert studio._readers.acquire(blocking=False)
    answer = client.post("/api/v1/faces", json={"photo": photo})
    assert answer.status_code == 503 and answer.json()["error"]["code"] == "busy"
    studio._readers.release()

    def refuse(task: str, arguments: object) -> None:
        raise InputError("not a photo")

    monkeypatch.setattr(studio.reader, "run", refuse)
    for _ in range(3):  # a failure gives its place back
        assert client.post("/api/v1/faces", json={"photo": photo}).status_code == 422


def test_every_operation_documents_its_errors_and_needs_the_token(client: TestClient) -> None:
    schema = client.get("/api/v1/openapi.json").json()
    assert schema["security"] == [{"token": []}] and len(schema["paths"]) > 20
    for path, operations in schema["paths"].items():
        assert path.startswith("/api/v1/")
        for operation in operations.values():
            assert {"401", "403", "422"} <= set(operation["responses"]) and operation["description"], path
