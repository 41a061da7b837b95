"""JSON files with one long list, written one item per line, so that they are read as a stream too.

{
 "schema": 1,
 "clips": [
{"clip": "a", ...},
{"clip": "b", ...}
 ]
}

Any other layout of the same JSON, such as that of an editor, is read whole.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, BinaryIO

from animato.data.folder import read_json, whole_binary
from animato.errors import FileFormatError
from animato.media.untrusted import parsing

Json = dict[str, Any]

DAMAGED = "is not a file of a prepared folder, or it is damaged"


_ENCODER = json.JSONEncoder(ensure_ascii=False)  # one for all lines, which `json.dumps` would make for each


def as_line(value: Json) -> bytes:
    """Return an object as JSON without line breaks."""
    return _ENCODER.encode(value).encode()


def write_listing(path: Path, head: Json, key: str, items: Iterable[bytes]) -> None:
    """Write a listing atomically.

    Args:
        path: the file.
        head: the other keys of the object.
        key: name of the list.
        items: the items, see `as_line`.

    Raises:
        OutputError: it cannot be written.
    """
    with whole_binary(path) as file:
        text = json.dumps(head, indent=1, ensure_ascii=False)
        file.write(f"{text[:-2]},\n{_opening(key)}".encode())
        separator = b"\n"
        for item in items:
            file.write(separator + item)
            separator = b",\n"
        file.write(b"\n ]\n}\n")


def read_listing_head(path: Path, key: str) -> Json:
    """Return the object without its list.

    Raises:
        FileFormatError: the file is missing or damaged.
    """
    with parsing(path, DAMAGED, hint="prepare the folder again"):
        with path.open("rb") as file:
            head = _read_head(file, key)
        if head is not None:
            return head
    return {name: value for name, value in read_json(path).items() if name != key}


def read_listing(path: Path, key: str) -> Iterator[Json]:
    """Yield the items of the list.

    Raises:
        FileFormatError: the file is missing or damaged, which may show at any item.
    """
    with parsing(path, DAMAGED, hint="prepare the folder again"), path.open("rb") as file:
        if _read_head(file, key) is None:
            yield from read_json(path)[key]
            return
        for line in file:
            if line == b" ]\n":
                return
            yield json.loads(line.decode().removesuffix(",\n"))
    raise FileFormatError(f"{path} {DAMAGED}", where="it ends in the middle", hint="prepare the folder again")


def _opening(key: str) -> str:
    return f' "{key}": ['


def _read_head(file: BinaryIO, key: str) -> Json | None:
    """Read up to the list; None if the file has another layout."""
    if file.readline() != b"{\n":
        return None
    opening, lines = f"{_opening(key)}\n".encode(), [b"{"]
    for line in file:
        if line == opening:
            lines[-1] = lines[-1].removesuffix(b",\n")
            following = file.read(2)
            if following[:1] != b"{" and following != b" ]":
                return None
            file.seek(-2, 1)
            head = json.loads(b"".join([*lines, b"}"]))
            return head if isinstance(head, dict) else None
        lines.append(line)
    return None
