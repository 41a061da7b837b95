"""Read the frames of shards by seeking; the manifest is not needed."""

from __future__ import annotations

import os
import threading
from collections import OrderedDict
from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray
from safetensors.numpy import load as load_tensors

from animato.data.clips import ClipFrames, scaled_points
from animato.data.folder import Folder, read_json
from animato.errors import FileFormatError, InputError
from animato.media.untrusted import parsing

PREPARE_AGAIN = "prepare the folder again"

OPEN_SHARDS = 64
"""Maximum number of open shards."""

INDEX_BYTES = 64_000_000
"""Memory for the indexes of shards. Those of a million clips of 16 frames would take 1 GB."""

MEMBERS = ("picture_at", "picture_size", "data_at", "data_size")


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


class ShardFiles:
    """The shards of a prepared folder. Thread-safe; a few files and indexes are kept open, however many there are.

    Args:
        folder: the prepared folder.
        stored_size: side of the images in the shards, pixels.
        size: side of the images returned, pixels; points are scaled accordingly.
    """

    def __init__(self, folder: Folder, stored_size: int, size: int) -> None:
        self._folder, self._stored_size, self._size = folder, stored_size, size
        self._lock = threading.Lock()
        self._indexes: OrderedDict[str, ShardIndex] = OrderedDict()
        self._index_bytes = 0
        self._files: OrderedDict[str, _SharedFile] = OrderedDict()

    def load(self, shard: str, clip: str, indices: Sequence[int]) -> ClipFrames:
        """Return frames of a clip.

        Args:
            shard: name of the shard.
            clip: name of the clip.
            indices: frame numbers, 0-based, in any order, repeats allowed.

        Returns:
            images n x size x size x 3 uint8 RGB; points n x 478 x 3 float32 in pixels of those images; blendshapes
            n x 52 float32.

        Raises:
            InputError: no such frame.
            FileFormatError: the shard is damaged, or has no such clip.
        """
        members, file = self._open(shard, clip)
        if any(not 0 <= index < members.shape[1] for index in indices):
            raise InputError(f"clip {clip} has frames 0 to {members.shape[1] - 1}", where=f"requested: {list(indices)}")
        images = np.empty((len(indices), self._size, self._size, 3), np.uint8)
        points = np.empty((len(indices), 478, 3), np.float32)
        blendshapes = np.empty((len(indices), 52), np.float32)
        for row, index in enumerate(indices):
            try:
                picture = file.read(*members[:2, index].tolist())
                data = file.read(*members[2:, index].tolist())
                images[row] = self._decode(picture)
                tensors = load_tensors(data)
                points[row], blendshapes[row] = tensors["points"], tensors["blendshapes"]
            except FileFormatError:
                raise
            except Exception as error:  # cv2, safetensors and numpy raise different types
                raise FileFormatError(
                    f"frame {index} of clip {clip} cannot be read", where=str(self._folder.shard(shard))
                ) from error
        if self._size != self._stored_size:
            points = scaled_points(points, self._stored_size, self._size)
        return ClipFrames(images, points, blendshapes)

    def clips(self, shard: str) -> dict[str, int]:
        """Return the number of frames of each clip of a shard.

        Raises:
            FileFormatError: its index is missing or damaged.
        """
        with self._lock:
            return {clip: members.shape[1] for clip, members in self._index(shard).members.items()}

    def _decode(self, data: bytes) -> NDArray[np.uint8]:
        image = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR)
        if image is None or image.shape[:2] != (self._stored_size, self._stored_size):
            raise ValueError(f"not an image of {self._stored_size} px")
        if self._size != self._stored_size:
            method = cv2.INTER_AREA if self._size < self._stored_size else cv2.INTER_CUBIC
            image = cv2.resize(image, (self._size, self._size), interpolation=method)
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
