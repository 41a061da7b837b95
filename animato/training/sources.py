"""What episodes are drawn from: clips, and the photos of a person; and how one is drawn, in a few bytes a clip."""

from __future__ import annotations

from array import array
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import overload

import numpy as np
from numpy.typing import NDArray

from animato.data.clips import SPLITS, ClipEntry, ClipStore
from animato.errors import UsageError


@dataclass(frozen=True, slots=True)
class Source:
    """Frames of one column of W: a clip, or all single photos of one person.

    Attributes:
        name: unique; the clip's name, or the person's followed by " (photos)".
        person: name of the person.
        kind: as in `ClipEntry`.
        clips: the clip, or the photos.
        count: number of frames.
    """

    name: str
    person: str
    kind: str
    clips: tuple[str, ...]
    count: int

    @property
    def frames(self) -> tuple[tuple[str, int], ...]:
        """(clip, number) of each frame."""
        if len(self.clips) > 1:
            return tuple((clip, 0) for clip in self.clips)
        return tuple((self.clips[0], number) for number in range(self.count))


class Sources(Sequence[Source]):
    """The sources of a split, made when they are asked for.

    Args:
        clips: all clips of the data set.
        rows: N, rows of the clips with at least two frames.
        photos: rows of the photos of each person who has at least two.
    """

    def __init__(self, clips: Sequence[ClipEntry], rows: Sequence[int], photos: Sequence[Sequence[int]]) -> None:
        self._clips, self._rows, self._photos = clips, rows, photos

    def __len__(self) -> int:
        return len(self._rows) + len(self._photos)

    @overload
    def __getitem__(self, row: int) -> Source: ...
    @overload
    def __getitem__(self, row: slice) -> list[Source]: ...
    def __getitem__(self, row: int | slice) -> Source | list[Source]:
        if isinstance(row, slice):
            return [self[number] for number in range(*row.indices(len(self)))]
        number = range(len(self))[row]
        if number < len(self._rows):
            entry = self._clips[self._rows[number]]
            return Source(entry.clip, entry.person, entry.kind, (entry.clip,), entry.frames)
        entries = [self._clips[photo] for photo in self._photos[number - len(self._rows)]]
        first = entries[0]
        names = tuple(entry.clip for entry in entries)
        return Source(f"{first.person} (photos)", first.person, first.kind, names, len(names))

    def __iter__(self) -> Iterator[Source]:
        return (self[row] for row in range(len(self)))


def sources_of(store: ClipStore, split: str) -> Sources:
    """Return the sources of a split: clips with at least two frames, people with at least two single photos.

    Raises:
        UsageError: the split's name is unknown.
    """
    if split not in SPLITS:
        raise UsageError(f"no split named {split!r}", where=f"one of: {', '.join(SPLITS)}")
    rows = array("I")
    photos_of_person: dict[str, array[int]] = {}
    for row, entry in enumerate(store.clips):
        if entry.split != split:
            continue
        if entry.frames >= 2:
            rows.append(row)
        else:
            photos_of_person.setdefault(entry.person, array("I")).append(row)
    return Sources(store.clips, rows, [photos for photos in photos_of_person.values() if len(photos) >= 2])


class SourceSampler:
    """Draws a kind with weight sqrt(frames), then a person, then one of their sources, both uniform.

    Args:
        sources: of one split, at least one.
    """

    def __init__(self, sources: Sequence[Source]) -> None:
        people: dict[str, dict[str, int]] = {}
        frames: dict[str, int] = {}
        persons: dict[str, array[int]] = {}
        rows: dict[str, array[int]] = {}
        for row, source in enumerate(sources):
            known = people.setdefault(source.kind, {})
            persons.setdefault(source.kind, array("I")).append(known.setdefault(source.person, len(known)))
            rows.setdefault(source.kind, array("I")).append(row)
            frames[source.kind] = frames.get(source.kind, 0) + source.count
        self._kinds = sorted(people)
        shares = np.sqrt([frames[kind] for kind in self._kinds])
        self._cumulative = np.cumsum(shares / shares.sum())
        self._cumulative[-1] = 1.0
        self._groups = {kind: _grouped(rows[kind], persons[kind]) for kind in self._kinds}

    def draw(self, random: np.random.Generator) -> int:
        """Return the row of a source."""
        kind = self._kinds[int(np.searchsorted(self._cumulative, random.random(), side="right"))]
        rows, starts = self._groups[kind]
        person = int(random.integers(len(starts) - 1))
        start, end = int(starts[person]), int(starts[person + 1])
        return int(rows[start + int(random.integers(end - start))])


def _grouped(rows: array[int], persons: array[int]) -> tuple[NDArray[np.uint32], NDArray[np.int64]]:
    """Return the rows sorted by person, and where each person's begin, with the end of the last."""
    person = np.frombuffer(persons, np.uint32)
    order = np.argsort(person, kind="stable")
    starts = np.concatenate([[0], np.cumsum(np.bincount(person))])
    return np.frombuffer(rows, np.uint32)[order], starts
