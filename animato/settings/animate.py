"""Settings of `animato animate`."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from animato.errors import UsageError
from animato.settings.base import check, setting
from animato.settings.engine import EngineSettings
from animato.settings.label import LabelSettings, check_label
from animato.settings.motion import MotionSettings
from animato.settings.provenance import SigningSettings

FACE_CHOICES = ("largest", "left", "right")
BACKGROUNDS = ("keep", "blur", "none")


@dataclass(frozen=True, kw_only=True)
class AnimateSettings(EngineSettings, SigningSettings, LabelSettings, MotionSettings):
    """Settings of a rendering, without its input and output files."""

    face: str = setting(
        "largest", "Face of the photo to animate: largest, left, right, or a number from the left, starting at 1."
    )
    driver_face: str = setting("largest", "Face of the driver to track; same values as `face`.", group="Driver")
    model: Literal["portrait", "geometry", "paper"] = setting(
        "portrait",
        "portrait: warps the photos and paints what they do not show. geometry: warping only. paper: the 2019 system; "
        "requires `person`.",
    )
    person: Path | None = setting(
        None, "Person file made by `animato adapt` with the same `model` (portrait or paper)."
    )
    frame: Literal["photo", "crop"] = setting(
        "photo",
        "photo: the whole photo. crop: a square around the head.",
        group="Picture and size",
    )
    art: bool = setting(
        False,
        "For a painting, statue or character that the nudity gate refuses: render the head alone. Needs "
        "`consent=not-a-person`.",
        group="Picture and size",
    )
    background: str = setting(
        "keep",
        "keep: the photo's own. blur: the same, blurred. none: transparent, in a .webm, .mov or folder of PNG frames. "
        "Or the path of a picture or video to show behind the person.",
        group="Picture and size",
    )
    size: int | None = setting(
        None,
        "Side of the animated square, in pixels. Default: 512 with `frame=crop`, else the photo's own resolution up to "
        "1024.",
        low=128,
        high=1024,
        unit="pixels",
        group="Picture and size",
    )
    max_side: int = setting(
        4096,
        "Longest side of the video; larger photos are downscaled.",
        low=256,
        high=8192,
        unit="pixels",
        group="Picture and size",
    )
    fps: float | None = setting(
        None,
        "Frame rate of the video. Default: the driver's; 25 for a sound.",
        low=1.0,
        high=120.0,
        unit="frames per second",
        group="Picture and size",
    )
    offset: str | None = setting(
        None,
        "Expression added to every frame of the driver: controls such as smile=0.4,yaw=5, or the path of a saved "
        "expression.",
        group="Movement",
    )
    start: float = setting(0.0, "Start time in the driver.", low=0.0, unit="seconds", group="Driver")
    end: float | None = setting(None, "End time in the driver.", low=0.0, unit="seconds", group="Driver")
    audio: Path | None = setting(None, "Audio file to use instead of the driver's audio.", group="Sound")
    sound: bool = setting(
        True, "Include the audio of the driver (or of `audio`); `sound=False` gives a silent video.", group="Sound"
    )
    crf: int = setting(
        18,
        "Constant rate factor of H.264 and VP9; lower is better and larger.",
        low=0,
        high=40,
        group="Picture and size",
    )
    threads: int = setting(2, "CPU threads.", low=1, high=64, group="Advanced")

    @property
    def background_kind(self) -> str:
        """One of "keep", "blur", "none" and "file"."""
        return self.background if self.background in BACKGROUNDS else "file"

    @property
    def background_file(self) -> Path | None:
        """Picture or video behind the person, if `background` is a path."""
        return Path(self.background) if self.background_kind == "file" else None

    @property
    def composed(self) -> bool:
        """Whether the output also shows pixels that are not rendered: the rest of the photo, or another picture."""
        return self.frame == "photo" or self.background_kind == "file"

    def __post_init__(self) -> None:
        if isinstance(self.background, os.PathLike):
            object.__setattr__(self, "background", os.fspath(self.background))
        offset: Any = self.offset
        if isinstance(offset, Mapping):
            object.__setattr__(self, "offset", ",".join(f"{name}={value}" for name, value in offset.items()))
        elif isinstance(offset, os.PathLike):
            object.__setattr__(self, "offset", os.fspath(offset))
        check(self, "animate")
        check_label(self)
        for name in ("face", "driver_face"):
            value = getattr(self, name)
            if value not in FACE_CHOICES and not (value.isdecimal() and int(value) >= 1):
                raise UsageError(
                    f"`{name}` cannot be {value!r}",
                    where=f"animate.{name}: {', '.join(FACE_CHOICES)}, or a number from 1",
                )
        if self.model == "paper" and self.person is None:
            raise UsageError(
                "`model=paper` needs `person`",
                where="animate.person not given",
                hint="animato adapt PHOTOS... --model paper -o me.animato, then --model paper --person me.animato",
            )
        if self.model == "geometry" and self.person is not None:
            raise UsageError(
                "`model=geometry` uses no person file",
                where=f"animate.person {self.person}",
                hint="leave out `person`, or `model=portrait`",
            )
        if not self.background:
            raise UsageError("`background` is empty", hint=f"{', '.join(BACKGROUNDS)}, or the path of a picture")
        if self.model == "paper" and self.background != "keep":
            raise UsageError(
                "`model=paper` renders the background with the head, so it cannot be replaced",
                where=f"animate.background {self.background}",
                hint="`background=keep`, or `model=portrait`",
            )
        if self.end is not None and self.end <= self.start:
            raise UsageError(f"`end` must be after `start` ({self.end:g} s is not after {self.start:g} s)")
        if self.audio is not None and not self.sound:
            raise UsageError("`audio` and `sound=False` exclude each other", hint="leave one of them out")
