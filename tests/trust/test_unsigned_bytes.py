"""A changed byte of our credentials is noticed where the signature does not cover it, too."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from animato.media.probe import media_type
from animato.trust.credentials import sidecar_of
from animato.trust.reading import read_credentials
from animato.trust.unsigned_bytes import unsigned_bytes_are_ours

Write = Callable[[str], Path]


def state(path: Path) -> str:
    return read_credentials(path, media_type(path)).state


@pytest.mark.parametrize("suffix", [".webm", ".jpg", ".mp4", ".png", ".gif"])
def test_a_changed_byte_of_the_signatures_padding_is_noticed(suffix: str, sign: Write) -> None:
    path = sign(suffix)
    target = sidecar_of(path) if suffix == ".webm" else path
    content = bytearray(target.read_bytes())
    place = content.index(b"\x63pad", content.index(b"c2pa.signature")) + 100
    assert content[place] == 0
    content[place] ^= 4
    target.write_bytes(content)
    assert state(path) == "invalid"


def test_changed_headers_and_labels_of_boxes_are_noticed(sign: Write) -> None:
    path = sign(".webm")
    target = sidecar_of(path)
    content = target.read_bytes()
    rng = np.random.default_rng(3)
    places = [at for at in range(len(content)) if b"jumd" in content[max(0, at - 40) : at + 12]]
    for place in places[::5]:
        changed = bytearray(content)
        changed[place] ^= 1 << int(rng.integers(8))
        target.write_bytes(changed)
        assert state(path) != "trusted", place
    target.write_bytes(content)
    assert state(path) == "trusted"


def test_credentials_cut_into_segments_are_put_together(sign: Write, tmp_path: Path) -> None:
    sign(".webm")
    store = sidecar_of(tmp_path / "out.webm").read_bytes()
    segments = b""
    for number, start in enumerate(range(0, len(store), 1000), 1):
        repeated = store[:8] if number > 1 else b""
        segments += b"\xff\xeb\x03\xfaJP\x02\x11" + number.to_bytes(4, "big") + repeated + store[start : start + 1000]
    picture = tmp_path / "cut.jpg"
    picture.write_bytes(b"\xff\xd8" + segments + b"\xff\xd9")
    assert unsigned_bytes_are_ours(picture)
    changed = bytearray(picture.read_bytes())
    changed[changed.rindex(b"c2pa.signature") + 3] ^= 1
    picture.write_bytes(changed)
    assert not unsigned_bytes_are_ours(picture)


@pytest.mark.parametrize("content", [b"", b"GIF89a", b"\xff\xd8", b"\0\0\0\x08jumbjumdc2pa", b"x" * 5000])
def test_files_without_credentials_are_not_ours(content: bytes, tmp_path: Path) -> None:
    (tmp_path / "odd").write_bytes(content)
    assert not unsigned_bytes_are_ours(tmp_path / "odd")
