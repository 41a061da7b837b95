"""Verify a file of any origin offline: content credentials, watermark and declared source types."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from itertools import chain, islice
from pathlib import Path

from animato.errors import InputError, MissingPartError, PictureError, VideoError
from animato.media.image import load_picture
from animato.media.probe import media_type as probe
from animato.media.reader import open_video
from animato.media.structure import check_structure
from animato.settings.media import ReaderSettings
from animato.settings.provenance import VerifySettings
from animato.trust.declared import Signal, declared_signals
from animato.trust.detect import GROUP_FRAMES, MarkReading, detect_mark
from animato.trust.reading import Credentials, State, read_credentials
from animato.trust.report import VerifyReport
from animato.trust.residual import WORK_SIDE
from animato.trust.store import recall, same_pictures
from animato.trust.text import clean
from animato.types import Frame

PICTURES = ("image/jpeg", "image/png", "image/webp")
PICTURE_SUFFIXES = (".png", ".jpg", ".jpeg")
FILE_SUFFIXES = (*PICTURE_SUFFIXES, ".webp", ".mp4", ".m4v", ".mov", ".webm", ".mkv", ".avi", ".gif")
COMPARED_EVERY = 20
"""Every so many frames, one is compared with the note of the id that was found."""

MAX_SIGNATURES = 2000
"""Images of a folder whose credentials are read, at most."""

_WORST: tuple[State, ...] = ("invalid", "none", "valid", "trusted")
"""Credential states from worst to best; a folder has the worst state of its images."""


def files_of(path: Path) -> list[Path]:
    """Return what to verify for a path: itself, or the videos and pictures of a folder, by name.

    A folder of numbered pictures, all named alike, is one output and stays whole. Folders inside are not entered.

    Raises:
        InputError: a folder without videos and pictures, or one that cannot be read.
    """
    if not path.is_dir():
        return [path]
    try:
        files = sorted(item for item in path.iterdir() if item.suffix.lower() in FILE_SUFFIXES and item.is_file())
    except OSError as problem:
        raise InputError(f"{path} cannot be read: {problem.strerror}") from problem
    stems = {re.sub(r"\d+$", "#", item.stem) + item.suffix for item in files}
    numbered = len(stems) == 1 and next(iter(stems)).rsplit(".", 1)[0].endswith("#")
    return [path] if not files or (numbered and files[0].suffix.lower() in PICTURE_SUFFIXES) else files


def verify_file(path: Path, settings: VerifySettings | None = None) -> VerifyReport:
    """Verify a video, an image or a folder of images.

    Args:
        path: mp4, webm, mov, mkv, avi, gif, PNG, JPEG, WEBP, or a folder of PNG or JPEG files.
        settings: limits on the frames read.

    Raises:
        InputError: there is no such file, or no part of it can be read.
    """
    chosen = settings or VerifySettings()
    if path.is_dir():
        return _verify_folder(path, chosen)
    kind = probe(path)
    check_structure(path, reader=ReaderSettings(max_boxes=chosen.max_boxes))
    credentials, warnings = _credentials(path, kind)
    declared = declared_signals(path)
    mark: MarkReading | None = None
    kept: list[Frame] = []
    try:
        frames = iter([load_picture(path).image]) if kind in PICTURES else _video_frames(path, kind, chosen.max_frames)
        mark = detect_mark(_keeping(frames, kept), chosen.max_frames)
    except (PictureError, VideoError) as problem:
        if credentials.state == "none" and not declared:
            raise
        warnings = [*warnings, f"The frames cannot be read: {problem.what}."]
    return _report(path, kind, (credentials, mark, declared), kept, warnings)


def _keeping(frames: Iterable[Frame], kept: list[Frame]) -> Iterator[Frame]:
    """Pass frames on, keeping one of every `COMPARED_EVERY`."""
    for number, frame in enumerate(frames):
        if number % COMPARED_EVERY == 0:
            kept.append(frame)
        yield frame


def _credentials(path: Path, kind: str) -> tuple[Credentials, list[str]]:
    """Return the credentials, and a warning when the C2PA library is missing."""
    try:
        return read_credentials(path, kind), []
    except MissingPartError as problem:
        return Credentials(), [f"Content credentials were not read: {problem.what}."]
    except OSError as problem:
        raise InputError(f"{path} cannot be read: {problem.strerror}") from problem


def _report(
    path: Path,
    kind: str,
    answers: tuple[Credentials, MarkReading | None, tuple[Signal, ...]],
    frames: list[Frame],
    warnings: list[str],
) -> VerifyReport:
    credentials, mark, declared = answers
    named = mark.found_id if mark is not None else None
    note = recall(named.id_text) if named is not None else None
    same = same_pictures(note, frames) if note is not None else None
    return VerifyReport(clean(path.name, 255), kind, credentials, mark, declared, note, tuple(warnings), same)


def _video_frames(path: Path, kind: str, max_frames: int) -> Iterator[Frame]:
    """Yield frames of a video: groups of one second, evenly spaced over its duration; of a GIF the first ones.

    A group begins at a key frame if there is one between it and the group before: the mark is clearest there. A GIF has
    none: each group would decode everything before it.

    Raises:
        VideoError: no frame can be read; later damage only ends the iteration.
    """
    with open_video(path, max_side=WORK_SIDE) as video:
        duration, frames = video.info.duration, video.info.frames
        if duration is None or frames is None or frames <= max_frames or kind == "image/gif":
            yield from (timed.image for timed in islice(video, max_frames))
            return
    groups = max(1, max_frames // GROUP_FRAMES)
    early = max(0.0, duration / groups - GROUP_FRAMES * duration / frames)
    for number in range(groups):
        try:
            with open_video(path, max_side=WORK_SIDE, start=duration * number / groups, early=early) as video:
                yield from (timed.image for timed in islice(video, min(GROUP_FRAMES, max_frames)))
        except VideoError:
            if number == 0:
                raise
            return


def _verify_folder(folder: Path, settings: VerifySettings) -> VerifyReport:
    pictures = sorted(path for path in folder.iterdir() if path.suffix.lower() in PICTURE_SUFFIXES and path.is_file())
    if not pictures:
        raise InputError(f"there is no PNG or JPEG file in {folder}", hint="a video, a picture, or a folder of frames")
    for path in pictures[:MAX_SIGNATURES]:
        check_structure(path)
    read = [_credentials(path, probe(path))[0] for path in pictures[:MAX_SIGNATURES]]
    folder_state = next(state for state in _WORST if any(item.state == state for item in read))
    warnings: list[str] = []
    states = {state: sum(item.state == state for item in read) for state in _WORST}
    summary = ", ".join(f"{count} {state}" for state, count in states.items() if count)
    warnings.append(f"Content credentials of {len(read)} of {len(pictures)} pictures: {summary}.")
    if folder_state == "none" and states["none"] < len(read):
        folder_state = "invalid"  # a picture without credentials among signed ones was added or changed
    shown = next((item for item in read if item.state == folder_state), read[0])
    if shown.state != folder_state:
        shown = Credentials(state=folder_state, problems=("some pictures carry none",))
    declared = tuple(dict.fromkeys(chain.from_iterable(declared_signals(path) for path in pictures[:1])))
    spread = pictures[:: max(1, len(pictures) // settings.max_frames)]
    kept: list[Frame] = []
    mark = detect_mark(_keeping((load_picture(path).image for path in spread), kept), settings.max_frames)
    return _report(folder, "folder", (shown, mark, declared), kept, warnings)
