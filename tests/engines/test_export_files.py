"""`animato export` writes files that run elsewhere, with cards that describe them."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import numpy as np
import pytest

from animato.errors import UsageError
from animato.models.export import NAMES, export
from animato.models.portrait.graphs import encoder_graph
from animato.runtime.engine import Engine
from animato.weights.portrait import read_portrait


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("export") / "networks"
    assert [one.name for one in export(folder)] == list(NAMES)
    return folder


@pytest.mark.parametrize("name", NAMES)
def test_the_card_has_the_hash_of_each_file_and_the_licence(folder: Path, name: str) -> None:
    card = json.loads((folder / f"{name}.json").read_text(encoding="utf-8"))
    assert card["name"] == name and card["licence"] in ("Apache-2.0", "BSD-2-Clause") and card["sources"]
    assert card["sha256"]
    for file, digest in card["sha256"].items():
        assert hashlib.sha256((folder / file).read_bytes()).hexdigest() == digest


def test_a_file_runs_as_its_card_says(folder: Path) -> None:
    library = pytest.importorskip("onnxruntime")
    card = json.loads((folder / "mouth-encoder.json").read_text(encoding="utf-8"))
    session = library.InferenceSession(str(folder / "mouth-encoder.onnx"), providers=["CPUExecutionProvider"])
    given = {name: np.full(entry["shape"], 60, entry["type"]) for name, entry in card["inputs"].items()}
    found = session.run(card["outputs"], given)
    wanted = Engine(1, backend="torch").compile(encoder_graph(read_portrait(), "mouth"))(*given.values())
    for one, two in zip(found, wanted, strict=True):
        np.testing.assert_allclose(one, two, atol=1e-4)


def test_a_painter_takes_any_number_of_patches_and_photos(folder: Path) -> None:
    library = pytest.importorskip("onnxruntime")
    card = json.loads((folder / "eye-painter.json").read_text(encoding="utf-8"))
    session = library.InferenceSession(str(folder / "eye-painter.onnx"), providers=["CPUExecutionProvider"])
    lengths = {"patches": 2, "samples": 6}
    shapes = {
        name: [lengths.get(length, length) for length in entry["shape"]] for name, entry in card["inputs"].items()
    }
    given = {name: np.zeros(shape, card["inputs"][name]["type"]) for name, shape in shapes.items()}
    layer, flow = session.run(card["outputs"], given)
    assert layer.shape == (2, 64, 64, 4) and flow.shape == (2, 64, 64, 2)
    assert card["int8_ranges"]


def test_an_unknown_name_is_refused_before_anything_is_written(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no network 'nose'"):
        export(tmp_path / "out", ["parts", "nose"])
    assert not (tmp_path / "out").exists()
