"""Messages of a child are checked before anything of them is read or allocated."""

from __future__ import annotations

import io
import json
from typing import Any

import numpy as np
import pytest

from animato.runtime import messages
from animato.runtime.messages import MessageError, receive, send

MANY = 1_000_000


def test_a_message_arrives_as_it_was_sent_and_can_be_written_to() -> None:
    stream = io.BytesIO()
    arrays = {
        "a": np.arange(6, dtype=np.float32).reshape(2, 3),
        "b": np.zeros(0),
        "c": np.asfortranarray(np.arange(4, dtype=np.float16).reshape(2, 2)),
        "d": np.array([True, False]),
    }
    send(stream, "frame", {"time": 0.5}, arrays)
    message = receive(io.BufferedReader(io.BytesIO(stream.getvalue())), MANY)  # type: ignore[arg-type]
    assert (message.kind, message.values) == ("frame", {"time": 0.5})
    for name, array in arrays.items():
        np.testing.assert_array_equal(message.arrays[name], array)
        assert message.arrays[name].dtype == array.dtype
        assert message.arrays[name].flags.writeable


def test_a_truncated_message_is_refused() -> None:
    stream = io.BytesIO()
    send(stream, "frame", {"time": 0.5}, {"a": np.arange(6, dtype=np.float32)})
    whole = stream.getvalue()
    for length in (0, 10, len(whole) - 1):
        with pytest.raises(MessageError):
            receive(io.BytesIO(whole[:length]), MANY)


def header(*arrays: Any, **more: Any) -> bytes:
    return json.dumps({"kind": "result", "values": {}, "arrays": list(arrays), **more}).encode() + b"\n"


@pytest.mark.parametrize(
    "line",
    [
        b"[]\n",
        b"{}\n",
        b"nonsense\n",
        b"\xff\n",
        b"[" * 100_000 + b"\n",
        header(values=[]),
        header(kind=3),
        header(arrays={}),
        header(7),
        header(["a", "<f4"]),
        header(["a", "|O", [1]]),
        header(["a", "<U9", [1]]),
        header(["a", "no such", [1]]),
        header(["a", "(3,)<f4", [1]]),
        header(["a", "<f4", [-1]]),
        header(["a", "<f4", [True]]),
        header(["a", "<f4", [1.5]]),
        header(["a", "<f4", 4]),
        header(["a", "<f4", [1] * 9]),
        header(["a", "<f4", [2**62]]),
        header(["a", "<f4", [2**40, 2**40]]),
        header(["a", "|u1", [MANY // 2 + 1]], ["b", "|u1", [MANY // 2]]),
        header(*(["a", "|u1", [0]] for _ in range(1001))),
    ],
)
def test_a_lie_about_sizes_or_types_is_refused_before_anything_is_read(line: bytes) -> None:
    with pytest.raises(MessageError):
        receive(io.BytesIO(line), MANY)


def test_a_line_without_end_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(messages, "MAX_LINE_BYTES", 1000)
    with pytest.raises(MessageError):
        receive(io.BytesIO(b"x" * 5000 + b"\n"), MANY)
