"""Recognise that memory ran out in a native library, which reports it in its own words, and say so in ours."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

from animato.errors import InputError

_WORDS = (
    *("bad_alloc", "bad allocation", "Cannot allocate memory", "ut of memory", "Insufficient memory"),
    *("failed to map segment", "Resource temporarily unavailable", "an't start new thread"),
)
"""Messages of C++ runtimes, the loader, OpenCV and thread libraries. OpenVINO wraps them in RuntimeError."""

_LONGEST_REASON = 200


def reason_of(problem: BaseException) -> str:
    """Return an exception's message as one short printable line; a decoder's message may quote a hostile file."""
    name = type(problem).__name__
    text = f"{name}: {problem}" if isinstance(problem, KeyError) or not str(problem) else str(problem)
    line = "".join(letter if letter.isprintable() else " " for letter in text[: 4 * _LONGEST_REASON])
    return " ".join(line.split())[:_LONGEST_REASON]


def is_out_of_memory(problem: BaseException) -> bool:
    """Return whether an exception reports that memory, or the number of threads, ran out."""
    return isinstance(problem, MemoryError) or any(word in str(problem) for word in _WORDS)


def out_of_memory(purpose: str, problem: BaseException) -> InputError:
    """Return the error to raise when memory ran out.

    Args:
        purpose: what it was needed for: "to read clip.mp4".
        problem: the exception that reported it.
    """
    return InputError(
        f"there is not enough memory {purpose}",
        where=reason_of(problem),
        hint="close other programs, raise the memory limit, or use smaller photos and a smaller video",
    )


@contextlib.contextmanager
def memory_reported() -> Iterator[None]:
    """Convert the errors of an inference library to an `InputError` where they mean that memory ran out."""
    try:
        yield
    except Exception as problem:  # ONNX Runtime's errors have no class in common
        if is_out_of_memory(problem):
            raise out_of_memory("to run the networks", problem) from problem
        raise
