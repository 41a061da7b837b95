"""Index of a prepared folder in Parquet: one row per clip, with who, how long, pose, light, duplicates, split, shard.

index/clips.parquet      the index; written whole
index/measured.jsonl     measures of one shard per line; appended to, so that a run resumes and new shards are added
"""

from __future__ import annotations

import importlib
import json
from array import array
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from animato.data.batch import ATTEMPTS
from animato.data.duplicates import near_duplicates
from animato.data.folder import Folder
from animato.data.listing import as_line
from animato.data.lock import FileLock
from animato.data.manifest import read_clips, read_manifest_head
from animato.data.measure import MEASURES, measure_clip
from animato.data.shard_files import ShardFiles
from animato.errors import AnimatoError, FileFormatError, MissingPartError
from animato.media.disk import output_error, whole_file
from animato.media.untrusted import parsing
from animato.runtime.executors.base import Executor
from animato.runtime.executors.choice import executor_of
from animato.settings.data import IndexSettings

Json = dict[str, Any]

ROWS = 20_000
"""Rows that are held in memory at a time."""

TEXTS = ("clip", "person", "group", "kind", "split", "shard", "file", "sha256", "licence", "source", "consent")
"""Text columns; the others are `frames` and `near_duplicate_of`, and those of `numbers`."""

NUMBERS = ("seconds", "face_px", *MEASURES)
"""Columns of float32; null for a clip that could not be measured."""


@dataclass(frozen=True)
class MeasureTask:
    """Measures the clips of shards.

    Attributes:
        folder: the prepared folder.
        size: side of its images, pixels.
        frames: number of frames of each clip.
    """

    folder: Path
    size: int
    frames: int

    def open(self) -> Callable[[tuple[str, str]], Json]:
        """Return a function that measures a shard, given by name and hash."""
        files = ShardFiles(Folder(self.folder), self.size, self.size)
        return lambda shard: self._measure(files, *shard)

    def _measure(self, files: ShardFiles, shard: str, sha256: str) -> Json:
        clips: dict[str, Json] = {}
        for clip, count in files.clips(shard).items():
            indices = np.unique(np.linspace(0, count - 1, self.frames).round().astype(int)).tolist()
            clips[clip] = measure_clip(files.load(shard, clip, indices))
        return {"shard": shard, "sha256": sha256, "sampled": self.frames, "clips": clips}


class Measured:
    """The measures made so far, in a file with one shard per line; of each shard only its place is held in memory.

    Args:
        path: the file; created if there is none.
        sampled: measures of other numbers of frames are ignored.

    Raises:
        OutputError: it cannot be written.
    """

    def __init__(self, path: Path, sampled: int) -> None:
        self._path, self._sampled = path, sampled
        self._places: dict[tuple[str, str], int] = {}
        try:
            self._file: BinaryIO = path.open("a+b")
        except OSError as error:
            raise output_error(path, error) from error
        self._file.seek(0)
        end = 0
        for line in self._file:
            if not line.endswith(b"\n"):
                self._file.truncate(end)  # the process was killed while it wrote
                break
            self._remember(line, end)
            end += len(line)

    def _remember(self, line: bytes, place: int) -> None:
        with parsing(self._path, "is damaged", hint="remove it; `animato data index` makes it again"):
            value = json.loads(line)
            if value["sampled"] == self._sampled:
                self._places[value["shard"], value["sha256"]] = place

    def __contains__(self, shard: tuple[str, str]) -> bool:
        return shard in self._places

    def add(self, value: Json) -> None:
        """Append the measures of a shard.

        Raises:
            OutputError: the disk is full.
        """
        try:
            place = self._file.seek(0, 2)
            self._file.write(as_line(value) + b"\n")
            self._file.flush()
        except OSError as error:
            raise output_error(self._path, error) from error
        self._places[value["shard"], value["sha256"]] = place

    def clips_of(self, shard: tuple[str, str]) -> dict[str, Json]:
        """Return the measures of the clips of a shard."""
        self._file.seek(self._places[shard])
        clips: dict[str, Json] = json.loads(self._file.readline())["clips"]
        return clips

    def close(self) -> None:
        """Close the file."""
        self._file.close()


def build_index(
    path: Path,
    settings: IndexSettings | None = None,
    progress: Callable[[int, int], None] | None = None,
    executor: Executor | None = None,
) -> Path:
    """Measure the clips of a prepared folder that are not measured yet, write the index, and return its path.

    Args:
        path: the prepared folder.
        settings: number of frames, workers.
        progress: called with (shards measured, total shards).
        executor: what runs the work; by default worker processes or Ray, as the settings say.

    Raises:
        MissingPartError: pyarrow is not installed.
        FileFormatError: the folder has no manifest, or a shard is damaged.
        OutputError: the index cannot be written, or another process is writing it.
    """
    settings = settings or IndexSettings()
    arrow()
    head = read_manifest_head(path)
    folder = path / "index"
    try:
        folder.mkdir(exist_ok=True)
    except OSError as error:
        raise output_error(folder, error) from error
    with FileLock(folder / "lock").acquire_or_raise(f"is indexing {path}"):
        with parsing(path / "manifest.json", "is not a manifest, or it is damaged", hint="prepare the folder again"):
            shards = [(str(shard["name"]), str(shard["sha256"])) for shard in head["shards"]]
            task = MeasureTask(path, int(head["size"]), settings.frames)
        with closing(Measured(folder / "measured.jsonl", settings.frames)) as measured:
            todo = [shard for shard in shards if shard not in measured]
            _measure_all(task, todo, measured, executor or executor_of(settings.workers, settings.ray), progress)
            _write(folder / "clips.parquet", path, dict(shards), measured)
    return folder / "clips.parquet"


