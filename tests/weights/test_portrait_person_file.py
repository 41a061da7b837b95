"""Portrait person files: come back exactly, need a ground, and only fit the weights they were made from."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import pytest

from animato.errors import FileFormatError, RefusedError
from animato.pipeline.factory import load_portrait_person
from animato.weights.person import PersonRecord, read_person, read_person_record, write_person
from animato.weights.portrait import PortraitWeights
from animato.weights.portrait_person import write_portrait_person

OWN = {"project.bias": np.zeros(4, np.float32), "out.bias": np.zeros(3, np.float32)}
WEIGHTS = PortraitWeights({"mouth": {}}, {"mouth": OWN}, {}, "w.safetensors", "a" * 64)
RECORD = PersonRecord({"mouth": {}}, "a" * 64, ("b" * 64,), {"ground": "self"}, {}, "2026-01-01T00:00:00Z", "0")
FOUND = {"mouth": {"affine": np.arange(4, dtype=np.float32)[None], "out.bias": np.ones(3, np.float32)}}


def test_a_person_comes_back_exactly(tmp_path: Path) -> None:
    write_portrait_person(tmp_path / "me.animato", FOUND, RECORD)
    numbers = load_portrait_person(tmp_path / "me.animato", WEIGHTS)
    assert np.array_equal(numbers.affine["mouth"], FOUND["mouth"]["affine"])
    assert np.array_equal(numbers.weights["mouth"]["out.bias"], FOUND["mouth"]["out.bias"])
    assert read_person_record(tmp_path / "me.animato") == RECORD


def test_no_ground_no_file(tmp_path: Path) -> None:
    with pytest.raises(RefusedError, match="ground of consent"):
        write_portrait_person(tmp_path / "me.animato", FOUND, dataclasses.replace(RECORD, consent={}))
    assert not list(tmp_path.iterdir())


def test_files_for_other_weights_shapes_and_models_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "me.animato"
    write_portrait_person(path, FOUND, dataclasses.replace(RECORD, model="c" * 64))
    with pytest.raises(FileFormatError, match="other weights"):
        load_portrait_person(path, WEIGHTS)
    write_portrait_person(path, {"mouth": {"affine": np.zeros((1, 5), np.float32)}}, RECORD)
    with pytest.raises(FileFormatError, match="does not fit"):
        load_portrait_person(path, WEIGHTS)
    with pytest.raises(FileFormatError, match="`model=portrait`"):
        read_person(path)
    write_person(path, {}, RECORD)
    with pytest.raises(FileFormatError, match="`model=paper`"):
        load_portrait_person(path, WEIGHTS)
