"""The clips an evaluation reads: video files in any layout, or clips of a prepared folder."""

from __future__ import annotations

import itertools
import math
from collections import OrderedDict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import NamedTuple, Protocol

from animato.data.folder import Folder
from animato.data.manifest import read_clips
from animato.data.shards import ShardClips
from animato.data.sources import find_sources
from animato.data.split import joined_groups
from animato.drivers.video import FrameSource
from animato.errors import InputError
from animato.media.reader import open_video
from animato.settings.data import PrepareSettings
from animato.tracking.face_finder import FaceFinder
from animato.tracking.tracker import Tracker
from animato.types import Face, Frame, TimedFrame, VideoInfo

DEFAULT_FPS = 25.0

TIME_TOLERANCE = 1e-6
"""Tolerance for rounded times, in frames."""

CACHED_CLIPS = 512
"""Number of clips with cached landmarks, about 0.5 MB per clip of 75 frames."""


class Footage(Protocol):
    """One clip of one person."""

    @property
    def name(self) -> str:
        """Name, unique in the data."""
        ...

    @property
    def file(self) -> str:
        """Path relative to the data folder."""
        ...

    @property
    def person(self) -> str:
        """Name of the person."""
        ...

    @property
    def relatives(self) -> frozenset[str]:
        """The person and everyone who must be in the same split."""
        ...

    @property
    def source(self) -> str:
        """Where the clip comes from, as its manifest says; may be empty."""
        ...

    @property
    def path(self) -> Path | None:
        """The clip's file; None for a clip of a prepared folder."""
        ...

    def frames(self) -> Iterator[Frame]:
        """Yield all frames, H x W x 3 uint8 RGB; can be called repeatedly."""
        ...

    def open(self, *, max_side: int | None = None, start: float = 0.0, end: float | None = None) -> FrameSource:
        """Open the clip as a driver, like `media.reader.open_video`.

        Args:
            max_side: longer side to which frames are reduced, pixels.
            start: seconds to leave out at the beginning.
            end: seconds at which to stop.
        """
        ...


@dataclass(frozen=True)
class FileFootage:
    """A video file."""

    name: str
    file: str
    person: str
    relatives: frozenset[str]
    path: Path
    source: str = ""

    def frames(self) -> Iterator[Frame]:
        """Yield the frames.

        Raises:
            VideoError: the file cannot be read.
        """
        with open_video(self.path) as video:
            for timed in video:
                yield timed.image

    def open(self, *, max_side: int | None = None, start: float = 0.0, end: float | None = None) -> FrameSource:
        """Open the file."""
        return open_video(self.path, max_side=max_side, start=start, end=end)


@dataclass(frozen=True)
class StoredFootage:
    """A clip of a prepared folder."""

    name: str
    file: str
    person: str
    relatives: frozenset[str]
    store: ShardClips
    count: int
    fps: float = DEFAULT_FPS
    source: str = ""
    path: Path | None = None

    def frames(self) -> Iterator[Frame]:
        """Yield the crops, one at a time."""
        for index in range(self.count):
            yield self.store.load(self.name, [index]).images[0]

    def open(self, *, max_side: int | None = None, start: float = 0.0, end: float | None = None) -> FrameSource:
        """Open the crops; they are smaller than the `max_side` of any driver."""
        del max_side
        return StoredFrames(self.frames(), self.count, self.fps, start, end)


class StoredFrames:
    """Stored frames with the interface of `media.reader.VideoReader`.

    Args:
        frames: all frames, H x W x 3 uint8 RGB.
        count: number of frames.
        fps: frames per second.
        start: seconds to leave out; the frame shown at that moment comes first, at time 0.
        end: seconds at which to stop, or None.
    """

    warnings: tuple[str, ...] = ()

    def __init__(self, frames: Iterator[Frame], count: int, fps: float, start: float, end: float | None) -> None:
        rate = Fraction(fps).limit_denominator(1001)
        self._first = math.floor(start * fps + TIME_TOLERANCE)
        self._start, self._fps = start, fps
        last = count if end is None else min(count, math.ceil(end * fps - TIME_TOLERANCE))
        first = next(frames)
        self._frames = itertools.islice(itertools.chain([first], frames), self._first, last)
        self.end = 0.0
        height, width = first.shape[:2]
        duration = max(last - self._first, 0) / fps
        self.info = VideoInfo(width, height, rate, max(last - self._first, 0), duration, has_audio=False)

    def __enter__(self) -> StoredFrames:
        return self

    def __exit__(self, *_problem: object) -> None:
        pass

    def __iter__(self) -> Iterator[TimedFrame]:
        """Yield the frames with their time from the start, in seconds."""
        for index, frame in enumerate(self._frames, self._first):
            time = max(0.0, index / self._fps - self._start)
            self.end = time + 1 / self._fps
            yield TimedFrame(frame, time)


