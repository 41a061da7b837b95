"""Files of more parts than an encoder writes are refused before a decoder or the C2PA library sees them."""

from __future__ import annotations

import io
import struct
from pathlib import Path

import pytest
from PIL import Image

from animato.errors import InputError, PictureError, VideoError
from animato.media.image import load_picture
from animato.media.reader import open_video
from animato.media.structure import check_structure, count_boxes, count_scans, gif_pixels
from animato.settings.media import PictureSettings
from animato.trust.verify import verify_file

FTYP = struct.pack(">I4s4sI4s4s", 24, b"ftyp", b"isom", 0x200, b"isom", b"mp42")


def progressive(side: int = 64) -> bytes:
    buffer = io.BytesIO()
    Image.new("RGB", (side, side), (90, 120, 60)).save(buffer, "JPEG", progressive=True)
    return buffer.getvalue()


def with_scans(count: int) -> bytes:
    """Return a progressive JPEG whose last scan is repeated."""
    data = progressive()
    last = data.rindex(b"\xff\xda")
    return data[:last] + data[last:-2] * count + b"\xff\xd9"


def gif(frames: int, side: int = 100) -> bytes:
    buffer = io.BytesIO()
    pictures = [Image.new("P", (side, side), number % 256) for number in range(frames)]
    pictures[0].save(buffer, "GIF", save_all=True, append_images=pictures[1:], optimize=False)
    return buffer.getvalue()


def test_scans_of_a_jpeg_are_counted_without_those_of_its_thumbnail() -> None:
    ordinary = count_scans(progressive(), 100)
    assert 6 <= ordinary <= 12
    thumbnail = b"\xff\xe1" + struct.pack(">H", 2 + len(progressive())) + progressive()
    assert count_scans(progressive()[:2] + thumbnail + progressive()[2:], 100) == ordinary
    assert count_scans(progressive() + with_scans(500), 100) == ordinary, "a second picture is not decoded"


def test_a_jpeg_of_too_many_scans_is_refused(tmp_path: Path) -> None:
    (tmp_path / "scans.jpg").write_bytes(with_scans(3000))
    with pytest.raises(PictureError, match="more scans than are read") as caught:
        load_picture(tmp_path / "scans.jpg")
    assert caught.value.where == "image/jpeg: more than 100" and caught.value.hint
    (tmp_path / "some.jpg").write_bytes(with_scans(20))
    assert load_picture(tmp_path / "some.jpg").image.shape == (64, 64, 3)
    with pytest.raises(PictureError):
        load_picture(tmp_path / "some.jpg", PictureSettings(max_scans=9))


@pytest.mark.parametrize("nested", [False, True], ids=["flat", "nested"])
def test_boxes_are_counted_also_inside_of_containers(nested: bool) -> None:
    boxes = struct.pack(">I4s", 8, b"free") * 500
    data = FTYP + (struct.pack(">I4s", 8 + len(boxes), b"moov") + boxes if nested else boxes)
    assert count_boxes(data, 10_000) == 501 + nested
    assert count_boxes(data, 100) == 101


@pytest.mark.parametrize("size", [0, 1, 7, 2**32 - 1], ids=str)
def test_impossible_sizes_of_boxes_end(size: int) -> None:
    assert count_boxes(FTYP + struct.pack(">I4s", size, b"moov") * 50, 10_000) <= 102


def test_an_mp4_of_countless_boxes_is_refused_everywhere(tmp_path: Path) -> None:
    path = tmp_path / "boxes.mp4"
    path.write_bytes(FTYP + struct.pack(">I4s", 8, b"free") * 250_000)
    with pytest.raises(VideoError, match="more boxes than are read"):
        open_video(path)
    with pytest.raises(InputError, match="more boxes than are read"):
        verify_file(path)


def test_a_gif_is_measured_by_its_canvas(tmp_path: Path) -> None:
    assert gif_pixels(gif(12), 10**9) == 12 * 100 * 100
    tiny = gif(3)
    assert gif_pixels(tiny[:6] + struct.pack("<HH", 60_000, 60_000) + tiny[10:], 10**12) == 3 * 60_000**2
    path = tmp_path / "large.gif"
    path.write_bytes(tiny[:6] + struct.pack("<HH", 60_000, 60_000) + tiny[10:])
    with pytest.raises(VideoError, match="million pixels in all frames"):
        open_video(path)
    with pytest.raises(InputError, match="million pixels in all frames"):
        verify_file(path)


def test_truncated_files_pass_to_their_decoders(tmp_path: Path) -> None:
    for name, data in (("a.jpg", progressive()), ("a.gif", gif(3)), ("a.mp4", FTYP * 3)):
        for length in range(64, len(data), max(1, len(data) // 60)):
            (tmp_path / name).write_bytes(data[:length])
            check_structure(tmp_path / name)
