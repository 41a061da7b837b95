"""The page of a live run: for this computer and the token only; one frame in flight; commands are checked."""

from __future__ import annotations

import json
import threading
import urllib.error
import urllib.request
from collections.abc import Iterator

import numpy as np
import pytest
from websockets.exceptions import InvalidStatus
from websockets.sync.client import connect

from animato.errors import OutputError, UsageError
from animato.live.page_sink import PageSink, encoded
from animato.live.remote import ADJUSTABLE

FRAME = np.full((64, 64, 3), 90, np.uint8)


@pytest.fixture
def sink() -> Iterator[PageSink]:
    def command(given: object) -> str:
        if given == {"do": "nonsense"}:
            raise UsageError("there is no such command")
        return f"did {json.dumps(given)}"

    opened = PageSink(0, command, dict.fromkeys(ADJUSTABLE, 1.0))
    yield opened
    opened.close()
    opened.close()


def status(address: str, **headers: str) -> int:
    try:
        with urllib.request.urlopen(urllib.request.Request(address, headers=headers)) as response:
            return int(response.status)
    except urllib.error.HTTPError as problem:
        return problem.code


def test_the_page_needs_the_token_and_this_computer(sink: PageSink) -> None:
    assert status(sink.address) == 200
    assert status(sink.address + "&bare=1") == 200
    base = f"http://127.0.0.1:{sink.port}"
    assert status(base + "/") == status(base + "/?token=x") == 403
    assert status(sink.address, Host="evil.example") == 403
    assert status(sink.address, Origin="http://evil.example") == 403
    assert status(f"{base}/other?token={sink.token}") == 404


def test_the_page_loads_nothing_from_elsewhere(sink: PageSink) -> None:
    with urllib.request.urlopen(sink.address) as response:
        text, policy = response.read().decode(), response.headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy and response.headers["Content-Type"].startswith("text/html")
    assert "http://" not in text and "https://" not in text and "NONCE" not in text and "COMMANDS" not in text


def test_sockets_of_others_are_refused(sink: PageSink) -> None:
    address = f"ws://127.0.0.1:{sink.port}/socket?token="
    for token, origin in (("x", None), (sink.token, "http://evil.example")):
        with pytest.raises(InvalidStatus), connect(address + token, origin=origin):  # type: ignore[arg-type]
            pass


def test_one_frame_is_in_flight_and_the_newest_comes_next(sink: PageSink) -> None:
    with connect(f"ws://127.0.0.1:{sink.port}/socket?token={sink.token}") as socket:
        moment = threading.Event()
        while not sink._viewers:
            moment.wait(0.001)
        sink.put(FRAME, 0.0)
        assert socket.recv()[:2] == b"\xff\xd8"
        for shade in (1, 2, 3):
            sink.put(np.full_like(FRAME, 60 * shade), 0.0)
        socket.send('{"ack": 1}')
        newest = socket.recv()
        newest = socket.recv() if isinstance(newest, str) else newest
        assert newest == encoded(np.full_like(FRAME, 180))


def test_commands_answer_with_a_sentence(sink: PageSink) -> None:
    for message, text in (('{"do": "nonsense"}', "there is no such command"), ("{", "the message is not understood")):
        sink._apply(message)
        assert sink._text == text


def test_a_transparent_frame_is_a_png() -> None:
    assert encoded(np.zeros((8, 8, 4), np.uint8))[1:4] == b"PNG"


def test_a_port_in_use_is_said(sink: PageSink) -> None:
    with pytest.raises(OutputError, match=f"port {sink.port} cannot be used"):
        PageSink(sink.port, lambda given: None, dict.fromkeys(ADJUSTABLE, 1.0))
