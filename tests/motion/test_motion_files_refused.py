"""Motion files are untrusted: every invalid one raises an error with a message, and nothing in it is executed."""

from __future__ import annotations

import io
import json
import re
import struct
import tracemalloc
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from animato.appearance.channels import CHANNELS
from animato.errors import FileFormatError
from animato.motion.motion_file import MotionClip, load_motion
from animato.settings.media import MotionFileSettings


def rewritten(saved: Path, target: Path, **members: Callable[[bytes], bytes | None]) -> Path:
    """Copy a motion file with some members changed (or, for None, left out)."""
    with zipfile.ZipFile(saved) as source, zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as file:
        for info in source.infolist():
            stem = info.filename.split(".")[0]
            data = source.read(info) if stem not in members else members[stem](source.read(info))
            if data is not None:
                file.writestr(info.filename, data)
    return target


def header(**changes: Any) -> Callable[[bytes], bytes]:
    return lambda data: json.dumps({**json.loads(data), **changes}).encode()


def array(change: Callable[[np.ndarray], np.ndarray]) -> Callable[[bytes], bytes]:
    def apply(data: bytes) -> bytes:
        buffer = io.BytesIO()
        np.save(buffer, change(np.load(io.BytesIO(data))), allow_pickle=True)
        return buffer.getvalue()

    return apply


def with_value(value: float, place: int = 5) -> Callable[[bytes], bytes]:
    def change(values: np.ndarray) -> np.ndarray:
        values = values.copy()
        values[place] = value
        return values

    return array(change)


def promising(shape: str) -> Callable[[bytes], bytes]:
    """Change the header of an array without its data."""
    return lambda data: re.sub(
        rb"'shape': \([^)]*\), }( *)\n", lambda m: f"'shape': {shape}, }}".encode().ljust(len(m[0]) - 1) + b"\n", data
    )


NEUTRAL = {"rotation": np.eye(3).tolist(), "apertures": [0.2, 0.2, 0.0], "eye_widths": [3, 3], "mouth_width": 5}

