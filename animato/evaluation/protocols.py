"""Evaluation protocols: clips, driver pairs, number of photos and frames."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np

from animato.errors import InputError
from animato.evaluation.footage import Footage, deal, find_footage
from animato.evaluation.frames import Band, Choice, choose_by_turn, choose_cross, choose_self, choose_spread, spread
from animato.settings.evaluation import EvaluateSettings
from animato.types import Face

Kind = Literal["self", "cross", "twins", "holdout"]

VOXCELEB_VIDEOS = 50
VOXCELEB_HOLDOUT = 32
VOXCELEB_SHOTS = (1, 8, 32)
SHARED_SHOTS = (1, 8, 32)
TWIN_TURN = 18.0
"""Boundary between the two bands of twins: turn from the photo, degrees."""
ALL_TURNS = (Band(),)
TURN_BANDS = (Band(f"turn < {TWIN_TURN:g}", 0.0, TWIN_TURN), Band(f"turn >= {TWIN_TURN:g}", TWIN_TURN, 360.0))


@dataclass(frozen=True)
class Part:
    """One block of a report: a list of samples with one selection rule.

    Attributes:
        name: title, such as "self talking T=8".
        kind: "self" (the clip drives itself), "cross" (another person drives), "twins" (another person with the same
            motion, so that the source clip is the truth) or "holdout" (2019: photos and held-out frames spread over one
            video).
        shots: number of source photos, T.
        most_shots: largest T that shares these held-out frames.
        samples: (source, driver) clips.
        bands: ranges of turn from the photo, summarised separately.
        table: title of a table shared by several parts; "" for a table of its own.
    """

    name: str
    kind: Kind
    shots: int
    most_shots: int
    samples: tuple[tuple[Footage, Footage], ...]
    bands: tuple[Band, ...] = ALL_TURNS
    table: str = ""

    @property
    def too_short(self) -> str:
        """Message for a sample in which no frames could be chosen."""
        return f"too short for T = {self.shots}, or its face was not found in enough frames"

    def column(self, band: str) -> str:
        """Return the name of this part in the rows of a band, by its label."""
        return f"{self.name}, {band}" if band else self.name

    def choose(self, source: Sequence[Face | None], driver: Sequence[Face | None], every: int) -> Choice | None:
        """Choose the frames of one sample, or None where the clips are too short.

        Args:
            source: landmarks of every frame of the source clip.
            driver: landmarks of every frame of the driving clip.
            every: one in so many groups is scored.
        """
        if self.kind == "cross":
            return choose_cross(source, driver, self.shots, every)
        if self.kind == "holdout":
            return choose_spread(source, self.shots, self.most_shots, VOXCELEB_HOLDOUT)
        if self.kind == "twins" or self.bands != ALL_TURNS:
            return choose_by_turn(source, driver, self.shots, self.most_shots, every, self.bands)
        return choose_self(source, self.shots, self.most_shots, every)


def plan(data: Path, settings: EvaluateSettings, known: Callable[[Footage], bool] = lambda _: False) -> list[Part]:
    """Plan the parts of a run.

    Args:
        data: folder of videos, a prepared folder, or one video.
        settings: what to score.
        known: whether the person of a clip was in a system's training data. Such clips are removed before `limit` and
            the pairing of people are applied.

    Raises:
        InputError: the data lacks what the protocol needs.
    """
    if settings.protocol == "voxceleb-2019":
        return _voxceleb(data, settings, known)
    if settings.protocol == "animato-shared":
        return _shared(data, settings, known)
    if settings.protocol == "twins":
        return _twins(data, settings, known)
    clips = deal(_unseen(find_footage(data, settings.subset), known), settings.limit)
    label = f" {settings.subset}" if settings.subset else ""
    if settings.protocol == "cross":
        pairs = cross_pairs(clips)
        if clips and not pairs:
            raise InputError(f"{data} shows fewer than two people", hint="`protocol=self`, or data with more people")
        return [Part(f"cross{label} T={n}", "cross", n, n, pairs) for n in settings.shot_list]
    return _self_parts(f"self{label}", clips, settings.shot_list)


def _unseen(clips: Sequence[Footage], known: Callable[[Footage], bool]) -> list[Footage]:
    return [clip for clip in clips if not known(clip)]


def _self_parts(name: str, clips: Sequence[Footage], shots: Sequence[int]) -> list[Part]:
    pairs = tuple((clip, clip) for clip in clips)
    return [Part(f"{name} T={n}", "self", n, max(shots), pairs) for n in shots]


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
    for place, person in enumerate(people):
        drivers = by_person[people[(place + 1) % len(people)]]
        pairs += [(clip, drivers[number % len(drivers)]) for number, clip in enumerate(by_person[person])]
    return tuple(pairs)


def _twins(data: Path, settings: EvaluateSettings, known: Callable[[Footage], bool]) -> list[Part]:
    """Twins, and the same clips driven by themselves, in two bands of turn for each T.

    `limit` counts pairs, spread evenly over their names.
    """
    pairs = twin_pairs(find_footage(data, settings.subset))
    if not pairs:
        raise InputError(
            f"no pair of twins in {data}",
            where="expected clips NAMEa and NAMEb: the same movement of two people",
            hint="`protocol=cross` for clips of different movement",
        )
    # Non-short-circuit: `known` records every person left out.
    pairs = tuple((source, driver) for source, driver in pairs if not known(source) | known(driver))
    pairs = tuple(pairs[place] for place in spread(len(pairs), min(settings.limit or len(pairs), len(pairs))))
    most, own = max(settings.shot_list), tuple((source, source) for source, _ in pairs)
    parts = []
    for n in settings.shot_list:
        parts += [
            Part(f"self T={n}", "self", n, most, own, TURN_BANDS, f"twins T={n}"),
            Part(f"twins T={n}", "twins", n, most, pairs, TURN_BANDS, f"twins T={n}"),
        ]
    return parts


def twin_pairs(clips: Sequence[Footage]) -> tuple[tuple[Footage, Footage], ...]:
    """Return (source, driver) pairs: clip NAMEa drives clip NAMEb."""
    named = {clip.name: clip for clip in clips}
    pairs = [(name[:-1] + "b", clip) for name, clip in sorted(named.items()) if name.endswith("a")]
    return tuple((named[twin], clip) for twin, clip in pairs if twin in named)


def _shared(data: Path, settings: EvaluateSettings, known: Callable[[Footage], bool]) -> list[Part]:
    """The project's fixed set: self and cross on `talking`, self on `rendered`; T = 1 alone and T = 1, 8, 32."""
    missing = [name for name in ("talking", "rendered") if not (data / name).is_dir()]
    if missing:
        raise InputError(
            f"the protocol animato-shared needs the folders talking and rendered in {data}",
            where=f"missing: {', '.join(missing)}",
            hint="`data` with the folder of the shared faces, or `protocol=self` for other data",
        )
    talking = deal(_unseen(find_footage(data, "talking"), known), settings.limit)
    rendered = deal(_unseen(find_footage(data, "rendered"), known), settings.limit)
    return [
        *_self_parts("self talking", talking, (1,)),
        *_self_parts("half talking", talking, SHARED_SHOTS),
        *_self_parts("self rendered", rendered, (1,)),
        Part("cross talking T=1", "cross", 1, 1, cross_pairs(talking)),
    ]


def _voxceleb(data: Path, settings: EvaluateSettings, known: Callable[[Footage], bool]) -> list[Part]:
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
    videos = {name: clip for name, clip in videos.items() if not known(clip)}
    count = min(VOXCELEB_VIDEOS, settings.limit or VOXCELEB_VIDEOS)
    if len(videos) < count:
        raise InputError(
            f"the 2019 protocol scores {count} videos, and {data} holds {len(videos)}",
            where=f"expected {expects}, a folder for each video",
            hint="the test videos of VoxCeleb, or `limit` with a smaller number (then the numbers do not compare)",
        )
    names = sorted(videos)
    picks = np.random.default_rng(settings.seed).permutation(len(names))[:count]
    pairs = tuple((videos[name], videos[name]) for name in sorted(names[place] for place in picks))
    return [Part(f"voxceleb-2019 T={n}", "holdout", n, max(VOXCELEB_SHOTS), pairs) for n in VOXCELEB_SHOTS]
