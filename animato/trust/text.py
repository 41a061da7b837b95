"""Sanitise strings from untrusted files for printing."""

from __future__ import annotations

import unicodedata

MAX_LENGTH = 120


def clean(value: object, max_length: int = MAX_LENGTH) -> str:
    """Return a value as one printable line without control, format or direction characters, truncated to `max_length`.

    Terminal escape sequences and right-to-left overrides in a manifest could otherwise spoof the output.
    """
    text = "".join(" " if letter.isspace() else letter for letter in str(value)[: 4 * max_length])
    text = " ".join("".join(letter for letter in text if unicodedata.category(letter)[0] != "C").split())
    return text if len(text) <= max_length else text[: max_length - 3] + "..."
