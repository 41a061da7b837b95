"""Fixtures of the command line's tests: files that cannot be used, and a run that must be refused cleanly."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Callable
from pathlib import Path

import av
import cv2
import numpy as np
import pytest
from main_job import Material, contents, made, out, own_home
from sample_photo import sample_photo

from animato.cli.main import run
from animato.media.image import save_picture

__all__ = ["made", "out", "own_home"]

Refuse = Callable[..., str]


def bomb() -> bytes:
    """A PNG of a few hundred bytes that claims 60 000 x 60 000 pixels."""

    def chunk(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    header = struct.pack(">IIBBBBB", 60_000, 60_000, 8, 2, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(bytes(1000))) + chunk(b"IEND", b"")
    )


@pytest.fixture(scope="session")
def bad(made: Material, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of files that cannot be used."""
    folder = tmp_path_factory.mktemp("bad")
    photo, clip = sample_photo(), made.driver.read_bytes()
    (folder / "text.jpg").write_text("this is no picture\n" * 20)
    (folder / "text.mp4").write_text("this is no video\n" * 20)
    (folder / "text.wav").write_text("this is no sound\n" * 20)
    (folder / "text.motion").write_text("this is no movement\n" * 20)
    (folder / "bomb.png").write_bytes(bomb())
    (folder / "empty.png").write_bytes(b"")
    (folder / "half.png").write_bytes(made.photo.read_bytes()[:60_000])
    # The index of this copy lies at its end, as phones write it, and is cut off with it.
    with av.open(str(made.driver)) as source, av.open(str(folder / "half.mp4"), "w") as target:
        stream = target.add_stream_from_template(source.streams.video[0])
        for packet in source.demux(video=0):
            if packet.dts is not None:
                packet.stream = stream
                target.mux(packet)
    (folder / "half.mp4").write_bytes((folder / "half.mp4").read_bytes()[: len(clip) // 2])
    with av.open(str(folder / "zero.mp4"), "w") as container:
        container.add_stream("libx264", rate=25, options={}).width = 64
        container.streams.video[0].height = 64
        container.start_encoding()
    save_picture(folder / "wall.png", np.full((400, 400, 3), 120, np.uint8))
    save_picture(folder / "far.png", np.asarray(cv2.resize(photo, (205, 205), interpolation=cv2.INTER_AREA), np.uint8))
    save_picture(folder / "edge.png", np.ascontiguousarray(photo[:, 203:]))
    return folder


@pytest.fixture
def refuse(made: Material, bad: Path, out: Path, capsys: pytest.CaptureFixture[str]) -> Refuse:
    """A function that runs `animato animate`, checks that it is refused cleanly, and returns what was said."""

    def check(
        *more: str,
        code: int = 3,
        photo: Path | str = made.photo,
        driver: Path | str = made.driver,
        name: str = "a.mp4",
        hint: bool = True,
    ) -> str:
        before = contents(out)
        arguments = ["animate", str(photo), "--driver", str(driver), "-o", str(out / name), *more]
        ended = run(arguments)
        printed, said = capsys.readouterr()
        assert ended == code, said
        assert printed == ""
        assert said.startswith("animato: ")
        assert "this is a bug" not in said
        assert "\n  try " in said or not hint, "every refusal says what to do"
        assert "Traceback" not in said
        assert contents(out) == before, "nothing is left behind, not even a hidden file"
        return said

    return check
