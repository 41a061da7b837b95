"""Check the padding inside a C2PA signature, the one part of it that the signature itself does not cover.

The library reserves room for a signature and fills what is left with zeros, in the entry "pad" of the COSE header (C2PA
specification 2.2, section 13.2). A changed byte there leaves the file valid; our own padding is always zero. Gif cuts
the manifest into blocks of 255 bytes, with other bytes between, and is not checked.
"""

from __future__ import annotations

import re
from pathlib import Path

WINDOW = 4_000_000
"""Bytes read from each end of a file; manifests lie near one of them."""

_SIGNATURE = b"c2pa.signature"
_PAD = b"\x63pad"
"""The CBOR text "pad"."""

_JPEG_SEGMENT = re.compile(rb"\xff\xeb..JP.{10}jumb", re.DOTALL)
"""Header of a JPEG segment (ISO 19566-5, annex D), which recurs wherever a manifest exceeds 64 kB."""

_REACH = 16_000
"""Bytes after the label of a signature within which its padding begins."""


def padding_is_clean(path: Path) -> bool:
    """Return whether the padding of every signature in a file, embedded or in a sidecar, is zero throughout."""
    size = path.stat().st_size
    with path.open("rb") as file:
        content = file.read(WINDOW)
        if size > WINDOW:
            file.seek(max(WINDOW, size - WINDOW))
            content += file.read(WINDOW)
    if content.startswith(b"GIF8"):
        return True
    if content.startswith(b"\xff\xd8"):
        content = _JPEG_SEGMENT.sub(b"", content)
    place = content.find(_SIGNATURE)
    while place >= 0:
        if not _zero(content, place):
            return False
        place = content.find(_SIGNATURE, place + 1)
    return True


def _zero(content: bytes, place: int) -> bool:
    """Return whether the padding that follows a signature's label is zero; True if there is none."""
    start = content.find(_PAD, place, place + _REACH)
    if start < 0:
        return True
    start += len(_PAD)
    # CBOR byte string (RFC 8949, section 3.1): major type 2 with a length of 1, 2 or 4 bytes, or below 24.
    head = content[start] if start < len(content) else 0
    if head >> 5 != 2:
        return False
    extra = {24: 1, 25: 2, 26: 4}.get(head & 31, 0)
    length = int.from_bytes(content[start + 1 : start + 1 + extra], "big") if extra else head & 31
    padding = content[start + 1 + extra : start + 1 + extra + length]
    return not any(padding)
