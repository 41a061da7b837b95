"""Parse `-o`, rejecting empty names and "-"."""

from __future__ import annotations

from pathlib import Path

from animato.errors import UsageError


def output_path(text: str) -> Path:
    """Return the path that `-o` names.

    Raises:
        UsageError: an empty name, or "-": outputs get their name once they are complete, and a pipe has none.
    """
    if str(text) == "":
        raise UsageError("-o needs a name, and it is empty", hint="is a variable of the script empty?")
    if str(text) == "-":
        raise UsageError(
            "animato does not write to standard output",
            where="-o -",
            hint="the name of a file or folder; for one that is called -, write -o ./-",
        )
    return Path(text)
