"""Settings of the evaluation."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from animato.errors import UsageError
from animato.settings.base import check, setting
from animato.settings.motion import MotionSettings

Protocol = Literal["self", "cross", "twins", "views", "animato-shared", "voxceleb-2019"]
SYSTEMS = ("still", "geometry", "portrait", "portrait-adapted", "paper-ff", "paper-ft")
MAX_SHOTS = 256


@dataclass(frozen=True, kw_only=True)
class EvaluateSettings(MotionSettings):
    """Systems, clips and metrics of an evaluation; motion settings are those of `animato animate`."""

    turn: Literal["eased", "free"] = setting(
        "free",
        "free: the driver's turns are used as they are, so that large turns are scored, too. eased: as `animato "
        "animate` does by default.",
        group="Movement",
    )
    protocol: Protocol = setting(
        "self",
        "self: self-reenactment, photos and driver from the same clip, with ground truth. cross: cross-reenactment, "
        "driven by another person. twins: clip NAMEa drives a photo from NAMEb, which shows the same motion by another "
        "person and is the ground truth; NAMEb is also scored in self-reenactment. views: the most frontal "
        "view of a clip is turned to its other views. animato-shared: the project's fixed set of self and cross. "
        "voxceleb-2019: 50 videos, 32 held-out frames, T = 1, 8, 32.",
    )
    subset: str | None = setting(None, "Only use clips in this folder of the data, or of this kind. Default: all.")
    systems: str = setting("still,geometry,portrait", f"Comma-separated systems to score: {', '.join(SYSTEMS)}.")
    shots: str = setting(
        "1",
        "Comma-separated numbers of source photos (T), such as 1,8,32. If any is above 1, photos are taken from the "
        "first half of each clip and the second half is scored (views: photos are frames between the views).",
    )
    metrics: str | None = setting(
        None, "Comma-separated metrics. Default: all with an installed network (listed in docs/evaluation.md)."
    )
    limit: int | None = setting(
        None,
        "Maximum number of clips (pairs for twins), balanced over people. Default: all.",
        low=1,
        high=100_000,
        unit="clips",
    )
    every: int = setting(
        3,
        "Score every n-th group of three consecutive frames; 1 scores every frame.",
        low=1,
        high=100,
        unit="groups",
        group="Advanced",
    )
    frames: int = setting(
        300,
        "Maximum number of frames read from the start of each clip.",
        low=4,
        high=100_000,
        unit="frames",
        group="Advanced",
    )
    size: int = setting(256, "Side of the scored square around the head.", low=64, high=1024, unit="px")
    model: Path | None = setting(
        None, "Weights of the paper systems: a safetensors file written by `animato train`.", group="Weights"
    )
    portrait: Path | None = setting(
        None,
        "Weights of the portrait systems: a safetensors file written by `animato train-portrait`. Default: the shipped "
        "ones.",
        group="Weights",
    )
    adapt_steps: int | None = setting(
        None,
        "Fine-tuning steps of paper-ft. Default: depends on the number of photos.",
        low=1,
        high=100_000,
        group="Weights",
    )
    resamples: int = setting(
        2000, "Bootstrap resamples over people for the confidence intervals.", low=100, high=100_000, group="Advanced"
    )
    seed: int = setting(0, "Random seed.", low=0, high=2**31, group="Advanced")
    pictures: int = setting(
        12,
        "Number of clips shown on the page and on the contact sheet.",
        low=0,
        high=200,
        unit="clips",
        group="Advanced",
    )
    threads: int = setting(2, "CPU threads of the networks.", low=1, high=64, group="Advanced")

    def __post_init__(self) -> None:
        check(self, "evaluate")
        for name in self.system_list:
            if name not in SYSTEMS:
                raise UsageError(f"`systems` cannot be {name!r}", where=f"evaluate.systems: {', '.join(SYSTEMS)}")
        if any(not 1 <= number <= MAX_SHOTS for number in self.shot_list):
            raise UsageError(f"`shots` must be from 1 to {MAX_SHOTS}", where=f"evaluate.shots: {self.shots}")

    @property
    def system_list(self) -> tuple[str, ...]:
        """Names of the systems, in order."""
        return _words(self.systems, "systems")

    @property
    def shot_list(self) -> tuple[int, ...]:
        """Numbers of photos, in order."""
        words = _words(self.shots, "shots")
        if not all(word.isdecimal() for word in words):
            raise UsageError("`shots` must be comma-separated whole numbers", where=f"evaluate.shots: {self.shots}")
        return tuple(int(word) for word in words)

    @property
    def metric_list(self) -> tuple[str, ...] | None:
        """Names of the requested metrics, or None for all."""
        return None if self.metrics is None else _words(self.metrics, "metrics")


def _words(text: str, field: str) -> tuple[str, ...]:
    words = tuple(word.strip() for word in text.split(","))
    if not all(words):
        raise UsageError(f"`{field}` has an empty entry", where=f"evaluate.{field}: {text!r}")
    if len(set(words)) != len(words):
        raise UsageError(f"`{field}` has a duplicate entry", where=f"evaluate.{field}: {text!r}")
    return words
