"""The clips an evaluation reads: video files in any layout, or clips of a prepared folder."""

from __future__ import annotations

import itertools
from collections import OrderedDict
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from animato.appearance.channels import CHANNELS
from animato.data.folder import Folder
from animato.data.shards import ShardClips
from animato.data.sources import find_sources
from animato.data.split import joined_groups
from animato.drivers.reference_frame import ReferenceFrame, Wanted
from animato.errors import InputError
from animato.media.reader import open_video
from animato.settings.data import PrepareSettings
from animato.settings.evaluation import EvaluateSettings
from animato.tracking.face_finder import FaceFinder
from animato.tracking.tracker import Tracker
from animato.types import Face, Frame

USUAL_FPS = 25.0

REMEMBERED = 512
"""Clips whose landmarks are kept, about 0.5 MB for each of 75 frames."""


class Footage(Protocol):
    """One clip of one person."""

    @property
    def name(self) -> str:
        """Name, unique in the data."""
        ...

    @property
    def file(self) -> str:
        """Its path inside the data, as the data names it."""
        ...

    @property
    def person(self) -> str:
        """Name of the person."""
        ...

    @property
    def relatives(self) -> frozenset[str]:
        """This person and everybody who must share a split with them."""
        ...

    @property
    def fps(self) -> float:
        """Frames a second."""
        ...

    def frames(self) -> Iterator[Frame]:
        """Yield the frames from the first, H x W x 3 uint8 RGB; may be called again."""
        ...


@dataclass(frozen=True)
class FileFootage:
    """A video file."""

    name: str
    file: str
    person: str
    relatives: frozenset[str]
    path: Path

    @property
    def fps(self) -> float:
        """Frames a second, as the file states."""
        with open_video(self.path) as video:
            return float(video.info.fps)

    def frames(self) -> Iterator[Frame]:
        """Yield the frames.

        Raises:
            VideoError: the file cannot be read.
        """
        with open_video(self.path) as video:
            for timed in video:
                yield timed.image


@dataclass(frozen=True)
class StoredFootage:
    """A clip of a prepared folder."""

    name: str
    file: str
    person: str
    relatives: frozenset[str]
    store: ShardClips
    count: int
    fps: float = USUAL_FPS

    def frames(self) -> Iterator[Frame]:
        """Yield the crops, one at a time."""
        for index in range(self.count):
            yield self.store.load(self.name, [index]).images[0]


def find_footage(data: Path, subset: str | None = None) -> list[Footage]:
    """Return the clips of a folder, by name.

    A prepared folder gives its clips; any other is searched for videos, with its `manifest.csv` when it has one.

    Args:
        data: a prepared folder, a folder of videos, or one video.
        subset: first folder of the path inside the data, or kind, that a clip must have; None for all.

    Raises:
        InputError: nothing is there, or nothing of that subset.
    """
    found = _stored(data) if Folder(data).manifest.is_file() else _files(data)
    chosen = [clip for kind, clip in found if subset in (None, kind, Path(clip.file).parts[0])]
    if not chosen:
        folders = sorted({Path(clip.file).parts[0] for _, clip in found})
        raise InputError(
            f"no video in {data}" + (f" belongs to {subset!r}" if subset else ""),
            where=f"{len(found)} clips in {', '.join(folders[:12]) or 'no folder'}",
            hint="--subset with one of these, or none"
            if subset
            else "a folder of videos, or one made by `data prepare`",
        )
    return chosen


def _files(data: Path) -> list[tuple[str, Footage]]:
    clips = [clip for clip in find_sources([data], PrepareSettings()).clips if clip.kind != "photo"]
    relatives = _relatives([(clip.person, clip.group) for clip in clips])
    return [(c.kind, FileFootage(c.clip, c.file, c.person, relatives[c.person], c.path)) for c in clips]


