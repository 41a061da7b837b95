"""Random access to the frames of a prepared folder, without unpacking."""

from __future__ import annotations

import os
import threading
from collections import OrderedDict
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray
from safetensors.numpy import load as load_tensors

from animato.data.clip_table import ClipTable
from animato.data.clips import ClipEntry, ClipFrames, scaled_points
from animato.data.folder import Folder, read_json
from animato.data.manifest import read_clips, read_manifest_head
from animato.errors import FileFormatError, InputError, UsageError
from animato.media.untrusted import parsing

PREPARE_AGAIN = "prepare the folder again"

OPEN_SHARDS = 64
"""Maximum number of open shards."""

INDEX_BYTES = 64_000_000
"""Memory for the indexes of shards. Those of a million clips of 16 frames would take 1 GB."""

MEMBERS = ("picture_at", "picture_size", "data_at", "data_size")


class ShardClips:
    """The clips of a prepared folder (a `ClipStore`).

    Thread-safe and picklable; each process opens the shards itself.

    Args:
        path: the prepared folder.
        size: side of the images in pixels; None for the prepared size. Points are scaled accordingly.
        split: "train", "val", "test", or None for all.
        kinds: kinds of clips to keep, or None for all.

    Raises:
        FileFormatError: the folder has no manifest, or an incompatible one.
    """

    def __init__(
        self, path: Path | str, size: int | None = None, split: str | None = None, kinds: Sequence[str] | None = None
    ) -> None:
        self.path = Path(path)
        head = read_manifest_head(self.path)
        with parsing(self.path / "manifest.json", "is not a manifest, or it is damaged", hint=PREPARE_AGAIN):
            self.stored_size = int(head["size"])
            self.clips = ClipTable(
                clip
                for clip in read_clips(self.path)
                if split in (None, clip["split"]) and (kinds is None or clip["kind"] in kinds)
            )
        self.size = size or self.stored_size
        if not 8 <= self.size <= 4096:
            raise UsageError(f"invalid image size {self.size} px", where="size: 8..4096")
        self._start()

    def _start(self) -> None:
        self._folder = Folder(self.path)
        self._lock = threading.Lock()
        self._indexes: OrderedDict[str, ShardIndex] = OrderedDict()
        self._index_bytes = 0
        self._files: OrderedDict[str, _SharedFile] = OrderedDict()

    def __getstate__(self) -> dict[str, Any]:
        return {key: value for key, value in self.__dict__.items() if not key.startswith("_")}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        self._start()

    def entry(self, clip: str) -> ClipEntry:
        """Return one clip.

        Raises:
            InputError: there is none of that name.
        """
        return self.clips[self._row(clip)]

    def shard_of(self, clip: str) -> str:
        """Return the name of the shard of a clip.

        Raises:
            InputError: there is no clip of that name.
        """
        return self.clips.text("shard", self._row(clip))

    def _row(self, clip: str) -> int:
        row = self.clips.find(clip)
        if row is None:
            raise InputError(f"there is no clip {clip!r} in {self.path}", where=f"{len(self.clips)} clips")
        return row

    def load(self, clip: str, indices: Sequence[int]) -> ClipFrames:
        """Return frames of a clip.

        Args:
            clip: name of the clip.
            indices: frame numbers, 0-based, in any order, repeats allowed.

        Returns:
            images n x size x size x 3 uint8 RGB; points n x 478 x 3 float32 in pixels of those images; blendshapes
            n x 52 float32.

        Raises:
            InputError: no such clip, or no such frame.
            FileFormatError: the shard is damaged.
        """
        row = self._row(clip)
        count, shard = int(self.clips.frames[row]), self.clips.text("shard", row)
        if any(not 0 <= index < count for index in indices):
            raise InputError(f"clip {clip} has frames 0 to {count - 1}", where=f"requested: {list(indices)}")
        offsets, file = self._open(shard, clip)
        images = np.empty((len(indices), self.size, self.size, 3), np.uint8)
        points = np.empty((len(indices), 478, 3), np.float32)
        blendshapes = np.empty((len(indices), 52), np.float32)
        for row, index in enumerate(indices):
            try:
                picture = file.read(*offsets[:2, index].tolist())
                data = file.read(*offsets[2:, index].tolist())
                images[row] = self._decode(picture)
                tensors = load_tensors(data)
                points[row], blendshapes[row] = tensors["points"], tensors["blendshapes"]
            except FileFormatError:
                raise
            except Exception as error:  # cv2, safetensors and numpy raise different types
                raise FileFormatError(
                    f"frame {index} of clip {clip} cannot be read", where=str(self._folder.shard(shard))
                ) from error
        if self.size != self.stored_size:
            points = scaled_points(points, self.stored_size, self.size)
        return ClipFrames(images, points, blendshapes)

    def _decode(self, data: bytes) -> NDArray[np.uint8]:
        image = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR)
        if image is None or image.shape[:2] != (self.stored_size, self.stored_size):
            raise ValueError(f"not an image of {self.stored_size} px")
        if self.size != self.stored_size:
            method = cv2.INTER_AREA if self.size < self.stored_size else cv2.INTER_CUBIC
            image = cv2.resize(image, (self.size, self.size), interpolation=method)
        return np.asarray(cv2.cvtColor(image, cv2.COLOR_BGR2RGB), np.uint8)

    def _open(self, shard: str, clip: str) -> tuple[NDArray[np.int64], _SharedFile]:
        with self._lock:
            index = self._index(shard)
            file = self._files.get(shard)
            if file is None or file.owner != os.getpid():
                file = self._files[shard] = _SharedFile(self._folder.shard(shard))
            self._files.move_to_end(shard)
            while len(self._files) > OPEN_SHARDS:
                self._files.popitem(last=False)
            if clip not in index.members:
                raise FileFormatError(f"shard {shard} has no clip {clip}", where=str(self._folder.index(shard)))
            return index.members[clip], file

    def _index(self, shard: str) -> ShardIndex:
        """Return the index of a shard; the least recently used ones are read again when needed."""
        index = self._indexes.get(shard)
        if index is None:
            index = self._indexes[shard] = ShardIndex(self._folder.index(shard))
            self._index_bytes += index.nbytes
        self._indexes.move_to_end(shard)
        while self._index_bytes > INDEX_BYTES and len(self._indexes) > 1:
            _, evicted = self._indexes.popitem(last=False)
            self._index_bytes -= evicted.nbytes
        return index


