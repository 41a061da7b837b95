"""Evaluation protocols: clips, driver pairs, number of photos and frames."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np

from animato.errors import InputError
from animato.evaluation.footage import Footage, find_footage, select_balanced
from animato.evaluation.frames import (
    Band,
    FrameSelection,
    select_by_turn,
    select_cross,
    select_self,
    select_spread,
    select_views,
    spread,
)
from animato.settings.evaluation import EvaluateSettings
from animato.training.parts.cases import named_head
from animato.types import Face
from animato.weights.parts import read_parts

Kind = Literal["self", "cross", "twins", "holdout", "views"]

VOXCELEB_VIDEOS = 50
VOXCELEB_HOLDOUT = 32
VOXCELEB_SHOTS = (1, 8, 32)
SHARED_SHOTS = (1, 8, 32)
TWIN_BAND_LIMIT = 18.0
"""Boundary between the two bands of twins: turn from the photo, degrees."""
ALL_TURNS = (Band(),)
TURN_BANDS = (
    Band(f"turn < {TWIN_BAND_LIMIT:g}", 0.0, TWIN_BAND_LIMIT),
    Band(f"turn >= {TWIN_BAND_LIMIT:g}", TWIN_BAND_LIMIT, 360.0),
)

VIEW_BANDS = (
    Band("turn < 18", 0.0, 18.0),
    Band("turn 18-30", 18.0, 30.0),
    Band("turn 30-45", 30.0, 45.0),
)
VIEW_STEP = 4
"""Every n-th frame of a clip without labels is a view."""


@dataclass(frozen=True)
class Part:
    """One block of a report: a list of samples with one selection rule.

    Attributes:
        name: title, such as "self talking T=8".
        kind: "self" (the clip drives itself), "cross" (another person drives), "twins" (another person with the same
            motion, so that the source clip is the truth), "holdout" (2019: photos and held-out frames spread over one
            video) or "views" (the most frontal view of a clip is turned to its other views).
        shots: number of source photos, T.
        max_shots: largest T that shares these held-out frames.
        samples: (source, driver) clips.
        bands: ranges of turn from the photo, summarised separately.
        table: title of a table shared by several parts; "" for a table of its own.
        labels: whether hair, neck, background and silhouette are scored by labels of the true frames.
    """

    name: str
    kind: Kind
    shots: int
    max_shots: int
    samples: tuple[tuple[Footage, Footage], ...]
    bands: tuple[Band, ...] = ALL_TURNS
    table: str = ""
    labels: bool = False

    @property
    def too_short(self) -> str:
        """Message for a sample without enough frames."""
        return f"too short for T = {self.shots}, or too few frames with a face"

    def column(self, band: str) -> str:
        """Return the name of this part in the rows of a band, by its label."""
        return f"{self.name}, {band}" if band else self.name

    def choose(
        self,
        source: Sequence[Face | None],
        driver: Sequence[Face | None],
        every: int,
        labelled: Sequence[int] = (),
    ) -> FrameSelection | None:
        """Select the frames of one sample, or return None if the clips are too short.

        Args:
            source: landmarks of every frame of the source clip.
            driver: landmarks of every frame of the driving clip.
            every: every n-th group is scored.
            labelled: frames of the source clip with stored labels.
        """
        if self.kind == "views":
            return select_views(source, self.shots, labelled or range(0, len(source), VIEW_STEP), self.bands)
        if self.kind == "cross":
            return select_cross(source, driver, self.shots, every)
        if self.kind == "holdout":
            return select_spread(source, self.shots, self.max_shots, VOXCELEB_HOLDOUT)
        if self.kind == "twins" or self.bands != ALL_TURNS:
            return select_by_turn(source, driver, self.shots, self.max_shots, every, self.bands)
        return select_self(source, self.shots, self.max_shots, every)


def plan(
    data: Path, settings: EvaluateSettings, is_training_person: Callable[[Footage], bool] = lambda _: False
) -> list[Part]:
    """Plan the parts of a run.

    Args:
        data: folder of videos, a prepared folder, or one video.
        settings: protocol, subset, limit and numbers of photos.
        is_training_person: whether the person of a clip is in a system's training data. Such clips are removed before
            `limit` and the pairing of people are applied.

    Raises:
        InputError: the data lacks what the protocol needs.
    """
    if settings.protocol == "voxceleb-2019":
        return _voxceleb(data, settings, is_training_person)
    if settings.protocol == "animato-shared":
        return _shared(data, settings, is_training_person)
    if settings.protocol == "twins":
        return _twins(data, settings, is_training_person)
    if settings.protocol == "views":
        return _views(data, settings, is_training_person)
    clips = select_balanced(
        _without_training_people(find_footage(data, settings.subset), is_training_person), settings.limit
    )
    label = f" {settings.subset}" if settings.subset else ""
    if settings.protocol == "cross":
        pairs = cross_pairs(clips)
        if clips and not pairs:
            raise InputError(
                f"{data} shows fewer than two people", hint="use `protocol=self`, or data with more people"
            )
        return [Part(f"cross{label} T={count}", "cross", count, count, pairs) for count in settings.shot_list]
    return _self_parts(f"self{label}", clips, settings.shot_list)


def _without_training_people(clips: Sequence[Footage], is_training_person: Callable[[Footage], bool]) -> list[Footage]:
    return [clip for clip in clips if not is_training_person(clip)]


def _self_parts(name: str, clips: Sequence[Footage], shots: Sequence[int]) -> list[Part]:
    pairs = tuple((clip, clip) for clip in clips)
    return [Part(f"{name} T={count}", "self", count, max(shots), pairs) for count in shots]


def cross_pairs(clips: Sequence[Footage]) -> tuple[tuple[Footage, Footage], ...]:
    """Return (source, driver) pairs: each person is driven by the next one in alphabetical order, cyclically.

    Clip i of a person is driven by clip i of the driver, modulo the number of its clips.
    """
    by_person: dict[str, list[Footage]] = {}
    for clip in sorted(clips, key=lambda item: item.name):
        by_person.setdefault(clip.person, []).append(clip)
    people = sorted(by_person)
    if len(people) < 2:
        return ()
    pairs = []
    for index, person in enumerate(people):
        drivers = by_person[people[(index + 1) % len(people)]]
        pairs += [(clip, drivers[number % len(drivers)]) for number, clip in enumerate(by_person[person])]
    return tuple(pairs)


def _twins(data: Path, settings: EvaluateSettings, is_training_person: Callable[[Footage], bool]) -> list[Part]:
    """Twins, and the same clips driven by themselves, in two bands of turn for each T.

    `limit` counts pairs, spread evenly over their names.
    """
    pairs = twin_pairs(find_footage(data, settings.subset))
    if not pairs:
        raise InputError(
            f"no pair of twins in {data}",
            where="expected clips NAMEa and NAMEb: the same motion by two people",
            hint="use `protocol=cross` for clips with different motion",
        )
    # Non-short-circuit: `is_training_person` records every excluded person.
    pairs = tuple(
        (source, driver) for source, driver in pairs if not is_training_person(source) | is_training_person(driver)
    )
    pairs = tuple(pairs[index] for index in spread(len(pairs), min(settings.limit or len(pairs), len(pairs))))
    max_shots, self_pairs = max(settings.shot_list), tuple((source, source) for source, _ in pairs)
    parts = []
    for shots in settings.shot_list:
        parts += [
            Part(f"self T={shots}", "self", shots, max_shots, self_pairs, TURN_BANDS, f"twins T={shots}", True),
            Part(f"twins T={shots}", "twins", shots, max_shots, pairs, TURN_BANDS, f"twins T={shots}", True),
        ]
    return parts


def _views(data: Path, settings: EvaluateSettings, is_training_person: Callable[[Footage], bool]) -> list[Part]:
    """Heads that neither a system nor the parts network was trained on: the most frontal view turned to the others.

    Labels of the true frames come from `NAME.npz` beside a clip, else from the parts network.
    """
    trained = set(read_parts().header["recipe"]["people"])
    clips = [
        clip for clip in find_footage(data, settings.subset) if named_head(clip.source, clip.person) not in trained
    ]
    clips = select_balanced(_without_training_people(clips, is_training_person), settings.limit)
    pairs = tuple((clip, clip) for clip in clips)
    most = max(settings.shot_list)
    return [
        Part(f"views T={shots}", "views", shots, most, pairs, VIEW_BANDS, f"views T={shots}", True)
        for shots in settings.shot_list
    ]


def twin_pairs(clips: Sequence[Footage]) -> tuple[tuple[Footage, Footage], ...]:
    """Return (source, driver) pairs: clip NAMEa drives clip NAMEb."""
    named = {clip.name: clip for clip in clips}
    pairs = [(name[:-1] + "b", clip) for name, clip in sorted(named.items()) if name.endswith("a")]
    return tuple((named[twin], clip) for twin, clip in pairs if twin in named)


def _shared(data: Path, settings: EvaluateSettings, is_training_person: Callable[[Footage], bool]) -> list[Part]:
    """The project's fixed set: self and cross on `talking`, self on `rendered`; T = 1 alone and T = 1, 8, 32."""
    missing = [name for name in ("talking", "rendered") if not (data / name).is_dir()]
    if missing:
        raise InputError(
            f"the protocol animato-shared needs the folders talking and rendered in {data}",
            where=f"missing: {', '.join(missing)}",
            hint="set `data` to the folder of the shared faces, or use `protocol=self` for other data",
        )
    talking = select_balanced(
        _without_training_people(find_footage(data, "talking"), is_training_person), settings.limit
    )
    rendered = select_balanced(
        _without_training_people(find_footage(data, "rendered"), is_training_person), settings.limit
    )
    return [
        *_self_parts("self talking", talking, (1,)),
        *_self_parts("half talking", talking, SHARED_SHOTS),
        *_self_parts("self rendered", rendered, (1,)),
        Part("cross talking T=1", "cross", 1, 1, cross_pairs(talking)),
    ]


