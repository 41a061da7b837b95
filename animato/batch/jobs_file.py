"""Read the jobs of a batch from a JSON Lines file, or make them of a folder of heads and a folder of drivers."""

from __future__ import annotations

import difflib
import json
from collections.abc import Iterator, Mapping
from dataclasses import fields
from pathlib import Path
from typing import Any

from animato.batch.job import FILE_SETTINGS, Job, resolved
from animato.data.walk import VIDEO_SUFFIXES
from animato.errors import AnimatoError, InputError, UsageError
from animato.head.head_file import SUFFIX as HEAD_SUFFIX
from animato.media.probe import read_head
from animato.media.storage import is_url
from animato.media.untrusted import parsing
from animato.motion.bundled import bundled
from animato.settings.animate import BACKGROUNDS, AnimateSettings
from animato.settings.base import from_mapping
from animato.settings.consent import Consent

OWN_KEYS = ("head", "photos", "consent", "driver", "output")
BATCH_WIDE = ("threads",)
"""Settings that hold for the workers, so a line cannot set them."""

PHOTO_SUFFIXES = frozenset({".jpg", ".jpeg", ".png", ".webp"})

Problem = tuple[str, AnimatoError]
"""Where, such as "jobs.jsonl:3", and what is wrong there."""


def read_jobs(
    path: Path, folder: Path, base: AnimateSettings, consent: Consent | None = None
) -> tuple[list[Job], list[Problem]]:
    """Read a jobs file.

    Args:
        path: one JSON object a line; its relative paths are relative to its folder. Empty lines are skipped.
        folder: to which relative outputs are relative.
        base: settings of every job, unless its line says otherwise.
        consent: of every job with photos, unless its line says otherwise.

    Returns:
        The jobs, and the problems of lines that are none.

    Raises:
        InputError: the file cannot be read.
    """
    read_head(path)
    with parsing(path, "is not text in UTF-8", hint="save it as UTF-8"):
        lines = path.read_text(encoding="utf-8-sig").split("\n")
    jobs: list[Job] = []
    problems: list[Problem] = []
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        name = f"{path}:{number}"
        try:
            jobs.append(_job(name, _object(line), path.parent, folder, base, consent))
        except AnimatoError as problem:
            problems.append((name, problem))
    if not jobs and not problems:
        raise InputError(f"{path} contains no jobs", hint="one JSON object a line: docs/batch.md")
    return jobs, problems


def _object(line: str) -> dict[str, Any]:
    try:
        value = json.loads(line)
    except (ValueError, RecursionError) as problem:
        raise UsageError("the line is not JSON", where=str(problem), hint="one JSON object a line") from problem
    if not isinstance(value, dict):
        raise UsageError("the line is not a JSON object", hint='{"head": ..., "driver": ..., "output": ...}')
    return value


def _job(
    name: str, line: Mapping[str, Any], beside: Path, folder: Path, base: AnimateSettings, consent: Consent | None
) -> Job:
    names = [field.name for field in fields(AnimateSettings) if field.name not in BATCH_WIDE]
    for key in line:
        if key in BATCH_WIDE:
            raise UsageError(f'"{key}" holds for the whole batch', hint="give it as an option of the command")
        if key not in (*OWN_KEYS, *names):
            near = difflib.get_close_matches(key, [*OWN_KEYS, *names], 1)
            raise UsageError(f"unknown key {key!r}", hint=near[0] if near else None)
    head = _head(line, beside)
    given = _consent(line["consent"]) if "consent" in line else consent
    if any(Path(path).suffix.lower() == HEAD_SUFFIX for path in head):
        if "consent" in line:
            raise UsageError("a head file has a consent of its own", hint='leave out "consent"')
        given = None
    elif given is None:
        raise UsageError("photos need a consent", hint='"consent": "self", for example; docs/consent.md')
    options = {key: value for key, value in line.items() if key not in OWN_KEYS}
    driver = _text(line, "driver")
    return Job(
        name,
        head,
        driver if driver in bundled() and not (beside / driver).exists() else resolved(driver, beside),
        resolved(_text(line, "output"), folder),
        from_mapping(AnimateSettings, {**vars(base), **_resolved_settings(options, beside)}),
        given,
    )