def _measure_all(
    task: MeasureTask,
    todo: Sequence[tuple[str, str]],
    measured: Measured,
    executor: Executor,
    progress: Callable[[int, int], None] | None,
) -> None:
    with closing(executor.run(task, todo, ATTEMPTS)) as outcomes:
        for number, outcome in enumerate(outcomes, 1):
            if outcome.lost:
                raise AnimatoError(f"the worker processes crash on shard {outcome.item[0]}", hint="animato data check")
            measured.add(outcome.result)
            if progress is not None:
                progress(number, len(todo))


def _rows(path: Path, shards: dict[str, str], measured: Measured) -> Iterator[tuple[Json, Json]]:
    """Yield each clip of the manifest and its measures."""
    for shard, clips in groupby(read_clips(path), key=lambda clip: str(clip["shard"])):
        known = measured.clips_of((shard, shards[shard])) if shard in shards else {}
        for clip in clips:
            yield clip, known.get(clip["clip"], {})


def _write(file: Path, path: Path, shards: dict[str, str], measured: Measured) -> None:
    """Write the Parquet file, in two passes: near-duplicates are known when all hashes are."""
    hashes = array("Q")
    names = bytearray()
    ends = array("Q")
    for row, (clip, values) in enumerate(_rows(path, shards, measured)):
        # A clip that is not measured gets a hash of its own.
        hashes.append(values.get("phash", row))
        names += clip["clip"].encode()
        ends.append(len(names))
    groups = near_duplicates(np.array(hashes, np.uint64))
    first = {int(row) for row, count in zip(*np.unique(groups, return_counts=True), strict=True) if count > 1}
    first_names = {row: names[ends[row - 1] if row else 0 : ends[row]].decode() for row in first}
    pa, parquet = arrow(), importlib.import_module("pyarrow.parquet")
    schema = _schema(pa)
    with whole_file(file) as temporary, parquet.ParquetWriter(temporary, schema, compression="zstd") as writer:
        batch: list[Json] = []
        for row, (clip, values) in enumerate(_rows(path, shards, measured)):
            group = int(groups[row])
            batch.append(_row(clip, values, first_names.get(group) if group != row else None))
            if len(batch) == ROWS:
                writer.write_table(pa.Table.from_pylist(batch, schema))
                batch.clear()
        writer.write_table(pa.Table.from_pylist(batch, schema))


def _row(clip: Json, values: Json, near_duplicate_of: str | None) -> Json:
    return {
        **{name: str(clip.get(name, "")) for name in TEXTS},
        **{name: values.get(name) for name in MEASURES},
        "frames": clip["frames"],
        "seconds": round(clip["end"] - clip["start"], 4),
        "face_px": clip["face_px"],
        "phash": values.get("phash"),
        "near_duplicate_of": near_duplicate_of,
    }


def _schema(pa: Any) -> Any:
    repeated = pa.dictionary(pa.int32(), pa.string())
    texts = [(name, pa.string() if name in ("clip", "file", "sha256") else repeated) for name in TEXTS]
    numbers = [(name, pa.float32()) for name in NUMBERS]
    return pa.schema(
        [*texts, ("frames", pa.int32()), *numbers, ("phash", pa.uint64()), ("near_duplicate_of", pa.string())]
    )


def read_index(path: Path, columns: Sequence[str]) -> dict[str, NDArray[Any]]:
    """Read columns of the index of a prepared folder.

    Args:
        path: the prepared folder.
        columns: names.

    Returns:
        By name, N float64 (NaN for null) or N object.

    Raises:
        MissingPartError: pyarrow is not installed.
        FileFormatError: there is no index, or it is damaged.
    """
    arrow()
    file = path / "index" / "clips.parquet"
    if not file.is_file():
        raise FileFormatError(f"{path} has no index", hint=f"animato data index {path}")
    with parsing(file, "is not an index, or it is damaged", hint=f"animato data index {path}"):
        table = importlib.import_module("pyarrow.parquet").read_table(file, columns=list(columns))
        return {name: table[name].to_numpy() for name in columns}


def arrow() -> Any:
    """Return pyarrow.

    Raises:
        MissingPartError: it is not installed.
    """
    try:
        return importlib.import_module("pyarrow")
    except ModuleNotFoundError as error:
        raise MissingPartError("pyarrow is not installed", hint="pip install 'animato[index]'") from error
