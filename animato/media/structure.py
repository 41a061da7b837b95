"""Count the parts of a file before any decoder sees it: scans of a JPEG, boxes of an mp4, pixels of a GIF.

Each part costs a decoder or the C2PA library work that is not limited by the size of the file: a scan of a few bytes
is a pass over the whole image. The counts are found by skipping, without decoding.
"""

from __future__ import annotations

import mmap
import re
from pathlib import Path

from animato.errors import InputError
from animato.media.probe import kind_of, read_head
from animato.settings.media import PictureSettings, ReaderSettings

_MARKER = re.compile(rb"\xff[^\x00\xff\xd0-\xd7]")
"""A JPEG marker, without those in entropy-coded data: stuffed zeros, fill bytes, restarts (ITU-T T.81, B.1)."""

_SOS, _EOI, _WITHOUT_LENGTH = 0xDA, 0xD9, frozenset({0x01, *range(0xD0, 0xDA)})

_CONTAINERS = frozenset(
    (b"moov", b"trak", b"mdia", b"minf", b"stbl", b"mvex", b"moof", b"traf", b"edts", b"dinf", b"udta", b"mfra")
)
"""Boxes that hold boxes (ISO/IEC 14496-12)."""

_ISO = ("video/mp4", "video/quicktime", "audio/mp4", "image/heic", "image/avif")


def check_structure(
    path: Path,
    error: type[InputError] = InputError,
    picture: PictureSettings | None = None,
    reader: ReaderSettings | None = None,
) -> None:
    """Check that a file has no more parts than a camera or an encoder would write; other types pass.

    Args:
        path: a file of any type.
        error: the class of error to raise.
        picture: limit on the scans of a JPEG.
        reader: limits on the boxes of an mp4 or mov file and the pixels of a GIF.

    Raises:
        InputError: as `error`: no such file, or it has too many parts.
    """
    kind = kind_of(read_head(path, error))
    picture, reader = picture or PictureSettings(), reader or ReaderSettings()
    if kind != "image/jpeg" and kind != "image/gif" and kind not in _ISO:
        return
    try:
        with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
            if kind == "image/jpeg":
                found, limit, parts = count_scans(data, picture.max_scans), picture.max_scans, "scans"
            elif kind == "image/gif":
                limit, parts = round(reader.max_gif_megapixels), "million pixels in all frames"
                found = gif_pixels(data, limit * 1_000_000) // 1_000_000
            else:
                found, limit, parts = count_boxes(data, reader.max_boxes), reader.max_boxes, "boxes"
    except OSError as problem:
        raise error(f"{path} cannot be opened: {problem.strerror}", hint="check its rights") from problem
    if found > limit:
        raise error(
            f"{path} has more {parts} than are read",
            where=f"{kind}: more than {limit:,}",
            hint="save or export it anew; a crafted file may ask for hours of work",
        )


def count_scans(data: mmap.mmap | bytes, limit: int) -> int:
    """Return the number of scans of a JPEG; counting ends above `limit`."""
    place, scans = 2, 0
    while scans <= limit and (match := _MARKER.search(data, place)) is not None:
        marker, place = match[0][1], match.end()
        if marker == _EOI:
            break  # what follows, such as a second picture, is not decoded
        if marker in _WITHOUT_LENGTH:
            continue
        scans += marker == _SOS
        place += max(2, int.from_bytes(data[place : place + 2], "big"))
    return scans


def count_boxes(data: mmap.mmap | bytes, limit: int) -> int:
    """Return the number of boxes of an ISO base media file with those in containers; counting ends above `limit`."""
    ends, place, boxes = [len(data)], 0, 0
    while ends and boxes <= limit:
        if place + 8 > ends[-1]:
            place = ends.pop()
            continue
        size, name = int.from_bytes(data[place : place + 4], "big"), data[place + 4 : place + 8]
        header = 8
        if size == 1:
            size, header = int.from_bytes(data[place + 8 : place + 16], "big"), 16
        end = ends[-1] if size == 0 else min(ends[-1], place + max(size, header))
        boxes += 1
        if name in _CONTAINERS and len(ends) < 32:
            ends.append(end)
            place += header
        else:
            place = end
    return boxes


def gif_pixels(data: mmap.mmap | bytes, limit: int) -> int:
    """Return the number of frames of a GIF times its canvas (GIF89a, 17 to 26); counting ends above `limit`."""
    width, height = (int.from_bytes(data[at : at + 2], "little") for at in (6, 8))
    canvas, pixels, length = max(1, width * height), 0, len(data)
    place = 13 + _table(data[10:11])
    while place < length and pixels <= limit:
        block = data[place]
        if block == 0x21:  # extension
            place = _after_blocks(data, place + 2)
        elif block == 0x2C:  # image
            side = [int.from_bytes(data[at : at + 2], "little") for at in (place + 5, place + 7)]
            pixels += max(canvas, side[0] * side[1])
            place = _after_blocks(data, place + 11 + _table(data[place + 9 : place + 10]))
        else:
            break
    return pixels


def _table(flags: bytes) -> int:
    """Return the bytes of a colour table by the flags of its descriptor."""
    return 3 << ((flags[0] & 7) + 1) if flags and flags[0] & 0x80 else 0


def _after_blocks(data: mmap.mmap | bytes, place: int) -> int:
    length = len(data)
    while place < length and data[place]:
        place += data[place] + 1
    return place + 1
