"""Person file of the portrait renderer: AdaIN parameters and fine-tuned weights of each adapted network.

Kind "portrait-person"; the header is `weights.person.PersonRecord`. Arrays: `<network>.affine` (1 x A float32) and
`<network>.<name>` for each fine-tuned weight. A network that adaptation did not improve has no arrays.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from animato.errors import FileFormatError
from animato.weights.person import PersonRecord, read_person, write_person
from animato.weights.portrait import PortraitWeights

KIND = "portrait-person"
AFFINE = "affine"

NetworkArrays = Mapping[str, Mapping[str, NDArray[Any]]]


def write_portrait_person(path: Path, networks: NetworkArrays, record: PersonRecord) -> None:
    """Write a person file.

    Args:
        path: output file; its folder must exist.
        networks: name to arrays: "affine" and the replaced weights.
        record: metadata with the consent record.

    Raises:
        RefusedError: the record has no ground of consent.
        OutputError: the file cannot be written.
    """
    arrays = {
        f"{name}.{key}": np.asarray(a, np.float32) for name, expected in networks.items() for key, a in expected.items()
    }
    write_person(path, arrays, record, KIND)


def read_portrait_person(
    path: Path, weights: PortraitWeights
) -> tuple[PersonRecord, dict[str, dict[str, NDArray[Any]]]]:
    """Read a person file for the given weights; return its record and the arrays by network.

    Args:
        path: the person file.
        weights: the weights it is used with.

    Raises:
        InputError: there is no such file.
        FileFormatError: it is damaged, of another kind, or adapted from other weights.
    """
    record, arrays = read_person(path, KIND)
    if record.model != weights.sha256:
        raise FileFormatError(
            f"{path.name} was adapted from other weights than {weights.where}",
            where=f"SHA-256 of its weights {record.model[:12]}, of these {weights.sha256[:12]}",
            hint="run `animato adapt` again",
        )
    networks: dict[str, dict[str, NDArray[Any]]] = {}
    for name, array in arrays.items():
        network, _, key = name.partition(".")
        expected = weights.arrays.get(network, {})
        if key == AFFINE and "project.bias" in expected:
            shape: tuple[int, ...] | None = (1, *expected["project.bias"].shape)
        else:
            shape = expected[key].shape if key in expected else None
        if shape is None or array.shape != shape:
            raise FileFormatError(f"{path.name} does not fit {weights.where}", where=f"{name} {array.shape}")
        networks.setdefault(network, {})[key] = array
    return record, networks
