"""Find the clips to prepare in any folder layout, with an optional manifest CSV; derive names of clips and people."""

from __future__ import annotations

import csv
import hashlib
import os
import re
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import groupby
from pathlib import Path

from animato.data.walk import VIDEO_SUFFIXES, Walk, resolved, suffix_of
from animato.errors import FileFormatError, InputError
from animato.media.probe import read_head
from animato.media.untrusted import parsing
from animato.settings.data import PrepareSettings

MAX_NAME_LENGTH = 120
"""Maximum length of a clip name; file systems allow 255 bytes, and frame number, suffixes and a hash are added."""

VOXCELEB_ID = re.compile(r"id\d{5,}")
"""Person ids of VoxCeleb2 (id00012, id00015, ...); such a folder anywhere in the path is the person."""


@dataclass(frozen=True, slots=True)
class SourceClip:
    """One video or still image to prepare, with its metadata. A million of them take 0.3 GB.

    Attributes:
        clip: name, unique in a prepared folder: letters, digits, `-` and single `_`.
        folder: the source folder.
        file: path of the file relative to the source folder, with `/`.
        person: name of the person.
        group: group that must not be split; the person by default.
        kind: "video", "photo" or "rendered video".
        licence, source, attribution, consent: notes for the manifest.
        split: the split given in the manifest CSV, or "".
    """

    clip: str
    folder: str
    file: str
    person: str
    group: str
    kind: str
    licence: str
    source: str = ""
    attribution: str = ""
    consent: str = ""
    split: str = ""

    @property
    def path(self) -> Path:
        """The file."""
        return Path(self.folder, self.file)


@dataclass(frozen=True)
class FoundSources:
    """Result of a search for sources.

    Attributes:
        clips: the clips, sorted by name.
        missing: files listed in the manifest CSV that do not exist.
        unlisted: files not listed in the manifest CSV.
    """

    clips: tuple[SourceClip, ...]
    missing: tuple[str, ...]
    unlisted: tuple[str, ...]


def find_sources(sources: Sequence[Path], settings: PrepareSettings, manifest: Path | None = None) -> FoundSources:
    """List the clips in files and folders.

    Without `manifest`, a `manifest.csv` in the folder is used, or one in its parent that lists files of the folder.
    With a manifest, only listed files are included, so that no file without a known licence is.

    Args:
        sources: files and folders, searched recursively.
        settings: rules for names of people and groups.
        manifest: CSV with a column `path` (relative to the CSV) and any of person, kind, group, source, licence,
            attribution, consent, split.

    Raises:
        InputError: a source does not exist, or contains no files.
        FileFormatError: the manifest lacks the column `path` or the column given by `group_by`.
    """
    clips: list[SourceClip] = []
    missing: list[str] = []
    unlisted: list[str] = []
    walk, seen = Walk(), set[str]()
    for source in sources:
        if not source.exists():
            raise InputError(f"{source} does not exist", hint="pass a folder of videos or stills, or a file")
        root = source if source.is_dir() else source.parent
        rows = read_manifest_csv(manifest, settings) if manifest else _find_manifest_csv(source, root, settings)
        # Paths are resolved once for each folder and not for each file, which takes longer than everything else.
        folder = str(root.resolve())
        for relative, key in walk.files(source):
            if rows is None:
                clips.append(_describe(relative, folder, {}, settings))
            elif key in rows:
                seen.add(key)
                clips.append(_describe(relative, folder, rows[key], settings))
            else:
                unlisted.append(relative)
        if rows is not None and source.is_dir():
            under = resolved(source) + os.sep
            missing += [row["path"] for key, row in rows.items() if key not in seen and key.startswith(under)]
    if not clips:
        raise InputError(
            f"no video or still found in {', '.join(str(source) for source in sources)}",
            where=f"{len(unlisted)} files not listed in the manifest, {len(missing)} listed files missing",
            hint="check the folder, and the column `path` of the manifest",
        )
    return FoundSources(tuple(_unique(clips)), tuple(missing), tuple(unlisted))


def _find_manifest_csv(source: Path, root: Path, settings: PrepareSettings) -> dict[str, dict[str, str]] | None:
    """Return the rows of the folder's manifest CSV, or of its parent's if that lists one of the files."""
    if (root / "manifest.csv").is_file():
        return read_manifest_csv(root / "manifest.csv", settings)
    parent_csv = root.resolve().parent / "manifest.csv"
    if parent_csv.is_file():
        try:
            rows = read_manifest_csv(parent_csv, settings)
        except FileFormatError:
            return None
        return rows if any(key in rows for _, key in Walk().files(source)) else None
    return None


