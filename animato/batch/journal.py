"""Journal of a batch: what is planned, done and failed, so that a later run resumes where any earlier one ended.

Files `.animato-batch/journal-*.jsonl` in the batch's folder, one JSON object a line; lines are only ever appended, and
the last line about an output counts. A line that a killed process did not finish is ignored.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, BinaryIO

from animato.data.lock import FileLock
from animato.errors import UsageError
from animato.media.disk import output_error

Record = dict[str, Any]
"""Last known state of a job: output, state ("planned", "done" or "failed"), fingerprint, versions, result or error."""

FOLDER = ".animato-batch"


def read_journal(folder: Path) -> dict[str, Record]:
    """Return the records of all runs into a folder, by output; empty if there was none.

    Args:
        folder: of the batch.
    """
    lines: list[Record] = []
    for path in sorted((folder / FOLDER).glob("journal-*.jsonl")):
        try:
            data = path.read_bytes()
        except OSError as problem:
            raise output_error(path, problem) from problem
        for line in data.splitlines():
            try:
                record = json.loads(line)
            except ValueError:  # cut off by a kill or a full disk
                continue
            if isinstance(record, dict) and {"output", "state", "at"} <= record.keys():
                lines.append(record)
    # Stable: lines of one process keep their order.
    return {str(record["output"]): record for record in sorted(lines, key=lambda record: int(record["at"]))}


class Journal:
    """The journal of one part of a batch, open for appending; no two processes write one part.

    Args:
        folder: of the batch.
        part: number of the part from 0.
        parts: number of parts.

    Raises:
        OutputError: the folder cannot be written, or another process runs this part.
    """

    def __init__(self, folder: Path, part: int = 0, parts: int = 1) -> None:
        name = f"{part + 1}-of-{parts}"
        self.path = folder / FOLDER / f"journal-{name}.jsonl"
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            self._lock = FileLock(self.path.with_suffix(".lock")).acquire_or_raise(f"runs part {name} of this batch")
            self._file: BinaryIO = self.path.open("ab", buffering=0)
        except OSError as problem:
            raise output_error(self.path, problem) from problem
        known = read_journal(folder)
        self._at = max((int(record["at"]) for record in known.values()), default=0)

    def append(self, records: Iterable[Mapping[str, Any]]) -> None:
        """Append records and wait until they are on the disk.

        Raises:
            OutputError: they cannot be written.
        """
        lines = []
        for record in records:
            self._at += 1
            lines.append(json.dumps({**record, "at": self._at}))
        if not lines:
            return
        try:
            # Begins with a line break: the last line in the file may be unfinished.
            data = ("\n" + "\n".join(lines) + "\n").encode()
            while data:
                data = data[self._file.write(data) :]
            os.fsync(self._file.fileno())
        except OSError as problem:
            raise output_error(self.path, problem) from problem

    def __enter__(self) -> Journal:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._file.close()
        self._lock.release()


def status_of(folder: Path) -> dict[str, Any]:
    """Return the state of a batch: counts, and the failed jobs with their errors; plain JSON types.

    Raises:
        UsageError: there is no batch in the folder.
    """
    records = read_journal(folder)
    if not records:
        raise UsageError(f"there is no batch in {folder}", hint="the folder given with `output`")
    states = [record["state"] for record in records.values()]
    failed = [record for record in records.values() if record["state"] == "failed"]
    return {
        "folder": str(folder),
        "jobs": len(records),
        "done": states.count("done"),
        "failed": len(failed),
        "waiting": states.count("planned"),
        "errors": [{"output": record["output"], **record["error"]} for record in failed],
    }
