"""Read the IPTC digital source type from XMP or a comment. Unsigned: anyone can add or remove it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from animato.trust.wording import AI_TYPES, CAPTURE_TYPES

WINDOW = 4_000_000
"""Bytes read from each end of a file, where these fields are stored."""

# Upper-case D: the C2PA field is spelled with a lower-case d and is read in `reading`.
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
    def declares_ai(self) -> bool:
        """Whether the source type is AI-generated, wholly or in part."""
        return self.source_type in AI_TYPES

    @property
    def declares_capture(self) -> bool:
        """Whether the source type is a recording from life."""
        return self.source_type in CAPTURE_TYPES


def declared_signals(path: Path) -> tuple[Signal, ...]:
    """Return the distinct source types declared outside the content credentials, sorted."""
    size = path.stat().st_size
    with path.open("rb") as file:
        content = file.read(WINDOW)
        if size > WINDOW:
            file.seek(max(WINDOW, size - WINDOW))
            content += file.read(WINDOW)
    signals = {
        Signal("XMP" if match[1] else "comment", match[2].decode("ascii", "replace"))
        for match in _TERM.finditer(content)
    }
    return tuple(sorted(signals, key=lambda signal: (signal.place, signal.source_type)))
