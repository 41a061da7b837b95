"""Tensor files: whole, self-describing, strictly read; person files: never without a ground."""

from __future__ import annotations

import stat
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import save_file

from animato.errors import FileFormatError, InputError, OutputError, RefusedError
from animato.weights.io import read_arrays, read_header, read_plain, write_arrays
from animato.weights.person import PersonRecord, read_person, read_person_record, write_person

ARRAYS = {"b": np.arange(6, dtype=np.float32).reshape(2, 3), "a": np.array([1, 2], np.int64)}


def test_arrays_and_header_come_back_exactly(tmp_path: Path) -> None:
    path = tmp_path / "x.safetensors"
    write_arrays(path, ARRAYS, {"kind": "test", "schema": 1, "note": "ä"})
    file = read_arrays(path, "test", 1)
    assert file.header == read_header(path) == {"kind": "test", "schema": 1, "note": "ä"}
    for name, array in ARRAYS.items():
        assert np.array_equal(file.arrays[name], array)
        assert file.arrays[name].dtype == array.dtype
    assert not list(tmp_path.glob(".*")), "no temporary file stays"
    assert stat.S_IMODE(path.stat().st_mode) & 0o400


def test_equal_contents_make_equal_files(tmp_path: Path) -> None:
    for name in ("one", "two"):
        write_arrays(tmp_path / name, dict(reversed(ARRAYS.items())), {"schema": 1, "kind": "test"})
    assert (tmp_path / "one").read_bytes() == (tmp_path / "two").read_bytes()


def test_wrong_damaged_and_missing_files_are_named(tmp_path: Path) -> None:
    path = tmp_path / "x.safetensors"
    with pytest.raises(InputError, match="no file"):
        read_arrays(path, "test", 1)
    write_arrays(path, ARRAYS, {"kind": "test", "schema": 1})
    with pytest.raises(FileFormatError, match="not a person file"):
        read_arrays(path, "person", 1)
    with pytest.raises(FileFormatError, match="schema 1"):
        read_arrays(path, "test", 2)
    whole = path.read_bytes()
    for broken in (whole[:-5], b"\x00" * 40, b"", whole[:8] + b"x" * 50):
        path.write_bytes(broken)
        with pytest.raises(FileFormatError, match="damaged"):
            read_arrays(path, "test", 1)
    save_file({"a": np.zeros(1, np.float32)}, path)
    with pytest.raises(FileFormatError, match="not written by animato"):
        read_header(path)
    assert list(read_plain(path)[1]) == ["a"]


def test_a_file_that_cannot_be_written_leaves_the_old_one(tmp_path: Path) -> None:
    with pytest.raises(OutputError, match="cannot write"):
        write_arrays(tmp_path / "absent" / "x", ARRAYS, {"kind": "test", "schema": 1})


def _record(**changes: object) -> PersonRecord:
    consent = {"schema": 2, "ground": "self"}
    values = {
        "config": {"size": 32},
        "model": "a" * 64,
        "photos": ("b" * 64,),
        "consent": consent,
        "adaptation": {"iterations": 3},
        "made": "2030-01-01T00:00:00Z",
        "version": "1",
    }
    return PersonRecord(**{**values, **changes})  # type: ignore[arg-type]


def test_a_person_file_comes_back_with_its_record(tmp_path: Path) -> None:
    path = tmp_path / "me.animato"
    write_person(path, ARRAYS, _record())
    record, arrays = read_person(path)
    assert record == read_person_record(path) == _record(consent=record.consent)
    assert np.array_equal(arrays["b"], ARRAYS["b"])
    assert record.consent["ground"] == "self"


def test_no_ground_of_consent_no_person_file(tmp_path: Path) -> None:
    with pytest.raises(RefusedError, match="ground of consent"):
        write_person(tmp_path / "x.animato", ARRAYS, _record(consent={}))
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("name", ["config", "model", "photos", "consent"])
def test_a_person_file_with_a_broken_header_is_refused(tmp_path: Path, name: str) -> None:
    path = tmp_path / "x.animato"
    header = {"kind": "paper-person", "schema": 1, **vars(_record())}
    write_arrays(path, ARRAYS, {**header, name: None, "photos": list(header["photos"]) if name != "photos" else ["x"]})
    with pytest.raises(FileFormatError):
        read_person(path)
