"""Weight file of the parts network, kind "parts-model": configuration, recipe, licence and sources in its header."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from animato.errors import MissingPartError
from animato.media.untrusted import parsing
from animato.weights.io import read_arrays, write_arrays
from animato.weights.portrait import LICENCE, SOURCES

KIND = "parts-model"
SCHEMA = 1
SHIPPED = "parts.safetensors"


@dataclass(frozen=True)
class PartsWeights:
    """The network of a weight file.

    Attributes:
        config: as in `PartsConfig.as_json`.
        arrays: name to array, float32.
        header: the whole header.
        where: file name for messages.
    """

    config: dict[str, Any]
    arrays: dict[str, NDArray[Any]]
    header: dict[str, Any]
    where: str


def save_parts(path: Path, config: dict[str, Any], arrays: Mapping[str, NDArray[Any]], recipe: dict[str, Any]) -> None:
    """Write the weights, stored as float16.

    Raises:
        OutputError: they cannot be written.
    """
    header = {
        "kind": KIND,
        "schema": SCHEMA,
        "licence": LICENCE,
        "sources": list(SOURCES),
        "config": config,
        "recipe": recipe,
    }
    write_arrays(path, {name: value.astype(np.float16) for name, value in arrays.items()}, header)


def read_parts(path: Path | None = None) -> PartsWeights:
    """Read a weight file, or the shipped one.

    Raises:
        MissingPartError: the shipped file is missing.
        InputError, FileFormatError: the file is missing, damaged or of another kind.
    """
    if path is None:
        path = Path(str(files("animato") / "assets" / SHIPPED))
        if not path.is_file():
            raise MissingPartError("the weights of the parts network are not installed", where=path.name)
    file = read_arrays(path, KIND, SCHEMA)
    with parsing(path.name, "is not a weight file of the parts network, or it is damaged"):
        arrays = {name: value.astype(np.float32) for name, value in file.arrays.items()}
        return PartsWeights(dict(file.header["config"]), arrays, file.header, path.name)
