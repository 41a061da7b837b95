"""Messages between this process and a child: a line of JSON, then the raw bytes of the arrays that it lists.

Nothing is pickled. The child has parsed a stranger's file, so the reader trusts nothing: lengths, types and sizes are
checked before anything is read or allocated.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from typing import IO, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

Arrays = Mapping[str, NDArray[Any]]

MAX_LINE_BYTES = 16_000_000
"""Longest line of JSON: the header of a head file with 32 photos takes about 100 kB."""

MAX_ARRAYS = 1000
_KINDS = "biuf"
"""Kinds of dtype that are accepted: booleans and numbers. Objects would be pointers."""


class MessageError(EOFError):
    """The stream ended inside a message, or what it holds is not a message."""


class Message(NamedTuple):
    """A message: its kind, JSON values, and arrays."""

    kind: str
    values: dict[str, Any]
    arrays: dict[str, NDArray[Any]]


def send(stream: IO[bytes], kind: str, values: Mapping[str, Any], arrays: Arrays | None = None) -> None:
    """Write a message: one line of JSON, then the bytes of the arrays in order."""
    arrays = arrays or {}
    layout = [[name, array.dtype.str, array.shape] for name, array in arrays.items()]
    stream.write(json.dumps({"kind": kind, "values": values, "arrays": layout}).encode() + b"\n")
    for array in arrays.values():
        stream.write(np.ascontiguousarray(array).reshape(-1).view(np.uint8).data)
    stream.flush()


def receive(stream: IO[bytes], max_bytes: int) -> Message:
    """Read a message.

    Args:
        stream: buffered, in binary mode.
        max_bytes: size of all arrays together, at most.

    Raises:
        MessageError: the stream ended before the end of the message, or it holds something else, or too much.
    """
    line = stream.readline(MAX_LINE_BYTES)
    if not line.endswith(b"\n"):
        raise MessageError("the line is cut short, or too long")
    try:
        header = json.loads(line)
        kind, values, listed = header["kind"], header["values"], header["arrays"]
        if not isinstance(kind, str) or not isinstance(values, dict) or not isinstance(listed, list):
            raise MessageError("the header has fields of wrong types")
        layout = [_layout(entry) for entry in listed]
    except (ValueError, TypeError, KeyError, RecursionError) as problem:
        raise MessageError("the header is not one") from problem
    if len(layout) > MAX_ARRAYS or sum(size for *_, size in layout) > max_bytes:
        raise MessageError("it announces more than is read")
    return Message(kind, values, {name: _array(stream, dtype, shape, size) for name, dtype, shape, size in layout})


def _layout(entry: Any) -> tuple[str, np.dtype[Any], tuple[int, ...], int]:
    """Return name, dtype, shape and size in bytes of an array that a header lists."""
    name, dtype_name, shape = entry
    if not isinstance(name, str) or not isinstance(dtype_name, str) or len(shape) > 8:
        raise MessageError("an array is not described properly")
    if not all(type(length) is int and length >= 0 for length in shape):
        raise MessageError("an array has no proper shape")
    dtype = np.dtype(dtype_name)
    if dtype.kind not in _KINDS or dtype.shape or dtype.itemsize < 1:
        raise MessageError("an array is not numeric")
    return name, dtype, tuple(shape), dtype.itemsize * math.prod(shape)


def _array(stream: IO[bytes], dtype: np.dtype[Any], shape: tuple[int, ...], size: int) -> NDArray[Any]:
    """Read one array into memory of its own, so that it can be written to."""
    array = np.empty(shape, dtype)
    view, place = array.reshape(-1).view(np.uint8).data, 0
    while place < size:
        part = stream.readinto(view[place:])  # type: ignore[attr-defined]
        if not part:
            raise MessageError("an array is cut short")
        place += part
    return array
