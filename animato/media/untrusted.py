"""One rule for every loader: whatever a parser raises on a hostile or damaged file leaves it as an `InputError`."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path

from animato.errors import AnimatoError, FileFormatError, InputError
from animato.runtime.memory_errors import is_out_of_memory, out_of_memory, reason_of


@contextlib.contextmanager
def parsing(
    path: Path | str,
    sentence: str,
    *,
    hint: str = "copy or download the file again, or make it anew",
    more: str | None = None,
    error: type[InputError] = FileFormatError,
) -> Iterator[None]:
    """Convert exceptions raised while a file is parsed to an error that names the file and what to do.

    Wrap only the code that parses: inside the block, a bug of ours reads as damage of the file. The original exception
    is the cause of the error, which the option `debug` shows.

    Args:
        path: of the file, for the message.
        sentence: what is wrong, without the name: "is not a motion file, or it is damaged".
        hint: what to do.
        more: page of the documentation.
        error: the class of error to raise.

    Raises:
        InputError: as `error`, for every exception that is not an `AnimatoError`.
    """
    try:
        yield
    except AnimatoError:
        raise
    except Exception as problem:  # parsers raise almost anything: RecursionError, TypeError, classes of their own
        if is_out_of_memory(problem):
            raise out_of_memory(f"to read {path}", problem) from problem
        raise error(f"{path} {sentence}", where=reason_of(problem), hint=hint, more=more) from problem
