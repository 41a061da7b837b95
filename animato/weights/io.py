"""Self-describing tensor files: safetensors with a JSON header. Does not import torch.

Every file has one metadata entry, "animato": JSON with at least `kind` (type of the file), `schema` (its version) and
the configuration needed to rebuild the network. Nothing is unpickled.
"""

from __future__ import annotations

import contextlib
import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from safetensors import safe_open
from safetensors.numpy import save

from animato.errors import FileFormatError, InputError, OutputError
from animato.media.untrusted import parsing
from animato.runtime.partial_files import partial_path, sweep_partials

HEADER_KEY = "animato"
NOT_READ = "is not a safetensors file that animato reads, or it is damaged"

Arrays = dict[str, NDArray[Any]]


@dataclass(frozen=True)
class TensorFile:
    """Content of a tensor file.

    Attributes:
        header: the JSON header.
        arrays: name to array.
    """

    header: dict[str, Any]
    arrays: Arrays


def write_arrays(path: Path, arrays: Mapping[str, NDArray[Any]], header: Mapping[str, Any]) -> None:
    """Write a tensor file atomically and sync it to disk.

    Args:
        path: output file; its folder must exist.
        arrays: name to array, such as float32, int64 or uint8.
        header: plain JSON types; must hold `kind` and `schema`.

    Raises:
        OutputError: the file cannot be written.
    """
    if "kind" not in header or "schema" not in header:
        raise ValueError("a tensor file's header needs kind and schema")
    ordered = {name: np.ascontiguousarray(arrays[name]) for name in sorted(arrays)}
    data = save(ordered, metadata={HEADER_KEY: json.dumps(dict(header), sort_keys=True)})
    write_whole(path, data)


def write_whole(path: Path, data: bytes) -> None:
    """Write bytes to a temporary file in the same folder, sync it to disk and rename it.

    Raises:
        OutputError: the file cannot be written.
    """
    name = None
    try:
        sweep_partials(path.parent)
        name = partial_path(path, ".part")
        with name.open("xb") as stream:
            stream.write(data)
            stream.flush()
            os.fsync(stream.fileno())
        name.replace(path)
    except OSError as problem:
        if name is not None:
            with contextlib.suppress(OSError):
                name.unlink()
        raise OutputError(f"cannot write {path.name}", where=f"{path.parent}: {problem.strerror}") from problem


def read_header(path: Path) -> dict[str, Any]:
    """Return a tensor file's header without reading its tensors.

    Raises:
        InputError: there is no such file.
        FileFormatError: it is not a safetensors file, or was not written by animato.
    """
    with _opened(path) as stream, parsing(path.name, NOT_READ):
        return _header_of(stream, path)


def read_arrays(path: Path, kind: str, schema: int) -> TensorFile:
    """Read a tensor file of a given kind.

    Raises:
        InputError: there is no such file.
        FileFormatError: it is damaged, of another kind, or of a newer schema.
    """
    with _opened(path) as stream, parsing(path.name, NOT_READ):
        header = _header_of(stream, path)
        if header.get("kind") != kind:
            raise FileFormatError(
                f"{path.name} is not a {kind} file", where=f"kind in its header: {header.get('kind')!r}"
            )
        if header.get("schema") != schema:
            raise FileFormatError(
                f"{path.name} has schema {header.get('schema')} of the {kind} format, expected {schema}",
                hint="use the version of animato that wrote it, or create the file again",
            )
        return TensorFile(header, _tensors_of(stream, path))


def read_plain(path: Path) -> tuple[dict[str, str], Arrays]:
    """Read the metadata and arrays of any safetensors file.

    Raises:
        InputError: there is no such file.
        FileFormatError: it is not a safetensors file.
    """
    with _opened(path) as stream, parsing(path.name, NOT_READ):
        return dict(stream.metadata() or {}), _tensors_of(stream, path)


def _opened(path: Path) -> Any:
    if not path.is_file():
        raise InputError(f"no file {path.name}", where=str(path.parent))
    with parsing(path.name, NOT_READ):
        return safe_open(str(path), framework="numpy")


def _tensors_of(stream: Any, path: Path) -> Arrays:
    """Return all arrays; those of types that numpy lacks are refused also where another library has added them."""
    arrays: Arrays = {name: stream.get_tensor(name) for name in stream.keys()}  # noqa: SIM118
    for name, array in arrays.items():
        if array.dtype.isbuiltin != 1:  # 2: of another library, such as ml_dtypes
            raise FileFormatError(f"{path.name} has tensors of a type that numpy lacks", where=f"{name}: {array.dtype}")
    return arrays


def _header_of(stream: Any, path: Path) -> dict[str, Any]:
    text = (stream.metadata() or {}).get(HEADER_KEY)
    if text is None:
        raise FileFormatError(f"{path.name} was not written by animato", where="it has no animato header")
    header = json.loads(text)
    if not isinstance(header, dict):
        raise FileFormatError(f"the header of {path.name} is damaged", where="not a JSON object")
    return header
