"""Settings of the data commands."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

from animato.errors import UsageError
from animato.settings.base import check, setting
from animato.settings.batch import RAY_HELP


@dataclass(frozen=True, kw_only=True)
class PrepareSettings:
    """How videos and still images are converted to shards of face crops."""

    size: int = setting(256, "Side of the square face crops.", low=64, high=1024, unit="px")
    fps: float | None = setting(
        None,
        "Frames per second to keep; clips with a lower rate keep every frame. Default: every frame.",
        low=0.1,
        high=240.0,
    )
    max_frames: int | None = setting(
        None,
        "Maximum number of frames per clip, evenly spaced. Default: no limit.",
        low=1,
        unit="frames",
        group="Picture and size",
    )
    min_frames: int = setting(
        8,
        "Minimum number of consecutive frames of one face; shorter clips are dropped. Does not apply to still images.",
        low=1,
        unit="frames",
        group="Picture and size",
    )
    min_face: int = setting(
        48,
        "Minimum face size (longer side of the face mesh); clips with a smaller face are dropped.",
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
        "Source of the person's name if the manifest has none: `folder` (the file's parent folder), `file` (each file "
        "is a person), `prefix` (file name up to the first - or _), or `auto`: a VoxCeleb id folder, else the first "
        "folder of person/video/clip, else the file.",
        group="Advanced",
    )
    group_by: str = setting(
        "auto",
        "Manifest column that defines groups; a group is never divided between splits. `auto`: the column `group` if "
        "present, `source` for rendered videos, the person otherwise.",
        group="Advanced",
    )
    group_pattern: str | None = setting(
        None,
        "Regular expression applied to that column; its first capturing group is the group name. For values with "
        "additional parts, such as the clothes of a rendered head.",
        group="Advanced",
    )
    val: float = setting(0.1, "Fraction of the groups used for validation.", low=0.0, high=0.5, group="Splits")
    test: float = setting(0.1, "Fraction of the groups used for testing.", low=0.0, high=0.5, group="Splits")
    salt: str = setting("animato", "Salt of the hash that assigns groups to splits.", group="Advanced")
    licence: str = setting(
        "unknown", "Licence recorded for files without a licence in the manifest CSV.", group="Notes in the manifest"
    )
    consent: str = setting(
        "not stated",
        "Consent note recorded for files without one in the manifest CSV.",
        group="Notes in the manifest",
    )
    workers: int = setting(1, "Number of worker processes, each single-threaded.", low=1, high=256, group="Advanced")
    ray: str | None = setting(None, RAY_HELP, group="Advanced")
    retry: bool = setting(False, "Retry files that an earlier run into the folder dropped.", group="Advanced")
    clips_per_shard: int = setting(
        32, "Maximum number of clips per shard.", low=1, high=4096, unit="clips", group="Advanced"
    )

    def __post_init__(self) -> None:
        check(self, "prepare")
        if self.group_pattern is not None:
            try:
                groups = re.compile(self.group_pattern).groups
            except re.error as error:
                raise UsageError(f"`group_pattern` is not a regular expression: {error}") from error
            if groups < 1:
                raise UsageError(
                    "`group_pattern` has no capturing group",
                    where=f"prepare.group_pattern: {self.group_pattern}",
                    hint=f"`group_pattern='({self.group_pattern})'`",
                )


FOLDER_SETTINGS = ("size", "fps", "max_frames", "min_frames", "min_face", "margin", "quality")
"""Settings that affect the images; they must be equal in all runs into one folder."""


@dataclass(frozen=True, kw_only=True)
class CheckSettings:
    """How thoroughly a prepared folder is checked."""

    decode: int = setting(
        4, "Frames of each clip to decode, evenly spaced. Hashes and counts are always checked in full.", low=0
    )

    def __post_init__(self) -> None:
        check(self, "check")


@dataclass(frozen=True, kw_only=True)
class IndexSettings:
    """How the clips of a prepared folder are measured."""

    frames: int = setting(
        8, "Frames of each clip to measure, evenly spaced; another number measures all clips again.", low=1, high=64
    )
    workers: int = setting(1, "Number of worker processes.", low=1, high=256, group="Advanced")
    ray: str | None = setting(None, RAY_HELP, group="Advanced")

    def __post_init__(self) -> None:
        check(self, "index")


@dataclass(frozen=True, kw_only=True)
class ShowSettings:
    """What the contact sheet shows."""

    clips: int = setting(24, "Number of clips on the sheet, spread over people and kinds.", low=1, high=400)
    frames: int = setting(4, "Number of frames per clip, evenly spaced.", low=1, high=32)
    tile: int = setting(128, "Side of each image on the sheet.", low=32, high=512, unit="px")
    split: Literal["all", "train", "val", "test"] = setting("all", "Split to show.")
    points: bool = setting(False, "Draw the landmarks as dots.", group="Advanced")
    stats: bool = setting(
        False, "Draw histograms of the index (see animato data index) instead of frames, and print a table."
    )

    def __post_init__(self) -> None:
        check(self, "show")