REFUSED: dict[str, tuple[dict[str, Callable[[bytes], bytes | None]], str]] = {
    "another format": ({"header": header(format="poem")}, "not a motion file"),
    "newer version": ({"header": header(version=4)}, "written by a newer animato"),
    "version of words": ({"header": header(version="two")}, "newer animato"),
    "no header": ({"header": lambda _: None}, "damaged"),
    "a list as header": ({"header": lambda _: b"[1, 2]"}, "not a motion file"),
    "a header that is no json": ({"header": lambda _: b"{"}, "damaged"),
    "a bottomless header": ({"header": lambda _: b"[" * 200_000}, "damaged"),
    "a header that is no text": ({"header": lambda _: b"\xff\xfe\x00"}, "damaged"),
    "no frames": ({"header": header(frames=0)}, "holds no frames"),
    "too many frames": ({"header": header(frames=10**9)}, "holds no frames, or too many"),
    "more frames than there are": ({"header": header(frames=25)}, "damaged"),
    "no neutral": ({"header": header(neutral=None)}, "damaged"),
    "a neutral without width": ({"header": header(neutral={**NEUTRAL, "mouth_width": 0})}, "damaged"),
    "a neutral that is no number": ({"header": header(neutral={**NEUTRAL, "mouth_width": float("nan")})}, "damaged"),
    "a neutral of huge numbers": ({"header": header(neutral={**NEUTRAL, "apertures": [10**400, 0, 0]})}, "damaged"),
    "a neutral that is no rotation": ({"header": header(neutral={**NEUTRAL, "rotation": [[9] * 3] * 3})}, "damaged"),
    "a neutral of another shape": ({"header": header(neutral={**NEUTRAL, "rotation": [1, 2]})}, "damaged"),
    "a rate of nought": ({"header": header(fps=[25, 0])}, "damaged"),
    "a rate of words": ({"header": header(fps="fast")}, "damaged"),
    "a rate beyond all cameras": ({"header": header(fps=[10**300, 1])}, "damaged"),
    "a negative duration": ({"header": header(duration=-1)}, "damaged"),
    "an endless duration": ({"header": header(duration=10**400)}, "damaged"),
    "a step of nought": ({"header": header(step=0)}, "damaged"),
    "a missing array": ({"zoom": lambda _: None}, "damaged"),
    "an array that is none": ({"zoom": lambda _: b"not an array"}, "damaged"),
    "an empty array": ({"zoom": lambda _: b""}, "damaged"),
    "a pickled object": ({"zoom": array(lambda a: np.array([{}] * len(a), object))}, "damaged"),
    "an array of text": ({"zoom": array(lambda a: a.astype("U8"))}, "damaged"),
    "an array of complex numbers": ({"zoom": array(lambda a: a.astype(np.complex64))}, "damaged"),
    "an array of another shape": ({"expression": array(lambda a: a[:, :400])}, "damaged"),
    "an array of another kind": ({"expression": array(lambda a: a.astype(np.float32))}, "damaged"),
    "an array that promises a terabyte": ({"time": promising("(137438953472,)")}, "damaged"),
    "an array with a negative side": ({"time": promising("(-24,)")}, "damaged"),
    "a cut array": ({"expression": lambda data: data[:5000]}, "damaged"),
    "values that are no numbers": ({"shift": with_value(np.nan)}, "damaged"),
    "endless values": ({"apertures": with_value(np.inf)}, "damaged"),
    "times that do not grow": ({"time": with_value(0.1)}, "damaged"),
    "negative times": ({"time": with_value(-1.0, 0)}, "damaged"),
    "times beyond an hour": ({"time": with_value(4000.0, -1)}, "damaged"),
    "a duration beyond an hour": ({"header": header(duration=4000)}, "damaged"),
    "times beyond any clip": ({"time": with_value(1e300, -1)}, "damaged"),
    "a zoom of nought": ({"zoom": with_value(0.0)}, "damaged"),
    "a huge zoom": ({"zoom": with_value(1e30)}, "damaged"),
    "a huge shift": ({"shift": with_value(1e30)}, "damaged"),
    "huge apertures": ({"apertures": with_value(1e30)}, "damaged"),
    "rotations that are none": ({"rotation": with_value(7.0)}, "damaged"),
    "a reflection": ({"rotation": array(lambda a: -a)}, "damaged"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_an_invalid_file_is_refused_with_a_message(saved: Path, tmp_path: Path, case: str) -> None:
    changes, message = REFUSED[case]
    path = rewritten(saved, tmp_path / "odd.motion", **changes)
    with pytest.raises(FileFormatError) as caught:
        load_motion(path, CHANNELS)
    assert message in caught.value.what and "odd.motion" in caught.value.what
    assert caught.value.where and caught.value.exit_code == 3


def test_a_newer_version_names_the_remedy(saved: Path, tmp_path: Path) -> None:
    with pytest.raises(FileFormatError) as caught:
        load_motion(rewritten(saved, tmp_path / "new.motion", header=header(version=7)), CHANNELS)
    assert caught.value.where == "version 7; this one reads up to 3"
    assert caught.value.hint == "pip install --upgrade animato"


def test_a_pickled_object_is_not_executed(saved: Path, tmp_path: Path) -> None:
    class Trap:
        def __reduce__(self) -> tuple[Any, ...]:
            return (Path.touch, (tmp_path / "sprung",))

    path = rewritten(saved, tmp_path / "trap.motion", zoom=array(lambda a: np.array([Trap()] * len(a), object)))
    with pytest.raises(FileFormatError):
        load_motion(path, CHANNELS)
    assert not (tmp_path / "sprung").exists()


def test_a_file_that_unpacks_to_too_much_is_refused_before_unpacking(saved: Path, tmp_path: Path) -> None:
    assert MotionFileSettings().max_motion_megabytes == 256
    path = rewritten(saved, tmp_path / "bomb.motion")
    with zipfile.ZipFile(path, "a", zipfile.ZIP_DEFLATED) as file:
        file.writestr("more.npy", bytes(9 << 20))
    assert path.stat().st_size < 1 << 18
    with pytest.raises(FileFormatError, match="too large"):
        load_motion(path, CHANNELS, MotionFileSettings(max_motion_megabytes=8))


def test_a_member_is_inflated_only_to_its_stated_size(saved: Path, tmp_path: Path) -> None:
    path = tmp_path / "liar.motion"
    rewritten(saved, path, zoom=lambda data: data + bytes(64 << 20))
    with zipfile.ZipFile(path) as file:
        info = file.getinfo("zoom.npy")
    data = bytearray(path.read_bytes())
    while (place := data.find(struct.pack("<I", info.file_size))) >= 0:
        data[place : place + 4] = struct.pack("<I", 1000)
    path.write_bytes(data)
    tracemalloc.start()
    with pytest.raises(FileFormatError, match="damaged"):
        load_motion(path, CHANNELS)
    assert tracemalloc.get_traced_memory()[1] < 16 << 20
    tracemalloc.stop()


def test_a_file_of_too_many_members_is_refused(saved: Path, tmp_path: Path) -> None:
    path = rewritten(saved, tmp_path / "many.motion")
    with zipfile.ZipFile(path, "a") as file:
        for number in range(80):
            file.writestr(f"{number}.txt", "x")
    with pytest.raises(FileFormatError, match="too large"):
        load_motion(path, CHANNELS)


@pytest.mark.parametrize(
    "content", [b"", b"PK\x03\x04", b"hello", b"\x00" * 5000], ids=["empty", "head", "text", "zeros"]
)
def test_other_files_are_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "other.motion"
    path.write_bytes(content)
    with pytest.raises(FileFormatError):
        load_motion(path, CHANNELS)


def test_a_missing_file_and_a_folder_are_refused(tmp_path: Path) -> None:
    for path in (tmp_path / "none.motion", tmp_path):
        with pytest.raises(FileFormatError):
            load_motion(path, CHANNELS)


def test_a_corrupt_file_is_refused_or_read(saved: Path, tmp_path: Path) -> None:
    data = bytearray(saved.read_bytes())
    rng = np.random.default_rng(11)
    path, refused = tmp_path / "damaged.motion", 0
    tail = len(data) - 1200  # the archive's directory, where a flip does most harm
    places = [*rng.integers(0, len(data), 120), *rng.integers(0, 1500, 80), *rng.integers(tail, len(data), 120)]
    for place in places:
        hurt = bytearray(data)
        hurt[place] ^= 1 << int(rng.integers(0, 8))
        path.write_bytes(hurt)
        try:
            load_motion(path, CHANNELS)
        except FileFormatError:
            refused += 1
    assert refused > 200


def test_a_truncated_file_is_refused(saved: Path, tmp_path: Path) -> None:
    data, path = saved.read_bytes(), tmp_path / "cut.motion"
    for length in np.linspace(0, len(data) - 1, 40).astype(int):
        path.write_bytes(data[:length])
        with pytest.raises(FileFormatError):
            load_motion(path, CHANNELS)


def test_header_texts_are_printable_lines(saved: Path, tmp_path: Path) -> None:
    text = "wave\x1b[31m\r\nDONE \u202egnp" + "x" * 900
    movement = load_motion(rewritten(saved, tmp_path / "odd.motion", header=header(name=text, licence=None)), CHANNELS)
    assert movement.name.isprintable() and len(movement.name) <= 500 and movement.name.startswith("wave")


def test_an_array_in_fortran_order_is_read(recorded: MotionClip, saved: Path, tmp_path: Path) -> None:
    path = rewritten(saved, tmp_path / "columns.motion", rotation=array(np.asfortranarray))
    loaded = load_motion(path, CHANNELS)
    assert np.abs(loaded.frames[5].rotation - recorded.frames[5].rotation).max() < 1e-6
