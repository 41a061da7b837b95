"""What the manifest alone shows: clips listed twice, unknown splits, and people, groups or files in two splits."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from animato.data.clips import SPLITS
from animato.data.manifest import read_clips
from animato.data.repeats import Repeats


def clip_problems(path: Path) -> Iterator[str]:
    """Yield a message for each problem.

    Args:
        path: the prepared folder.

    Raises:
        FileFormatError: the manifest is damaged.
    """
    names, files = Repeats(), Repeats()
    splits: dict[str, dict[str, set[str]]] = {"person": {}, "group": {}, "file": {}}
    displayed: dict[str, str] = {}  # of files, which are told apart by their hashes
    for clip in read_clips(path):
        names.count(clip["clip"])
        files.count(clip["sha256"])
        for column in ("person", "group"):
            splits[column].setdefault(clip[column], set()).add(clip["split"])
        if clip["split"] not in SPLITS:
            yield f"clip {clip['clip']} is in split {clip['split']!r}, not one of {', '.join(SPLITS)}"
    if any([names.finish(), files.finish()]):
        seen: set[str] = set()
        for clip in read_clips(path):
            if clip["clip"] in names:
                if clip["clip"] in seen:
                    yield f"clip {clip['clip']} is listed twice"
                seen.add(clip["clip"])
            if clip["sha256"] in files:
                displayed.setdefault(clip["sha256"], clip["file"])
                splits["file"].setdefault(clip["sha256"], set()).add(clip["split"])
    for label, found in splits.items():
        for name, members in found.items():
            if len(members) > 1:
                splits_of_name = " and ".join(sorted(members))
                yield f"{label} {displayed.get(name, name)} is in {splits_of_name}: results would be biased"