def _stored(data: Path) -> list[tuple[str, Footage]]:
    store = ShardClips(data)
    records = [store.records[clip.clip] for clip in store.clips if clip.kind != "photo"]
    relatives = _relatives([(str(record["person"]), str(record["group"])) for record in records])
    rows: list[tuple[str, Footage]] = []
    for record in records:
        name, person, fps = str(record["clip"]), str(record["person"]), float(record.get("fps") or USUAL_FPS)
        file = str(record.get("file") or name)
        footage = StoredFootage(name, file, person, relatives[person], store, int(record["frames"]), fps)
        rows.append((str(record["kind"]), footage))
    return rows


def _relatives(pairs: Sequence[tuple[str, str]]) -> dict[str, frozenset[str]]:
    """Return for each person everybody of their group, from (person, group) of every clip."""
    groups = joined_groups(pairs)
    members: dict[str, set[str]] = {}
    for person, group in groups.items():
        members.setdefault(group, set()).add(person)
    return {person: frozenset(members[group]) for person, group in groups.items()}


def deal(clips: Sequence[Footage], limit: int | None) -> list[Footage]:
    """Return at most `limit` clips: one of each person in turn, then their second ones, and so on; sorted by name."""
    by_person: dict[str, list[Footage]] = {}
    for clip in sorted(clips, key=lambda item: item.name):
        by_person.setdefault(clip.person, []).append(clip)
    rounds = itertools.zip_longest(*by_person.values())
    dealt = [clip for turn in rounds for clip in turn if clip is not None]
    return sorted(dealt[:limit], key=lambda item: item.name)


class Tracks:
    """Landmarks of whole clips, remembered: every T and every pairing reads the same clips again.

    Args:
        finder: networks to use.
        most: frames read of each clip at most.
    """

    def __init__(self, finder: FaceFinder, most: int) -> None:
        self.finder = finder
        self.most = most
        self._known: OrderedDict[str, list[Face | None]] = OrderedDict()

    def of(self, footage: Footage) -> list[Face | None]:
        """Return the landmarks of every frame, pixels of the frame; None where no face was found.

        Raises:
            VideoError: the clip cannot be read.
        """
        if footage.name not in self._known:
            tracker = Tracker(finder=self.finder)
            frames = footage.frames()
            self._known[footage.name] = [tracker.track(frame) for frame in itertools.islice(frames, self.most)]
            while len(self._known) > REMEMBERED:
                self._known.popitem(last=False)
        return self._known[footage.name]

    def refined(self, footage: Footage, wanted: Collection[int]) -> list[Face | None]:
        """Return the same landmarks, those of some frames looked at with care, as the main job looks at photos.

        Raises:
            VideoError: the clip cannot be read.
        """
        faces = list(self.of(footage))
        for index, frame in zip(range(max(wanted, default=-1) + 1), footage.frames(), strict=False):
            face = faces[index]
            if index in wanted and face is not None:
                faces[index] = self.finder.refined(frame, face)
        return faces

    def held(
        self, footage: Footage, faces: Sequence[Face | None], neutral: int, settings: EvaluateSettings
    ) -> list[Face | None]:
        """Return landmarks held to one of the frames as the main job holds its driver's.

        Args:
            footage: the clip.
            faces: its landmarks, those of the neutral frame and of photos looked at with care (`refined`).
            neutral: number of a frame with a face.
            settings: whether they are held to its skin, whether hair, ears, neck and shoulders are followed from it,
                and whether it is looked at what open mouths show.

        Raises:
            VideoError: the clip cannot be read.
        """
        first = faces[neutral]
        assert first is not None
        picture = next(itertools.islice(footage.frames(), neutral, None))
        on = {
            "residual_flow": settings.surroundings,
            "mouth_interior": settings.inside,
            "expression_light": settings.shade,
        }
        wanted = Wanted(settings.anchor, [channel for channel in CHANNELS if on[channel.name]])
        reference = ReferenceFrame(picture, first, wanted)
        pairs = zip(footage.frames(), faces, strict=False)
        return [None if face is None else reference.read(frame, face).face for frame, face in pairs]
