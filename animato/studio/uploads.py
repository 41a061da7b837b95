"""Receive a file: streamed to disk under a random id, counted while it arrives, and probed by its first bytes."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

from animato.errors import InputError
from animato.media.disk import output_error
from animato.media.probe import kind_of, read_head
from animato.studio.folder import PARTIAL, DataFolder, check_room, display_name, new_id
from animato.studio.problems import ApiError
from animato.studio.store import Row

SUFFIXES = {
    "image/jpeg": ".jpg",
    "image/png": ".png",
    "image/webp": ".webp",
    "image/gif": ".gif",
    "video/mp4": ".mp4",
    "video/quicktime": ".mov",
    "video/webm": ".webm",
    "video/x-matroska": ".mkv",
    "video/x-msvideo": ".avi",
    "audio/wav": ".wav",
    "audio/mpeg": ".mp3",
    "audio/mp4": ".m4a",
    "audio/aac": ".aac",
    "audio/flac": ".flac",
    "audio/ogg": ".ogg",
}
"""Suffix under which each media type is stored; other files get `.bin`."""

OTHER = "application/octet-stream"

_BLOCK = 1 << 20
"""Bytes that are collected before they are written."""


async def receive(
    folder: DataFolder, body: AsyncIterator[bytes], name: str, announced: int | None, limit: int
) -> tuple[str, Row]:
    """Write a request body to a file of the folder.

    Args:
        folder: data folder.
        body: parts of the file, as they arrive.
        name: given by the client, for display.
        announced: size that the client stated, or None.
        limit: largest size, bytes.

    Returns:
        (id, fields of the file).

    Raises:
        ApiError: the file is too large or empty.
        OutputError: the disk is full.
    """
    if announced is not None and announced > limit:
        raise too_large(announced, limit)
    check_room(folder, announced or 0)
    number = new_id()
    partial = folder.files / f"{number}{PARTIAL}"
    try:
        size = await _write(partial, body, limit)
        if size == 0:
            raise ApiError(422, "input", "the file is empty", where="0 bytes", field="body")
        kind, media_type, suffix = await asyncio.to_thread(_probe, partial, name)
        partial.replace(folder.files / f"{number}{suffix}")
    except OSError as problem:
        raise output_error("the upload", problem) from problem
    finally:
        partial.unlink(missing_ok=True)
    fields = {"name": display_name(name, "file"), "kind": kind, "media_type": media_type}
    return number, {**fields, "suffix": suffix, "bytes": size}


async def _write(partial: Path, body: AsyncIterator[bytes], limit: int) -> int:
    size, waiting = 0, bytearray()
    with partial.open("xb") as file:
        async for part in body:
            size += len(part)
            if size > limit:
                raise too_large(size, limit)
            waiting += part
            if len(waiting) >= _BLOCK:
                await asyncio.to_thread(file.write, bytes(waiting))
                waiting.clear()
        await asyncio.to_thread(file.write, bytes(waiting))
    return size


def too_large(size: int, limit: int) -> ApiError:
    """Return the error for a file that is too large.

    Args:
        size: stated, or received so far, bytes.
        limit: largest size, bytes.
    """
    return ApiError(
        413,
        "too-large",
        f"the file is too large; files up to {limit / 1e6:,.0f} MB are taken",
        where=f"{size / 1e6:,.0f} MB or more",
        hint="cut out the stretch that you need, or start the studio with a larger `max_upload`",
        field="body",
    )


def _probe(path: Path, name: str) -> tuple[str, str, str]:
    """Return kind, media type and suffix of a file; of the client's name, only a known suffix is considered."""
    try:
        media_type = kind_of(head := read_head(path))
    except InputError:
        return "other", OTHER, ".bin"
    if media_type in SUFFIXES:
        kind = {"image": "picture", "video": "video", "audio": "sound"}[media_type.split("/")[0]]
        return "video" if media_type == "image/gif" else kind, media_type, SUFFIXES[media_type]
    given = Path(name).suffix.lower() if len(name) < 1000 else ""
    if media_type == "application/zip" and given != ".animato":
        return "motion", OTHER, ".motion"
    # A safetensors file begins with the length of its header, a JSON object.
    if given == ".animato" or head[8:9] == b"{":
        return "head", OTHER, ".animato"
    return "other", OTHER, ".bin"


def file_path(folder: DataFolder, file: Row) -> Path:
    """Return the path of an uploaded file."""
    return folder.files / f"{file['id']}{file['suffix']}"
