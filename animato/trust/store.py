"""Local records of marked outputs: `marks/<id>.json` and the manifest, looked up by watermark id.

The watermark survives when a platform strips the credentials, so its id can still be looked up on this computer. A
record holds the content of the manifest, the hash of the finished file, perceptual hashes of some of its pictures
and the date; no names and no paths. A mark can be copied onto other pictures: the hashes tell.
"""

from __future__ import annotations

import datetime as dt
import json
import re
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from animato.media.hash import sha256_file
from animato.trust.claim import Claim, public_settings
from animato.trust.fingerprint import file_hashes, looks_like
from animato.trust.key_folder import data_home, private_folder, write_whole
from animato.types import Frame

FOLDER = "marks"
MAX_RECORD_BYTES = 1_000_000


def remember(
    claim: Claim, media_type: str, finished: Path, manifest: bytes, pictures: Sequence[Path] | None = None
) -> Path:
    """Write the record of a finished output, replacing one with the same id.

    Args:
        finished: the signed file, or the first frame of a folder.
        manifest: the bytes of its C2PA manifest.
        pictures: the files of a folder of frames; by default `finished` alone.

    Raises:
        OutputError: the data home cannot be written.
    """
    record = {
        "schema": 1,
        "mark": claim.payload.as_json(),
        "source_type": claim.source_type.value,
        "media_type": media_type,
        "output_sha256": sha256_file(finished),
        "picture_hashes": file_hashes(pictures or [finished]),
        "inputs": [ingredient.as_json() for ingredient in claim.ingredients],
        "settings": public_settings(claim.settings),
        "version": claim.version,
        "made": dt.datetime.now(dt.UTC).date().isoformat(),
    }
    folder = private_folder(FOLDER)
    name = claim.payload.id_text
    write_whole(folder / f"{name}.c2pa", manifest)
    write_whole(folder / f"{name}.json", json.dumps(record, indent=1, ensure_ascii=True).encode())
    return folder / f"{name}.json"


def recall(id_text: str) -> dict[str, Any] | None:
    """Return the record of a watermark id, or None when there is no readable one.

    Args:
        id_text: eight hexadecimal digits.
    """
    if not re.fullmatch(r"[0-9a-f]{8}", id_text):
        return None
    path = data_home() / FOLDER / f"{id_text}.json"
    try:
        if path.stat().st_size > MAX_RECORD_BYTES:
            return None
        record = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return record if isinstance(record, dict) else None


def same_pictures(record: dict[str, Any], frames: Iterable[Frame]) -> bool | None:
    """Return whether any of the frames is a picture of the output that a record describes; None if it has no hashes.

    Args:
        record: from `recall`.
        frames: H x W x 3 uint8 RGB each.
    """
    listed = record.get("picture_hashes")
    hashes = [word for word in listed if isinstance(word, str)] if isinstance(listed, list) else []
    hashes = [word for word in hashes if re.fullmatch(r"[0-9a-f]{64}", word)]
    return any(looks_like(frame, hashes) for frame in frames) if hashes else None
