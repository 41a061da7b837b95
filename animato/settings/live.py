"""Settings of `animato live`."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Literal

from animato.errors import UsageError
from animato.settings.animate import AnimateSettings
from animato.settings.base import check, setting
from animato.settings.engine import EngineSettings
from animato.settings.label import LabelSettings, check_label
from animato.settings.motion import MotionSettings
from animato.settings.provenance import SigningSettings

OF_VIDEOS = frozenset({"neutral", "cuts"})
"""Settings of motion that a live run has not. A live face has no time at which it is neutral. And a cut would give the
head another neutral frame in mid-sentence, perhaps because a lamp was switched on; whoever changes the camera or the
person before it presses c."""


@dataclass(frozen=True, kw_only=True)
class LiveSettings(EngineSettings, SigningSettings, LabelSettings, MotionSettings):
    """Settings of a live run, without its head and its recording."""

    camera: str = setting(
        "0",
        "Camera: a number, a device, FORMAT:SOURCE of FFmpeg, an address, or a video file, which is played at its own "
        "rate.",
    )
    camera_size: str = setting("640x480", "Size of the camera's picture, WIDTHxHEIGHT.", group="Camera")
    camera_fps: float = setting(
        30.0, "Rate of the camera.", low=1.0, high=120.0, unit="frames per second", group="Camera"
    )
    driver_face: str = setting(
        "largest",
        "Face before the camera that is followed: largest, left, right, or a number from the left, starting at 1.",
        group="Camera",
    )
    mirror: bool = setting(False, "Swap left and right, as in a mirror; also by the key m.", group="Camera")
    model: Literal["portrait", "geometry"] = setting(
        "portrait", "portrait: warps the photos and paints what they do not show. geometry: warping only, faster."
    )
    frame: Literal["photo", "crop"] = setting(
        "crop", "crop: a square around the head. photo: the whole photo.", group="Picture and size"
    )
    size: int = setting(
        512, "Side of the animated square.", low=128, high=1024, unit="pixels", group="Picture and size"
    )
    background: str = setting(
        "keep",
        "keep: the photo's own. blur: the same, blurred. none: transparent, for the page in OBS. Or the path of a "
        "picture or video to show behind the person.",
        group="Picture and size",
    )
    art: bool = setting(
        False,
        "For a painting, statue or character that the nudity gate refuses: render the head alone. Needs "
        "`consent=not-a-person`.",
        group="Picture and size",
    )
    adapt: bool = setting(
        True, "Lower the quality while the computer is too slow; `adapt=False` keeps it.", group="Picture and size"
    )
    page: bool = setting(
        True, "Serve a page on this computer with the picture and its controls, also for OBS.", group="Output"
    )
    port: int = setting(0, "Port of the page; 0 takes a free one.", low=0, high=65_535, group="Output")
    virtual_camera: str | None = setting(
        None,
        "Virtual camera: a v4l2loopback device such as /dev/video10, auto for the first one, or a file for raw video.",
        group="Output",
    )
    camera_output_fps: int = setting(
        30, "Rate of the virtual camera.", low=1, high=60, unit="frames per second", group="Output"
    )
    crf: int = setting(
        18, "Constant rate factor of a recording; lower is better and larger.", low=0, high=40, group="Output"
    )
    threads: int = setting(2, "CPU threads of rendering; tracking has one more.", low=1, high=64, group="Advanced")

    def __post_init__(self) -> None:
        check(self, "live")
        check_label(self)
        self.camera_shape  # noqa: B018 (raises for a wrong size)
        for name in OF_VIDEOS:
            if getattr(self, name) != getattr(MotionSettings, name):
                raise UsageError(
                    f"`{name}` applies to videos, not to a camera", hint="press c while you look into the camera"
                )
        self.animate_settings()

    @property
    def camera_shape(self) -> tuple[int, int]:
        """Width and height of the camera's picture, pixels."""
        parts = self.camera_size.lower().split("x")
        if len(parts) == 2 and all(part.isdecimal() and 16 <= int(part) <= 8192 for part in parts):
            return int(parts[0]), int(parts[1])
        raise UsageError(f"`camera_size` cannot be {self.camera_size!r}", hint="`camera_size=640x480`")

    def animate_settings(self, **options: object) -> AnimateSettings:
        """Return the settings of the render.

        Args:
            options: fields of `AnimateSettings`, overriding those of this object.
        """
        shared = {field.name for field in fields(AnimateSettings)} & {field.name for field in fields(self)}
        return AnimateSettings(**{**{name: getattr(self, name) for name in shared}, **options})
