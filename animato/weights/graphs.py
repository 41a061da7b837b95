"""The shipped graphs: ONNX models without weights, traced from the torch definitions (`scripts/make_graph_assets.py`).

With them, rendering needs neither torch nor the `onnx` package, and any weights of the same architecture fit: the
shipped ones, those of an own training run, and those of a person. An array `portrait.mouth.painter` is the model as
bytes; the header has a card for each.
"""

from __future__ import annotations

import functools
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Any

import numpy as np

from animato.errors import MissingPartError
from animato.media.untrusted import parsing
from animato.weights.io import read_arrays, write_arrays

KIND = "graphs"
SCHEMA = 1
SHIPPED = "graphs.safetensors"


@dataclass(frozen=True)
class Skeleton:
    """An ONNX model without weights.

    Attributes:
        config: of the network that it was traced from, as plain JSON types.
        names: of its weights.
        model: the bytes.
    """

    config: dict[str, Any]
    names: tuple[str, ...]
    model: bytes


def save_graphs(path: Path, graphs: Mapping[str, Skeleton]) -> None:
    """Write graphs by name.

    Raises:
        OutputError: the file cannot be written.
    """
    cards = {name: {"config": graph.config, "names": list(graph.names)} for name, graph in graphs.items()}
    arrays = {name: np.frombuffer(graph.model, np.uint8) for name, graph in graphs.items()}
    write_arrays(path, arrays, {"kind": KIND, "schema": SCHEMA, "licence": "Apache-2.0", "graphs": cards})


@functools.cache
def shipped_graphs() -> Mapping[str, Skeleton]:
    """Return the graphs of the package by name.

    Raises:
        MissingPartError: the file is not installed.
        FileFormatError: it is damaged.
    """
    path = Path(str(files("animato") / "assets" / SHIPPED))
    if not path.is_file():
        raise MissingPartError("the graphs of the networks are not installed", where=path.name)
    file = read_arrays(path, KIND, SCHEMA)
    with parsing(path.name, "is not a file of graphs, or it is damaged"):
        return {
            name: Skeleton(dict(card["config"]), tuple(card["names"]), file.arrays[name].tobytes())
            for name, card in file.header["graphs"].items()
        }
