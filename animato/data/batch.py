"""Prepare one batch of clips as one shard; an interrupted batch resumes after the last finished clip."""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

from animato.data.cut import CutResult, cut_source
from animato.data.folder import SCHEMA, Folder, read_json, whole_binary, write_json
from animato.data.plan import ClipBatch
from animato.data.sources import SourceClip
from animato.data.tar import END
from animato.media.disk import output_error
from animato.settings.data import PrepareSettings
from animato.tracking.face_finder import FaceFinder

ATTEMPTS = 3
"""Number of process crashes (decoder, out of memory) after which a file is dropped."""

Report = Callable[[str], None]
"""Called with the name of each finished clip."""


def make_shard(folder: Folder, batch: ClipBatch, settings: PrepareSettings, finder: FaceFinder, report: Report) -> bool:
    """Prepare the clips of a batch and write their shard, unless it exists or another process is working on it.

    Returns:
        Whether the shard is complete; False if another process is working on it.

    Raises:
        OutputError: the folder cannot be written.
    """
    if folder.index(batch.name).is_file():
        return True
    lock = folder.lock(batch.name)
    if not lock.try_acquire():
        return False
    try:
        # Another process may have finished it before the lock was acquired.
        if not folder.index(batch.name).is_file():
            parts = _parts_folder(folder, batch)
            for clip in batch.clips:
                _prepare_source(parts, clip, settings, finder)
                report(clip.clip)
            _join_parts(folder, batch, parts)
    finally:
        lock.release()
    return True


def _parts_folder(folder: Folder, batch: ClipBatch) -> Path:
    """Create the folder of the batch's parts, and remove partial files of a killed process."""
    parts = folder.part(batch.name)
    try:
        parts.mkdir(exist_ok=True)
        for partial in (*parts.glob(".*"), *folder.shards.glob(f".{batch.name}-*")):
            partial.unlink()
    except OSError as error:
        raise output_error(parts, error) from error
    return parts


def _prepare_source(parts: Path, clip: SourceClip, settings: PrepareSettings, finder: FaceFinder) -> None:
    """Prepare one source file; its record is written last and marks the part as complete."""
    record, attempts = parts / f"{clip.clip}.json", parts / f"{clip.clip}.tries"
    if record.is_file():
        return
    count = attempts.stat().st_size if attempts.is_file() else 0
    with whole_binary(parts / f"{clip.clip}.part") as out:
        if count >= ATTEMPTS:
            result = CutResult(dropped=[("crashed", f"the process crashed {count} times while reading it")])
        else:
            _record_attempt(attempts)
            try:
                result = cut_source(clip, settings, finder, out)
            finally:
                # Only count crashes of the process, not exceptions such as a full disk or Ctrl-C.
                attempts.unlink(missing_ok=True)
    write_json(record, _record(clip, result))


def _record_attempt(attempts: Path) -> None:
    try:
        with attempts.open("ab") as file:
            file.write(b".")
    except OSError as error:
        raise output_error(attempts, error) from error


def _record(source: SourceClip, result: CutResult) -> dict[str, Any]:
    notes = {key: value for key, value in asdict(source).items() if key not in ("clip", "folder")}
    return {
        "clip": source.clip,
        "notes": {**notes, "sha256": result.sha256},
        "clips": [asdict(clip) for clip in result.clips],
        "dropped": [list(item) for item in result.dropped],
    }


def _join_parts(folder: Folder, batch: ClipBatch, parts: Path) -> None:
    """Append the parts to one tar, write its index, then remove the parts."""
    records = []
    with whole_binary(folder.shard(batch.name)) as out:
        for clip in batch.clips:
            record = read_json(parts / f"{clip.clip}.json")
            base = out.tell()
            with (parts / f"{clip.clip}.part").open("rb") as part:
                shutil.copyfileobj(part, out, 1 << 20)
            for cut in record["clips"]:
                for name in ("picture_at", "data_at"):
                    cut[name] = [base + offset for offset in cut[name]]
            records.append(record)
        out.write(END)
        size = out.tell()
        out.seek(0)
        sha256 = hashlib.file_digest(out, "sha256").hexdigest()  # type: ignore[arg-type]
    index = {"schema": SCHEMA, "shard": batch.name, "bytes": size, "sha256": sha256, "sources": records}
    write_json(folder.index(batch.name), index)
    shutil.rmtree(parts, ignore_errors=True)
