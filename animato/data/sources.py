"""Find the clips to prepare in any folder layout, with an optional manifest CSV; derive names of clips and people."""

from __future__ import annotations

import csv
import hashlib
import os
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from animato.errors import FileFormatError, InputError
from animato.media.probe import read_head
from animato.media.untrusted import parsing
from animato.settings.data import PrepareSettings

VIDEO_SUFFIXES = frozenset({".mp4", ".m4v", ".mov", ".avi", ".mkv", ".webm", ".mpg", ".mpeg", ".wmv", ".flv", ".gif"})
PICTURE_SUFFIXES = frozenset(
    {".jpg", ".jpeg", ".png", ".webp", ".bmp", ".tif", ".tiff", ".jfif", ".heic", ".heif", ".avif"}
)
"""Includes formats that cannot be read, so that they are reported instead of ignored."""

MAX_NAME_LENGTH = 120
"""Maximum length of a clip name; file systems allow 255 bytes, and frame number, suffixes and a hash are added."""

VOXCELEB_ID = re.compile(r"id\d{5,}")
"""Person ids of VoxCeleb2 (id00012, id00015, ...); such a folder anywhere in the path is the person."""


@dataclass(frozen=True)
class SourceClip:
    """One video or still image to prepare, with its metadata.

    Attributes:
        clip: name, unique in a prepared folder: letters, digits, `-` and single `_`.
        path: the file.
        file: its path relative to the source.
        person: name of the person.
        group: group that must not be split; the person by default.
        kind: "video", "photo" or "rendered video".
        licence, source, attribution, consent: notes for the manifest.
        split: the split given in the manifest CSV, or "".
    """

    clip: str
    path: Path
    file: str
    person: str
    group: str
    kind: str
    licence: str
    source: str = ""
    attribution: str = ""
    consent: str = ""
    split: str = ""


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
    for source in sources:
        if not source.exists():
            raise InputError(f"{source} does not exist", hint="pass a folder of videos or stills, or a file")
        root = source if source.is_dir() else source.parent
        paths = {_key(path): path for path in _files(source)}
        rows = read_manifest_csv(manifest, settings) if manifest else _find_manifest_csv(root, paths, settings)
        for key, path in paths.items():
            if rows is not None and key not in rows:
                unlisted.append(path.relative_to(root).as_posix())
                continue
            clips.append(_describe(path, root, (rows or {}).get(key, {}), settings))
        if rows is not None and source.is_dir():
            under = _key(source) + os.sep
            missing += [row["path"] for key, row in rows.items() if key not in paths and key.startswith(under)]
    if not clips:
        raise InputError(
            f"no video or still found in {', '.join(str(source) for source in sources)}",
            where=f"{len(unlisted)} files not listed in the manifest, {len(missing)} listed files missing",
            hint="check the folder, and the column `path` of the manifest",
        )
    return FoundSources(tuple(_unique(clips)), tuple(missing), tuple(unlisted))


def _find_manifest_csv(root: Path, paths: Iterable[str], settings: PrepareSettings) -> dict[str, dict[str, str]] | None:
    """Return the rows of the folder's manifest CSV, or of its parent's if that lists one of the files."""
    if (root / "manifest.csv").is_file():
        return read_manifest_csv(root / "manifest.csv", settings)
    parent_csv = root.resolve().parent / "manifest.csv"
    if parent_csv.is_file():
        try:
            rows = read_manifest_csv(parent_csv, settings)
        except FileFormatError:
            return None
        return rows if any(key in rows for key in paths) else None
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
    return {_key(path.parent / row["path"]): row for row in rows if row["path"]}


def _key(path: Path) -> str:
    return os.path.normcase(path.resolve())


def _files(source: Path) -> Iterator[Path]:
    if source.is_file():
        yield source
        return
    for folder, names, files in os.walk(source, followlinks=True):
        names[:] = sorted(name for name in names if not name.startswith("."))
        for name in sorted(files):
            if not name.startswith(".") and Path(name).suffix.lower() in VIDEO_SUFFIXES | PICTURE_SUFFIXES:
                yield Path(folder) / name


def _describe(path: Path, root: Path, row: Mapping[str, str], settings: PrepareSettings) -> SourceClip:
    relative = path.relative_to(root)
    person = row.get("person") or person_of(relative.parts, settings.person_from, root.resolve().name)
    kind = row.get("kind") or ("video" if path.suffix.lower() in VIDEO_SUFFIXES else "photo")
    return SourceClip(
        clip=slug("-".join(relative.with_suffix("").parts)),
        path=path,
        file=relative.as_posix(),
        person=person,
        group=_group(row, person, kind, settings),
        kind=kind,
        licence=row.get("licence") or row.get("license") or settings.licence,
        source=row.get("source", ""),
        attribution=row.get("attribution", ""),
        consent=row.get("consent") or settings.consent,
        split=row.get("split", ""),
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
    stem = Path(parts[-1]).stem
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


def slug(text: str) -> str:
    """Return a name safe for files and shards: letters, digits, `-` and single `_` (`__` precedes the frame number)."""
    name = re.sub(r"_{2,}", "_", re.sub(r"[^A-Za-z0-9_-]+", "-", text)).strip("-_") or "clip"
    if len(name) > MAX_NAME_LENGTH:
        name = f"{name[: MAX_NAME_LENGTH - 9]}-{hashlib.sha256(text.encode()).hexdigest()[:8]}"
    return name


def _unique(clips: Iterable[SourceClip]) -> list[SourceClip]:
    """Drop duplicate files and disambiguate equal names from different sources."""
    by_path = {_key(clip.path): clip for clip in clips}
    by_name: dict[str, list[str]] = {}
    for key, clip in by_path.items():
        by_name.setdefault(clip.clip, []).append(key)
    renamed = []
    for name, keys in by_name.items():
        for key in keys:
            suffix = "" if len(keys) == 1 else f"-{hashlib.sha256(key.encode()).hexdigest()[:6]}"
            renamed.append(SourceClip(**{**by_path[key].__dict__, "clip": name + suffix}))
    return sorted(renamed, key=lambda clip: clip.clip)
