"""Signals a file declares in plain fields: the IPTC source type in XMP or a comment. Anyone can write or cut them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from animato.trust.reading import AI_TYPES

WINDOW = 4_000_000
"""Bytes read from each end of a file; that is where such fields lie."""

# Upper-case D: a C2PA manifest spells its own field with a lower-case one and is judged elsewhere.
_TERM = re.compile(
    rb"(Iptc4xmpExt:)?DigitalSourceType[^\x00-\x08]{1,60}?cv\.iptc\.org/newscodes/digitalsourcetype/(\w{3,60})"
)


@dataclass(frozen=True)
class Signal:
    """One declared source type.

    Attributes:
        place: "XMP" or "comment".
        source_type: the last part of the IPTC term.
    """

    place: str
    source_type: str

    @property
    def says_ai(self) -> bool:
        """Whether it says that the pictures are machine-made, wholly or in part."""
        return self.source_type in AI_TYPES


def declared_signals(path: Path) -> tuple[Signal, ...]:
    """Return the source types a file declares outside its credentials, each once, in the order found."""
    size = path.stat().st_size
    with path.open("rb") as file:
        content = file.read(WINDOW)
        if size > WINDOW:
            file.seek(max(WINDOW, size - WINDOW))
            content += file.read(WINDOW)
    found = {
        Signal("XMP" if match[1] else "comment", match[2].decode("ascii", "replace"))
        for match in _TERM.finditer(content)
    }
    return tuple(sorted(found, key=lambda signal: (signal.place, signal.source_type)))
