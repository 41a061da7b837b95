"""Strings out of files that strangers made, brought into a form that is safe to print."""

from __future__ import annotations

import unicodedata

LONGEST = 120


def clean(value: object, longest: int = LONGEST) -> str:
    """Return a value as one printable line: no control, format or direction characters, and not too long.

    Terminal escape sequences and right-to-left overrides in a manifest could otherwise rewrite what the reader sees.
    """
    text = "".join(" " if letter.isspace() else letter for letter in str(value)[: 4 * longest])
    text = " ".join("".join(letter for letter in text if unicodedata.category(letter)[0] != "C").split())
    return text if len(text) <= longest else text[: longest - 3] + "..."
