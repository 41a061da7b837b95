"""Tensor files are untrusted: whatever their parsers raise is an `InputError` that names the file."""

from __future__ import annotations

import json
import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from animato.data.manifest import read_manifest
from animato.data.shards import ShardClips
from animato.errors import FileFormatError, InputError
from animato.head.head_file import read_head_file
from animato.media.untrusted import parsing
from animato.weights.io import read_arrays, read_header, write_arrays
from animato.weights.parts import read_parts
from animato.weights.person import read_person, read_person_record
from animato.weights.portrait import read_portrait

PERSON = {
    "config": {},
    "model": "0" * 64,
    "photos": [],
    "consent": {"basis": "self"},
    "adaptation": {},
    "made": "",
    "version": "",
}

READERS: dict[str, Callable[[Path], Any]] = {
    "head": read_head_file,
    "person": read_person,
    "record": read_person_record,
    "portrait": read_portrait,
    "parts": read_parts,
    "header": read_header,
    "arrays": lambda path: read_arrays(path, "head", 1),
}


def raw(path: Path, header: dict[str, Any], text: str | None = None, data: bytes = b"") -> Path:
    """Write a safetensors file from its parts; `text` is the animato header."""
    if text is not None:
        header = {"__metadata__": {"animato": text}, **header}
    head = json.dumps(header).encode()
    path.write_bytes(struct.pack("<Q", len(head)) + head + data)
    return path


@pytest.mark.parametrize("reader", READERS)
@pytest.mark.parametrize(
    "text",
    ["[" * 200_000, "[]", "{", '"head"', '{"kind": [1]}', '{"kind": {"a": 1}, "schema": 1}'],
    ids=["bottomless", "list", "cut", "text", "list as kind", "object as kind"],
)
def test_hostile_headers_are_refused(tmp_path: Path, reader: str, text: str) -> None:
    path = raw(tmp_path / "odd.animato", {}, text)
    if reader == "header" and text.startswith('{"kind'):
        assert READERS[reader](path)
        return
    with pytest.raises(InputError) as caught:
        READERS[reader](path)
    assert "odd.animato" in caught.value.what and caught.value.exit_code == 3


@pytest.mark.parametrize("dtype", ["BF16", "F8_E4M3", "F8_E5M2"])
@pytest.mark.parametrize("kind", ["head", "portrait-model", "parts-model", "paper-person"])
def test_tensors_that_numpy_lacks_are_refused(tmp_path: Path, dtype: str, kind: str) -> None:
    size = 8 if dtype == "BF16" else 4
    text = json.dumps({"kind": kind, "schema": 1, **PERSON, "networks": {}})
    path = raw(
        tmp_path / "odd.animato", {"x": {"dtype": dtype, "shape": [4], "data_offsets": [0, size]}}, text, bytes(size)
    )
    with pytest.raises(FileFormatError, match=r"odd\.animato"):
        read_arrays(path, kind, 1)


@pytest.mark.parametrize("networks", [{"mouth": {}}, {"mouth": {"config": 3}}, {"mouth": {"config": [1]}}], ids=str)
def test_weights_without_a_configuration_are_refused(tmp_path: Path, networks: dict[str, Any]) -> None:
    path = tmp_path / "odd.safetensors"
    write_arrays(path, {"a": np.zeros(1, np.float32)}, {"kind": "portrait-model", "schema": 1, "networks": networks})
    with pytest.raises(FileFormatError, match=r"odd\.safetensors"):
        read_portrait(path)
    write_arrays(path, {"a": np.zeros(1, np.float32)}, {"kind": "parts-model", "schema": 1, "config": 3})
    with pytest.raises(FileFormatError, match=r"odd\.safetensors"):
        read_parts(path)


@pytest.mark.parametrize("photos", [[3], [{}], [{"name": {}}], [[]], [None]], ids=str)
def test_heads_with_odd_photos_are_refused(tmp_path: Path, photos: list[Any]) -> None:
    path = tmp_path / "odd.animato"
    header = {"kind": "head", "schema": 1, "photos": photos, "consent": {"basis": "self"}}
    write_arrays(path, {"0.image": np.zeros(3, np.uint8)}, header)
    with pytest.raises(FileFormatError, match=r"odd\.animato"):
        read_head_file(path)


@pytest.mark.parametrize(
    "text",
    ["{}", "[]", "", "[" * 200_000, '{"schema": 1}', '{"schema": 1, "size": "x", "clips": []}',
     '{"schema": 1, "size": 64, "clips": [3]}', '{"schema": 1, "size": 64, "clips": [{"clip": [], "split": "train"}]}'],
    ids=["empty object", "list", "empty", "bottomless", "bare", "size", "clips", "unhashable"],
)  # fmt: skip
def test_missing_and_odd_manifests_are_refused(tmp_path: Path, text: str) -> None:
    with pytest.raises(FileFormatError, match=r"no manifest\.json"):
        read_manifest(tmp_path)
    (tmp_path / "manifest.json").write_text(text)
    with pytest.raises(FileFormatError, match=r"manifest\.json"):
        ShardClips(tmp_path)


def test_foreign_errors_name_the_file_the_reason_and_what_to_do() -> None:
    with (
        pytest.raises(FileFormatError) as caught,
        parsing("a.motion", "is no motion", hint="record it again"),
    ):
        raise KeyError("zoom\x1b[31m" + "x" * 900)
    assert caught.value.what == "a.motion is no motion"
    assert caught.value.where is not None and caught.value.where.isprintable() and len(caught.value.where) <= 200
    assert caught.value.hint == "record it again" and isinstance(caught.value.__cause__, KeyError)


@pytest.mark.parametrize("problem", [MemoryError(), RuntimeError("src/core.cpp:117:\nstd::bad_alloc\n")], ids=str)
def test_memory_that_runs_out_is_not_called_damage(problem: Exception) -> None:
    with (
        pytest.raises(InputError, match=r"not enough memory to read a\.motion"),
        parsing("a.motion", "is not a motion file, or it is damaged"),
    ):
        raise problem
