"""Fixtures of the tests of trust: a data home of their own, and marked and unmarked material."""

from __future__ import annotations

import getpass
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from trust_material import read_clip, shifted_portrait

from animato.media.image import save_picture
from animato.media.writer import open_writer
from animato.trust.claim import Claim, Ingredient
from animato.trust.credentials import sign_output
from animato.trust.metadata import SourceType, comment_text
from animato.trust.payload import MarkKind, MarkPayload
from animato.trust.watermark import Marker
from animato.types import Frame

PAYLOAD = MarkPayload(1, MarkKind.TEST, 0x1234ABCD)


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A fresh data home, so that no test meets the key or the notes of another."""
    folder = tmp_path / "home"
    monkeypatch.setenv("ANIMATO_HOME", str(folder))
    return folder


@pytest.fixture
def payload() -> MarkPayload:
    """The payload all test marks carry."""
    return PAYLOAD


@pytest.fixture(scope="session")
def portrait() -> Frame:
    """A public-domain portrait of 512 x 512 px."""
    data = pytest.importorskip("skimage.data")
    return np.ascontiguousarray(data.astronaut())


@pytest.fixture(scope="session")
def portrait_clip(portrait: Frame) -> list[Frame]:
    """Fifteen unmarked frames of the portrait sliding by."""
    return shifted_portrait(portrait, 15)


@pytest.fixture(scope="session")
def marked_portrait_clip(portrait_clip: list[Frame]) -> list[Frame]:
    """The same with a mark."""
    marker = Marker(PAYLOAD, seed=3)
    return [marker.embed(frame) for frame in portrait_clip]


@pytest.fixture(scope="session")
def talking_clip(shared_data: Path) -> list[Frame]:
    """One second of a person talking, 512 px."""
    return read_clip(shared_data / "talking" / "g12_01.mp4", 25)


@pytest.fixture(scope="session")
def marked_talking_clip(talking_clip: list[Frame]) -> list[Frame]:
    """The same with a mark."""
    marker = Marker(PAYLOAD, seed=5)
    return [marker.embed(frame) for frame in talking_clip]


@pytest.fixture
def write_output(tmp_path: Path, marked_portrait_clip: list[Frame]) -> Callable[[str], Path]:
    """A function that writes a marked, unsigned output by its suffix and returns its path."""

    def write(suffix: str) -> Path:
        path = tmp_path / f"unsigned{suffix}"
        if suffix in (".png", ".jpg"):
            save_picture(path, marked_portrait_clip[0])
            return path
        if not suffix:
            path.mkdir()
        comment = comment_text(True)
        with open_writer(path, width=512, height=512, fps=Fraction(25), comment=comment) as writer:
            for frame in marked_portrait_clip[:6]:
                writer.write(frame)
        return path

    return write


@pytest.fixture
def sign(write_output: Callable[[str], Path], payload: MarkPayload, tmp_path: Path) -> Callable[[str], Path]:
    """A function that writes a marked and signed output by its suffix and returns its path."""

    def make(suffix: str) -> Path:
        signed = tmp_path / f"out{suffix}"
        sign_output(write_output(suffix), signed, Claim(SourceType.COMPOSITE, payload))
        return signed

    return make


@pytest.fixture
def claim(tmp_path: Path, portrait: Frame, payload: MarkPayload) -> Claim:
    """A claim with a photo, a damaged photo and a motion file as inputs."""
    photo, damaged, motion = (tmp_path / f"{getpass.getuser()}-{name}" for name in ("me.png", "bad.jpg", "wave.motion"))
    save_picture(photo, portrait[:128, :128])
    damaged.write_bytes(b"\xff\xd8\xff\xe0 no picture at all")
    motion.write_bytes(b"motion")
    inputs = (Ingredient.from_file(photo, "photo"), Ingredient.from_file(damaged, "photo"))
    settings = {"fps": 25.0, "face": "largest", "still_head": False, "audio": tmp_path / "secret.wav", "to": str(photo)}
    return Claim(SourceType.COMPOSITE, payload, (*inputs, Ingredient.from_file(motion, "driver")), settings)
