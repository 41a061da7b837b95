"""Weights leave an ONNX model and come back without changing it; other bytes are refused."""

from __future__ import annotations

import numpy as np
import pytest

from animato.errors import FileFormatError
from animato.models.parts.graphs import parts_graph
from animato.runtime.onnx_weights import with_weights, without_weights
from animato.weights.parts import read_parts


def test_a_model_is_what_the_onnx_package_reads_and_checks() -> None:
    onnx = pytest.importorskip("onnx")
    graph = parts_graph(read_parts())
    model = onnx.load_from_string(graph.onnx)
    onnx.checker.check_model(model, full_check=True)
    found = {tensor.name: onnx.numpy_helper.to_array(tensor) for tensor in model.graph.initializer}
    assert found.keys() == graph.weights.keys()
    for name, array in graph.weights.items():
        np.testing.assert_array_equal(found[name], array)


def test_weights_come_out_as_they_went_in() -> None:
    skeleton = parts_graph(read_parts()).skeleton
    weights = {"a": np.arange(300, dtype=np.float32).reshape(3, 100), "b": np.zeros((0,), np.float32)}
    bare, names = without_weights(with_weights(skeleton, weights))
    assert names == ("a", "b")
    again, none = without_weights(bare)
    assert none == () and again == bare


@pytest.mark.parametrize("damaged", [b"\x3a\xff", b"\x0b", b"\x80", b"\x3a\x04\x2a\x7f\x00\x00"])
def test_what_is_no_model_is_refused(damaged: bytes) -> None:
    with pytest.raises(FileFormatError):
        without_weights(damaged)
