"""Settings of the evaluation: the only home of their defaults and help texts."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from animato.errors import UsageError
from animato.settings.base import check, setting
from animato.settings.motion import MotionSettings

Protocol = Literal["self", "cross", "twins", "animato-shared", "voxceleb-2019"]
SYSTEMS = ("still", "geometry", "portrait", "portrait-adapted", "paper-ff", "paper-ft")
MOST_SHOTS = 256


@dataclass(frozen=True, kw_only=True)
class EvaluateSettings(MotionSettings):
    """What is scored, on which clips, with which measures; movement is set as for `animato animate`."""

    protocol: Protocol = setting(
        "self",
        "self: photos of a person, driven by the same clip, so that every true frame is known. cross: another person "
        "drives. twins: clip NAMEa drives a photo of NAMEb, the same movement of another person, and NAMEb is the "
        "truth; beside it NAMEb drives itself. animato-shared: the project's fixed set of self and cross. "
        "voxceleb-2019: 50 videos, 32 held-out frames, T = 1, 8, 32.",
    )
    subset: str | None = setting(None, "Only clips of this folder inside the data, or of this kind. Default: all.")
    systems: str = setting("still,geometry,portrait", f"Systems to score, with commas between: {', '.join(SYSTEMS)}.")
    shots: str = setting(
        "1",
        "Numbers of source photos (T), with commas between, such as 1,8,32. With more than 1 the photos come from the "
        "first half of the clip and the second half is scored.",
    )
    metrics: str | None = setting(
        None, "Metrics, with commas between. Default: all whose networks are installed (docs/evaluation.md lists them)."
    )
    limit: int | None = setting(
        None,
        "Most clips, dealt evenly over people (of twins: pairs). Default: all.",
        low=1,
        high=100_000,
        unit="clips",
    )
    every: int = setting(
        3,
        "Score one in so many groups of three consecutive frames; 1 scores every frame.",
        low=1,
        high=100,
        unit="groups",
        group="Advanced",
    )
    frames: int = setting(
        300, "Most frames read from the start of each clip.", low=4, high=100_000, unit="frames", group="Advanced"
    )
    size: int = setting(256, "Side of the square around the head that is scored.", low=64, high=1024, unit="px")
    model: Path | None = setting(
        None, "Weights of the paper systems: a safetensors file that training wrote.", group="Weights"
    )
    portrait: Path | None = setting(
        None,
        "Weights of the portrait systems: a safetensors file that training wrote. Default: the shipped ones.",
        group="Weights",
    )
    adapt_steps: int | None = setting(
        None,
        "Steps of the fine-tuning of paper-ft. Default: by the number of photos.",
        low=1,
        high=100_000,
        group="Weights",
    )
    resamples: int = setting(
        2000, "Resamples of the people for the confidence intervals.", low=100, high=100_000, group="Advanced"
    )
    seed: int = setting(0, "Random seed.", low=0, high=2**31, group="Advanced")
    pictures: int = setting(
        12, "Clips shown on the page and on the contact sheet.", low=0, high=200, unit="clips", group="Advanced"
    )
    threads: int = setting(2, "CPU threads of the networks.", low=1, high=64, group="Advanced")

    def __post_init__(self) -> None:
        check(self, "evaluate")
        for name in self.system_list:
            if name not in SYSTEMS:
                raise UsageError(f"`systems` cannot be {name!r}", where=f"evaluate.systems: {', '.join(SYSTEMS)}")
        if any(not 1 <= number <= MOST_SHOTS for number in self.shot_list):
            raise UsageError(f"`shots` must be from 1 to {MOST_SHOTS}", where=f"evaluate.shots: {self.shots}")

    @property
    def system_list(self) -> tuple[str, ...]:
        """Names of the systems, in order."""
        return _words(self.systems, "systems")

    @property
    def shot_list(self) -> tuple[int, ...]:
        """Numbers of photos, in order."""
        words = _words(self.shots, "shots")
        if not all(word.isdecimal() for word in words):
            raise UsageError("`shots` must be whole numbers with commas between", where=f"evaluate.shots: {self.shots}")
        return tuple(int(word) for word in words)

    @property
    def metric_list(self) -> tuple[str, ...] | None:
        """Names of the metrics asked for, or None for all."""
        return None if self.metrics is None else _words(self.metrics, "metrics")


def _words(text: str, field: str) -> tuple[str, ...]:
    words = tuple(word.strip() for word in text.split(","))
    if not all(words):
        raise UsageError(f"`{field}` has an empty word in it", where=f"evaluate.{field}: {text!r}")
    if len(set(words)) != len(words):
        raise UsageError(f"`{field}` names something twice", where=f"evaluate.{field}: {text!r}")
    return words
