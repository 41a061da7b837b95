"""Motion settings: components transferred from the driver, their strength, and smoothing."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from animato.settings.base import check, setting


@dataclass(frozen=True, kw_only=True)
class MotionSettings:
    """How the driver's motion is applied to the head."""

    motion: Literal["relative", "absolute"] = setting(
        "relative",
        "relative: motion since the driver's neutral frame is added to the photo. "
        "absolute: the driver's head direction, eye and mouth opening are used as they are.",
        group="Movement",
    )
    neutral: float | None = setting(
        None,
        "Time of the driver's neutral frame (relaxed face, eyes open, mouth closed), in seconds. Detected by default.",
        low=0.0,
        unit="seconds",
        group="Movement",
    )
    pose: float = setting(
        1.0, "Strength of head motion: 0 is none, 1 is the driver's.", low=0.0, high=2.0, group="Movement"
    )
    turn: Literal["eased", "free"] = setting(
        "eased",
        "eased: turns of the head beyond what the photos support are compressed, with a note. free: the driver's turns "
        "are used as they are.",
        group="Movement",
    )
    shift: float = setting(
        1.0,
        "Strength of head translation, multiplied by `pose`; 0 keeps rotation only.",
        low=0.0,
        high=2.0,
        group="Movement",
    )
    zoom: float = setting(
        1.0,
        "Strength of head scaling (moving nearer and away), multiplied by `pose`.",
        low=0.0,
        high=2.0,
        group="Movement",
    )
    mouth: float = setting(1.0, "Strength of mouth and jaw motion.", low=0.0, high=2.0, group="Movement")
    eyes: float = setting(1.0, "Strength of blinks and gaze.", low=0.0, high=2.0, group="Movement")
    brows: float = setting(1.0, "Strength of brow motion.", low=0.0, high=2.0, group="Movement")
    residual_flow: float = setting(
        1.0,
        "Strength of the driver's own motion of hair, neck and shoulders; with 0 they only follow the head.",
        low=0.0,
        high=1.5,
        group="Movement",
    )
    neutralise: float = setting(
        0.5,
        "Share of the photo's own expression that is removed first: 0 keeps it, 0.5 removes an open mouth, an averted "
        "gaze and half of a smile, 1 removes all.",
        low=0.0,
        high=1.0,
        group="Movement",
    )
    still_head: bool = setting(False, "Animate the face only; equivalent to `pose=0`.", group="Movement")
    still_place: bool = setting(
        False,
        "Keep position and size of the head, allow rotation; equivalent to `shift=0` `zoom=0`.",
        group="Movement",
    )
    stabilize: bool = setting(
        True,
        "Remove camera and body motion from head motion; `stabilize=False` keeps it.",
        group="Movement",
    )
    cuts: Literal["follow", "hold"] = setting(
        "follow",
        "follow: every shot of the driver has its own neutral frame. "
        "hold: only shots that resemble the first one are used; the head rests during the others.",
        group="Movement",
    )
    smooth: float = setting(
        0.5,
        "Temporal smoothing of tracking jitter, 0 (off) to 1; zero lag, fast motion is preserved.",
        low=0.0,
        high=1.0,
        group="Movement",
    )
    mouth_interior: bool = setting(
        False,
        "Transfer the driver's mouth interior (teeth, tongue, gap) instead of generating a plausible one; useful when "
        "people drive themselves.",
        group="Advanced",
    )
    expression_light: float = setting(
        0.0,
        "Strength of light and shade transferred from the driver's skin (folds, forehead); 0 is off.",
        low=0.0,
        high=1.5,
        group="Advanced",
    )
    stabilize_landmarks: bool = setting(
        True,
        "Stabilise the driver's landmarks by tracking its skin, so that texture does not swim.",
        group="Advanced",
    )

    def __post_init__(self) -> None:
        check(self, "motion")

    @property
    def pose_strength(self) -> float:
        """Effective strength of head motion, given `still_head`."""
        return 0.0 if self.still_head else self.pose

    @property
    def shift_strength(self) -> float:
        """Effective strength of head translation, multiplied by `pose_strength`, given `still_place`."""
        return 0.0 if self.still_place else self.shift

    @property
    def zoom_strength(self) -> float:
        """Effective strength of head scaling, multiplied by `pose_strength`, given `still_place`."""
        return 0.0 if self.still_place else self.zoom
