"""Person files (.animato): adapted weights of one person with the record of consent. Does not import torch.

One safetensors file. Its header (JSON, in the metadata entry "animato") has `kind`, "paper-person" for the 2019 system
or "portrait-person" (`weights.portrait_person`), `schema`, and the fields of `PersonRecord`; docs/person-file.md
describes them. It contains no photos or landmarks.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from numpy.typing import NDArray

from animato.errors import FileFormatError, RefusedError
from animato.media.untrusted import parsing
from animato.weights.io import read_arrays, read_header, write_arrays

KIND = "paper-person"
MODELS = {KIND: "paper", "portrait-person": "portrait"}
"""Kind of person file to the `model` that uses it."""

SCHEMA = 1
_SHA256 = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True)
class PersonRecord:
    """Metadata of a person file.

    Attributes:
        config: network configuration, as in `PaperConfig.as_json`; or network name to configuration.
        model: SHA-256 of the model file that was adapted.
        photos: SHA-256 of each photo file, in order.
        consent: the signed consent record, as of `ConsentRecord.to_json`; checked where the file is used.
        adaptation: iterations, stop reason, errors; plain JSON types.
        made: creation time, ISO 8601 UTC.
        version: version of animato that wrote it.
    """

    config: dict[str, Any]
    model: str
    photos: tuple[str, ...]
    consent: dict[str, Any]
    adaptation: dict[str, Any]
    made: str
    version: str


def write_person(path: Path, arrays: Mapping[str, NDArray[Any]], record: PersonRecord, kind: str = KIND) -> None:
    """Write a person file atomically.

    Raises:
        RefusedError: the record has no ground of consent.
        OutputError: the file cannot be written.
    """
    if not record.consent.get("ground"):
        raise RefusedError("a person file needs a ground of consent", hint="`consent=self`", more="docs/consent.md")
    write_arrays(path, arrays, {"kind": kind, "schema": SCHEMA, **asdict(record)})


def read_person(path: Path, kind: str = KIND) -> tuple[PersonRecord, dict[str, NDArray[Any]]]:
    """Read a person file.

    Raises:
        InputError: there is no such file.
        FileFormatError: it is damaged, another kind of file, or of another version.
    """
    with parsing(path.name, "is not a person file, or it is damaged", more="docs/person-file.md"):
        found = read_header(path).get("kind")
        if found in MODELS and found != kind:
            raise FileFormatError(
                f"{path.name} is a person file of `model={MODELS[found]}`, not of `model={MODELS[kind]}`",
                hint=f"use `model={MODELS[found]}` with this file, or adapt again with `model={MODELS[kind]}`",
            )
        file = read_arrays(path, kind, SCHEMA)
        return _record(file.header, path), file.arrays


def read_person_record(path: Path) -> PersonRecord:
    """Read a person file's record without its tensors.

    Raises:
        InputError, FileFormatError: as `read_person`.
    """
    with parsing(path.name, "is not a person file, or it is damaged", more="docs/person-file.md"):
        header = read_header(path)
        if header.get("kind") not in MODELS:
            found = header.get("kind")
            raise FileFormatError(f"{path.name} is not a {KIND} file", where=f"kind in its header: {found!r}")
        return _record(header, path)


def _record(header: Mapping[str, Any], path: Path) -> PersonRecord:
    kinds = {
        "config": dict,
        "model": str,
        "photos": list,
        "consent": dict,
        "adaptation": dict,
        "made": str,
        "version": str,
    }
    for name, kind in kinds.items():
        if not isinstance(header.get(name), kind):
            raise FileFormatError(f"the header of {path.name} has no valid {name!r}", more="docs/person-file.md")
    hashes = [header["model"], *header["photos"]]
    if not all(isinstance(value, str) and _SHA256.fullmatch(value) for value in hashes):
        raise FileFormatError(f"the header of {path.name} has a model or photo hash that is not a SHA-256")
    return PersonRecord(**{name: header[name] for name in kinds} | {"photos": tuple(header["photos"])})
