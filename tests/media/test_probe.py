"""Kinds of files are told by their bytes; hashes are those of the bytes; files appear whole."""

from __future__ import annotations

import hashlib
import io
import os
from collections.abc import Callable
from pathlib import Path

import pytest
from media_material import tone, write_clip
from PIL import Image

from animato.errors import InputError, OutputError
from animato.media.disk import output_error, whole_file
from animato.media.hash import sha256_file
from animato.media.probe import kind_of, media_type


@pytest.mark.parametrize(
    ("form", "kind"),
    [("JPEG", "image/jpeg"), ("PNG", "image/png"), ("WEBP", "image/webp"), ("GIF", "image/gif"), ("BMP", "image/bmp")],
)
def test_pictures_are_known_by_their_bytes_whatever_the_name(tmp_path: Path, form: str, kind: str) -> None:
    path = tmp_path / "something.txt"
    Image.new("RGB", (8, 8), "red").save(path, form)
    assert media_type(path) == kind


@pytest.mark.parametrize(
    ("name", "codec", "kind"),
    [
        ("a.mp4", "libx264", "video/mp4"),
        ("a.mov", "libx264", "video/quicktime"),
        ("a.webm", "libvpx", "video/webm"),
        ("a.mkv", "libx264", "video/x-matroska"),
        ("a.avi", "mpeg4", "video/x-msvideo"),
    ],
)
def test_videos_are_known_by_their_bytes(counted_clip: Callable[..., Path], name: str, codec: str, kind: str) -> None:
    assert media_type(counted_clip(3, name, codec=codec)) == kind


@pytest.mark.parametrize(
    ("name", "codec", "kind"),
    [
        ("a.wav", "pcm_s16le", "audio/wav"),
        ("a.mp3", "libmp3lame", "audio/mpeg"),
        ("a.flac", "flac", "audio/flac"),
        ("a.ogg", "libopus", "audio/ogg"),
        ("a.m4a", "aac", "audio/mp4"),
        ("a.aac", "aac", "audio/aac"),
    ],
)
def test_sounds_are_known_by_their_bytes(tmp_path: Path, name: str, codec: str, kind: str) -> None:
    rate = 48_000 if codec == "libopus" else 44_100
    path = write_clip(tmp_path / name, [], sound=tone(0.3, rate, [0.1]), sound_codec=codec, sound_rate=rate)
    assert media_type(path) == kind


@pytest.mark.parametrize(
    ("head", "kind"),
    [
        (b"\x00\x00\x00\x18ftypheic\x00\x00\x00\x00mif1heic", "image/heic"),
        (b"\x00\x00\x00\x1cftypmif1\x00\x00\x00\x00mif1avifmiaf", "image/avif"),
        (b"\x00\x00\x00\x18ftypisom\x00\x00\x00\x00isommp41", "video/mp4"),
        (b"#EXTM3U\n#EXTINF:10,\nfile:///etc/passwd\n", "application/vnd.apple.mpegurl"),
        (b"ffconcat version 1.0\nfile /etc/passwd\n", "text/x-ffconcat"),
        (b"\xff\xfeh\x00e\x00l\x00l\x00o\x00", "application/octet-stream"),
        (b"hello, world", "application/octet-stream"),
        (b"\xff", "application/octet-stream"),
        (b"", "application/octet-stream"),
    ],
)
def test_first_bytes_tell_the_kind(head: bytes, kind: str) -> None:
    assert kind_of(head) == kind


def test_at_most_64_bytes_are_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "long"
    data = b"\x89PNG\r\n\x1a\n" + bytes(10_000)
    path.write_bytes(data)
    asked: list[int] = []

    class Spy(io.BytesIO):
        def read(self, size: int | None = -1) -> bytes:
            asked.append(-1 if size is None else size)
            return super().read(size)

    monkeypatch.setattr(Path, "open", lambda self, mode: Spy(data))
    assert media_type(path) == "image/png"
    assert asked == [64]


def test_missing_empty_and_folder_inputs_end_in_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "empty").touch()
    for path, said in ((tmp_path / "absent", "no such file"), (tmp_path / "empty", "empty"), (tmp_path, "folder")):
        with pytest.raises(InputError, match=said):
            media_type(path)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="named pipes are a Unix thing")
def test_a_pipe_is_refused_and_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(InputError, match="not a regular file"):
        media_type(tmp_path / "pipe")


def test_hash_is_that_of_the_bytes(tmp_path: Path) -> None:
    data = bytes(range(256)) * 9000
    (tmp_path / "file").write_bytes(data)
    assert sha256_file(tmp_path / "file") == hashlib.sha256(data).hexdigest()
    with pytest.raises(InputError, match="cannot be read"):
        sha256_file(tmp_path / "absent")


def test_a_whole_file_appears_only_when_its_block_ends_well(tmp_path: Path) -> None:
    target = tmp_path / "out.bin"
    with whole_file(target) as temporary:
        temporary.write_bytes(b"done")
        assert not target.exists()
        assert temporary.suffix == ".bin"
        assert temporary.parent == tmp_path
    assert target.read_bytes() == b"done"
    with pytest.raises(KeyError), whole_file(target) as temporary:
        temporary.write_bytes(b"half")
        raise KeyError
    assert target.read_bytes() == b"done"
    assert list(tmp_path.iterdir()) == [target]


def test_output_errors_say_what_to_do(tmp_path: Path) -> None:
    assert "no space" in output_error(tmp_path / "x.mp4", OSError(28, "No space left on device")).what
    assert "folder does not exist" in output_error(tmp_path / "x.mp4", FileNotFoundError(2, "x")).what
    with pytest.raises(OutputError, match="folder does not exist"), whole_file(tmp_path / "absent" / "x.png"):
        pass
