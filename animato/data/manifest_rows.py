"""Clips of a manifest on their way to disk: spooled until the last one is known, because splits depend on all."""

from __future__ import annotations

import json
import tempfile
from array import array
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any

from animato.data.clips import SPLITS
from animato.data.listing import as_line
from animato.data.split import joined_groups, split_of
from animato.media.disk import output_error
from animato.settings.data import PrepareSettings

Json = dict[str, Any]


class ManifestRows:
    """Spools clips to a temporary file and keeps eight bytes of each.

    Args:
        folder: where the temporary file is made; it has no name, so nothing is left of a killed process.
    """

    def __init__(self, folder: Path) -> None:
        try:
            self._file = tempfile.TemporaryFile(dir=folder)  # noqa: SIM115 (closed by __exit__)
        except OSError as error:
            raise output_error(folder, error) from error
        self._people: dict[str, int] = {}
        self._splits = {name: number for number, name in enumerate(SPLITS)}  # a CSV may have others, see `data check`
        self._person, self._split, self._frames = array("I"), array("h"), array("I")
        self._pairs: set[tuple[str, str]] = set()
        self._kinds: Counter[str] = Counter()
        self._licences: Counter[str] = Counter()
        self._folder = folder

    def __enter__(self) -> ManifestRows:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._file.close()

    def add(self, clip: Json) -> None:
        """Add a clip; its split is assigned later, or `prescribed`.

        Raises:
            OutputError: the disk is full.
        """
        try:
            self._file.write(as_line(clip) + b"\n")
        except OSError as error:
            raise output_error(self._folder, error) from error
        self._person.append(self._people.setdefault(clip["person"], len(self._people)))
        self._split.append(self._splits.setdefault(clip["prescribed"], len(self._splits)) if clip["prescribed"] else -1)
        self._frames.append(clip["frames"])
        self._pairs.add((clip["person"], clip["group"]))
        self._kinds[clip["kind"]] += 1
        self._licences[clip["licence"]] += 1

    def assign_splits(self, settings: PrepareSettings) -> None:
        """Set each clip's split: that of the manifest CSV, if given, else by the hash of its group."""
        groups = joined_groups(sorted(self._pairs))
        splits = [
            SPLITS.index(split_of(groups[person], settings.val, settings.test, settings.salt))
            for person in self._people
        ]
        for row, split in enumerate(self._split):
            if split < 0:
                self._split[row] = splits[self._person[row]]

    def summary(self, dropped: Sequence[Json]) -> Json:
        """Return the summary of the clips and of the dropped files."""
        splits = {}
        for number, name in enumerate(SPLITS):
            rows = [row for row, split in enumerate(self._split) if split == number]
            splits[name] = {
                "people": len({self._person[row] for row in rows}),
                "clips": len(rows),
                "frames": sum(self._frames[row] for row in rows),
            }
        return {
            "clips": len(self._person),
            "frames": sum(self._frames),
            "people": len(self._people),
            "splits": splits,
            "kinds": dict(self._kinds),
            "licences": dict(self._licences),
            "dropped": dict(Counter(item["reason"] for item in dropped)),
        }

    def lines(self) -> Iterator[bytes]:
        """Yield the clips as JSON, with their splits."""
        endings = [b', "split": ' + json.dumps(name).encode() + b"}" for name in self._splits]
        self._file.seek(0)
        for line, split in zip(self._file, self._split, strict=True):
            yield line.removesuffix(b"}\n") + endings[split]