class ShardIndex:
    """Where the frames of the clips of a shard are.

    Attributes:
        members: by clip, 4 x n int64: offset and size of the images, offset and size of the landmarks, in bytes.
        nbytes: memory of all, roughly.

    Raises:
        FileFormatError: the index is missing or damaged.
    """

    def __init__(self, path: Path) -> None:
        with parsing(path, "is not the index of a shard, or it is damaged", hint=PREPARE_AGAIN):
            cuts = [cut for source in read_json(path)["sources"] for cut in source["clips"]]
            self.members = {str(cut["clip"]): np.array([cut[name] for name in MEMBERS], np.int64) for cut in cuts}
        self.nbytes = sum(400 + members.nbytes for members in self.members.values())  # 400: name, array, dictionary


class _SharedFile:
    """A file read by several threads; closed when it is garbage collected."""

    def __init__(self, path: Path) -> None:
        self.owner = os.getpid()
        self._path = path
        self._lock = threading.Lock()
        try:
            self._file = path.open("rb", buffering=0)
        except OSError as error:
            raise FileFormatError(f"{path} cannot be read", where=str(error)) from error

    def read(self, offset: int, size: int) -> bytes:
        if not 0 <= size <= os.fstat(self._file.fileno()).st_size:  # nothing is allocated for what is not there
            raise FileFormatError(f"{self._path} is shorter than stated in its index", hint="animato data check")
        if hasattr(os, "pread"):  # no shared position, so no lock
            data = os.pread(self._file.fileno(), size, offset)
        else:
            with self._lock:
                self._file.seek(offset)
                data = self._file.read(size)
        if len(data) != size:
            raise FileFormatError(f"{self._path} is shorter than stated in its index", hint="animato data check")
        return data

    def __del__(self) -> None:
        if hasattr(self, "_file"):
            self._file.close()
