"""Random access to the frames of a prepared folder, without unpacking."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from animato.data.clip_table import ClipTable
from animato.data.clips import ClipEntry, ClipFrames
from animato.data.folder import Folder
from animato.data.manifest import read_clips, read_manifest_head
from animato.data.shard_files import PREPARE_AGAIN, ShardFiles
from animato.errors import InputError, UsageError
from animato.media.untrusted import parsing


class ShardClips:
    """The clips of a prepared folder (a `ClipStore`).

    Thread-safe and picklable; each process opens the shards itself. A million clips take 0.1 GB.

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
        self._files = ShardFiles(Folder(self.path), self.stored_size, self.size)

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
        return self._files.load(self.shard_of(clip), clip, indices)

    def _row(self, clip: str) -> int:
        row = self.clips.find(clip)
        if row is None:
            raise InputError(f"there is no clip {clip!r} in {self.path}", where=f"{len(self.clips)} clips")
        return row
