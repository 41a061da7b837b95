"""A browser's camera: JPEGs in, finished frames out, marked and recorded; nothing else is read."""

from __future__ import annotations

import io
import json
import struct
import threading
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from main_job import Material, read_frames, shared_engine, speaking_frames
from PIL import Image

import animato
from animato.errors import PictureError, UsageError
from animato.live.browser import UNSEEN_ANSWERS, BrowserSession, decode_camera_frame, open_browser_session
from animato.live.proof import numbered_frame, passthrough_run
from animato.settings.live import LiveSettings
from animato.types import Frame

SETTINGS = LiveSettings(model="geometry", size=256, adapt=False)


def jpeg(frame: Frame) -> bytes:
    stream = io.BytesIO()
    Image.fromarray(frame).save(stream, "JPEG", quality=90)
    return stream.getvalue()


class Client:
    """The browser's side: sends the next frame when the last is answered, and ends after a number of them."""

    def __init__(self, frames: list[Frame], wanted: int) -> None:
        self.frames, self.wanted = frames, wanted
        self.headers: list[dict[str, Any]] = []
        self.pictures: list[Frame] = []
        self.tracked: list[int] = []
        self.session: BrowserSession | None = None

    def send(self, message: bytes | str) -> None:
        assert self.session is not None
        if isinstance(message, str):
            self.tracked.append(json.loads(message)["tracked"])
            if len(self.tracked) < self.wanted:
                self.session.receive(jpeg(self.frames[len(self.tracked) % len(self.frames)]))
            return
        (length,) = struct.unpack_from("<I", message)
        header = json.loads(message[4 : 4 + length])
        self.headers.append(header)
        self.pictures.append(np.array(Image.open(io.BytesIO(message[4 + length :])).convert("RGB")))
        self.session.show(header["answer"])
        if len(self.tracked) >= self.wanted:
            self.session.end()
        elif self.session.received == 0:
            self.session.receive(jpeg(self.frames[0]))


def test_frames_are_answered_one_by_one_and_recorded(made: Material, out: Path) -> None:
    client = Client(list(speaking_frames()), 6)
    session = client.session = open_browser_session(made.person, SETTINGS, shared_engine(2), client.send)
    assert session.opened["width"] == 512
    session.record(out / "call.mp4")
    session.run()
    sequence = [header["seq"] for header in client.headers]
    assert sequence == sorted(sequence) and client.tracked == [1, 2, 3, 4, 5, 6]
    assert all(picture.shape == (512, 512, 3) for picture in client.pictures)
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("animato-")]
    report = animato.verify(out / "call.mp4")
    assert report.found and session.opened["mark_id"] in str(report.to_json())
    assert len(read_frames(out / "call.mp4")) >= 1


def test_commands_are_applied(made: Material) -> None:
    client = Client([], 0)
    session = client.session = open_browser_session(made.person, SETTINGS, shared_engine(2), client.send)
    assert session.command({"do": "mirror"}) == "mirror on"
    assert session.command({"set": {"mouth": 1.5}}) is None
    with pytest.raises(UsageError, match="`crf` cannot be changed here"):
        session.command({"set": {"crf": 1}})
    session.run()


@pytest.mark.parametrize("data", [b"", b"GIF89a", b"\xff\xd8\xff", b"x" * 2_000_001])
def test_what_is_no_jpeg_is_refused(data: bytes) -> None:
    with pytest.raises(PictureError):
        decode_camera_frame(data)


def test_a_png_or_a_huge_picture_is_refused() -> None:
    stream = io.BytesIO()
    Image.fromarray(np.zeros((8, 8, 3), np.uint8)).save(stream, "PNG")
    with pytest.raises(PictureError, match="no JPEG"):
        decode_camera_frame(stream.getvalue())
    with pytest.raises(PictureError, match="a size that is not used"):
        decode_camera_frame(jpeg(np.zeros((3000, 3000, 3), np.uint8)))


def test_a_browser_that_shows_nothing_gets_few_answers_while_rendering_goes_on() -> None:
    sent: list[bytes | str] = []
    session = BrowserSession(passthrough_run(), sent.append)
    running = threading.Thread(target=session.run)
    running.start()
    session.receive(jpeg(numbered_frame(7, 160, 120)))
    while session.rendered < 3 * UNSEEN_ANSWERS:
        running.join(0.01)
    session.end()
    running.join()
    answers = [message for message in sent if isinstance(message, bytes)]
    assert len(answers) == UNSEEN_ANSWERS and json.dumps({"tracked": 1}) in sent
