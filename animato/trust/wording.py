"""Words for what a file says about itself, which must never read as if this program said it.

Names that a stranger chose are quoted and shortened; terms of the standards are translated; anything else is quoted.
"""

from __future__ import annotations

from animato.trust.text import clean

MAX_QUOTED = 40
"""Longest text of a stranger that is repeated, characters."""

AI_TYPES = ("trainedAlgorithmicMedia", "compositeWithTrainedAlgorithmicMedia", "algorithmicMedia", "compositeSynthetic")
"""IPTC terms for media generated wholly or partly by an algorithm."""

CAPTURE_TYPES = ("digitalCapture", "computationalCapture", "compositeCapture", "negativeFilm", "positiveFilm", "print")
"""IPTC terms for media recorded from life."""

_SOURCE_WORDS = {
    "trainedAlgorithmicMedia": "AI-generated",
    "compositeWithTrainedAlgorithmicMedia": "partly AI-generated, composed with real material",
    "algorithmicMedia": "made by an algorithm",
    "compositeSynthetic": "composed with synthetic material",
    "digitalCapture": "captured by a camera",
    "computationalCapture": "captured by a camera",
    "compositeCapture": "composed of camera captures",
    "negativeFilm": "digitised from film",
    "positiveFilm": "digitised from film",
    "print": "digitised from a print",
}

_ACTION_WORDS = ("created", "opened", "edited", "placed", "cropped", "resized", "converted", "transcoded", "published")


def quoted(text: str) -> str:
    """Return a stranger's text in double quotes, without quotes of its own and at most `MAX_QUOTED` characters long."""
    inner = "".join("'" if letter in '"\u201c\u201d\u201e\u201f\u00ab\u00bb' else letter for letter in text)
    return f'"{clean(inner, MAX_QUOTED)}"'


def source_words(source_type: str) -> str:
    """Return what an IPTC source type means; an unknown one quoted."""
    return _SOURCE_WORDS.get(source_type) or f"source type {quoted(source_type)}"


def action_words(action: str, source_type: str | None) -> str:
    """Return a claimed action in words, such as "edited: AI-generated"."""
    word = action.removeprefix("c2pa.")
    if word.startswith("watermarked"):
        name = "watermarked"
    else:
        name = word if word in _ACTION_WORDS else f"action {quoted(word)}"
    if source_type is None:
        return name
    told = source_words(source_type)
    return told if name == "created" else f"{name}: {told}"
