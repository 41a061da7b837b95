"""Clips of a data set in arrays: about 60 bytes a clip and a name, where objects would take 300."""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from typing import Any, overload

import numpy as np
from numpy.typing import NDArray

from animato.data.clips import ClipEntry
from animato.data.repeats import hash64

COLUMNS = ("person", "split", "kind", "shard")
"""Text columns with few values, stored as numbers of a list."""


class ClipTable(Sequence[ClipEntry]):
    """A sequence of clips that can be searched by name; entries are made when they are asked for.

    Args:
        records: clips of a manifest.
    """

    def __init__(self, records: Iterable[Mapping[str, Any]]) -> None:
        names, ends, hashes, frames = bytearray(), array("Q"), array("Q"), array("I")
        codes = {column: array("I") for column in COLUMNS}
        numbers: dict[str, dict[str, int]] = {column: {} for column in COLUMNS}
        for record in records:
            name = str(record["clip"])
            names += name.encode()
            ends.append(len(names))
            hashes.append(hash64(name))
            frames.append(int(record["frames"]))
            for column, known in numbers.items():
                codes[column].append(known.setdefault(str(record[column]), len(known)))
        self._names = bytes(names)
        self._ends = np.array(ends, np.uint64)
        self._frames = np.array(frames, np.uint32)
        self._codes = {column: np.array(values, np.uint32) for column, values in codes.items()}
        self._values = {column: list(known) for column, known in numbers.items()}
        self._order = np.argsort(np.array(hashes, np.uint64), kind="stable").astype(np.uint32)
        self._hashes = np.array(hashes, np.uint64)[self._order]

    def __len__(self) -> int:
        return len(self._frames)

    @overload
    def __getitem__(self, row: int) -> ClipEntry: ...
    @overload
    def __getitem__(self, row: slice) -> list[ClipEntry]: ...
    def __getitem__(self, row: int | slice) -> ClipEntry | list[ClipEntry]:
        if isinstance(row, slice):
            return [self[number] for number in range(*row.indices(len(self)))]
        number = range(len(self))[row]
        return ClipEntry(
            self.name(number),
            self.text("person", number),
            int(self._frames[number]),
            self.text("split", number),
            self.text("kind", number),
        )

    def __iter__(self) -> Iterator[ClipEntry]:
        return (self[row] for row in range(len(self)))

    def name(self, row: int) -> str:
        """Return the name of a clip."""
        start = int(self._ends[row - 1]) if row else 0
        return self._names[start : int(self._ends[row])].decode()

    def text(self, column: str, row: int) -> str:
        """Return a clip's "person", "split", "kind" or "shard"."""
        return self._values[column][int(self._codes[column][row])]

    def find(self, name: str) -> int | None:
        """Return the row of a clip, or None."""
        value = np.uint64(hash64(name))
        for place in range(int(np.searchsorted(self._hashes, value)), len(self)):
            if self._hashes[place] != value:
                break
            if self.name(int(self._order[place])) == name:
                return int(self._order[place])
        return None

    @property
    def frames(self) -> NDArray[np.uint32]:
        """Number of frames of each clip: N uint32."""
        return self._frames

    @cached_property
    def nbytes(self) -> int:
        """Size of the arrays, in bytes."""
        arrays: list[NDArray[Any]] = [self._ends, self._frames, self._order, self._hashes, *self._codes.values()]
        return len(self._names) + sum(item.nbytes for item in arrays)