def _voxceleb(data: Path, settings: EvaluateSettings, is_training_person: Callable[[Footage], bool]) -> list[Part]:
    """The 2019 protocol: 50 videos of the test set drawn uniformly, 32 held-out frames each, T = 1, 8 and 32.

    A video is a folder `id/video`, represented by its first clip by name. The paper does not state how frames are
    chosen; here they are spread evenly over that clip.
    """
    expects = "folders id00012/video/clip.mp4 of the VoxCeleb1 or VoxCeleb2 test set"
    try:
        clips = find_footage(data, settings.subset)
    except InputError as error:
        raise InputError(f"no VoxCeleb videos in {data}", where=f"expected {expects}", hint=error.hint) from error
    videos: dict[str, Footage] = {}
    for clip in sorted(clips, key=lambda item: item.file):
        videos.setdefault(str(Path(clip.file).parent), clip)
    videos = {name: clip for name, clip in videos.items() if not is_training_person(clip)}
    count = min(VOXCELEB_VIDEOS, settings.limit or VOXCELEB_VIDEOS)
    if len(videos) < count:
        raise InputError(
            f"the 2019 protocol scores {count} videos, and {data} holds {len(videos)}",
            where=f"expected {expects}, a folder for each video",
            hint="use the VoxCeleb test videos, or a smaller `limit` (results are then not comparable)",
        )
    names = sorted(videos)
    selected = np.random.default_rng(settings.seed).permutation(len(names))[:count]
    pairs = tuple((videos[name], videos[name]) for name in sorted(names[index] for index in selected))
    return [Part(f"voxceleb-2019 T={shots}", "holdout", shots, max(VOXCELEB_SHOTS), pairs) for shots in VOXCELEB_SHOTS]
