"""Parse `-o`, rejecting an empty name and "-"."""

from __future__ import annotations

from pathlib import Path

from animato.errors import UsageError


def output_path(text: str) -> Path:
    """Return the path given with `-o`.

    Raises:
        UsageError: the name is empty, or "-": outputs are renamed when complete, which a pipe does not support.
    """
    if str(text) == "":
        raise UsageError("the output name (-o) is empty", hint="check for an empty variable in your script")
    if str(text) == "-":
        raise UsageError(
            "animato does not write to standard output",
            where="-o -",
            hint="the name of a file or folder; for a file named -, use -o ./-",
        )
    return Path(text)