def _head(line: Mapping[str, Any], beside: Path) -> tuple[str, ...]:
    if ("head" in line) == ("photos" in line):
        raise UsageError('give either "head" (a head file) or "photos"', hint='"head": "me.animato", for example')
    value = line["head"] if "head" in line else line["photos"]
    photos = [value] if isinstance(value, str) else value
    if not isinstance(photos, list) or not photos or not all(isinstance(item, str) and item for item in photos):
        raise UsageError('"photos" must be a list of paths', hint='"photos": ["front.jpg", "side.jpg"]')
    is_head_file = [Path(item).suffix.lower() == HEAD_SUFFIX for item in photos]
    if "head" in line and is_head_file != [True]:
        raise UsageError(f'"head" must be one file ending in {HEAD_SUFFIX}', hint='"photos" for pictures')
    if "photos" in line and any(is_head_file):
        raise UsageError(f'"photos" cannot be a file ending in {HEAD_SUFFIX}', hint='"head" for a head file')
    return tuple(resolved(item, beside) for item in photos)


def _text(line: Mapping[str, Any], key: str) -> str:
    value = line.get(key)
    if not isinstance(value, str) or value in ("", "-"):
        raise UsageError(f'"{key}" is missing, or is no text', hint=f'"{key}": a path')
    return value


def _consent(value: Any) -> Consent:
    """Return a consent given as its ground, or as an object with the fields of `Consent`."""
    if isinstance(value, str):
        return Consent(value)  # type: ignore[arg-type]  # checked there
    if not isinstance(value, dict) or "ground" not in value:
        raise UsageError('"consent" must be a ground, or an object with "ground"', hint='"consent": "self"')
    allowed = ("ground", "reason", "guardian", "attested_by", "scope", "expires")
    for key in value:
        if key not in allowed:
            raise UsageError(f'unknown key {key!r} in "consent"', hint=", ".join(allowed))
    return Consent(**value)


def _resolved_settings(options: Mapping[str, Any], beside: Path) -> dict[str, Any]:
    result = dict(options)
    for name in FILE_SETTINGS:
        value = options.get(name)
        if isinstance(value, str):
            if is_url(value):
                raise UsageError(f"`{name}` must be a local file", where=value)
            result[name] = resolved(value, beside)
    background = options.get("background")
    if isinstance(background, str) and background and background not in BACKGROUNDS:
        result["background"] = resolved(background, beside)
    return result


def cross_jobs(
    heads: Path, drivers: Path, folder: Path, base: AnimateSettings, consent: Consent | None, suffix: str = ".mp4"
) -> tuple[list[Job], list[Problem]]:
    """Return one job for each head in a folder with each driver in another, named HEAD-DRIVER.mp4.

    Args:
        heads: folder of head files, and of pictures, each a person.
        drivers: folder of videos and motion files.
        folder: of the outputs.
        base: settings of all jobs.
        consent: for the pictures.
        suffix: of the outputs.

    Raises:
        InputError: a folder does not exist, or contains nothing of its kind.
    """
    jobs: list[Job] = []
    problems: list[Problem] = []
    moving = list(_files(drivers, VIDEO_SUFFIXES | {".motion"}, "driver"))
    for head in _files(heads, PHOTO_SUFFIXES | {HEAD_SUFFIX}, "head"):
        is_file = head.suffix.lower() == HEAD_SUFFIX
        if not is_file and consent is None:
            problems.append((str(head), UsageError("photos need a consent", hint="`consent=self`, for example")))
            continue
        for driver in moving:
            output = str(folder / f"{head.stem}-{driver.stem}{suffix}")
            name = f"{head.name} x {driver.name}"
            jobs.append(Job(name, (str(head),), str(driver), output, base, None if is_file else consent))
    return jobs, problems


def _files(folder: Path, suffixes: frozenset[str], kind: str) -> Iterator[Path]:
    if not folder.is_dir():
        raise InputError(f"{folder} is not a folder", hint=f"the folder of the {kind}s")
    found = sorted(p for p in folder.iterdir() if p.suffix.lower() in suffixes and not p.name.startswith("."))
    if not found:
        raise InputError(f"{folder} contains no {kind}", where=", ".join(sorted(suffixes)))
    yield from found