def find_footage(data: Path, subset: str | None = None) -> list[Footage]:
    """Return the clips of a folder, sorted by name.

    Reads the clips of a prepared folder; searches any other folder for videos, using its `manifest.csv` if present.

    Args:
        data: a prepared folder, a folder of videos, or one video.
        subset: first folder of the relative path, or kind, to select; None for all.

    Raises:
        InputError: there are no clips, or none in that subset.
    """
    clips = _stored(data) if Folder(data).manifest.is_file() else _files(data)
    chosen = [clip for kind, clip in clips if subset in (None, kind, Path(clip.file).parts[0])]
    if not chosen:
        folders = sorted({Path(clip.file).parts[0] for _, clip in clips})
        raise InputError(
            f"no video in {data}" + (f" belongs to {subset!r}" if subset else ""),
            where=f"{len(clips)} clips in {', '.join(folders[:12]) or 'no folder'}",
            hint="`subset` with one of these, or none"
            if subset
            else "a folder of videos, or one made by `data prepare`",
        )
    return chosen


def _files(data: Path) -> list[tuple[str, Footage]]:
    clips = [clip for clip in find_sources([data], PrepareSettings()).clips if clip.kind != "photo"]
    relatives = _relatives([(clip.person, clip.group) for clip in clips])
    return [(c.kind, FileFootage(c.clip, c.file, c.person, relatives[c.person], c.path, c.source)) for c in clips]


def _stored(data: Path) -> list[tuple[str, Footage]]:
    store = ShardClips(data)
    records = [clip for clip in read_clips(data) if clip["kind"] != "photo"]
    relatives = _relatives([(str(record["person"]), str(record["group"])) for record in records])
    rows: list[tuple[str, Footage]] = []
    for record in records:
        name, person, fps = str(record["clip"]), str(record["person"]), float(record.get("fps") or DEFAULT_FPS)
        file = str(record.get("file") or name)
        footage = StoredFootage(
            name, file, person, relatives[person], store, int(record["frames"]), fps, str(record.get("source") or "")
        )
        rows.append((str(record["kind"]), footage))
    return rows


def _relatives(pairs: Sequence[tuple[str, str]]) -> dict[str, frozenset[str]]:
    """Map each person to all members of their group, from the (person, group) pairs of the clips."""
    groups = joined_groups(pairs)
    members: dict[str, set[str]] = {}
    for person, group in groups.items():
        members.setdefault(group, set()).add(person)
    return {person: frozenset(members[group]) for person, group in groups.items()}


def select_balanced(clips: Sequence[Footage], limit: int | None) -> list[Footage]:
    """Select at most `limit` clips round-robin over people, sorted by name."""
    by_person: dict[str, list[Footage]] = {}
    for clip in sorted(clips, key=lambda item: item.name):
        by_person.setdefault(clip.person, []).append(clip)
    rounds = itertools.zip_longest(*by_person.values())
    selected = [clip for one_round in rounds for clip in one_round if clip is not None]
    return sorted(selected[:limit], key=lambda item: item.name)


class Track(NamedTuple):
    """Landmarks of a whole clip.

    Attributes:
        faces: of every frame, pixels of the frame; None where no face was found.
        times: seconds at which the frames are shown.
    """

    faces: tuple[Face | None, ...]
    times: tuple[float, ...]


class Tracks:
    """Cache of the landmarks of whole clips, which are shared by all T and pairings.

    They select the frames to score; systems track their drivers themselves.

    Args:
        finder: networks to use.
        max_count: maximum number of frames read per clip.
    """

    def __init__(self, finder: FaceFinder, max_count: int) -> None:
        self.finder = finder
        self.max_count = max_count
        self._cache: OrderedDict[str, Track] = OrderedDict()

    def of(self, footage: Footage) -> Track:
        """Return the landmarks of a clip.

        Raises:
            VideoError: the clip cannot be read.
        """
        if footage.name not in self._cache:
            tracker = Tracker(finder=self.finder)
            with footage.open() as video:
                tracked = [
                    (tracker.track(frame.image), frame.time) for frame in itertools.islice(video, self.max_count)
                ]
            self._cache[footage.name] = Track(tuple(face for face, _ in tracked), tuple(time for _, time in tracked))
            while len(self._cache) > CACHED_CLIPS:
                self._cache.popitem(last=False)
        return self._cache[footage.name]