def read_manifest_csv(path: Path, settings: PrepareSettings) -> dict[str, dict[str, str]]:
    """Read a manifest CSV: one row per file, by the file's resolved path.

    Raises:
        FileFormatError: it lacks the column `path` or the column given by `group_by`.
    """
    read_head(path, FileFormatError)
    with parsing(path, "is not a CSV, or it is damaged"), path.open(newline="", encoding="utf-8-sig") as file:
        reader = csv.DictReader(file)
        columns = reader.fieldnames or []
        rows = [{key: (value or "").strip() for key, value in row.items() if key} for row in reader]
    if "path" not in columns:
        raise FileFormatError(f"{path} has no column `path`", where=f"columns: {', '.join(columns) or 'none'}")
    if settings.group_by != "auto" and settings.group_by not in columns:
        raise FileFormatError(
            f"{path} has no column {settings.group_by!r}",
            where=f"columns: {', '.join(columns)}",
            hint="set `group_by` to one of them",
        )
    return {resolved(path.parent / row["path"]): row for row in rows if row["path"]}


def _describe(relative: str, folder: str, row: Mapping[str, str], settings: PrepareSettings) -> SourceClip:
    root = folder.replace(os.sep, "/").rpartition("/")[2]
    parts = relative.split("/")
    person = row.get("person") or person_of(parts, settings.person_from, root)
    kind = row.get("kind") or ("video" if suffix_of(parts[-1]) in VIDEO_SUFFIXES else "photo")
    # Most notes are the same for many clips, and interned strings are held once.
    return SourceClip(
        clip=slug("-".join((*parts[:-1], _stem(parts[-1])))),
        folder=folder,
        file=relative,
        person=sys.intern(person),
        group=sys.intern(_group(row, person, kind, settings)),
        kind=sys.intern(kind),
        licence=sys.intern(row.get("licence") or row.get("license") or settings.licence),
        source=sys.intern(row.get("source", "")),
        attribution=sys.intern(row.get("attribution", "")),
        consent=sys.intern(row.get("consent") or settings.consent),
        split=sys.intern(row.get("split", "")),
    )


def _group(row: Mapping[str, str], person: str, kind: str, settings: PrepareSettings) -> str:
    if settings.group_by != "auto":
        text = row.get(settings.group_by, "")
    else:
        text = row.get("group", "") or (row.get("source", "") if kind.startswith("rendered") else "")
    if settings.group_pattern is not None and text:
        match = re.search(settings.group_pattern, text)
        text = (match[1] or text) if match else text
    return text or person


def person_of(parts: Sequence[str], rule: str, root: str) -> str:
    """Derive the person from a path.

    Args:
        parts: the path inside the source, file name last.
        rule: "auto", "folder", "file" or "prefix", as in `PrepareSettings.person_from`.
        root: name of the source folder, for files directly in it.
    """
    stem = _stem(parts[-1])
    folder = parts[-2] if len(parts) > 1 else root
    if rule == "folder":
        return folder
    if rule == "prefix":
        return re.split(r"[-_]", stem, maxsplit=1)[0] or stem
    if rule == "auto":
        for part in (root, *parts[:-1]):
            if VOXCELEB_ID.fullmatch(part):
                return part
        if len(parts) >= 3:
            return parts[0]
    return "-".join((*parts[:-1], stem))


def _stem(name: str) -> str:
    return name.rpartition(".")[0] or name


def slug(text: str) -> str:
    """Return a name safe for files and shards: letters, digits, `-` and single `_` (`__` precedes the frame number)."""
    name = re.sub(r"_{2,}", "_", re.sub(r"[^A-Za-z0-9_-]+", "-", text)).strip("-_") or "clip"
    if len(name) > MAX_NAME_LENGTH:
        name = f"{name[: MAX_NAME_LENGTH - 9]}-{hashlib.sha256(text.encode()).hexdigest()[:8]}"
    return name


def _unique(clips: list[SourceClip]) -> list[SourceClip]:
    """Return the clips sorted by name, and disambiguate equal names from different sources."""
    clips.sort(key=lambda clip: (clip.clip, clip.folder, clip.file))
    renamed: list[SourceClip] = []
    for _, equal in groupby(clips, key=lambda clip: clip.clip):
        same = list(equal)
        if len(same) > 1:
            same = [replace(clip, clip=f"{clip.clip}-{_short_hash(resolved(clip.path))}") for clip in same]
        renamed += same
    return sorted(renamed, key=lambda clip: clip.clip)


def _short_hash(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:6]
