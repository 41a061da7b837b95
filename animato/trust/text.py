"""Sanitise strings from untrusted files for printing."""

from __future__ import annotations

import unicodedata

LONGEST = 120


def clean(value: object, longest: int = LONGEST) -> str:
    """Return a value as one printable line without control, format or direction characters, truncated to `longest`.

    Terminal escape sequences and right-to-left overrides in a manifest could otherwise spoof the output.
    """
    text = "".join(" " if letter.isspace() else letter for letter in str(value)[: 4 * longest])
    text = " ".join("".join(letter for letter in text if unicodedata.category(letter)[0] != "C").split())
    return text if len(text) <= longest else text[: longest - 3] + "..."
