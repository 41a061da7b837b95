"""Weight files of the portrait renderer, with one network or all of them.

A file has kind "portrait-model"; its header holds `networks` (name to configuration, recipe and ranges), `licence` and
`sources`. Arrays are named `mouth.encoder.stem.weight` and so on. Weights may be stored as float16 and are
read as float32.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from animato.errors import FileFormatError, MissingPartError
from animato.media.hash import sha256_file
from animato.media.untrusted import parsing
from animato.weights.io import read_arrays, write_arrays

KIND = "portrait-model"
SCHEMA = 1
SHIPPED = "portrait.safetensors"
LICENCE = "Apache-2.0"
SOURCES = (
    "GRID audiovisual sentence corpus (Cooke, Barker, Cunningham, Shao 2006), CC BY 4.0",
    "Face Research Lab London Set (DeBruine, Jones 2017), CC BY 4.0",
    "Canada set of webmorphR.stim (DeBruine), CC BY 4.0",
    "heads rendered from the MIT-licensed VALID avatars, lit by CC0 Poly Haven panoramas",
)


@dataclass(frozen=True)
class PortraitWeights:
    """The networks of a weight file.

    Attributes:
        configs: name to configuration, as in `PatchConfig.as_json`.
        arrays: name to the network's arrays, float32, without the name's prefix.
        header: the whole header.
        where: file name for messages.
        sha256: of the file; empty for weights not read from a file.
    """

    configs: dict[str, dict[str, Any]]
    arrays: dict[str, dict[str, NDArray[Any]]]
    header: dict[str, Any]
    where: str
    sha256: str = ""

    def ranges(self, name: str) -> dict[str, list[float]]:
        """Return the activation ranges of a network's quantised convolutions (`models.portrait.ranges`), if stored."""
        entry = self.header["networks"].get(name, {})
        return {key: [float(end) for end in ends] for key, ends in entry.get("ranges", {}).items()}

    @property
    def people(self) -> frozenset[str]:
        """Names of the people in the training data."""
        return frozenset(
            name for entry in self.header["networks"].values() for name in entry["recipe"].get("people", ())
        )


def save_network(
    path: Path,
    name: str,
    config: dict[str, Any],
    arrays: Mapping[str, NDArray[Any]],
    recipe: dict[str, Any],
    ranges: Mapping[str, Sequence[float]] | None = None,
) -> None:
    """Write the weights of one network.

    Raises:
        OutputError: it cannot be written.
    """
    entry = {"config": config, "recipe": recipe, "ranges": {key: list(ends) for key, ends in (ranges or {}).items()}}
    _write(path, {f"{name}.{key}": value for key, value in arrays.items()}, {name: entry})


def join_networks(parts: list[Path], path: Path) -> None:
    """Join the networks of several files into one, keeping float32.

    Raises:
        InputError, FileFormatError: a part cannot be read.
        OutputError: it cannot be written.
    """
    arrays: dict[str, NDArray[Any]] = {}
    networks: dict[str, dict[str, Any]] = {}
    for part in parts:
        file = read_arrays(part, KIND, SCHEMA)
        arrays |= file.arrays
        networks |= file.header["networks"]
    _write(path, arrays, networks)


def _write(path: Path, arrays: Mapping[str, NDArray[Any]], networks: Mapping[str, dict[str, Any]]) -> None:
    header = {
        "kind": KIND,
        "schema": SCHEMA,
        "licence": LICENCE,
        "sources": list(SOURCES),
        "networks": dict(networks),
    }
    write_arrays(path, arrays, header)


def read_portrait(path: Path | None = None) -> PortraitWeights:
    """Read a weight file, or the shipped one.

    Raises:
        MissingPartError: the shipped file is missing.
        InputError, FileFormatError: the file is missing, damaged or of another kind.
    """
    path = path or shipped_path()
    file = read_arrays(path, KIND, SCHEMA)
    entries = file.header.get("networks")
    if not isinstance(entries, dict) or not all(isinstance(entry, dict) for entry in entries.values()):
        raise FileFormatError(f"the header of {path.name} has no entry `networks`")
    with parsing(path.name, "is not a weight file of the portrait renderer, or it is damaged"):
        configs = {name: dict(entry["config"]) for name, entry in entries.items()}
        arrays = {
            name: {
                key[len(name) + 1 :]: value.astype(np.float32)
                for key, value in file.arrays.items()
                if key.startswith(f"{name}.")
            }
            for name in configs
        }
        weights = PortraitWeights(configs, arrays, file.header, path.name, sha256_file(path))
        for name in configs:
            weights.ranges(name)  # raises here for ranges that are none
        return weights


def shipped_path() -> Path:
    """Return the weight file inside the package.

    Raises:
        MissingPartError: the installation lacks it.
    """
    path = Path(str(files("animato") / "assets" / SHIPPED))
    if not path.is_file():
        raise MissingPartError("the portrait renderer's weights are not installed", where=str(path))
    return path
