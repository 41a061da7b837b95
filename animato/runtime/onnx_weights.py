"""Take weights out of an ONNX model, and put others in; without the `onnx` package.

A protocol buffer is a sequence of fields, and two of them one after another are one with the fields of both
(protobuf.dev, Encoding, "Last One Wins"): weights are appended to a graph without touching the rest of it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np
from numpy.typing import NDArray

from animato.errors import FileFormatError

# Numbers of fields and types in onnx.proto.
_MODEL_GRAPH = 7
_GRAPH_INITIALIZER = 5
_TENSOR_DIMS, _TENSOR_TYPE, _TENSOR_NAME, _TENSOR_RAW_DATA = 1, 2, 8, 9
_FLOAT = 1

_VARINT, _BYTES = 0, 2
_FIXED_BYTES = {1: 8, 5: 4}
"""Wire types of fixed length."""


def with_weights(graph: bytes, arrays: Mapping[str, NDArray[np.float32]]) -> bytes:
    """Return an ONNX model with weights.

    Args:
        graph: from `without_weights`.
        arrays: name to weight, of the shape that the graph expects.
    """
    tensors = b"".join(_block(_GRAPH_INITIALIZER, _tensor(name, array)) for name, array in arrays.items())
    return graph + _block(_MODEL_GRAPH, tensors)


def without_weights(model: bytes) -> tuple[bytes, tuple[str, ...]]:
    """Return an ONNX model without its weights, and their names.

    Raises:
        FileFormatError: it is no ONNX model.
    """
    names: list[str] = []
    kept = []
    try:
        for number, field, content in _fields(model):
            if number != _MODEL_GRAPH:
                kept.append(field)
                continue
            parts = []
            for inner, part, tensor in _fields(content):
                if inner == _GRAPH_INITIALIZER:
                    names += [name.decode() for key, _, name in _fields(tensor) if key == _TENSOR_NAME]
                else:
                    parts.append(part)
            kept.append(_block(_MODEL_GRAPH, b"".join(parts)))
    except (IndexError, KeyError, UnicodeDecodeError) as problem:
        raise FileFormatError("this is not an ONNX model") from problem
    return b"".join(kept), tuple(names)


def _tensor(name: str, array: NDArray[np.float32]) -> bytes:
    dims = b"".join(_tag(_TENSOR_DIMS, _VARINT) + _varint(length) for length in array.shape)
    content = np.ascontiguousarray(array, np.dtype("<f4")).tobytes()
    kind = _tag(_TENSOR_TYPE, _VARINT) + _varint(_FLOAT)
    return dims + kind + _block(_TENSOR_NAME, name.encode()) + _block(_TENSOR_RAW_DATA, content)


def _block(number: int, content: bytes) -> bytes:
    return _tag(number, _BYTES) + _varint(len(content)) + content


def _tag(number: int, wire_type: int) -> bytes:
    return _varint(number << 3 | wire_type)


def _varint(value: int) -> bytes:
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)


def _read_varint(data: bytes, at: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        byte = data[at]
        value |= (byte & 0x7F) << shift
        at, shift = at + 1, shift + 7
        if byte < 0x80:
            return value, at


def _fields(data: bytes) -> Iterator[tuple[int, bytes, bytes]]:
    """Yield each field's number, its bytes, and its content if it has a length of its own."""
    at = 0
    while at < len(data):
        start = at
        key, at = _read_varint(data, at)
        number, wire_type = key >> 3, key & 7
        content = b""
        if wire_type == _VARINT:
            _, at = _read_varint(data, at)
        elif wire_type == _BYTES:
            length, at = _read_varint(data, at)
            content, at = data[at : at + length], at + length
        else:
            at += _FIXED_BYTES[wire_type]
        if at > len(data):
            raise IndexError(at)
        yield number, data[start:at], content
