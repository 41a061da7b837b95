"""Detect the media type of a file from its first 64 bytes, ignoring the suffix."""

from __future__ import annotations

from pathlib import Path

from animato.errors import InputError

UNKNOWN = "application/octet-stream"
"""Media type of a file without a known signature."""

HEAD_BYTES = 64

_HEIC_BRANDS = {b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1"}
_AVIF_BRANDS = {b"avif", b"avis"}
_AUDIO_BRANDS = {b"M4A ", b"M4B ", b"M4P "}
_QUICKTIME_ATOMS = {b"moov", b"mdat", b"wide", b"free", b"skip", b"pnot"}

_PREFIXES: tuple[tuple[bytes, str], ...] = (
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"GIF87a", "image/gif"),
    (b"GIF89a", "image/gif"),
    (b"BM", "image/bmp"),
    (b"II*\x00", "image/tiff"),
    (b"MM\x00*", "image/tiff"),
    (b"8BPS", "image/vnd.adobe.photoshop"),
    (b"%PDF-", "application/pdf"),
    (b"%!PS", "application/postscript"),
    (b"PK\x03\x04", "application/zip"),
    (b"#EXTM3U", "application/vnd.apple.mpegurl"),
    (b"ffconcat version", "text/x-ffconcat"),
    (b"fLaC", "audio/flac"),
    (b"OggS", "audio/ogg"),
    (b"ID3", "audio/mpeg"),
)


def media_type(path: Path) -> str:
    """Return the media type of a file, such as "image/jpeg", "video/mp4" or "audio/wav".

    At most 64 bytes are read. A file that no signature matches is "application/octet-stream".

    Raises:
        InputError: there is no such file, it is not a regular file, it is empty or it cannot be opened.
    """
    return kind_of(read_head(path))


def read_head(path: Path, error: type[InputError] = InputError) -> bytes:
    """Return the first 64 bytes of a regular file (fewer when it is shorter).

    Args:
        error: the class of error to raise.

    Raises:
        InputError: as `media_type`, in the class given by `error`.
    """
    try:
        if path.is_dir():
            raise error(f"{path} is a folder, not a file", hint="the path of one file inside it")
        if not path.exists():
            raise error(f"no such file: {path}", hint="check the spelling; names are case-sensitive on most systems")
        if not path.is_file():
            raise error(f"{path} is not a regular file", hint="copy it to a file first")
        with path.open("rb") as file:
            head = file.read(HEAD_BYTES)
    except (OSError, ValueError) as problem:
        raise error(
            f"{path} cannot be opened: {getattr(problem, 'strerror', None) or problem}",
            hint="check its rights, or copy it to a folder of your own",
        ) from problem
    if not head:
        raise error(f"{path} is empty", where="0 bytes", hint="copy or download the file again")
    return head


def kind_of(head: bytes) -> str:
    """Return the media type for the first bytes of a file."""
    if head[:4] == b"RIFF":
        riff = {b"WAVE": "audio/wav", b"AVI ": "video/x-msvideo", b"WEBP": "image/webp"}
        return riff.get(head[8:12], UNKNOWN)
    if head[4:8] == b"ftyp":
        return _kind_of_iso(head)
    if head[4:8] in _QUICKTIME_ATOMS:
        return "video/quicktime"
    if head[:4] == b"\x1a\x45\xdf\xa3":
        return "video/webm" if b"webm" in head else "video/x-matroska"
    for prefix, kind in _PREFIXES:
        if head.startswith(prefix):
            return kind
    return _kind_of_mpeg_audio(head)


def _kind_of_iso(head: bytes) -> str:
    """Distinguish HEIC, AVIF, m4a, mov and mp4 by the brands of the `ftyp` box (ISO/IEC 14496-12, section 4.3)."""
    size = int.from_bytes(head[:4], "big")
    listed = head[16 : min(size, len(head))]
    major = head[8:12]
    brands = {major, *(listed[i : i + 4] for i in range(0, len(listed), 4))}
    if major in _HEIC_BRANDS | _AVIF_BRANDS:
        return "image/avif" if brands & _AVIF_BRANDS else "image/heic"
    if major in _AUDIO_BRANDS:
        return "audio/mp4"
    return "video/quicktime" if major == b"qt  " else "video/mp4"


def _kind_of_mpeg_audio(head: bytes) -> str:
    """Recognise a bare MPEG layer III frame or an ADTS frame (ISO/IEC 11172-3, 2.4.1.3; 13818-7, 6.2)."""
    if len(head) < 4 or head[0] != 0xFF or head[1] & 0xE0 != 0xE0:
        return UNKNOWN
    layer = (head[1] >> 1) & 3
    if layer == 1 and head[2] >> 4 != 15 and (head[2] >> 2) & 3 != 3:
        return "audio/mpeg"
    if head[1] & 0xF6 == 0xF0 and (head[2] >> 2) & 15 < 13:
        return "audio/aac"
    return UNKNOWN
