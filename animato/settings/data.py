"""Settings of the data commands: the only home of their defaults and help texts."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

from animato.errors import UsageError
from animato.settings.base import check, setting


@dataclass(frozen=True, kw_only=True)
class PrepareSettings:
    """How videos and stills become face crops in shards."""

    size: int = setting(256, "Side of the square face crops.", low=64, high=1024, unit="px")
    fps: float | None = setting(
        None, "Frames a second to keep; a clip that has fewer keeps all. Default: every frame.", low=0.1, high=240.0
    )
    max_frames: int | None = setting(
        None,
        "Most frames of one clip, spread evenly over it. Default: no limit.",
        low=1,
        unit="frames",
        group="Picture and size",
    )
    min_frames: int = setting(
        8,
        "A video with fewer frames of one steady face is dropped. Stills have one.",
        low=1,
        unit="frames",
        group="Picture and size",
    )
    min_face: int = setting(
        48,
        "A clip whose face is smaller than this (longer side of its mesh) is dropped.",
        low=8,
        high=2048,
        unit="px",
        group="Picture and size",
    )
    margin: float = setting(
        2.1,
        "Side of the crop, in units of the longer side of the face.",
        low=1.2,
        high=4.0,
        unit="faces",
        group="Picture and size",
    )
    quality: int = setting(95, "JPEG quality of the crops.", low=50, high=100, group="Advanced")
    person_from: Literal["auto", "folder", "file", "prefix"] = setting(
        "auto",
        "Where the person's name comes from when no manifest gives it: `folder` (the one the file lies in), `file` "
        "(each file is a person), `prefix` (file name up to its first - or _), or `auto`: VoxCeleb's id folder, else "
        "the first folder of person/video/clip, else the file.",
        group="Advanced",
    )
    group_by: str = setting(
        "auto",
        "Column of the manifest whose equal values must stay in one split. `auto`: the column `group` where there is "
        "one, `source` for rendered videos, the person otherwise.",
        group="Advanced",
    )
    group_pattern: str | None = setting(
        None,
        "Regular expression applied to that column; its first bracket is the group. For names that carry more than the "
        "ancestor, such as the clothes of a rendered head.",
        group="Advanced",
    )
    val: float = setting(0.1, "Share of the groups kept for validation.", low=0.0, high=0.5, group="Splits")
    test: float = setting(0.1, "Share of the groups kept for tests.", low=0.0, high=0.5, group="Splits")
    salt: str = setting(
        "animato", "Word mixed into the hash that deals groups to splits; another word, another deal.", group="Advanced"
    )
    licence: str = setting(
        "unknown", "Licence written into the manifest where the manifest CSV gives none.", group="Notes in the manifest"
    )
    consent: str = setting(
        "not stated",
        "Consent note written into the manifest where the manifest CSV gives none.",
        group="Notes in the manifest",
    )
    workers: int = setting(
        1, "Processes that track and cut at the same time, one thread each.", low=1, high=256, group="Advanced"
    )
    retry: bool = setting(
        False, "Look again at the files that an earlier run into the folder dropped.", group="Advanced"
    )
    clips_per_shard: int = setting(32, "Most clips in one shard.", low=1, high=4096, unit="clips", group="Advanced")

    def __post_init__(self) -> None:
        check(self, "prepare")
        if self.group_pattern is not None:
            try:
                groups = re.compile(self.group_pattern).groups
            except re.error as error:
                raise UsageError(f"`group_pattern` is not a regular expression: {error}") from error
            if groups < 1:
                raise UsageError(
                    "`group_pattern` has no bracket that names the group",
                    where=f"prepare.group_pattern: {self.group_pattern}",
                    hint=f"`group_pattern='({self.group_pattern})'`",
                )


FOLDER_SETTINGS = ("size", "fps", "max_frames", "min_frames", "min_face", "margin", "quality")
"""Settings that shape the pictures: every run into one folder must agree on them."""


@dataclass(frozen=True, kw_only=True)
class CheckSettings:
    """How thoroughly a prepared folder is checked."""

    decode: int = setting(
        4, "Frames of each clip that are decoded, spread over it. Hashes and counts are checked in full.", low=0
    )

    def __post_init__(self) -> None:
        check(self, "check")


@dataclass(frozen=True, kw_only=True)
class ShowSettings:
    """What the contact sheet shows."""

    clips: int = setting(24, "Clips on the sheet, spread over people and kinds.", low=1, high=400)
    frames: int = setting(4, "Frames of each clip, spread over it.", low=1, high=32)
    tile: int = setting(128, "Side of one picture on the sheet.", low=32, high=512, unit="px")
    split: Literal["all", "train", "val", "test"] = setting("all", "Split to show.")
    points: bool = setting(False, "Draw the landmarks as dots.", group="Advanced")

    def __post_init__(self) -> None:
        check(self, "show")
