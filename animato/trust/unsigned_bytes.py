"""Check the bytes of our own credentials that their signature does not cover: box headers, labels and padding.

Credentials are a tree of boxes (JUMBF, ISO 19566-5). The signature covers what is in the boxes of the claim and, by
hashes in it, of the assertions, but not headers and labels of the boxes around them, some of which readers ignore. The
library also reserves room for a signature and fills what is left with zeros, in the entry "pad" of the COSE header
(C2PA specification 2.2, section 13.2). A changed byte in any of these leaves a file valid; our own are always alike.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

WINDOW = 4_000_000
"""Bytes read from each end of a file; manifests lie near one of them."""

MAX_BOXES = 4096
"""Boxes of one level that are read, at most."""

_UUID_END = b"\x00\x11\x00\x10\x80\x00\x00\xaa\x00\x38\x9b\x71"
"""A type is four letters and these bytes (ISO 19566-5, annex B)."""

_STORE = b"jumdc2pa" + _UUID_END
_LABELS = {
    b"c2pa": rb"c2pa",
    b"c2ma": rb"urn:[\w:.-]+",
    b"c2as": rb"c2pa\.assertions",
    b"c2cl": rb"c2pa\.claim(\.v2)?",
    b"c2cs": rb"c2pa\.signature",
}
"""Labels by type; those of assertions are in the claim."""

_REQUESTABLE, _SALTED = 0x03, 0x13
"""Flags of a description: it has a label; it also has a private box, the salt of an assertion."""

_PAD = b"\x63pad"
"""The CBOR text "pad"."""

_JPEG_SEGMENT = re.compile(rb"\xff\xeb..JP..(\x00\x00\x00\x01|.{8}jumb)", re.DOTALL)
"""Header of a JPEG segment (ISO 19566-5, annex D); from the second on it repeats the header of the outermost box."""

_GIF_BLOCK = b"\x21\xff\x0bC2PA_GIF"


def unsigned_bytes_are_ours(path: Path) -> bool:
    """Return whether headers, labels and padding in a file or sidecar are as this program and its library write them.

    Args:
        path: with credentials signed by this installation.
    """
    size = path.stat().st_size
    with path.open("rb") as file:
        content = file.read(WINDOW)
        if size > WINDOW:
            file.seek(max(WINDOW, size - WINDOW))
            content += file.read(WINDOW)
    if content.startswith(b"GIF8"):
        content = _without_gif_blocks(content)
    elif content.startswith(b"\xff\xd8"):
        content = _JPEG_SEGMENT.sub(b"", content)
    place = content.find(_STORE)
    try:
        return place >= 12 and _store_is_ours(content, place - 12)
    except ValueError:
        return False


def _without_gif_blocks(content: bytes) -> bytes:
    """Return the data of the C2PA extension of a gif, joined from its blocks of at most 255 bytes."""
    place = content.find(_GIF_BLOCK)
    parts = []
    at = place + len(_GIF_BLOCK) + 3
    while place >= 0 and at < len(content) and content[at]:
        parts.append(content[at + 1 : at + 1 + content[at]])
        at += 1 + content[at]
    return b"".join(parts)


def _store_is_ours(data: bytes, start: int) -> bool:
    """Check the store and, in it, the active manifest, which is the last; others are covered by hashes.

    Raises:
        ValueError: boxes do not fit into each other.
    """
    [(kind, inner, end)] = [*_boxes(data, start, start + int.from_bytes(data[start : start + 4], "big"))]
    name, manifests = _described(data, inner, end)
    if kind != b"jumb" or name != b"c2pa" or not manifests:
        return False
    _, parts = _described(data, *manifests[-1])
    found = {}
    for part in parts:
        name, children = _described(data, *part)
        found[name] = part
        for child in children if name == b"c2as" else ():
            _described(data, *child)
    return set(_LABELS) - {b"c2pa", b"c2ma"} <= set(found) and _padding_is_zero(data[slice(*found[b"c2cs"])])


def _boxes(data: bytes, start: int, end: int) -> Iterator[tuple[bytes, int, int]]:
    """Yield type, beginning and end of the content of each box; together they fill the range exactly.

    Raises:
        ValueError: they do not.
    """
    for _ in range(MAX_BOXES):
        if start == end:
            return
        length = int.from_bytes(data[start : start + 4], "big")
        if length < 8 or start + length > min(end, len(data)):
            raise ValueError("a box does not fit into its parent")
        yield data[start + 4 : start + 8], start + 8, start + length
        start += length
    raise ValueError("too many boxes")


def _described(data: bytes, start: int, end: int) -> tuple[bytes, list[tuple[int, int]]]:
    """Check the description of a box and return its type and the ranges of the boxes that follow.

    Raises:
        ValueError: it is not written as ours are.
    """
    (kind, inner, after), *others = _boxes(data, start, end)
    name, uuid_end, flags = data[inner : inner + 4], data[inner + 4 : inner + 16], data[inner + 16]
    label, _, salt = data[inner + 17 : after].partition(b"\0")
    salted = flags == _SALTED and [box[0] for box in _boxes(salt, 0, len(salt))] == [b"c2sh"]
    plain = flags == _REQUESTABLE and not salt
    known = re.fullmatch(_LABELS.get(name, rb"[\x21-\x7e]+"), label)
    # Embedded files, such as thumbnails, have a type of their own, which is covered by hashes.
    if kind != b"jumd" or not (salted or plain) or known is None or (name in _LABELS and uuid_end != _UUID_END):
        raise ValueError("a description is not ours")
    return name, [(inner, after) for _, inner, after in others]


def _padding_is_zero(signature: bytes) -> bool:
    """Return whether a signature has padding, all of it zero."""
    start = signature.find(_PAD) + len(_PAD)
    if start < len(_PAD) or start >= len(signature):
        return False
    # CBOR byte string (RFC 8949, section 3.1): major type 2 with a length of 1, 2 or 4 bytes, or below 24.
    head = signature[start]
    extra = {24: 1, 25: 2, 26: 4}.get(head & 31, 0)
    length = int.from_bytes(signature[start + 1 : start + 1 + extra], "big") if extra else head & 31
    padding = signature[start + 1 + extra : start + 1 + extra + length]
    return head >> 5 == 2 and len(padding) == length and not any(padding)
