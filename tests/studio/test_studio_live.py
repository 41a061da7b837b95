"""The live socket: refusals with sentences, frames in and out, commands, and an end with the client."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import pytest
from starlette.testclient import TestClient
from starlette.websockets import WebSocketDisconnect

from animato.errors import PictureError, RefusedError, UsageError
from animato.studio import live_routes
from animato.studio.studio import Studio

LIVE = "ws://127.0.0.1:8000/api/v1/live?head="


class FakeSession:
    """Answers every frame with its bytes reversed."""

    opened = {"width": 512, "height": 512, "mark_id": "0", "warnings": []}  # noqa: RUF012
    closed: threading.Event

    def __init__(self, send: Callable[[bytes], None]) -> None:
        self._send, self.closed = send, threading.Event()

    def receive(self, data: bytes) -> None:
        if not data:
            raise PictureError("the camera's frame is no JPEG, or damaged")
        self._send(data[::-1])

    def command(self, given: Any) -> str | None:
        if given == {"do": "nothing"}:
            raise UsageError("there is no such command")
        return "mirror on"

    def run(self) -> None:
        self.closed.wait()

    def end(self) -> None:
        self.closed.set()


@pytest.fixture
def sessions(monkeypatch: pytest.MonkeyPatch) -> list[FakeSession]:
    made: list[FakeSession] = []

    def opener(*_arguments: object) -> Callable[[Callable[[bytes], None]], FakeSession]:
        def open_session(send: Callable[[bytes], None]) -> FakeSession:
            made.append(FakeSession(send))
            return made[-1]

        return open_session

    monkeypatch.setattr(live_routes, "_opener", opener)
    return made


def test_frames_go_out_and_commands_are_answered(client: TestClient, sessions: list[FakeSession]) -> None:
    with client.websocket_connect(LIVE + "x") as socket:
        assert socket.receive_json()["opened"]["width"] == 512
        socket.send_bytes(b"abc")
        assert socket.receive_bytes() == b"cba"
        socket.send_text('{"do": "mirror"}')
        assert socket.receive_json() == {"done": "mirror on"}
        for wrong in ('{"do": "nothing"}', "{", "x" * 5000):
            socket.send_text(wrong)
            assert socket.receive_json()["error"]["what"]
        socket.send_bytes(b"")
        assert "no JPEG" in socket.receive_json()["error"]["what"]
    assert sessions[0].closed.wait(10)


def test_an_unknown_head_is_refused_with_a_sentence(client: TestClient) -> None:
    for head in ("../x", "0" * 32):
        with client.websocket_connect(LIVE + head) as socket:
            assert socket.receive_json()["error"]["what"]
            assert socket.receive()["code"] == live_routes.POLICY


def test_a_refused_head_ends_with_a_sentence(client: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(_send: object) -> FakeSession:
        raise RefusedError("the consent has expired")

    monkeypatch.setattr(live_routes, "_opener", lambda *_arguments: refuse)
    with client.websocket_connect(LIVE + "x") as socket:
        assert socket.receive_json()["error"]["what"] == "the consent has expired"
        assert socket.receive()["type"] == "websocket.close"


def test_no_more_heads_are_live_than_editors_may_be_open(
    client: TestClient, studio: Studio, sessions: list[FakeSession]
) -> None:
    while studio.editors.acquire(blocking=False):
        pass
    with client.websocket_connect(LIVE + "x") as socket:
        assert "too many" in socket.receive_json()["error"]["what"]


def test_strangers_have_no_socket(stranger: TestClient, sessions: list[FakeSession]) -> None:
    with pytest.raises(WebSocketDisconnect), stranger.websocket_connect(LIVE + "x") as socket:
        socket.receive_json()
    assert not sessions


def test_the_status_says_that_there_is_a_live_view(client: TestClient) -> None:
    assert client.get("/api/v1/status").json()["live"] is True
